"""`import kernels`."""

import ast
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import kernels


def _python(code: str) -> str:
    """What a fresh Python prints."""
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return result.stdout.strip()


def test_importing_the_package_imports_nothing_else() -> None:
    """`import kernels` adds the package itself: no Torch, no Hub client, not even a standard module."""
    added = _python("import sys\nbefore = set(sys.modules)\nimport kernels\nprint(*sorted(set(sys.modules) - before))")

    assert added == "kernels"


def test_the_public_names_need_neither_torch_nor_the_hub_client() -> None:
    """Binding every public name imports neither of the two heavy packages."""
    loaded = _python(
        "import sys, kernels\n"
        "for name in kernels.__all__: getattr(kernels, name)\n"
        "print(*({'torch', 'huggingface_hub'} & set(sys.modules)))"
    )

    assert loaded == ""


def test_packages_are_attributes() -> None:
    """`kernels.benchmark` and `kernels.layer` can be used after `import kernels` alone."""
    found = _python("import kernels\nprint(kernels.benchmark.Benchmark.__name__, kernels.layer.Mode.__name__)")

    assert "Benchmark Mode" == found


@pytest.mark.parametrize("name", kernels.__all__)
def test_public_names_are_bound(name: str) -> None:
    """Every name in `__all__` can be had, and is listed."""
    assert getattr(kernels, name) is getattr(kernels, name)
    assert name in dir(kernels)


def test_the_names_for_type_checkers_are_the_names() -> None:
    """What a type checker sees is what is there at run time, from the same modules."""
    tree = ast.parse(Path(kernels.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert {"__version__": None, **seen} == {
        name: None if name == "__version__" else getattr(kernels, name).__module__ for name in kernels.__all__
    }
    assert sorted(kernels.__all__) == kernels.__all__


def test_the_version_is_that_of_the_distribution() -> None:
    """Clients gate on the number of the installed distribution."""
    assert importlib.metadata.version("kernels") == kernels.__version__


def test_other_names_are_missing() -> None:
    """A name that does not exist fails as in any module."""
    with pytest.raises(AttributeError, match="module 'kernels' has no attribute 'nonsense'"):
        _ = kernels.nonsense
