"""What a process runs on, found without Torch."""

from pathlib import Path

import pytest
from support.projects import run_python

from kernels.probe import read_version_py
from kernels.system import find_torch

CPU = """\
from typing import Optional

__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip', 'rocm', 'xpu']
__version__ = '2.13.0+cpu'
debug = False
cuda: Optional[str] = None
git_version = '0123abc'
hip: Optional[str] = None
rocm: Optional[str] = None
xpu: Optional[str] = None
"""
CUDA = CPU.replace("+cpu", "+cu130").replace("cuda: Optional[str] = None", "cuda: Optional[str] = '13.0'")
ROCM = CPU.replace("+cpu", "+rocm7.2").replace(
    "hip: Optional[str] = None", "hip: Optional[str] = '7.2.53211-e1a6bc5663'"
)
XPU = CPU.replace("+cpu", "+xpu").replace("xpu: Optional[str] = None", "xpu: Optional[str] = '20250302'")
NIGHTLY = CPU.replace("2.13.0+cpu", "2.14.0.dev20260820+cpu")
OLD = """\
__version__ = '2.1.0+cu118'
debug = False
cuda = '11.8'
git_version = '0123abc'
hip = None
"""

#: A Torch that knows what its `version.py` says, and has what a Torch of its time has.
TORCH = """\
from types import SimpleNamespace

from torch import version
from torch.version import __version__

backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: METAL))
_C = SimpleNamespace(_get_privateuse1_backend_name=lambda: "privateuseone")


def compiled_with_cxx11_abi():
    return not __version__.startswith("2.1.")
"""

#: Prints what is found and whether Torch was imported for it; fails when Torch itself says something else.
PROBE = """\
import platform, sys

system, machine, macos = sys.argv[1:]
platform.system, platform.machine, platform.mac_ver = lambda: system, lambda: machine, lambda: (macos, (), "")

from kernels.probe import probe_system
from kernels.system import current_system

found, imported = probe_system(), "torch" in sys.modules
assert found == current_system(), (found, current_system())
print(found.torch, found.cxx_abi, found.compute, imported, sep=", ")
"""


LINUX = ("Linux", "x86_64", "")
WINDOWS = ("Windows", "AMD64", "")
MAC = ("Darwin", "arm64", "26.1")


def _probe(
    site: Path, version_py: str | None, machine: tuple[str, str, str], extra: dict[str, str] | None = None
) -> str:
    """What is found where this Torch is the first that Python finds."""
    files = {
        "torch/__init__.py": TORCH.replace("METAL", str(machine[0] == "Darwin")),
        **({} if version_py is None else {"torch/version.py": version_py}),
        **(extra or {}),
    }
    for name, text in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text, encoding="utf-8")
    return run_python(PROBE, *machine, env={"PYTHONPATH": str(site)}).strip()


@pytest.mark.parametrize(
    ("version_py", "values"),
    [
        (CPU, {"__version__": "2.13.0+cpu", "cuda": None, "hip": None, "xpu": None, "rocm": None}),
        (CUDA, {"__version__": "2.13.0+cu130", "cuda": "13.0", "hip": None, "xpu": None, "rocm": None}),
        (
            ROCM,
            {"__version__": "2.13.0+rocm7.2", "cuda": None, "hip": "7.2.53211-e1a6bc5663", "xpu": None, "rocm": None},
        ),
        (XPU, {"__version__": "2.13.0+xpu", "cuda": None, "hip": None, "xpu": "20250302", "rocm": None}),
        (OLD, {"__version__": "2.1.0+cu118", "cuda": "11.8", "hip": None}),
    ],
)
def test_a_version_py_is_read(version_py: str, values: dict[str, str | None]) -> None:
    """The names of each make of Torch have the values that Python would give them."""
    assert {"git_version": "0123abc", **values} == read_version_py(version_py.encode())


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("", {}),
        ("cuda = '12' + '.6'", {}),
        ("cuda = find()\nhip = 1\nxpu: str", {}),
        ("cuda = '12.6'\ncuda = find()", {}),
        ("if True:\n    cuda = '12.6'", {}),
        ("cuda, hip = '12.6', None", {}),
        ("self.cuda = '12.6'", {}),
        ("import os; os._exit(3)", {}),
    ],
)
def test_only_literals_are_read(source: str, values: dict[str, str | None]) -> None:
    """Nothing is executed, and what would have to be is left out."""
    assert values == read_version_py(source.encode())


@pytest.mark.parametrize(
    ("version_py", "machine", "found"),
    [
        (CPU, LINUX, "2.13, cxx11, cpu, False"),
        (CUDA, LINUX, "2.13, cxx11, cuda 13.0, False"),
        (ROCM, LINUX, "2.13, cxx11, rocm 7.2, False"),
        (XPU, LINUX, "2.13, cxx11, xpu 2025.3, False"),
        (NIGHTLY, LINUX, "2.14, cxx11, cpu, False"),
        (CUDA, WINDOWS, "2.13, None, cuda 13.0, False"),
        (CPU, MAC, "2.13, None, metal, False"),
    ],
)
def test_torch_is_not_imported(tmp_path: Path, version_py: str, machine: tuple[str, str, str], found: str) -> None:
    """For each make of Torch the facts are those that it would give itself, without importing it."""
    assert found == _probe(tmp_path, version_py, machine)


@pytest.mark.parametrize(
    ("version_py", "machine", "found"),
    [
        (OLD, LINUX, "2.1, cxx98, cuda 11.8, True"),
        (CPU, ("Darwin", "x86_64", "26.1"), "2.13, None, metal, True"),
        (CPU, ("Darwin", "arm64", "13.6"), "2.13, None, metal, True"),
        (CPU, ("Darwin", "arm64", ""), "2.13, None, metal, True"),
        (CUDA.replace("'13.0'", "str(13.0)"), LINUX, "2.13, cxx11, cuda 13.0, True"),
        (CPU.replace("'2.13.0+cpu'", "'2.13' + '.0'"), LINUX, "2.13, cxx11, cpu, True"),
    ],
)
def test_torch_is_asked_where_its_files_do_not_tell(
    tmp_path: Path, version_py: str, machine: tuple[str, str, str], found: str
) -> None:
    """Where its files are not enough, Torch is imported and gives the facts."""
    assert found == _probe(tmp_path, version_py, machine)


def test_a_torch_without_the_file_is_asked(tmp_path: Path) -> None:
    """A Torch whose versions stand elsewhere is imported."""
    assert "2.13, cxx11, cuda 13.0, True" == _probe(tmp_path, None, LINUX, {"torch/version/__init__.py": CUDA})


def test_an_extended_torch_is_asked(tmp_path: Path) -> None:
    """Where a package adds a backend to Torch when that is imported, only the import tells which."""
    extension = {
        "torch_more-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: torch-more\nVersion: 1.0\n",
        "torch_more-1.0.dist-info/entry_points.txt": "[torch.backends]\nmore = torch_more:start\n",
    }

    assert "2.13, cxx11, cpu, True" == _probe(tmp_path, CPU, LINUX, extension)


def test_this_machine() -> None:
    """The Torch of this environment is known without importing it, as it knows itself."""
    code = """if True:
        import sys
        from kernels.probe import probe_system
        from kernels.system import current_system

        found = probe_system()
        print("torch" in sys.modules, found == current_system(), probe_system() is current_system())
    """
    has_torch = find_torch() is not None

    assert f"False True {has_torch}" == run_python(code).strip()
