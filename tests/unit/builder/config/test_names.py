"""The data of dependency names."""

from kernel_builder.config import names
from kernels.backend import BACKENDS, COMPILED_BACKENDS


def test_the_data_file_is_well_formed() -> None:
    """Every dependency has backends that compile, and every old name a name of today."""
    assert set(COMPILED_BACKENDS) == {backend for known in names.component_depends().values() for backend in known}
    assert [name for name in names.renamed_depends().values() if name not in names.component_depends()] == []


def test_the_packages_are_those_of_the_loader() -> None:
    """The groups are `general` and backends; the general list also takes what the reference page lists there."""
    groups = names.python_depends()
    assert set(groups) <= {"general", *BACKENDS}
    assert {group: list(groups[group]) for group in ("general", "cuda")} == {
        "general": ["einops", "helion", "tvm-ffi"],
        "cuda": ["nvidia-cutlass-dsl"],
    }
    assert names.python_depends_in_general() == ("einops", "helion", "tvm-ffi", "nvidia-cutlass-dsl")
