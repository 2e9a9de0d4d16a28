"""What a component is compiled for: the arithmetic of the generated CMake code, run by CMake itself."""

import random
import re
import subprocess
from pathlib import Path

import pytest

from kernel_builder.config.capabilities import Capability, default_capabilities, known_capabilities, loose_intersection
from kernel_builder.resources import templates_dir
from kernel_builder.toolchain.tools import find_tool

MODULE = templates_dir() / "project" / "backend-cuda" / "cmake" / "capabilities.cmake"
D13 = "7.5;8.0;8.6;8.7;8.9;9.0;10.0;11.0;12.0;12.1+PTX"
D128 = "7.0;7.2;7.5;8.0;8.6;8.7;8.9;9.0;10.0;10.1;12.0+PTX"
D126 = "7.0;7.2;7.5;8.0;8.6;8.7;8.9;9.0+PTX"
#: What is asked for, what the compiler builds for, and what comes of it.
VECTORS = [
    # Those of the reference implementation.
    ("9.0a", D13, "9.0a"),
    ("8.0;9.0;9.0a", D13, "8.0;9.0a"),
    ("7.5;8.0;8.6;9.0;9.0a", "8.0;8.9;9.0", "8.0;8.6;9.0a"),
    ("8.0+PTX", D13, "8.0+PTX"),
    ("9.0a+PTX", D13, "9.0a+PTX"),
    ("8.0;8.6;8.9;9.0;10.0;12.0", D126, "8.0;8.6;8.9;9.0"),
    ("9.0a;10.0a;10.0f", D13, "9.0a;10.0a;10.0f"),
    ("12.0f", D13, "12.0f"),
    ("10.0", "9.0;10.1", "10.0"),
    ("8.0;10.3a", D13, "8.0"),
    ("10.3a", D13, ""),
    ("12.1", D128, ""),
    ("6.0", D13, ""),
    ("5.0;7.5;8.0;9.0", D126, "7.5;8.0;9.0"),
    # One capability, and the devices that it serves: those of its major version that are not older.
    ("7.0", D126, "7.0"),
    ("7.0", D13, "7.0"),
    ("7.2", D126, "7.2"),
    ("7.5", D13, "7.5"),
    ("8.0", D13, "8.0"),
    ("8.6", D13, "8.6"),
    ("8.7", D13, "8.7"),
    ("8.8", D13, "8.8"),
    ("8.9", D13, "8.9"),
    ("9.0", D13, "9.0"),
    ("10.0", D13, "10.0"),
    ("10.1", D128, "10.1"),
    ("10.1", D13, ""),
    ("10.3", D13, ""),
    ("11.0", D13, "11.0"),
    ("11.0", D128, ""),
    ("12.0", D13, "12.0"),
    ("12.1", D13, "12.1"),
    ("10.0", D126, ""),
    # What no device needs is left out.
    ("8.0;8.6;8.7;8.9", "8.6", "8.6"),
    ("8.0;8.1;8.2", "8.9", "8.2"),
    ("7.0;7.5", D13, "7.5"),
    ("8.0;8.8;8.9", D13, "8.0;8.9"),
    ("7.5;8.0", "7.5", "7.5"),
    ("8.9;8.6;8.0", D13, "8.0;8.6;8.9"),
    ("10.0;9.0;8.0", D13, "8.0;9.0;10.0"),
    ("12.0;7.5;10.0;8.0", D13, "7.5;8.0;10.0;12.0"),
    ("8.0;8.0;8.0", D13, "8.0"),
    ("9.0;9.0a;9.0a", D13, "9.0a"),
    # Suffixes: only for a device of the very number.
    ("10.0a", D13, "10.0a"),
    ("10.0f", D13, "10.0f"),
    ("10.1a", D13, ""),
    ("10.1a", D128, "10.1a"),
    ("10.3f", D13, ""),
    ("12.0a;12.1a", D13, "12.0a;12.1a"),
    ("12.0;12.1a", D13, "12.0;12.1a"),
    ("9.0a;9.0", D13, "9.0a"),
    ("8.0;9.0a", D126, "8.0;9.0a"),
    ("9.0a", "8.0;8.9", ""),
    ("10.0;10.0a", D13, "10.0a"),
    ("11.0a;11.0f", D13, "11.0a;11.0f"),
    # A newer device of the same major version can be left for the capability without suffix.
    ("12.0;12.0a", D13, "12.0;12.0a"),
    ("8.0;8.0", D126, "8.0"),
    # PTX may serve devices of later major versions, and is kept where it is asked for.
    ("7.5+PTX", D13, "7.5+PTX"),
    ("7.5+PTX", "12.0", "7.5+PTX"),
    ("7.5", "12.0", ""),
    ("7.0+PTX;8.0", D13, "7.0+PTX;8.0"),
    ("8.0;9.0+PTX", D13, "8.0;9.0+PTX"),
    ("8.0+PTX;9.0", D13, "8.0+PTX;9.0"),
    ("8.0;8.0+PTX", D13, "8.0+PTX"),
    ("9.0+PTX", D126, "9.0+PTX"),
    ("12.0+PTX", D13, "12.0+PTX"),
    ("12.1+PTX", D13, "12.1+PTX"),
    ("10.0a+PTX", D13, "10.0a+PTX"),
    ("9.0a+PTX", "10.0", ""),
    ("9.0;9.0a+PTX", D13, "9.0a+PTX"),
    ("9.0+PTX;9.0a", D13, "9.0+PTX;9.0a"),
    ("5.0+PTX", D13, "5.0+PTX"),
    # The PTX of the targets does not count, and neither does their order.
    ("9.0", "9.0+PTX", "9.0"),
    ("9.0", "12.0;9.0;8.0", "9.0"),
    ("8.0;9.0", "9.0+PTX;8.0+PTX", "8.0;9.0"),
    ("8.0", "", ""),
    # The order is that of the numbers, not that of the letters.
    ("10.0;7.5;12.0;9.0", D13, "7.5;9.0;10.0;12.0"),
    ("12.0a;9.0a;10.0a", D13, "9.0a;10.0a;12.0a"),
]  # fmt: skip


