"""The environment variables of this package."""

import os
from pathlib import Path

import pytest

from kernels.environment import flag, local_kernels
from kernels.errors import EnvironmentVariableError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((word, False) for word in (None, "", "0", "false", "No", "OFF")),
        *((word, True) for word in ("1", "true", "YES", " on ")),
    ],
)
def test_a_flag_is_on_or_off(monkeypatch: pytest.MonkeyPatch, value: str | None, expected: bool) -> None:
    """The words that people write for yes and no are understood, in any case."""
    monkeypatch.delenv("DISABLE_KERNEL_MAPPING", raising=False)
    if value is not None:
        monkeypatch.setenv("DISABLE_KERNEL_MAPPING", value)
    assert expected is flag("DISABLE_KERNEL_MAPPING")


def test_a_flag_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable, its value and what to write."""
    monkeypatch.setenv("DISABLE_KERNEL_MAPPING", "perhaps")
    with pytest.raises(EnvironmentVariableError, match="DISABLE_KERNEL_MAPPING is 'perhaps': set it to 1 or to 0"):
        flag("DISABLE_KERNEL_MAPPING")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", {}),
        (":", {}),
        ("a/b=/x", {"a/b": "/x"}),
        ("a/b=/x:", {"a/b": "/x"}),
        ("a/b=/x:c/d=/y z", {"a/b": "/x", "c/d": "/y z"}),
        ("a/b=/x;c/d=/y", {"a/b": "/x", "c/d": "/y"}),
        ("a/b=/x=y", {"a/b": "/x=y"}),
        (r"a/b=C:\kernels\b;c/d=D:/d", {"a/b": r"C:\kernels\b", "c/d": "D:/d"}),
        (r"a/b=C:\kernels\b:c/d=E:\d", {"a/b": r"C:\kernels\b", "c/d": r"E:\d"}),
        ("a/b=~/kernel", {"a/b": "HOME/kernel"}),
    ],
)
def test_local_kernels_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str, expected: dict[str, str]
) -> None:
    """Entries of every form, with either separator, with the drives of Windows, and the home folder."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("LOCAL_KERNELS", value)
    wanted = {repo_id: path.replace("HOME", str(tmp_path)) for repo_id, path in expected.items()}
    assert wanted == {repo_id: os.fspath(path) for repo_id, path in local_kernels().items()}


@pytest.mark.parametrize("value", ["garbage", "a/b", "a/b=", "a/b=/x:garbage", "a/b=:c/d=/y", "=/x", "b=/x"])
def test_entries_that_name_nothing_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """The error shows the entry, and how one is written."""
    monkeypatch.setenv("LOCAL_KERNELS", value)
    with pytest.raises(EnvironmentVariableError, match=r"Invalid LOCAL_KERNELS entry: .* write owner/name=path"):
        local_kernels()
