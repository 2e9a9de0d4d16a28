"""`[tool.kernels.dependencies]`."""

from pathlib import Path

import pytest

from kernels.errors import LockError
from kernels.lock.pyproject import read_dependencies
from kernels.metadata import KernelDependency


def _project(folder: Path, table: str) -> Path:
    (folder / "pyproject.toml").write_text(f"[tool.kernels.dependencies]\n{table}\n", "utf-8")
    return folder


def test_every_way_to_ask_for_a_kernel_is_read(tmp_path: Path) -> None:
    """A version is a number, a number as text, or part of a table; a table may have a revision instead."""
    project = _project(
        tmp_path,
        '"o/number" = 1\n"o/text" = "12"\n"o/table" = { version = 0 }\n"o/revision" = { revision = "main" }\n'
        '[tool.kernels.dependencies."o/long"]\nversion = 3',
    )

    assert [
        KernelDependency("o/number", version=1),
        KernelDependency("o/text", version=12),
        KernelDependency("o/table", version=0),
        KernelDependency("o/revision", revision="main"),
        KernelDependency("o/long", version=3),
    ] == read_dependencies(project)
    assert [] == read_dependencies(_project(tmp_path, ""))


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ('"o/r" = ">=1"', '`tool.kernels.dependencies."o/r"` is ">=1": '),
        ('"o/r" = true', '`tool.kernels.dependencies."o/r"` is true: '),
        ('"o/r" = 1.0', '`tool.kernels.dependencies."o/r"` is 1.0: '),
        ('"o/r" = -1', '`tool.kernels.dependencies."o/r"` is -1: '),
        ('"o/r" = [1]', '`tool.kernels.dependencies."o/r"` is [1]: '),
        ('"o/r" = 2020-01-01', '`tool.kernels.dependencies."o/r"` is 2020-01-01: '),
        ('"o/r" = {}', '`tool.kernels.dependencies."o/r"` is {}: expected a version such as 1, or a table with '),
        (
            '"o/r" = { version = 1, revision = "main" }',
            '`tool.kernels.dependencies."o/r"` is {"version": 1, "revision": "main"}: expected a version such as 1',
        ),
        ('"o/r" = { tag = "x" }', '`tool.kernels.dependencies."o/r"` is {"tag": "x"}: expected a version such as 1'),
        ('"o/r" = { revision = 1 }', '`tool.kernels.dependencies."o/r"` is {"revision": 1}: '),
        ('"o/r" = { revision = "../x" }', '`tool.kernels.dependencies."o/r"` is {"revision": "../x"}: '),
        ("r = 1", '`tool.kernels.dependencies."r"` is 1: '),
        ('"../../r" = 1', '`tool.kernels.dependencies."../../r"` is 1: '),
    ],
)
def test_other_entries_are_refused(tmp_path: Path, entry: str, complaint: str) -> None:
    """What does not say which kernel to lock is refused, with its key, its value and what is expected."""
    with pytest.raises(LockError) as caught:
        read_dependencies(_project(tmp_path, entry))

    prefix = f"{tmp_path / 'pyproject.toml'}: {complaint}"
    assert str(caught.value).startswith(prefix)
    assert len(str(caught.value)) > len(prefix)


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    """One error has every entry that cannot be used."""
    with pytest.raises(LockError) as caught:
        read_dependencies(_project(tmp_path, '"o/a" = "x"\n"o/b" = 1\n"o/c" = {}'))

    assert "o/a" in str(caught.value)
    assert "o/b" not in str(caught.value)
    assert "o/c" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", " has no table [tool.kernels.dependencies]; say there which kernels the project needs:"),
        ("[tool.kernels]", " has no table [tool.kernels.dependencies]; say there which kernels the project needs:"),
        ("[tool]\nkernels = 1", ": `tool.kernels` is 1, expected a table:"),
        ("tool = []", ": `tool` is [], expected a table:"),
        ("[tool.kernels]\ndependencies = ['o/r']", ': `tool.kernels.dependencies` is ["o/r"], expected a table:'),
    ],
)
def test_a_project_without_kernels_is_told_what_to_write(tmp_path: Path, text: str, complaint: str) -> None:
    """Where there is no table, the error ends with one."""
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")

    with pytest.raises(LockError) as caught:
        read_dependencies(tmp_path)

    example = '\n[tool.kernels.dependencies]\n"owner/name" = 1'
    assert f"{tmp_path / 'pyproject.toml'}{complaint}{example}" == str(caught.value)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (b"[tool", "is not valid TOML: "),
        (b"\xff", "is not valid TOML: "),
        (b"a = " + b"[" * 50_000, "is not valid TOML: "),
        (None, "does not exist; a project says there which kernels it needs:"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_of_ours(tmp_path: Path, document: bytes | None, complaint: str) -> None:
    """A missing `pyproject.toml`, and one that is no TOML, are said to be that."""
    if document is not None:
        (tmp_path / "pyproject.toml").write_bytes(document)

    with pytest.raises(LockError) as caught:
        read_dependencies(str(tmp_path))

    assert str(caught.value).startswith(f"{tmp_path / 'pyproject.toml'} {complaint}")


def test_a_folder_in_its_place_cannot_be_read(tmp_path: Path) -> None:
    """What the operating system says is passed on."""
    (tmp_path / "pyproject.toml").mkdir()

    with pytest.raises(LockError, match=r"pyproject\.toml cannot be read: "):
        read_dependencies(tmp_path)
