"""What a generated project is told of the libraries that its components depend on."""

import dataclasses

import pytest
from support.configs import component, torch_config

from kernel_builder.config.model import KernelConfig
from kernel_builder.project.dependencies import dependencies, dependency_variables


def _config(*depends: str) -> KernelConfig:
    components = tuple(
        dataclasses.replace(component("cuda"), id=f"c{at}", depends=("torch", name)) for at, name in enumerate(depends)
    )
    return torch_config("cuda", components=components)


def test_a_kernel_has_the_rows_that_it_needs() -> None:
    """Only the libraries that components name are told of, once each, with the backends that have them."""
    rows = dependencies(_config("cutlass_3_8", "metal-cpp", "cutlass_3_8"))
    assert {"cutlass_3_8": ("cuda",), "metal-cpp": ("metal",)} == {name: row["backends"] for name, row in rows.items()}
    assert "3.8.0" == rows["cutlass_3_8"]["version"]


@pytest.mark.parametrize(
    ("depends", "expected"),
    [
        ((), ()),
        (("cutlass_3_8", "cutlass_3_8"), ("CUTLASS_SRC_DIR", "KERNEL_BUILDER_DEPENDENCIES")),
        (("sycl_tla", "cutlass_4_4"), ("CUTLASS_SRC_DIR", "SYCL_TLA_SRC_DIR", "KERNEL_BUILDER_DEPENDENCIES")),
    ],
)
def test_the_variables_that_a_build_depends_on(depends: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """A kernel without libraries depends on no variable; others on those of their libraries, and of all copies."""
    assert expected == dependency_variables(_config(*depends))
