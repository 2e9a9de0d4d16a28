"""The distributions that curated dependencies stand for."""

from support.configs import torch_config

from kernel_builder.config.model import BackendOptions
from kernel_builder.project.packages import python_packages


def test_no_dependencies() -> None:
    """A kernel without dependencies requires nothing."""
    assert {"general": [], "backends": {}} == python_packages(torch_config("cpu", "cuda"))


def test_names_of_distributions() -> None:
    """A curated name becomes the name of its distribution, in the order of build.toml."""
    general = {"python_depends": ("tvm-ffi", "einops")}
    found = python_packages(torch_config(general=general))
    assert {"general": ["apache-tvm-ffi", "einops"], "backends": {}} == found


def test_backends() -> None:
    """Each declared backend has its own list; those without dependencies, and those not declared, have none."""
    general = {
        "cuda": BackendOptions(python_depends=("nvidia-cutlass-dsl",)),
        "xpu": BackendOptions(python_depends=("onednn",)),
        "neuron": BackendOptions(python_depends=("nki",)),
    }
    found = python_packages(torch_config("cpu", "xpu", "cuda", general=general))
    assert {"general": [], "backends": {"xpu": ["onednn-devel"], "cuda": ["nvidia-cutlass-dsl"]}} == found
