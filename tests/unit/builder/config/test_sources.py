"""Patterns in lists of sources."""

import json
import os
import re
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_builder.config.sources import MANIFEST, _expression, expand, is_pattern

_FILES = (
    "a.cu",
    "b.cu",
    "b.cuh",
    ".hidden.cu",
    "relu/a.cu",
    "relu/b10.cu",
    "relu/b2.cu",
    "relu/deep/c.cu",
    "relu/deep/deeper/d.cu",
    "relu/.cache/e.cu",
    "relu/build/f.cu",
    "build/g.cu",
    "build-ext/h.cu",
    ".kernel-builder/i.cu",
    "relu/__pycache__/k.cu",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with sources and with what builds leave, and a folder beside it."""
    top = tmp_path / "project"
    for name in _FILES:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).touch()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/x.cu").touch()
    return top


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.cu", ["a.cu", "b.cu"]),
        ("./*.cu", ["a.cu", "b.cu"]),
        ("b.cu?", ["b.cuh"]),
        ("?.c*", ["a.cu", "b.cu", "b.cuh"]),
        (".*.cu", [".hidden.cu"]),
        ("relu/*.cu", ["relu/a.cu", "relu/b10.cu", "relu/b2.cu"]),
        ("relu/b?.cu", ["relu/b2.cu"]),
        ("*/a.cu", ["relu/a.cu"]),
        ("relu/*/*.cu", ["relu/build/f.cu", "relu/deep/c.cu"]),
        ("relu/**/d.cu", ["relu/deep/deeper/d.cu"]),
        ("relu/deep/**", ["relu/deep/c.cu", "relu/deep/deeper/d.cu"]),
        ("**/a.cu", ["a.cu", "relu/a.cu"]),
        ("**/**/d.cu", ["relu/deep/deeper/d.cu"]),
        ("**/deep/**/*.cu", ["relu/deep/c.cu", "relu/deep/deeper/d.cu"]),
        ("**/d*/**/d*/**/*.cu", ["relu/deep/deeper/d.cu"]),
        ("relu/**/d*r/**", ["relu/deep/deeper/d.cu"]),
        ("**/deep/**/deep/**/*.cu", []),
        ("relu/d**r/*.cu", []),
        ("relu/d**p/*.cu", ["relu/deep/c.cu"]),
        ("*.CU", []),
        ("build/*.cu", []),
        ("build-ext/*", []),
        (".kernel-builder/*.cu", []),
        ("nowhere/*.cu", []),
    ],
)
def test_what_a_pattern_matches(project: Path, pattern: str, expected: list[str]) -> None:
    """Sorted files of the project; hidden and generated ones are not matched."""
    assert expected == list(expand(project, pattern))


def test_links_are_not_ways_out(project: Path) -> None:
    """A link to a file of the project counts, one that leads out or to a folder does not."""
    (project / "relu/l.cu").symlink_to("a.cu")
    (project / "relu/out.cu").symlink_to("../../outside/x.cu")
    (project / "relu/nothing.cu").symlink_to("nowhere.cu")
    (project / "linked").symlink_to("relu")
    (project / "away").symlink_to("../outside")
    assert ["relu/l.cu"] == list(expand(project, "**/l.cu"))
    assert [] == [*expand(project, "**/out.cu"), *expand(project, "**/nothing.cu"), *expand(project, "away/*.cu")]
    assert "linked/a.cu" not in expand(project, "**/*.cu")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_only_regular_files_count(project: Path) -> None:
    """A folder or a pipe is not matched, whatever its name."""
    (project / "relu/folder.cu").mkdir()
    os.mkfifo(project / "relu/pipe.cu")
    assert ["relu/a.cu", "relu/b10.cu", "relu/b2.cu"] == list(expand(project, "relu/*.cu"))


def test_what_create_pyproject_wrote_is_not_matched(project: Path) -> None:
    """Its manifest names the files, and one that cannot be read names none."""
    (project / MANIFEST).write_text(json.dumps({"files": {"relu/a.cu": "0"}}))
    assert ["relu/b10.cu", "relu/b2.cu"] == list(expand(project, "relu/*.cu"))
    (project / MANIFEST).write_text("[")
    assert ["relu/a.cu", "relu/b10.cu", "relu/b2.cu"] == list(expand(project, "relu/*.cu"))


def test_a_pattern_of_many_stars_takes_no_time(project: Path) -> None:
    """Were every place tried for each star, this would not end."""
    (project / ("a" * 200)).touch()
    assert () == expand(project, "*a" * 40 + "b")
    deep = project / "/".join("a" * 100)
    deep.mkdir(parents=True)
    (deep / "b.cu").touch()
    assert () == expand(project, "**/a/" * 40 + "x.cu")


_PARTS = st.text("ab*?.", min_size=1, max_size=5).filter(lambda part: part.strip(".") and "**" not in part)


@given(_PARTS, st.text("ab.", min_size=1, max_size=6))
def test_a_name_is_matched_as_elsewhere(part: str, name: str) -> None:
    """Of names that are not hidden, the same match as with the standard library's `match`."""
    if not name.startswith("."):
        expected = PurePosixPath(name).match(part)
        assert expected == (re.fullmatch(_expression([part]), name) is not None)


_FOLDERS = st.lists(st.sampled_from(["a", "b", "a*", "*", "**"]), min_size=1, max_size=7)


@given(_FOLDERS, st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=8))
def test_folders_are_matched_as_if_every_place_were_tried(pattern: list[str], path: list[str]) -> None:
    """Taking a run of folders where it comes first finds a match whenever there is one."""

    def matches(parts: list[str], names: list[str]) -> bool:
        if not parts or not names:
            return not parts and not names
        if parts[0] == "**":
            rest = parts[1:] or ["*"]
            return any(matches(rest, names[at:]) for at in range(len(names)))
        return PurePosixPath(names[0]).match(parts[0]) and matches(parts[1:], names[1:])

    assert matches(pattern, path) == (re.fullmatch(_expression(pattern), "/".join(path)) is not None)


def test_what_is_a_pattern() -> None:
    """Only `*` and `?` make one."""
    assert [True, True, False] == [is_pattern(text) for text in ("*.cu", "a?.cu", "a+(b)^.cu")]
