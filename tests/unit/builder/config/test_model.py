"""The model's own small answers."""

from typing import Any

import pytest

from kernel_builder.config.bound import Bound
from kernel_builder.config.model import (
    FRAMEWORKS,
    BackendOptions,
    General,
    KernelComponent,
    KernelConfig,
    NoarchExtension,
    TorchExtension,
    TvmFfiExtension,
)

_BOUND = Bound(text="2.9", parts=(2, 9))
_GENERAL = General(name="my-relu", version=1, backends=("cpu",), cuda=BackendOptions(minver=_BOUND))


@pytest.mark.parametrize(
    ("framework", "key", "folder"),
    [
        (TorchExtension(), "torch", "torch-ext/my_relu"),
        (NoarchExtension(), "torch-noarch", "torch-ext/my_relu"),
        (TvmFfiExtension(src=()), "tvm-ffi", "tvm-ffi-ext/my_relu"),
    ],
)
def test_a_config_knows_its_framework(framework: Any, key: str, folder: str) -> None:
    """The table's name, and the folder of the Python code."""
    config = KernelConfig(general=_GENERAL, framework=framework)
    assert (key, folder) == (config.framework_key, config.python_dir)
    assert FRAMEWORKS[key] is type(framework)


def test_components_are_given_by_backend() -> None:
    """In the order of the file."""
    one, two, three = (
        KernelComponent(id=name, backend=backend, depends=(), src=())
        for name, backend in (("a", "cpu"), ("b", "cuda"), ("c", "cpu"))
    )
    config = KernelConfig(general=_GENERAL, framework=TorchExtension(), kernels=(one, two, three))
    assert (one, three) == config.components("cpu")


def test_options_are_given_by_backend() -> None:
    """A backend without a table has no options."""
    found = [_GENERAL.for_backend(backend) for backend in ("cuda", "cpu")]
    assert [BackendOptions(minver=_BOUND), BackendOptions()] == found


@pytest.mark.parametrize(("stable_abi", "expected"), [(_BOUND, _BOUND), ({"cuda": _BOUND}, None), (None, None)])
def test_the_stable_abi_is_given_by_backend(stable_abi: Any, expected: Bound | None) -> None:
    """One version is for all backends, and a table for those that it names."""
    assert expected == TorchExtension(stable_abi=stable_abi).stable_abi_for("cpu")


@pytest.mark.parametrize(("upstream", "expected"), [((), None), (("https://a", "https://b"), "https://a")])
def test_the_first_url_stands_for_all(upstream: tuple[str, ...], expected: str | None) -> None:
    """Formats that have room for one take the first."""
    assert expected == General(name="ab", version=1, backends=(), upstream=upstream).upstream_url
