"""`kernels lock`. What a lock says is tested with `kernels.lock`; here, what the person is told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.hub import HubServer

Run = Callable[..., Any]
Publish = Callable[..., str]


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Make a project that needs kernels; its folder."""

    def make(**versions: int) -> Path:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        lines = [f'"org/{name}" = {version}\n' for name, version in versions.items()]
        (folder / "pyproject.toml").write_text("".join(["[tool.kernels.dependencies]\n", *lines]), "utf-8")
        return folder

    return make


def _locked(folder: Path) -> dict[str, str]:
    return {entry["repo_id"]: entry["sha"] for entry in json.loads((folder / "kernels.lock").read_bytes())}


def test_what_has_changed_is_said(publish: Publish, project: Callable[..., Path], run: Run) -> None:
    """A line for each kernel says its commit, and which one it was locked to before."""
    first, same, gone = (publish(f"org/{name}") for name in ("first", "same", "gone"))
    folder = project(first=1, same=1, gone=1)
    made = run("lock", folder)

    assert [
        f"org/first: {first[:12]} (new)",
        f"org/gone: {gone[:12]} (new)",
        f"org/same: {same[:12]} (new)",
    ] == made.out.splitlines()
    assert (0, f"Wrote {folder / 'kernels.lock'}") == (made.status, made.err.splitlines()[-1])
    assert {"[1/3]", "[2/3]", "[3/3]"} == {line.split()[0] for line in made.err.splitlines()[:-1]}
    assert {"org/first": first, "org/same": same, "org/gone": gone} == _locked(folder)

    newer, added = publish("org/first", files={"new.py": ""}), publish("org/added")
    again = run("lock", project(first=1, same=1, added=1))

    assert [
        f"org/added: {added[:12]} (new)",
        f"org/first: {first[:12]} → {newer[:12]}",
        f"org/gone: {gone[:12]} (removed)",
        f"org/same: {same[:12]} (unchanged)",
    ] == again.out.splitlines()


def test_the_project_is_the_working_folder(
    publish: Publish, project: Callable[..., Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a folder, the project is the one that the person is in."""
    commit = publish("org/kernel")
    folder = project(kernel=1)
    monkeypatch.chdir(folder)

    assert 0 == run("lock").status
    assert {"org/kernel": commit} == _locked(folder)


def test_check(publish: Publish, project: Callable[..., Path], run: Run) -> None:
    """`--check` writes nothing; its status says whether the lock does, and its output why it does not."""
    publish("org/kernel")
    folder = project(kernel=1)
    missing = run("lock", folder, "--check")
    wrote = (folder / "kernels.lock").exists()
    run("lock", folder)
    good = run("lock", folder, "--check")
    project(kernel=1, other=1)
    publish("org/other")
    bad = run("lock", folder, "--check")

    assert not wrote
    assert (1, f"{folder / 'kernels.lock'} does not exist; write it with `kernels lock`\n") == missing[:2]
    assert (0, "The lock is as it should be.\n") == good[:2]
    assert (1, "org/other is needed, but not locked\n") == bad[:2]


def test_a_warning(hub_client: HubServer, publish: Publish, project: Callable[..., Path], run: Run) -> None:
    """A commit that was locked and is in no branch any more is something to look at; the lock is written."""
    root = hub_client.commit("org/kernel", "main", {"README.md": ""})
    old = publish("org/kernel")
    folder = project(kernel=1)
    run("lock", folder)
    hub_client.move_branch("org/kernel", "v1", root)
    hub_client.move_branch("org/kernel", "main", root)
    result = run("lock", folder)

    assert (0, f"org/kernel: {old[:12]} → {root[:12]}\n") == (result.status, result.out)
    assert f"kernels: warning: org/kernel: {old}, the commit that was locked, " in result.err


@pytest.mark.parametrize("option", [[], ["--check"]])
def test_a_project_that_cannot_be_locked(tmp_path: Path, run: Run, option: list[str]) -> None:
    """Without dependencies to lock, the status is 8, and the error shows how to write them."""
    result = run("lock", tmp_path, *option)

    assert (8, "") == (result.status, result.out)
    assert result.err.startswith(f"kernels: error: {tmp_path / 'pyproject.toml'} does not exist; ")
    assert '[tool.kernels.dependencies]\n"owner/name" = 1\n' in result.err


def test_a_kernel_that_cannot_be_locked(publish: Publish, project: Callable[..., Path], run: Run) -> None:
    """Every kernel that cannot be locked is named, and no lock is written."""
    publish("org/kernel")
    folder = project(kernel=3, nothing=1)
    result = run("lock", folder)

    assert (8, "") == (result.status, result.out)
    assert "org/kernel: Version 3 not found, available versions: 1 " in result.err
    assert "org/nothing: the Hub has no version 1 of it, or does not show it" in result.err
    assert not (folder / "kernels.lock").exists()
