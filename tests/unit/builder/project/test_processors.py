"""Flags of `build.toml` that are for one kind of processor."""

import subprocess
from pathlib import Path

import pytest

from kernel_builder.project.environment import cmake_flags
from kernel_builder.resources import templates_dir
from kernel_builder.toolchain.tools import find_tool

CMAKE = templates_dir() / "project" / "compiled" / "cmake"
X86 = ("-mavx2", "-mfma", "-mavx512f", "-msse4.2", "-mssse3", "-mprefer-vector-width=512", "-march=x86-64-v3", "-mbmi2")
ARM = ("-march=armv8.2-a+fp16", "-mcpu=neoverse-v1")
COMMON = ("-O3", "-DX=-mavx2", "-fno-math-errno", "-march=native", "-DY=a b", "-mtune=generic", "-DZ=a;b")


def _kept(folder: Path, processor: str, flags: tuple[str, ...]) -> tuple[str, str]:
    """The flags that are left, as CMake holds them, and what it says."""
    script = f"""\
cmake_minimum_required(VERSION 3.26)
list(APPEND CMAKE_MODULE_PATH "{CMAKE}")
include(kernel)
set(CMAKE_SYSTEM_PROCESSOR {processor})
kernel_flags_of_processor(kept demo {cmake_flags(flags)})
file(WRITE "{folder}/kept" "${{kept}}")
file(WRITE "{folder}/all" {cmake_flags(COMMON)})
"""
    (folder / "script.cmake").write_text(script, "utf-8")
    command: list[str | Path] = [find_tool("cmake"), "-P", folder / "script.cmake"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return " ".join((folder / "kept").read_text("utf-8").split()), done.stdout.strip()


@pytest.mark.parametrize(
    ("processor", "own", "foreign"),
    [("x86_64", X86, ARM), ("AMD64", X86, ARM), ("aarch64", ARM, X86), ("arm64", ARM, X86), ("riscv64", (), X86)],
)
def test_flags_of_another_processor_are_left_out(
    tmp_path: Path, processor: str, own: tuple[str, ...], foreign: tuple[str, ...]
) -> None:
    """A component with flags for one kind of processor is compiled without them on the others, and that is said."""
    kept, said = _kept(tmp_path, processor, (*foreign, *own, *COMMON, foreign[0]))
    expected, _ = _kept(tmp_path, processor, (*own, *COMMON))
    assert expected == kept.replace("SHELL: ", "SHELL:")
    assert f"-- demo: left out {' '.join(foreign)} {foreign[0]}, which {processor} does not have" == said


@pytest.mark.parametrize("processor", ["x86_64", "aarch64"])
def test_other_flags_stay_as_they_are(tmp_path: Path, processor: str) -> None:
    """What is for every processor is passed on to the last character, and nothing is said."""
    _, said = _kept(tmp_path, processor, COMMON)
    assert (tmp_path / "all").read_text("utf-8") == (tmp_path / "kept").read_text("utf-8")
    assert "" == said
