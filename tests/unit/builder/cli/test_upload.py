"""`kernel-builder upload` and `build-and-upload`."""

import json
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from support.builds import make_build
from support.hub import HubServer, client_environment, faults
from support.projects import git, make_tiny_noarch
from support.releases import impatient

from kernel_builder.cli import cli
from kernel_builder.cli._upload_text import progress, readable_size
from kernel_builder.errors import ConfigError, PublishError
from kernel_builder.publish.model import UploadProgress

REPO = "org/name"
NATIVE = b"\0native"
#: What the trees of these tests are not: committed, and without fault.
ANY = ("--allow-dirty", "--no-verify")


@pytest.fixture
def writer(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """A Hub to which the client of this process may write."""
    client_environment(monkeypatch, hub, tmp_path / "hf", token=hub.token)
    impatient(monkeypatch)
    return hub


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a build, its card, and no build.toml."""
    folder = tmp_path / "project"
    tree = folder / "build" / "torch-cpu"
    tree.mkdir(parents=True)
    (tree / "a.so").write_bytes(NATIVE)
    make_build(tree)
    (folder / "build" / "CARD.md").write_text("---\nlicense: mit\n---\n# Name\n", "utf-8")
    return folder


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)])


def _upload(project: Path, *arguments: str | Path) -> Result:
    return _run("upload", project, "--repo-id", REPO, *ANY, *arguments)


def _branches(writer: HubServer, repo_id: str = REPO, repo_type: str = "kernel") -> list[str]:
    refs = writer.store.repositories[repo_type, repo_id].refs
    return sorted(ref.removeprefix("refs/heads/") for ref in refs)


def test_an_upload(writer: HubServer, project: Path) -> None:
    """The address of the branch is all of standard output; the plan and the steps are on standard error."""
    result = _upload(project)

    assert (0, f"{writer.endpoint}/kernels/{REPO}/tree/v1\n") == (result.exit_code, result.stdout)
    assert ["main", "v1"] == _branches(writer)
    lines = result.stderr.splitlines()
    assert "v1 (a new repository): 4 new; " in result.stderr
    assert ["v1: comparing", "main: comparing"] == [line for line in lines if line.endswith("comparing")][:2]
    assert ["v1: sending 0 B of 7 B", "v1: sending 7 B of 7 B", "v1: committing", "v1: done"] == [
        line for line in lines if line.startswith("v1: ") and not line.endswith("comparing")
    ]


def test_output_json(writer: HubServer, project: Path, tmp_path: Path) -> None:
    """The file has what was done, in one line, also when that was nothing."""
    path = tmp_path / "out.json"
    url = f"{writer.endpoint}/kernels/{REPO}/tree/v1"
    document: dict[str, object] = {}
    for status in ("uploaded", "no_changes"):
        assert 0 == _upload(project, "--output-json", path).exit_code
        text = path.read_text("utf-8")
        document = {"status": status, "repo_id": REPO, "branch": "v1", "url": url, "pull_requests": []}
        assert (document, "\n", 1) == (json.loads(text), text[-1], text.count("\n"))

    make_build(project / "build" / "torch-cpu", {"more.py": ""})
    result = _upload(project, "--output-json", path, "--create-pr")
    requests = [{"branch": "v1", "url": f"{writer.endpoint}/kernels/{REPO}/discussions/1"}]
    document = {**document, "status": "pull_request_created", "url": None, "pull_requests": requests}
    assert (document, requests[0]["url"] + "\n") == (json.loads(path.read_text("utf-8")), result.stdout)


def test_no_output_json_after_a_failure(writer: HubServer, project: Path, tmp_path: Path) -> None:
    """The file of a failed upload is not written."""
    writer.create_repo(REPO)
    writer.fail("POST */commit/*", faults.FORBIDDEN)
    result = _upload(project, "--output-json", tmp_path / "out.json")
    assert (PublishError, False) == (type(result.exception), (tmp_path / "out.json").exists())


def test_quiet(writer: HubServer, project: Path) -> None:
    """With -q there is the address and nothing else."""
    result = _upload(project, "-q")
    assert (0, f"{writer.endpoint}/kernels/{REPO}/tree/v1\n", 0) == (
        result.exit_code,
        result.stdout,
        sum("v1:" in line or "sending" in line for line in result.stderr.splitlines()),
    )


def test_dry_run(writer: HubServer, project: Path) -> None:
    """A dry run lists each file and what would become of it, and writes nothing."""
    result = _upload(project, "--dry-run")

    assert (0, "") == (result.exit_code, result.stdout)
    assert "  new  build/torch-cpu/a.so  7 B" in result.stderr.splitlines()
    assert "  new  README.md  " in result.stderr
    assert {} == writer.store.repositories
    assert {"GET"} == {seen.method for seen in writer.requests}


def test_json(writer: HubServer, project: Path) -> None:
    """With --json there is one document with what was done and the plan of each branch."""
    document = json.loads(_upload(project, "--json").stdout)

    assert ("uploaded", REPO, "v1") == (document["status"], document["repo_id"], document["branch"])
    assert ["v1", "main"] == [plan["branch"] for plan in document["plans"]]
    assert {"path": "build/torch-cpu/a.so", "change": "new", "size": 7} in document["plans"][0]["files"]


def test_options_of_the_repository(writer: HubServer, project: Path) -> None:
    """Type, privacy and branch are taken from the command line."""
    result = _upload(project, "--repo-type", "model", "--private", "--branch", "next")

    assert (0, f"{writer.endpoint}/{REPO}/tree/next\n") == (result.exit_code, result.stdout)
    assert writer.store.repositories["model", REPO].private
    assert ["main", "next"] == _branches(writer, repo_type="model")


def test_where_the_names_come_from(writer: HubServer, project: Path) -> None:
    """The command line goes before build.toml, and that before the version of the builds."""
    path = make_tiny_noarch(project) / "build.toml"
    hub = '[general.hub]\nrepo-id = "org/from-config"\nbranch = "from-config"\n'
    path.write_text(path.read_text("utf-8") + hub, "utf-8")

    for arguments, repo_id, branch in (
        ((), "org/from-config", "from-config"),
        (("--repo-id", "org/a", "--branch", "b"), "org/a", "b"),
    ):
        assert "" == _message(_run("upload", project, *ANY, *arguments))
        assert ["main", branch] == sorted(_branches(writer, repo_id), key=lambda name: name != "main")


def _message(result: Result) -> str:
    """What an upload failed with; nothing when it did not."""
    return "" if result.exit_code == 0 else f"{result.exception}"


def test_no_name_of_a_repository(project: Path) -> None:
    """Without a repository, and with one that is none, it ends before anything is asked."""
    result = _run("upload", project)
    assert (2, True) == (result.exit_code, "no --repo-id" in result.stderr)
    for name in ("name", "a/b/c", "-a/b", ""):
        result = _run("upload", project, "--repo-id", name)
        assert (2, True) == (result.exit_code, "is not of the form OWNER/NAME" in result.stderr)

    make_tiny_noarch(project)
    result = _run("upload", project)
    assert isinstance(result.exception, ConfigError)
    assert "pass --repo-id" in result.exception.hint


def test_build_dir(writer: HubServer, project: Path, tmp_path: Path) -> None:
    """Builds that are elsewhere are uploaded from there."""
    (project / "build").rename(tmp_path / "elsewhere")
    assert "" == _message(_upload(project, "--build-dir", tmp_path / "elsewhere"))
    assert ["main", "v1"] == _branches(writer)


def test_what_the_preflight_refuses(writer: HubServer, project: Path) -> None:
    """What must not be published is refused with every reason, before anything is written."""
    result = _run("upload", project, "--repo-id", REPO)

    assert isinstance(result.exception, PublishError)
    assert (True, {}) == (len(result.exception.findings) > 0, writer.store.repositories)
    assert "error: " in str(result.exception)


def test_build_and_upload(writer: HubServer, tmp_path: Path) -> None:
    """What is built is uploaded; standard output has the address alone, or one document."""
    project = make_tiny_noarch(tmp_path / "project")
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "First")

    result = _run("build-and-upload", project, "--repo-id", REPO)
    assert (0, f"{writer.endpoint}/kernels/{REPO}/tree/v1\n") == (result.exit_code, result.stdout), _message(result)
    assert "built: " in result.stderr
    again = json.loads(_run("build-and-upload", project, "--repo-id", REPO, "--json", "-q").stdout)
    assert ("local", "no_changes") == (again["driver"], again["status"])
    assert len(again["builds"]) > 0


def test_the_options_are_those_of_build_and_upload() -> None:
    """Whatever `build` and `upload` take, `build-and-upload` takes; but not where the builds are."""
    ctx = click.Context(cli)

    def options(name: str) -> set[str | None]:
        command = cli.get_command(ctx, name)
        assert command is not None
        return {one.name for one in command.params}

    assert (options("build") | options("upload")) - {"build_dir"} == options("build-and-upload")


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_400_000, "3.4 MB"), (12_000_000_000_000, "12000.0 GB")],
)
def test_readable_size(size: int, text: str) -> None:
    """Sizes are written by the thousand, with one digit after the point."""
    assert text == readable_size(size)


def test_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe, what is sent is told in at most eleven lines."""
    with progress(quiet=False) as report:
        for sent in range(1001):
            report(UploadProgress(branch="v1", step="send", sent=sent * 1000, total=1_000_000))

    lines = capsys.readouterr().err.splitlines()
    assert (11, "v1: sending 0 B of 1.0 MB", "v1: sending 1.0 MB of 1.0 MB") == (len(lines), lines[0], lines[-1])


def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal the file, the bytes and the rate are shown, from the first file on."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for name, value in (("TERM", "xterm"), ("TTY_COMPATIBLE", "1"), ("TTY_INTERACTIVE", "1"), ("COLUMNS", "100")):
        monkeypatch.setenv(name, value)
    with progress(quiet=False) as report:
        report(UploadProgress(branch="v1", step="compare"))
        assert "" == capsys.readouterr().err
        for sent in (0, 250_000, 1_000_000):
            report(UploadProgress(branch="v1", step="send", sent=sent, total=1_000_000, file="build/torch-cpu/a.so"))
        report(UploadProgress(branch="v1", step="done"))

    shown = capsys.readouterr().err
    assert [True] * 3 == [words in shown for words in ("v1: sending a.so", "1.0/1.0 MB", "v1: done")]


def test_an_interrupt_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An interrupt leaves the terminal as it was: the cursor is shown again."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for name, value in (("TERM", "xterm"), ("TTY_COMPATIBLE", "1"), ("TTY_INTERACTIVE", "1")):
        monkeypatch.setenv(name, value)

    def interrupted() -> None:
        with progress(quiet=False) as report:
            report(UploadProgress(branch="v1", step="commit"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    shown = capsys.readouterr().err
    assert shown.rindex("\x1b[?25l") < shown.rindex("\x1b[?25h")
