"""Packages with faults and without, in `bad.txt` and `good.txt`, and real ones."""

from pathlib import Path

import pytest
from support.python_corpus import Case, check_files, faults, read_corpus

from kernel_builder.checks.findings import CHECKS

BAD = read_corpus(Path(__file__).with_name("bad.txt"))
GOOD = read_corpus(Path(__file__).with_name("good.txt"))


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_bad_package(tmp_path: Path, case: Case) -> None:
    """Each fault is found in its file and line, and nothing else."""
    found = check_files(tmp_path, case.files, case.metadata)
    assert case.faults == faults(found)
    assert [] == [one for one in found if not one.remedy or one.check not in CHECKS]
    assert found == sorted(found, key=lambda one: (one.file, one.line or 0))


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_good_package(tmp_path: Path, case: Case) -> None:
    """Nothing is found in a package without faults."""
    assert [] == check_files(tmp_path, case.files, case.metadata)


def test_corpus_is_large() -> None:
    """There are at least forty packages of each kind, and each bad one has a fault."""
    assert len(BAD) >= 40
    assert len(GOOD) >= 40
    assert [] == [case.name for case in BAD if not case.faults]
    assert [] == [case.name for case in GOOD if case.faults]
