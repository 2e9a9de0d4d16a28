"""`kernels info`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.hub import HubServer

Run = Callable[..., Any]
Publish = Callable[..., str]
MakeBuild = Callable[..., Path]

ANY = "torch-universal"
FACTS = {
    "name": "test-kernel",
    "license": "MIT",
    "upstream": "https://example.org/upstream",
    "source": "git@example.org:o/r",
    "python-depends": ["einops"],
    "kernel-depends": [{"repo-id": "o/one", "version": 2}, {"repo-id": "o/two", "revision": "main"}],
}


def test_a_kernel_of_the_hub(publish: Publish, run: Run) -> None:
    """The newest version is described by what its metadata says, and its builds by whether they run here."""
    publish(version=2, variants=(ANY,))
    commit = publish(version=10, variants=(ANY,), **FACTS)

    result = run("info", "org/kernel")

    assert (0, "") == (result.status, result.err)
    assert [
        "Name                   test-kernel",
        "Version                1",
        "License                MIT",
        "Repository             org/kernel",
        "Revision               v10",
        f"Commit                 {commit}",
        "Upstream               https://example.org/upstream",
        "Source                 git@example.org:o/r",
        "Needs Python packages  einops (cpu)",
        "Needs kernels          o/one v2, o/two main",
        "Backends               universal",
        "Builds",
        "  ✅ torch-universal (preferred)",
    ] == result.out.splitlines()


def test_json(publish: Publish, run: Run) -> None:
    """The document has the same, and nothing where nothing is said."""
    commit = publish(variants=(ANY,), **{"kernel-depends": FACTS["kernel-depends"]})

    assert {
        "repo_id": "org/kernel",
        "revision": "v1",
        "commit": commit,
        "name": "test-kernel",
        "version": 1,
        "license": "Apache-2.0",
        "upstream": None,
        "source": None,
        "python_depends": {},
        "kernel_depends": [
            {"repo_id": "o/one", "version": 2, "revision": None},
            {"repo_id": "o/two", "version": None, "revision": "main"},
        ],
        "backends": ["universal"],
        "builds": [{"variant": ANY, "compatible": True, "preferred": True, "reason": None}],
    } == json.loads(run("info", "org/kernel", "--json").out)


def test_what_each_backend_needs(publish: Publish, run: Run) -> None:
    """Packages are named with the backends whose builds need them; a build for each backend is asked."""
    publish(variants=("torch-cpu",), **{"python-depends": ["einops"]})
    publish(variants=("torch-neuron",), backend={"type": "neuron"}, **{"python-depends": ["nki", "einops"]})
    document = json.loads(run("info", "org/kernel", "--json").out)

    assert {"einops": ["cpu", "neuron"], "nki": ["neuron"]} == document["python_depends"]
    assert ["cpu", "neuron"] == document["backends"]


def test_nothing_but_metadata_is_downloaded(hub_client: HubServer, publish: Publish, run: Run) -> None:
    """Of the files, only the metadata of one build for each backend is asked for; nothing is run."""
    publish(
        "org/kernel",
        body="raise SystemExit('it was run')",
        variants=("torch-cpu", "torch-stable-abi210-cpu-x86_64-linux"),
    )
    result = run("info", "org/kernel", "--version", "1")

    assert (0, "") == (result.status, result.err)
    assert ["metadata.json"] == [
        request.path.rpartition("/")[2] for request in hub_client.requests_for("GET */resolve/*")
    ]


@pytest.mark.parametrize("which", [("--version", "v1"), ("--version", "1"), ("--revision", "v1")])
def test_a_version_or_a_revision(publish: Publish, run: Run, which: tuple[str, str]) -> None:
    """An older version can be asked for, by number or by branch."""
    commit = publish(version=1)
    publish(version=2)

    assert commit == json.loads(run("info", "org/kernel", *which, "--json").out)["commit"]


def test_a_repository_without_versions(hub_client: HubServer, run: Run) -> None:
    """Without version branches it is `main` that is described; of builds without metadata, what their names say."""
    hub_client.commit("org/kernel", "main", {"build/torch-universal/__init__.py": ""})
    lines = run("info", "org/kernel").out.splitlines()

    assert ["Repository  org/kernel", "Revision    main"] == lines[:2]
    assert ["Backends    universal", "Builds", "  ✅ torch-universal (preferred)"] == lines[3:]


def test_a_repository_without_builds(hub_client: HubServer, run: Run) -> None:
    """Where there is no kernel there is nothing to show, which is an error."""
    hub_client.commit("org/kernel", "v1", {"README.md": ""})

    assert (3, "", "kernels: error: org/kernel at v1 has no builds\n") == run("info", "org/kernel")


def test_a_version_that_is_not_there(publish: Publish, run: Run) -> None:
    """The versions that there are are named."""
    publish()
    message = "Version 3 not found, available versions: 1 (org/kernel)"

    assert (3, "", f"kernels: error: {message}\n") == run("info", "org/kernel", "--version", "3")


def test_a_repository_that_has_moved(hub_client: HubServer, publish: Publish, run: Run) -> None:
    """A redirect is followed, and said."""
    commit = publish("new/kernel")
    hub_client.commit(
        "org/moved", "v1", {"kernel-status.toml": 'kind = "redirect"\ndestination = "new/kernel"\nrevision = "v1"\n'}
    )
    result = run("info", "org/moved", "--json")

    assert ("new/kernel", commit) == (json.loads(result.out)["repo_id"], json.loads(result.out)["commit"])
    assert "kernels: warning: org/moved has moved to new/kernel\n" == result.err


@pytest.mark.parametrize("place", ["kernel", "kernel/build", "kernel/build/torch-universal"])
def test_a_folder(make_build: MakeBuild, run: Run, tmp_path: Path, place: str) -> None:
    """A kernel project, its `build/` and a single build can be described as they lie on the disk."""
    make_build(variant=ANY)
    lines = run("info", tmp_path / place).out.splitlines()

    assert "Name      test-kernel" == lines[0]
    assert f"Folder    {tmp_path / place}" == lines[3]
    if not place.endswith(ANY):
        assert ["Builds", "  ✅ torch-universal (preferred)"] == lines[-2:]


def test_a_single_build_of_any_name(make_build: MakeBuild, run: Run, tmp_path: Path) -> None:
    """A folder that is a build need not have the name of one."""
    make_build(variant=ANY).rename(tmp_path / "mine")
    document = json.loads(run("info", tmp_path / "mine", "--json").out)

    assert (["cpu"], []) == (document["backends"], document["builds"])


def test_a_folder_comes_before_a_repository(
    make_build: MakeBuild, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`owner/name` is the folder of that name where there is one, unless a version is asked for."""
    make_build(variant=ANY, project="org/kernel")
    monkeypatch.chdir(tmp_path)

    assert str(Path("org/kernel")) == json.loads(run("info", "org/kernel", "--json").out)["path"]


def test_no_folder(run: Run, tmp_path: Path) -> None:
    """A folder that is not there, or has no kernel, is named."""
    advice = "(a repository has the form owner/name)"
    missing = f"there is no kernel in {tmp_path / 'nothing'}: it is no folder {advice}"
    empty = f"there is no kernel in {tmp_path}: it has no builds in it or in build/ {advice}"

    assert (3, "", f"kernels: error: {missing}\n") == run("info", tmp_path / "nothing")
    assert (3, "", f"kernels: error: {empty}\n") == run("info", tmp_path)


def test_metadata_that_cannot_be_used(make_build: MakeBuild, run: Run, tmp_path: Path) -> None:
    """Malformed metadata is status 6; what it says cannot steer the terminal."""
    build = make_build(variant=ANY, license="MIT\x1b[31m")
    shown = run("info", tmp_path / "kernel")
    (build / "metadata.json").write_text("[]", "utf-8")
    refused = run("info", tmp_path / "kernel")

    assert "License   MIT\\x1b[31m" == shown.out.splitlines()[2]
    assert (6, "", f"kernels: error: {build / 'metadata.json'}: not a JSON object\n") == refused
