"""The facts of Torch, read without importing it."""

import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.tools import find_tool
from kernel_builder.toolchain.torch import TorchFacts, find_torch
from kernels.backend import Compute, MajorMinor

VERSIONS = {"__version__": "2.99.1+cu130", "cuda": "13.0", "hip": None, "xpu": None, "debug": False}


@pytest.fixture
def torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Torch that the interpreter finds, and that fails when it is imported."""
    root = tmp_path / "packages" / "torch"
    root.mkdir(parents=True)
    (root / "__init__.py").write_text("raise RuntimeError('imported')\n")
    _versions(root, VERSIONS)
    monkeypatch.syspath_prepend(root.parent)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    return root


def _versions(root: Path, versions: Mapping[str, object]) -> None:
    lines = ["from typing import Optional", *(f"{name}: Optional[str] = {value!r}" for name, value in versions.items())]
    (root / "version.py").write_text("\n".join(lines) + "\n", "utf-8")


def test_facts(torch: Path) -> None:
    """The facts are those of the package, whose code is not run."""
    found = find_torch()
    expected = TorchFacts(
        python=Path(sys.executable),
        root=torch,
        version="2.99.1+cu130",
        compute=Compute("cuda", MajorMinor(13, 0)),
        cxx11_abi=True,
        cmake=found.cmake,
    )
    assert (expected, MajorMinor(2, 99)) == (found, found.release)
    assert "set(KERNEL_TORCH_CUDA [=[13.0]=])" in found.cmake.splitlines()


def test_old_abi(torch: Path) -> None:
    """A Torch with GNU's old C++ ABI says so in its own CMake files."""
    config = torch / "share/cmake/Torch/TorchConfig.cmake"
    config.parent.mkdir(parents=True)
    config.write_text('set(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=0")\n')
    assert not find_torch().cxx11_abi


def test_no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Torch, the message says where to install it."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find_spec(name))
    with pytest.raises(ToolchainError, match=r"^Torch is not installed in .* install it there with: "):
        find_torch()


@pytest.mark.parametrize("source", [None, "", "__version__ = (", "cuda = '13.0'\n"])
def test_broken_torch(torch: Path, source: str | None) -> None:
    """An installation that cannot be read is named, with what to do."""
    (torch / "version.py").unlink()
    if source is not None:
        (torch / "version.py").write_text(source)
    with pytest.raises(ToolchainError, match=r"is not a usable installation of Torch: .*; install Torch again"):
        find_torch()


@pytest.mark.parametrize("version", ["unknown", "2", ""])
def test_version_that_is_none(torch: Path, version: str) -> None:
    """A Torch whose version has no release cannot be named in a variant."""
    _versions(torch, {"__version__": version})
    with pytest.raises(ToolchainError, match="has the version"):
        find_torch()


def test_cmake_reads_the_facts(torch: Path, tmp_path: Path) -> None:
    """CMake holds what Python said, brackets and dollars included."""
    hostile = "2.99.1]]${HOME}]=]\n;"
    _versions(torch, {"__version__": hostile})
    facts = tmp_path / "facts.cmake"
    facts.write_text(find_torch().cmake, "utf-8", newline="")
    script = tmp_path / "script.cmake"
    script.write_text(f'include("{facts}")\nfile(WRITE "{tmp_path}/version" "${{KERNEL_FRAMEWORK_VERSION}}")\n')
    subprocess.run([find_tool("cmake"), "-P", script], check=True, capture_output=True)
    assert hostile == (tmp_path / "version").read_text()
