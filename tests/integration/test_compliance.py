"""What the local driver builds keeps to the requirements on libraries; what the compiler links by itself does not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.projects import kernel_builder, make_tiny, variant_name

from kernel_builder.binary.elf import open_elf
from kernels.metadata import read_metadata

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has manylinux")

SOURCES = Path(__file__).parent / "manylinux_kernel"
_BUILD_TOML = """\
[general]
name = "demanding"
version = 1
license = "Apache-2.0"
backends = ["cpu"]

[torch]
src = ["torch-ext/binding.cpp"]

[kernel.features]
backend = "cpu"
depends = ["torch"]
src = ["features/features.cpp", "features/features.h"]
"""
#: The binding takes its names from the build.
_OF_THE_BUILD = {
    "TORCH_LIBRARY(manylinux_kernel, library)": "TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, library)",
    '"manylinux_kernel::fail"': 'KERNEL_STRINGIFY(TORCH_EXTENSION_NAME) "::fail"',
    '#include "features.h"': '#include "../features/features.h"\n#include "registration.h"',
}


def _make_project(folder: Path) -> Path:
    for name in ("torch-ext/demanding", "features"):
        (folder / name).mkdir(parents=True)
    (folder / "build.toml").write_text(_BUILD_TOML, "utf-8")
    for name in ("features.cpp", "features.h"):
        (folder / "features" / name).write_text((SOURCES / name).read_text("utf-8"), "utf-8")
    binding = (SOURCES / "binding.cpp").read_text("utf-8").partition('extern "C" PyObject')[0]
    for old, new in _OF_THE_BUILD.items():
        assert old in binding
        binding = binding.replace(old, new)
    (folder / "torch-ext/binding.cpp").write_text(f"{binding}REGISTER_EXTENSION(TORCH_EXTENSION_NAME)\n", "utf-8")
    (folder / "torch-ext/demanding/__init__.py").write_text('from ._ops import ops\n\n__all__ = ["ops"]\n', "utf-8")
    return folder


def _outcomes(project: Path) -> dict[str, str]:
    """What the kernel does in a fresh process."""
    tree = project / "build" / variant_name()
    kernel_id = read_metadata(tree).id
    command: list[str | Path] = [sys.executable, SOURCES / "use.py", tree / f"{kernel_id}.abi3.so", kernel_id]
    found: dict[str, str] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def _codes(project: Path, *arguments: str) -> tuple[int, set[str]]:
    """The exit code of check-abi, and what it found."""
    result = kernel_builder("check-abi", project, "--json", *arguments)
    return result.returncode, {finding["code"] for finding in _findings(json.loads(result.stdout))}


def _findings(document: object) -> list[dict[str, str]]:
    """All findings of a report, wherever they are in it."""
    if isinstance(document, dict):
        own = [document] if {"code", "message"} <= document.keys() else []
        return [*own, *(finding for value in document.values() for finding in _findings(value))]
    return [finding for value in document for finding in _findings(value)] if isinstance(document, list) else []


@pytest.mark.heavy
def test_a_demanding_kernel_is_compliant_and_does_what_a_plain_build_does(tmp_path: Path) -> None:
    """What is newer than the policy is in the build or goes by older ways; without the limit, check-abi refuses it."""
    project = _make_project(tmp_path / "demanding")
    result = kernel_builder("build", project, "--driver", "local", "--manylinux", "off")
    assert 0 == result.returncode, result.stderr
    plain = _outcomes(project)
    # Linked as usual, it also takes parts of the C++ library from those of Torch, where they have no versions.
    assert (8, {"manylinux-version", "unversioned-cxx"}) == _codes(project)

    result = kernel_builder("build", project, "--driver", "local")
    assert 0 == result.returncode, result.stderr
    assert (0, set()) == _codes(project)
    assert plain == _outcomes(project)
    assert "Own: an exception of the kernel's own" == plain["catch own"]
    assert 17 == sum(name.startswith("feature ") for name in plain)
    tree = project / "build" / variant_name()
    with open_elf(tree / f"{read_metadata(tree).id}.abi3.so") as elf:
        assert {"libc10.so", "libtorch_cpu.so", "libstdc++.so.6"} <= set(elf.needed)
        assert [f"PyInit_{read_metadata(tree).id}"] == [symbol.name for symbol in elf.symbols() if symbol.defined]


def test_the_examples_are_compliant(built_relu: Path, built_tvm_ffi: Path, built_tiny: Path) -> None:
    """Each build that the tests make of an example in C++ has nothing that check-abi or check-builds finds."""
    for project in (built_relu, built_tvm_ffi, built_tiny):
        assert (0, set()) == _codes(project)
        result = kernel_builder("check-builds", project)
        assert 0 == result.returncode, result.stdout


def test_a_build_that_calls_what_is_newer_is_refused(tmp_path: Path) -> None:
    """A function that the policy's system does not have is found before the build is installed, with its source."""
    project = make_tiny(tmp_path / "tiny")
    (project / "tiny_cpu" / "tiny.cpp").write_text(
        'extern "C" int close_range(unsigned, unsigned, int);\n'
        'extern "C" int tiny_value() { return close_range(~0U, ~0U, 0); }\n',
        "utf-8",
    )
    result = kernel_builder("build", project, "--driver", "local", "--json")
    assert 8 == result.returncode
    (finding,) = [one for one in _findings(json.loads(result.stdout)) if one["code"] == "unversioned-newer"]
    assert ("close_range", "GLIBC_2.34", "GLIBC_2.28", "tiny.cpp.o") == (
        finding["symbol"],
        finding["needed"],
        finding["allowed"],
        Path(finding["origin"]).name,
    )
    assert not (project / "build" / variant_name()).exists()
