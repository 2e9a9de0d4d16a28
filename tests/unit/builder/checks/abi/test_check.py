"""One library held against its limits, whatever its format."""

import json
import os
from pathlib import Path

import pytest
from support.libraries import module, needs_gcc

from kernel_builder.checks.abi import AbiLimits, check_abi


@needs_gcc
def test_a_library_without_fault(tmp_path: Path) -> None:
    """The report has the format, the processor, what was looked at, and no finding."""
    path = module(tmp_path / "kernel.abi3.so")
    report = check_abi(path, AbiLimits(torch_stable_abi=(2, 11)))
    expected = (
        "system libraries: manylinux_2_28", "limited API: Python 3.9", "stable ABI: Torch 2.11",
        "headers", "libraries", "symbols",
    )  # fmt: skip
    assert (path, "elf", os.uname().machine, expected, ()) == (
        report.path, report.kind, report.machine, report.checked, report.findings
    )  # fmt: skip


@needs_gcc
def test_findings_are_called_by_the_name(tmp_path: Path) -> None:
    """Findings carry the name that the caller has for the file, and have a form for JSON."""
    path = module(tmp_path / "kernel.abi3.so", "", "-Wl,-z,execstack")
    [finding] = check_abi(path, AbiLimits(), name="build/kernel.abi3.so").findings
    assert ("abi", "build/kernel.abi3.so") == (finding.check, finding.file)
    assert "executable-stack" == json.loads(json.dumps(finding.as_json()))["code"]
    assert path.as_posix() == check_abi(path, AbiLimits()).findings[0].file


@pytest.mark.parametrize(
    "data", [b"", b"\x7f", b"\x7fELF", b"\x7fELF" + bytes(60), b"#!/bin/sh\n", b"!<arch>\n", bytes(5000)]
)
def test_what_is_no_library(tmp_path: Path, data: bytes) -> None:
    """Whatever the bytes are, the answer is a finding."""
    (tmp_path / "kernel.abi3.so").write_bytes(data)
    report = check_abi(tmp_path / "kernel.abi3.so", AbiLimits())
    assert ["unreadable"] == [one.code for one in report.errors]
    assert str(tmp_path) not in report.findings[0].message


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    """A file that is not there, and a folder, are findings."""
    (tmp_path / "folder.so").mkdir()
    for name in ("missing.so", "folder.so"):
        assert ["unreadable"] == [one.code for one in check_abi(tmp_path / name, AbiLimits()).findings]


@needs_gcc
def test_a_file_that_ends_anywhere(tmp_path: Path) -> None:
    """A file that is cut at any byte gives a report, and never another error."""
    path = module(tmp_path / "kernel.abi3.so", "extern int close_range(void); void *keep = close_range;")
    data = path.read_bytes()
    limits = AbiLimits(torch_stable_abi=(2, 11), ops_id="kernel")
    whole = [one.code for one in check_abi(path, limits).findings]
    for size in [*range(0, 1200, 7), *range(1200, len(data), 411)]:
        path.write_bytes(data[:size])
        codes = [one.code for one in check_abi(path, limits).findings]
        assert codes == whole or "unreadable" in codes, size


def test_a_windows_library(tmp_path: Path) -> None:
    """A library for Windows is not checked, which is a warning."""
    header = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0" + bytes(200)
    (tmp_path / "kernel.pyd").write_bytes(header)
    report = check_abi(tmp_path / "kernel.pyd", AbiLimits())
    assert [("not-checked", "warning")] == [(one.code, one.severity) for one in report.findings]
    assert () == report.errors