def _in_cmake(folder: Path, pairs: list[tuple[str, str]]) -> list[str]:
    """What CMake makes of requests and targets, in one run."""
    calls = [
        f'kernel_cuda_intersection(found "{requested}" "{targets}")\nfile(APPEND results "[${{found}}]\\n")'
        for requested, targets in pairs
    ]
    _run(folder, "\n".join(calls))
    return [line[1:-1] for line in (folder / "results").read_text("utf-8").splitlines()]


def _run(folder: Path, calls: str, *, check: bool = True) -> str:
    script = folder / "script.cmake"
    script.write_text(f'cmake_minimum_required(VERSION 3.26)\ninclude("{MODULE}")\n{calls}\n', "utf-8")
    command: list[str | Path] = [find_tool("cmake"), "-P", script]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=check)
    return " ".join(done.stderr.split())


def _parsed(texts: str) -> list[Capability]:
    found = [Capability.parse(text) for text in texts.split(";") if text]
    assert None not in found
    return [one for one in found if one is not None]


def test_vectors(tmp_path: Path) -> None:
    """Every request gives what the table says."""
    pairs = [(requested, targets) for requested, targets, _ in VECTORS]
    found = _in_cmake(tmp_path, pairs)
    assert VECTORS == [(*pair, one) for pair, one in zip(pairs, found, strict=True)]
    assert len(set(pairs)) >= 75


def test_defaults_are_the_lists_above() -> None:
    """The table's targets are what the versions of CUDA build for."""
    lists = {version: ";".join(map(str, default_capabilities(version))) for version in ((13, 0), (12, 8), (12, 6))}
    assert {(13, 0): D13, (12, 8): D128, (12, 6): D126} == lists


def test_cmake_and_python_agree(tmp_path: Path) -> None:
    """The check of build.toml and the build go by one arithmetic, whatever is asked for."""
    rng = random.Random(11)  # noqa: S311 - the same requests in every run
    numbers = [str(one) for one in known_capabilities()]
    endings = ["", "", "", "a", "f", "+PTX", "a+PTX"]

    def some(most: int) -> str:
        return ";".join(rng.choice(numbers) + rng.choice(endings) for _ in range(rng.randint(0, most)))

    pairs = [(some(6), some(9)) for _ in range(2000)]
    expected = [";".join(map(str, loose_intersection(*map(_parsed, pair)))) for pair in pairs]
    assert expected == _in_cmake(tmp_path, pairs)
    assert len(set(expected)) > 500


@pytest.mark.parametrize("text", ["foo", "9", "9.0b", "9.00", "09.0", "9.0+ptx", "sm_90", "100.0", "9.0a+PTX+PTX"])
def test_what_is_no_capability(tmp_path: Path, text: str) -> None:
    """A word that is no capability is an error that says how one is written."""
    said = _run(tmp_path, f'kernel_cuda_intersection(found "8.0;{text}" "{D13}")', check=False)
    assert f"'{text}' is no CUDA capability: write it as in 8.0, 9.0a, 10.0f or 12.0+PTX." in re.sub(r"\s+", " ", said)
