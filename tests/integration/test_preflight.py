"""What is refused before anything is sent, with builds that were really made."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from support.builds import rewrite_metadata
from support.projects import git, kernel_builder, make_tiny, make_tiny_noarch, variant_name

from kernel_builder.checks.findings import Finding
from kernel_builder.config.reader import load_config
from kernel_builder.errors import PublishError
from kernel_builder.publish.model import RemoteFile
from kernel_builder.publish.plan import plan_builds
from kernel_builder.publish.preflight import PreflightOptions, preflight
from kernel_builder.publish.release import find_release
from kernel_builder.publish.upload import BranchState
from kernels.metadata import read_metadata

NAMES = ("torch-cpu", "torch-cuda", "torch-rocm")
REPOSITORY = '\n[general.hub]\nrepo-id = "org/tiny"\n'
CARD = "---\nlicense: {{ license }}\n---\n# {{ repo_id }}\n"
#: What must not leave, as people leave it lying about: a name, and what is in it.
CORPUS = {
    ".env": "HF_TOKEN=x",
    "local.env": "A=1",
    ".netrc": "machine x login y password z",
    ".npmrc": "//registry/:_authToken=x",
    ".pypirc": "[pypi]",
    ".git/config": "[core]",
    ".gitignore": "*.so",
    ".ssh/config": "Host *",
    ".aws/credentials": "[default]",
    "credentials.json": "{}",
    "id_rsa": "x",
    "id_ed25519": "x",
    "signing.key": "x",
    "server.pem": "x",
    "stored_tokens": "x",
    ".hf_token": "x",
    ".vscode/settings.json": "{}",
    ".idea/workspace.xml": "<x/>",
    "part.py.swp": "x",
    "part.py~": "x",
    ".DS_Store": "x",
    "Thumbs.db": "x",
    "core.4711": "x",
    "notes.txt": "Authorization: Bearer hf_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f",
    "settings.json": "-----BEGIN " + "OPENSSH PRIVATE KEY-----",
}


def _build(project: Path, *arguments: str) -> Path:
    result = kernel_builder("build", project, "--driver", "local", *arguments)
    assert 0 == result.returncode, result.stderr
    return project


def _commit(project: Path) -> Path:
    if not (project / ".git").exists():
        git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "A commit")
    return project


def _make(folder: Path) -> Path:
    project = make_tiny_noarch(folder)
    path = project / "build.toml"
    path.write_text(path.read_text("utf-8") + REPOSITORY, "utf-8")
    (project / "CARD.md").write_text(CARD, "utf-8")
    (project / "benchmarks").mkdir()
    (project / "benchmarks" / "benchmark.py").write_text("", "utf-8")
    return project


@pytest.fixture(scope="module")
def _committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(_commit(_make(tmp_path_factory.mktemp("project") / "tiny")))


@pytest.fixture
def project(_committed: Path, tmp_path: Path) -> Path:
    """A kernel in Python for three backends, built from a commit."""
    return Path(shutil.copytree(_committed, tmp_path / "project", symlinks=True))


def _look(project: Path, states: tuple[BranchState, ...] = (), **options: bool) -> list[Finding]:
    config = load_config(project)
    return list(preflight(find_release(project, config), config, PreflightOptions(**options), states))


def _errors(project: Path, states: tuple[BranchState, ...] = (), **options: bool) -> list[tuple[str, str]]:
    """Code and file of each error; that each has a remedy is for all of them."""
    errors = [finding for finding in _look(project, states, **options) if finding.severity == "error"]
    assert [] == [finding for finding in errors if not finding.remedy]
    return [(finding.code, finding.file) for finding in errors]


def _metadata(*names: str) -> list[str]:
    return [f"build/{name}/metadata.json" for name in names]


def test_a_committed_build_may_be_published(project: Path) -> None:
    """Nothing speaks against what was built from a commit; scripts, card and builds are there, and nothing else."""
    release = find_release(project, load_config(project))
    assert [] == [finding for finding in _look(project) if finding.severity in ("error", "warning")]
    assert NAMES == tuple(release.builds)
    top = {"/".join(file.path.split("/")[:2]) for file in release.files}
    assert {"benchmarks/benchmark.py", *(f"build/{name}" for name in NAMES)} == top
    assert release.card is not None
    assert "---\nlicense: apache-2.0\n---\n# org/tiny\n" == release.card.source.read_text("utf-8")


def test_no_builds(tmp_path: Path) -> None:
    """A project that was not built is refused, with the command that builds it."""
    project = _make(tmp_path / "project")
    with pytest.raises(PublishError, match="there are no builds in ") as raised:
        find_release(project, load_config(project))
    assert "`kernel-builder build`" in raised.value.hint


def test_sources_that_are_not_committed(project: Path) -> None:
    """A build of changed sources is refused; --allow-dirty makes it a warning."""
    path = project / "torch-ext" / "tiny_noarch" / "__init__.py"
    path.write_text(path.read_text("utf-8") + "\n# changed\n", "utf-8")
    _build(project, "--variant", "torch-cpu")

    assert [("dirty", file) for file in _metadata("torch-cpu")] == _errors(project, verify=False)
    assert [] == _errors(project, allow_dirty=True, verify=False)
    assert [] == _errors(_build(_commit(project)), verify=False)


def test_a_project_that_was_never_committed(tmp_path: Path) -> None:
    """Without a commit, nobody can find the sources again; the message says whose the first commit is."""
    project = _make(tmp_path / "project")
    git(project, "init", "-q")
    _build(project)

    found = [finding for finding in _look(project, verify=False) if finding.severity == "error"]

    assert [("unknown-provenance", file) for file in _metadata(*NAMES)] == [(one.code, one.file) for one in found]
    assert "`git add -A && git commit`" in (found[0].remedy or "")
    assert "`kernel-builder init` leaves the first commit to you" in (found[0].remedy or "")
    assert [] == _errors(project, allow_dirty=True, verify=False)
    assert [] == _errors(_build(_commit(project)), verify=False)


def test_a_build_that_did_not_pass_every_check(project: Path) -> None:
    """What the local driver built without a check is refused, whatever it would say now; built with it, it is not."""
    shutil.rmtree(project / "build" / "torch-cpu")
    _build(project, "--variant", "torch-cpu", "--no-checks", "load")
    assert [("skipped-checks", file) for file in _metadata("torch-cpu")] == _errors(project, verify=False)
    _build(project, "--variant", "torch-cpu")
    assert [] == _errors(project, verify=False)


def test_only_builds_of_nix(project: Path) -> None:
    """Who wants pinned builds only gets those of the local driver refused; the metadata names the driver."""
    assert {"local"} == {(read_metadata(project / "build" / name).provenance or {}).get("driver") for name in NAMES}
    assert [("not-nix", file) for file in _metadata(*NAMES)] == _errors(project, require_nix=True, verify=False)


@pytest.mark.parametrize("verify", [False, True])
def test_a_file_that_is_not_that_of_the_digest(project: Path, verify: bool) -> None:
    """Edited, missing and added files are refused, and named, also without the other checks."""
    tree = project / "build" / "torch-cuda"
    (tree / "_ops.py").write_text((tree / "_ops.py").read_text("utf-8") + "\n", "utf-8")
    (tree / "tiny_noarch" / "__init__.py").rename(tree / "added.py")
    found = {finding for finding in _errors(project, verify=verify) if finding[0].startswith("file-")}
    assert {
        ("file-changed", "build/torch-cuda/_ops.py"),
        ("file-missing", "build/torch-cuda/tiny_noarch/__init__.py"),
        ("file-not-listed", "build/torch-cuda/added.py"),
    } == found


def test_a_fault_of_the_layout(project: Path) -> None:
    """What loaders need and a build lacks is refused, also when the digest is that of the files."""
    tree = project / "build" / "torch-rocm"
    shutil.rmtree(tree / "tiny_noarch")
    rewrite_metadata(tree)
    assert [("missing-file", "build/torch-rocm/tiny_noarch/__init__.py")] == _errors(project)


def test_a_build_that_does_not_load(project: Path) -> None:
    """A build that this machine can load is loaded."""
    tree = project / "build" / "torch-cpu"
    (tree / "__init__.py").write_text('raise RuntimeError("broken")\n', "utf-8")
    rewrite_metadata(tree)
    assert ["load"] == [finding.check for finding in _look(project) if finding.severity == "error"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has manylinux")
def test_a_fault_of_the_abi(tmp_path: Path) -> None:
    """A library that needs a newer system than kernels are for is refused, though it was built and runs here."""
    project = make_tiny(tmp_path / "project")
    (project / "tiny_cpu" / "tiny.cpp").write_text(
        'extern "C" int close_range(unsigned, unsigned, int);\n'
        'extern "C" int tiny_value() { return close_range(~0U, ~0U, 0); }\n',
        "utf-8",
    )
    _build(_commit(project), "--manylinux", "manylinux_2_36")
    name = variant_name()
    library = f"{read_metadata(project / 'build' / name).id}.abi3.so"

    found = [finding for finding in _look(project) if finding.severity == "error"]

    assert {("abi", f"build/{name}/{library}")} == {(finding.check, finding.file) for finding in found}
    assert {"close_range"} & {finding.symbol for finding in found}


def test_builds_of_two_versions(project: Path) -> None:
    """A build that was left from the last version is refused."""
    path = project / "build.toml"
    path.write_text(path.read_text("utf-8").replace("version = 1", "version = 2"), "utf-8")
    _build(_commit(project), "--variant", "torch-cpu")

    found = [finding for finding in _look(project, verify=False) if finding.severity == "error"]

    assert [("version", "build")] == [(finding.code, finding.file) for finding in found]
    assert "1: torch-cuda, torch-rocm; 2: torch-cpu" in found[0].message


def test_ids_of_two_forms(project: Path) -> None:
    """A build whose id is of an older form is refused, and so is one of another kernel."""
    tree = project / "build" / "torch-cpu"
    old = read_metadata(tree).id
    new = old.replace("_cpu_", "_")
    for path in (tree / "_ops.py", tree / "tiny_noarch" / "__init__.py"):
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    rewrite_metadata(tree, id=new)
    assert [("id-scheme", "build")] == _errors(project, verify=False)

    shutil.rmtree(tree)
    _build(_commit(make_tiny(project.parent / "other")))
    (built,) = (project.parent / "other" / "build").glob("torch*")
    shutil.copytree(built, project / "build" / built.name)
    assert ("name", "build") in _errors(project, verify=False)


def test_required_builds_that_are_missing(tmp_path: Path, built_tiny: Path) -> None:
    """One machine rarely builds all: what is missing of a backend is named, and nothing is refused for it."""
    config = load_config(built_tiny)
    release = find_release(built_tiny, config)
    found = preflight(release, config, PreflightOptions(allow_dirty=True, verify=False))
    assert ["missing-variants"] == [finding.code for finding in found if finding.check == "matrix"]
    assert {"warning", "note"} == {finding.severity for finding in found}


def test_builds_that_a_version_would_lose(project: Path) -> None:
    """A version branch does not lose builds, unless that is asked for."""
    remote = tuple(
        RemoteFile(path=f"build/{name}/__init__.py", size=1, blob_id="1") for name in ("torch-cpu", "torch-xpu")
    )
    release = find_release(project, load_config(project))
    plan = plan_builds(release, "v1", "head", None, remote, remove_missing=True)
    states = (BranchState(plan=plan, remote=remote),)

    assert [("lost-variants", "build")] == _errors(project, states, verify=False)
    assert [] == _errors(project, states, verify=False, allow_removal=True)


def test_what_must_not_leave(project: Path) -> None:
    """Each of these files is refused, named, and not among those that are sent; nothing lets one through."""
    tree = project / "build" / "torch-cpu" / "data"
    for name, text in CORPUS.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text, "utf-8")
    (tree / "__pycache__").mkdir()
    (tree / "__pycache__" / "a.pyc").write_bytes(b"\0")
    rewrite_metadata(tree.parent)

    release = find_release(project, load_config(project))
    errors = _errors(project, verify=False, allow_dirty=True, allow_removal=True)

    assert [] == [file.path for file in release.files if "/data/" in file.path]
    named = {file for _, file in errors}
    expected = {f"build/torch-cpu/data/{name.split('/')[0]}" for name in CORPUS}
    assert (expected, len(expected)) == (named, len(errors))


def test_links(project: Path) -> None:
    """A link to a file of this machine cannot take it along."""
    (project / "build" / "torch-cpu" / "hosts.py").symlink_to(os.devnull)
    assert ("link", "build/torch-cpu/hosts.py") in _errors(project, verify=False)
