"""A kernel on its way to the Hub and back, and what happens when the way is cut."""

import contextlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.builds import make_build, rewrite_metadata
from support.hub import HubServer, client_environment, faults
from support.hub.protocol import Delivery, Response
from support.hub.store import Repository
from support.projects import git, kernel_builder, make_tiny_noarch, run_python
from support.releases import impatient

from kernel_builder.cli import cli

#: What the trees of these tests are not: committed, and without fault.
ANY = ("--allow-dirty", "--no-verify")
OLD = {"build/torch-cpu/old.py": "1", "build/torch-cpu/a0.so": "2"}
CARD = "---\nlicense: mit\n---\n# Name\n"
_USE = """\
import json, sys
import torch
from kernels import get_kernel
kernel = get_kernel(sys.argv[1], version=1)
x = torch.arange(6.0)
print(json.dumps([torch.equal(kernel.same(x), x), kernel.__file__.split("/")[-2]]))
"""

_ADD = """\
import sys
import torch
from kernels import get_kernel
x = torch.arange(6.0)
print(torch.equal(get_kernel(sys.argv[1], version=1).my_kernel(x), x + 1))
"""


@pytest.fixture
def writer(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """A Hub to which the client of this process may write, and where nobody waits."""
    client_environment(monkeypatch, hub, tmp_path / "hf", token=hub.token)
    impatient(monkeypatch)
    return hub


@pytest.fixture
def xet_hub(tmp_path: Path) -> Iterator[HubServer]:
    """A Hub where large files go by Xet."""
    pytest.importorskip("hf_xet")
    with HubServer(xet=tmp_path / "xet-store") as hub:
        yield hub
    assert [] == hub.errors


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A kernel in Python, built from a commit, with a card."""
    folder = make_tiny_noarch(tmp_path / "project")
    (folder / "CARD.md").write_text(CARD, "utf-8")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "First")
    built = kernel_builder("build", folder)
    assert 0 == built.returncode, built.stderr
    return folder


def _tree(folder: Path, natives: int, texts: int) -> dict[str, bytes]:
    """A build with large and small files in a folder, as the branch is to have it."""
    tree = folder / "build" / "torch-cpu"
    for number in range(natives):
        path = tree / f"a{number}.so"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\0%d" % number * (100 + 10 * number))
    make_build(tree, {f"part{number % 20}/module{number}.py": f"value = {number}\n" for number in range(texts)})
    (folder / "build" / "CARD.md").write_text(CARD, "utf-8")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def _upload(folder: Path, repo_id: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["upload", str(folder), "--repo-id", repo_id, *ANY, *arguments])


def _files(repository: Repository, ref: str) -> dict[str, bytes]:
    files = repository.commits[repository.refs[ref]].files
    return {path: blob.content for path, blob in files.items() if path != ".gitattributes"}


def _resent(writer: HubServer) -> int:
    """The bytes of large files that were sent more than once."""
    put = [(seen.path, seen.received) for seen in writer.requests_for("PUT *")]
    return sum(size for _, size in put) - sum(dict(put).values())


@dataclass
class _At:
    """A fault for one of the requests that come, by its number from 1; the others are as they should be."""

    number: int
    fault: faults.Fault
    seen: int = 0

    def deliver(self, carry_out: Callable[[], Response]) -> Delivery:
        """Count."""
        self.seen += 1
        return self.fault.deliver(carry_out) if self.seen == self.number else Delivery(carry_out())


class _Kill:
    """The client is killed before a request is carried out, or after."""

    def __init__(self, *, is_done: bool) -> None:
        self.client: subprocess.Popen[bytes] | None = None
        self._is_done = is_done

    def deliver(self, carry_out: Callable[[], Response]) -> Delivery:
        """Kill the client."""
        if self._is_done:
            carry_out()
        assert self.client is not None
        self.client.kill()
        self.client.wait()
        return Delivery(None)


class _Look:
    """Looks at the command lines of all processes."""

    def __init__(self, seen: list[bytes]) -> None:
        self._seen = seen

    def deliver(self, carry_out: Callable[[], Response]) -> Delivery:
        """Look, and do what was asked."""
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):  # it has ended
                self._seen.append(path.read_bytes())
        return Delivery(carry_out())


@pytest.mark.parametrize(
    ("framework", "backends"), [("torch-noarch", "all"), pytest.param("torch", "cpu", marks=pytest.mark.heavy)]
)
def test_from_init_to_get_kernel(hub: HubServer, tmp_path: Path, framework: str, backends: str) -> None:
    """A new kernel, committed, built and uploaded, is loaded by a new process and adds like Torch."""
    hub.trust("org")
    env = {"GIT_CONFIG_GLOBAL": os.devnull, **hub.env(tmp_path / "there", token=hub.token)}
    init = ("init", "org/my-kernel", "--framework", framework, "--backends", backends)
    made = kernel_builder(*init, cwd=tmp_path, env=env)
    assert 0 == made.returncode, made.stderr
    refused = kernel_builder("build-and-upload", "my-kernel", "--driver", "local", cwd=tmp_path, env=env)
    assert (10, True, {}) == (refused.returncode, "git commit" in refused.stderr, hub.store.repositories)

    git(tmp_path / "my-kernel", "commit", "-q", "-m", "First")
    done = kernel_builder("build-and-upload", "my-kernel", "--driver", "local", cwd=tmp_path, env=env)
    assert (0, f"{hub.endpoint}/kernels/org/my-kernel/tree/v1\n") == (done.returncode, done.stdout), done.stderr
    repository = hub.store.repositories["kernel", "org/my-kernel"]
    assert "benchmarks/benchmark.py" in _files(repository, "refs/heads/v1")
    assert b"# org/my-kernel" in _files(repository, "refs/heads/main")["README.md"]
    assert "True" == run_python(_ADD, "org/my-kernel", env=hub.env(tmp_path / "back")).strip()


@pytest.mark.parametrize("arguments", [(), ("--private",)])
def test_there_and_back(hub: HubServer, project: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """What was built and uploaded is loaded by a new process with an empty cache, and does what Torch does."""
    hub.trust("org")
    there = kernel_builder(
        "upload", project, "--repo-id", "org/tiny", *arguments, env=hub.env(tmp_path / "there", token=hub.token)
    )
    assert (0, f"{hub.endpoint}/kernels/org/tiny/tree/v1\n") == (there.returncode, there.stdout), there.stderr

    token = hub.token if arguments else ""
    back = run_python(_USE, "org/tiny", env=hub.env(tmp_path / "back", token=token))
    assert [True, "torch-cpu"] == json.loads(back)
    assert CARD.encode() == _files(hub.store.repositories["kernel", "org/tiny"], "refs/heads/main")["README.md"]


def test_there_and_back_by_xet(xet_hub: HubServer, project: Path, tmp_path: Path) -> None:
    """Large files go by Xet, once, and come back the same."""
    native = bytes(range(256)) * 8000
    tree = project / "build" / "torch-cpu"
    (tree / "table.bin").write_bytes(native)
    rewrite_metadata(tree)
    for path, words in ((tmp_path / "a", "tree/v1"), (tmp_path / "b", "tree/v1")):
        result = kernel_builder(
            "upload", project, "--repo-id", "org/tiny", *ANY, env=xet_hub.env(path, token=xet_hub.token, xet=True)
        )
        assert (0, True) == (result.returncode, words in result.stdout), result.stderr

    repository = xet_hub.store.repositories["kernel", "org/tiny"]
    assert native == _files(repository, "refs/heads/v1")["build/torch-cpu/table.bin"]
    assert (1, []) == (len(xet_hub.requests_for("POST */commit/v1")), xet_hub.requests_for("PUT *"))
    assert [] == xet_hub.requests_for("POST *.git/info/lfs/*")


def test_a_pull_request(hub: HubServer, project: Path, tmp_path: Path) -> None:
    """Somebody who may not write proposes; what the pull request holds loads when it is merged."""
    hub.user("owner", trusted=True)
    hub.create_repo("owner/tiny")
    hub.commit("owner/tiny", "v1", {"a": "1"})
    env = hub.env(tmp_path / "there", token=hub.token)
    there = kernel_builder("upload", project, "--repo-id", "owner/tiny", "--create-pr", env=env)
    assert [f"{hub.endpoint}/kernels/owner/tiny/discussions/{number}" for number in (1, 2)] == there.stdout.split()

    hub.move_branch("owner/tiny", "v1", hub.store.repositories["kernel", "owner/tiny"].refs["refs/pr/1"])
    back = run_python(_USE, "owner/tiny", env=hub.env(tmp_path / "back"))
    assert [True, "torch-cpu"] == json.loads(back)


def test_as_a_model(hub: HubServer, project: Path, tmp_path: Path) -> None:
    """A repository of the type model takes the same files."""
    env = hub.env(tmp_path / "hf", token=hub.token)
    result = kernel_builder("upload", project, "--repo-id", "org/tiny", "--repo-type", "model", env=env)

    assert (0, f"{hub.endpoint}/org/tiny/tree/v1\n") == (result.returncode, result.stdout), result.stderr
    files = _files(hub.store.repositories["model", "org/tiny"], "refs/heads/v1")
    assert "build/torch-cpu/metadata.json" in files


def test_many_files(writer: HubServer, tmp_path: Path) -> None:
    """1,300 files are one commit; the same once more is none, and not a byte."""
    files = _tree(tmp_path / "many", natives=20, texts=1277)
    assert 1300 == len(files)

    assert 0 == _upload(tmp_path / "many", "org/many").exit_code
    repository = writer.store.repositories["kernel", "org/many"]
    assert files == _files(repository, "refs/heads/v1")
    assert (1, 1) == (len(writer.requests_for("POST */commit/v1")), len(writer.requests_for("POST */commit/main")))
    writer.clear_requests()

    again = _upload(tmp_path / "many", "org/many", "--output-json", str(tmp_path / "out.json"))
    assert (0, "no_changes") == (again.exit_code, json.loads((tmp_path / "out.json").read_text("utf-8"))["status"])
    assert 0 == sum(seen.received for seen in writer.requests)


def _killed_at(writer: HubServer, folder: Path, repo_id: str, number: int, *, is_done: bool) -> int:
    """Upload in a process that is killed at a request, before that is carried out or after; gives its status."""
    kill = _Kill(is_done=is_done)
    writer.fail("*", _At(number, kill), times=10**6)
    command = [sys.executable, "-m", "kernel_builder", "upload", str(folder), "--repo-id", repo_id, *ANY]
    env = {**os.environ, **writer.env(folder.parent / "hf", token=writer.token)}
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
        kill.client = client
    writer.heal()
    return client.returncode


@pytest.mark.heavy
def test_killed(writer: HubServer, tmp_path: Path) -> None:
    """Killed at any of 60 moments, each branch is the old or the new tree; the rerun sends at most one file again."""
    folder = tmp_path / "project"
    files = _tree(folder, natives=20, texts=1277)
    old = {path: text.encode() for path, text in OLD.items()}
    largest = max(len(contents) for path, contents in files.items() if path.endswith(".so"))
    writer.commit("org/clean", "v1", OLD)
    writer.clear_requests()
    assert 0 == _upload(folder, "org/clean").exit_code
    moments = [(number, done) for number in range(1, len(writer.requests) + 1) for done in (False, True)]
    chosen = random.Random(1).sample(moments, 60)  # noqa: S311 - no secret

    for index, (number, is_done) in enumerate(chosen):
        repo_id = f"org/kernel-{index}"
        writer.store.objects.clear()
        writer.commit(repo_id, "v1", OLD)
        writer.clear_requests()
        assert 0 != _killed_at(writer, folder, repo_id, number, is_done=is_done)

        repository = writer.store.repositories["kernel", repo_id]
        assert _files(repository, "refs/heads/v1") in (old, files), (number, is_done)
        assert _files(repository, "refs/heads/main") in ({}, {"README.md": CARD.encode()}), (number, is_done)
        assert 0 == _upload(folder, repo_id).exit_code
        assert files == _files(repository, "refs/heads/v1")
        assert [2, 1] == [repository.commits[repository.refs[f"refs/heads/{name}"]].depth for name in ("v1", "main")]
        assert _resent(writer) <= largest, (number, is_done)


@pytest.mark.heavy
@pytest.mark.parametrize("is_new", [False, True])
@pytest.mark.parametrize("create_pr", [False, True])
def test_bad_connections(writer: HubServer, tmp_path: Path, *, create_pr: bool, is_new: bool) -> None:
    """Whichever answer is lost or cut, in 50 uploads, no commit and no pull request is made twice."""
    files = _tree(tmp_path / "project", natives=4, texts=20)
    arguments = ("--create-pr",) if create_pr else ()
    kinds: list[faults.Fault] = [faults.LostResponse(), faults.Close(), faults.Drop(after=1), faults.Status(502)]
    refs = ["refs/pr/1", "refs/pr/2"] if create_pr else ["refs/heads/v1", "refs/heads/main"]
    chance = random.Random(2)  # noqa: S311 - no secret
    count = 0

    for index in range(51):
        repo_id = f"org/kernel-{index}"
        writer.store.objects.clear()
        if create_pr or not is_new:
            writer.create_repo(repo_id)
        if not is_new:
            writer.commit(repo_id, "v1", OLD)
        writer.clear_requests()
        fault = _At(chance.randrange(1, count + 1) if count else 0, chance.choice(kinds))
        writer.fail("*", fault, times=10**6)
        result = _upload(tmp_path / "project", repo_id, *arguments)
        writer.heal()

        assert 0 == result.exit_code, (fault, result.exception)
        repository = writer.store.repositories["kernel", repo_id]
        assert files == _files(repository, refs[0]), fault
        assert [1 if is_new else 2, 1] == [repository.commits[repository.refs[ref]].depth for ref in refs], fault
        assert (4 if create_pr else 2) == len(repository.refs), fault
        assert fault.seen >= fault.number, fault
        count = count or len(writer.requests)


@pytest.mark.parametrize("status", [0, 401, 403, 404, 409, 412, 429])
def test_the_token_appears_nowhere(hub: HubServer, tmp_path: Path, status: int) -> None:
    """The token is in no output, no list of processes and no file that leaves, whatever the Hub answers."""
    canary = hub.user("canary" + "4711")
    _tree(tmp_path / "project", natives=1, texts=1)
    seen: list[bytes] = []
    if status:
        headers = {"Retry-After": "1000"} if status == 429 else {}
        hub.fail("POST */commit/v1", faults.Status(status, f"no {canary}", headers=headers), times=9)
    hub.fail("PUT *", _Look(seen))

    result = kernel_builder(
        "--debug",
        "upload",
        tmp_path / "project",
        "--repo-id",
        "org/name",
        *ANY,
        env=hub.env(tmp_path / "hf", token=canary),
    )

    assert (10 if status else 0) == result.returncode, result.stderr
    assert f"({status}: no …)" in result.stderr or not status
    output = [result.stdout.encode(), result.stderr.encode()]
    commits = hub.store.repositories["kernel", "org/name"].commits.values()
    sent = [blob.content for commit in commits for blob in commit.files.values()]
    left = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert [] == [text for text in (*output, *sent, *left, *seen) if canary.encode() in text]
    assert len(seen) > 0 or not Path("/proc/self/cmdline").exists()
