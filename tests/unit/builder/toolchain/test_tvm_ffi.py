"""The facts of tvm-ffi, read without importing it."""

import importlib.util
import sys
from pathlib import Path

import pytest

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.tvm_ffi import TvmFfiFacts, find_tvm_ffi
from kernels.backend import MajorMinor

LIBRARY = {"win32": "tvm_ffi.lib", "darwin": "libtvm_ffi.dylib"}.get(sys.platform, "libtvm_ffi.so")


@pytest.fixture
def tvm_ffi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tvm-ffi that the interpreter finds, and that fails when it is imported."""
    root = tmp_path / "packages" / "tvm_ffi"
    for name in ("include/tvm/ffi/function.h", f"lib/{LIBRARY}"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / "__init__.py").write_text("raise RuntimeError('imported')\n")
    _version(root, "0.9.1.post3")
    monkeypatch.syspath_prepend(root.parent)
    monkeypatch.delitem(sys.modules, "tvm_ffi", raising=False)
    return root


def _version(root: Path, version: str) -> None:
    folder = root.parent / "apache_tvm_ffi-1.dist-info"
    folder.mkdir(exist_ok=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: apache-tvm-ffi\nVersion: {version}\n")


def test_facts(tvm_ffi: Path) -> None:
    """The facts are those of the package, whose code is not run; CMake gets the library to link with."""
    found = find_tvm_ffi()
    expected = TvmFfiFacts(python=Path(sys.executable), root=tvm_ffi, version="0.9.1.post3", cmake=found.cmake)
    assert (expected, MajorMinor(0, 9)) == (found, found.release)
    assert f"set(KERNEL_TVM_FFI_LIBRARY [=[{tvm_ffi.as_posix()}/lib/{LIBRARY}]=])" in found.cmake.splitlines()


def test_no_tvm_ffi(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without tvm-ffi, the message says what to install, and where."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tvm_ffi" else find_spec(name))
    with pytest.raises(ToolchainError, match=r"^tvm-ffi is not installed in .* -m pip install apache-tvm-ffi$"):
        find_tvm_ffi()


@pytest.mark.parametrize("missing", [f"lib/{LIBRARY}", "include/tvm/ffi/function.h"])
def test_broken_tvm_ffi(tvm_ffi: Path, missing: str) -> None:
    """An installation without its headers or its library is named, with what to do."""
    (tvm_ffi / missing).unlink()
    (tvm_ffi / missing).parent.rmdir()
    with pytest.raises(ToolchainError, match=r"is not a usable installation of tvm-ffi: .*--force-reinstall"):
        find_tvm_ffi()


@pytest.mark.parametrize("version", ["unknown", "2"])
def test_version_that_is_none(tvm_ffi: Path, version: str) -> None:
    """A tvm-ffi whose version has no release cannot be named in a variant."""
    _version(tvm_ffi, version)
    with pytest.raises(ToolchainError, match="has the version"):
        find_tvm_ffi()
