"""The corpus: bad libraries, each with one fault, and good ones, all of them judged rightly."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.library_corpus import BAD, GOOD, Sample, strip

from kernel_builder.checks.abi import AbiReport, check_abi

Make = Callable[[Sample], tuple[Path, Path]]

#: What kernel-abi-check calls the same findings.
_THEIR_NAMES = {
    "manylinux-version": "IncompatibleManylinuxSymbol",
    "python-not-limited": "NonAbi3Symbol",
    "python-too-new": "IncompatibleAbi3Symbol",
    "macos-version": "IncompatibleMacOSVersion",
    "macos-version-missing": "MissingMacOSVersion",
}
#: Where it sees less than we do. It reads the table of symbols that stripping removes, which files made byte by byte
#: do not have, and only one of the ways in which a file says which macOS it needs.
_SEES_LESS = frozenset(
    {
        "32-bit-too-new", "big-endian-too-new", "macho-python-private-stripped", "macho-python-too-new-stripped",
        "macho-version-min", "macho-version-min-too-new",
    }
)  # fmt: skip
#: Where it gives up: versions that are no numbers, processors without a policy, fat files.
_GIVES_UP = frozenset(
    {
        "glibc-private", "needs-CXXABI_FLOAT128", "needs-CXXABI_TM_1", "x32", "big-endian-powerpc", "32-bit-powerpc",
        "macho-fat", "macho-fat-of-other-processors", "macho-fat-with-wide-header", "macho-fat-with-a-bad-slice",
        "macho-fat-with-a-private-slice",
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes a sample once for all tests here, and gives its folder and its file."""
    made: dict[str, tuple[Path, Path]] = {}

    def make_once(sample: Sample) -> tuple[Path, Path]:
        if missing := sample.missing_tools():
            pytest.skip(f"{', '.join(missing)} would make {sample.name}")
        if sample.name not in made:
            folder = tmp_path_factory.mktemp("sample")
            made[sample.name] = (folder, sample.make(folder))
        return made[sample.name]

    return make_once


def _codes(report: AbiReport, *severities: str) -> tuple[str, ...]:
    return tuple(sorted({one.code for one in report.findings if one.severity in severities}))


def _samples(*samples: Sample) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sample", [pytest.param(sample, id=sample.name) for sample in samples])


def _hold(sample: Sample, folder: Path, path: Path) -> None:
    name = f"build/{path.name}"
    report = check_abi(path, sample.limits(folder), name=name)
    assert (sample.codes, sample.warnings) == (_codes(report, "error"), _codes(report, "warning"))
    assert {name} >= {one.file for one in report.findings}
    assert sample.symbol is None or sample.symbol in {one.symbol for one in report.errors}
    assert all(one.remedy for one in report.errors)


@_samples(*BAD, *GOOD)
def test_each_is_judged_rightly(make: Make, sample: Sample) -> None:
    """A bad library has exactly the errors of its fault, with file and symbol, and a good one has none."""
    _hold(sample, *make(sample))


@_samples(*(sample for sample in (*BAD, *GOOD) if sample.stripped))
def test_each_is_judged_rightly_when_stripped(make: Make, sample: Sample, tmp_path: Path) -> None:
    """Stripping a library changes nothing of what is said of it."""
    folder, path = make(sample)
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    strip(copy)
    assert copy.stat().st_size < path.stat().st_size
    _hold(sample, folder, copy)


def test_the_corpus_is_large_enough() -> None:
    """The corpus does not shrink unseen: so many libraries of each kind, many by compilers where there are any."""
    assert 1 == max(Counter(sample.name for sample in (*BAD, *GOOD)).values())
    stripped = [sum(sample.stripped for sample in samples) for samples in (BAD, GOOD)]
    macho = [sum(sample.name.startswith("macho-") for sample in samples) for samples in (BAD, GOOD)]
    everywhere = [sum(not sample.tools for sample in samples) for samples in (BAD, GOOD)]
    assert (180, 55) <= (len(BAD), len(GOOD))
    for least, counts in (((30, 35), stripped), ((50, 14), macho), ((70, 15), everywhere)):
        assert [True, True] == [few <= count for few, count in zip(least, counts, strict=True)]
    missing = {tool for sample in (*BAD, *GOOD) for tool in sample.missing_tools()}
    if missing.isdisjoint({"gcc", "g++"}):
        made = [sum(bool(one.tools) and not one.missing_tools() for one in samples) for samples in (BAD, GOOD)]
        assert [True, True] == [100 <= made[0], 35 <= made[1]]


@_samples(*BAD, *GOOD)
def test_the_other_checker_agrees(make: Make, sample: Sample) -> None:
    """Of what is not stripped, kernel-abi-check says the same, but where it sees less or gives up."""
    other = pytest.importorskip("kernel_abi_check", reason="kernel-abi-check is the other checker")
    folder, path = make(sample)
    report = check_abi(path, sample.limits(folder))
    try:
        theirs = _ask(other, path, sample)
    except ValueError:
        assert "unreadable" in _codes(report, "error") or sample.name in _GIVES_UP
        return
    ours = {(_THEIR_NAMES[one.code], one.symbol) for one in report.findings if one.code in _THEIR_NAMES}
    assert (ours == theirs) is (sample.name not in _SEES_LESS)


def _ask(other: Any, path: Path, sample: Sample) -> set[tuple[str, str | None]]:
    """What the other checker finds.

    Raises:
        ValueError: when it gives up.
    """
    file = other.ObjectFile(str(path))
    found = [*file.check_python_abi("3.9")]
    if file.format() == other.BinaryFormat.MACH_O:
        found += file.check_macos(".".join(map(str, sample.macos)))
    else:
        found += file.check_manylinux("manylinux_2_28")
    return {(type(one).__name__, getattr(one, "name", None)) for one in found}
