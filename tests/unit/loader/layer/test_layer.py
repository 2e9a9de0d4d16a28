"""The names of `kernels.layer`."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import kernels.layer


def _python(code: str) -> str:
    """What a fresh Python prints."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_registering_needs_neither_torch_nor_the_hub_client() -> None:
    """Every name can be bound and a mapping registered before either of the two heavy packages is imported."""
    loaded = _python(
        "import sys, kernels.layer\n"
        "for name in kernels.layer.__all__: getattr(kernels.layer, name)\n"
        "from kernels.layer import *\n"
        "layer = LayerRepository('owner/name', layer_name='A', version=1)\n"
        "locked = LockedLayerRepository('owner/name', layer_name='A')\n"
        "hopper = Device('cuda', CUDAProperties(90, 99))\n"
        "register_kernel_mapping({'A': {hopper: {Mode.INFERENCE: layer}, 'cpu': locked}})\n"
        "print(*({'torch', 'huggingface_hub'} & set(sys.modules)))"
    )

    assert loaded == ""


def test_the_package_and_the_modes_are_light() -> None:
    """The package, the modes and the devices import nothing but the standard library's smallest parts."""
    loaded = _python(
        "import sys, kernels.layer, kernels.layer.mode\n"
        "print(*sorted({'torch', 'huggingface_hub', 'dataclasses', 'logging'} & set(sys.modules)))"
    )

    assert loaded == ""


@pytest.mark.parametrize("name", kernels.layer.__all__)
def test_names_are_bound(name: str) -> None:
    """Every name in `__all__` can be had, stays what it is when its module is imported, and is listed."""
    value = getattr(kernels.layer, name)

    assert value.__name__ == name
    assert value is getattr(sys.modules[value.__module__], name)
    assert name in dir(kernels.layer)


def test_the_names_for_type_checkers_are_the_names() -> None:
    """What a type checker sees is what is there at run time, from the same modules."""
    tree = ast.parse(Path(kernels.layer.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert seen == {name: getattr(kernels.layer, name).__module__ for name in kernels.layer.__all__}
    assert sorted(kernels.layer.__all__) == kernels.layer.__all__


def test_other_names_are_missing() -> None:
    """A name that does not exist fails as in any module."""
    with pytest.raises(AttributeError, match=r"module 'kernels\.layer' has no attribute 'nonsense'"):
        _ = kernels.layer.nonsense
