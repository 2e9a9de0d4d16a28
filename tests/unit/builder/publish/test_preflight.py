"""What speaks against publishing a release."""

import base64
import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.builds import make_build, rewrite_metadata
from support.configs import noarch_config

from kernel_builder.checks.findings import Finding
from kernel_builder.checks.listing import listing
from kernel_builder.config.model import Hub, KernelConfig
from kernel_builder.publish.model import RemoteFile
from kernel_builder.publish.plan import plan_builds, plan_card
from kernel_builder.publish.preflight import PreflightOptions, preflight
from kernel_builder.publish.release import find_release
from kernel_builder.publish.upload import BranchState

CPU, CUDA = "torch-cpu", "torch-cuda"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
#: What a build of ours says of where it comes from.
PROVENANCE = {
    "kernel-builder": {"version": "1.0"},
    "kernel": {"commit": COMMIT, "dirty": False},
    "driver": "local",
}
CARD = "---\nlicense: mit\ntags:\n- kernels\n---\n# Demo\n"
UNVERIFIED = {"verify": False}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with two builds and a card, of which nothing bad can be said."""
    for name, backend in ((CPU, "cpu"), (CUDA, "cuda")):
        kernel_id = f"_demo_kernel_{backend}_0123456"
        make_build(
            tmp_path / "build" / name,
            {"_ops.py": f"import torch\n\nops = torch.ops.{kernel_id}\n"},
            id=kernel_id,
            backend={"type": backend},
            provenance=PROVENANCE,
        )
    (tmp_path / "build" / "CARD.md").write_text(CARD, "utf-8")
    return tmp_path


def _look(
    project: Path, config: KernelConfig | None = None, states: tuple[BranchState, ...] = (), **options: bool
) -> list[Finding]:
    """What the preflight says, but that checks were left out, which is most often meant here."""
    release = find_release(project, config)
    found = preflight(release, config, PreflightOptions(**{**UNVERIFIED, **options}), states)
    return [finding for finding in found if finding.code != "not-verified"]


def _codes(found: list[Finding], severity: str = "error") -> list[tuple[str, str]]:
    return [(finding.code, finding.file) for finding in found if finding.severity == severity]


def _provenance(project: Path, name: str = CPU, **changes: Any) -> None:
    """Change what a build says of where it comes from, with underscores for dashes; `None` takes a key away."""
    changes = {key.replace("_", "-"): value for key, value in changes.items()}
    document = {key: value for key, value in {**PROVENANCE, **changes}.items() if value is not None}
    rewrite_metadata(project / "build" / name, provenance=document or None)


def test_nothing_to_say(project: Path) -> None:
    """Of builds that are as they should be, nothing is said."""
    assert [] == _look(project)


def test_everything_at_once(project: Path) -> None:
    """Whatever is wrong is told in one run, and each error has a file and a remedy."""
    (project / "build" / CPU / ".env").write_text("A=1", "utf-8")
    (project / "build" / CUDA / "__init__.py").write_text("changed", "utf-8")
    (project / "build" / "CARD.md").write_text("---\n[", "utf-8")
    _provenance(project, kernel={"commit": COMMIT, "dirty": True}, skipped_checks=["abi"])

    found = _look(project, require_nix=True)

    assert [
        ("secret", f"build/{CPU}/.env"),
        ("dirty", f"build/{CPU}/metadata.json"),
        ("skipped-checks", f"build/{CPU}/metadata.json"),
        ("not-nix", f"build/{CPU}/metadata.json"),
        ("not-nix", f"build/{CUDA}/metadata.json"),
        ("file-changed", f"build/{CUDA}/__init__.py"),
        ("front-matter", "README.md"),
    ] == _codes(found)
    assert [] == [finding for finding in found if not finding.remedy]
    assert all(f"{finding.place}: " in "\n".join(listing(found)) for finding in found)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"version": 2}, "version"),
        ({"name": "other-kernel", "id": "_other_kernel_cpu_0123456"}, "name"),
        ({"id": "_demo_kernel_0123456"}, "id-scheme"),
        ({"id": "demo_kernel_cpu"}, "id-scheme"),
        ({"id": "_demo_kernel_cuda_0123456"}, "id-scheme"),
    ],
)
def test_builds_that_disagree(project: Path, change: Mapping[str, object], code: str) -> None:
    """Builds of other versions, of another kernel, or with ids of another form are refused, and each is named."""
    rewrite_metadata(project / "build" / CPU, **change)
    found = _look(project)
    assert [(code, "build")] == _codes(found)
    (finding,) = found
    assert [] == [name for name in (CPU, CUDA) if name not in finding.message]


@pytest.mark.parametrize("unique", ["0123456", "0123456_dirty", "0123456789ab", "a1b2c3d4e5f6g"])
def test_ids_of_one_form(project: Path, unique: str) -> None:
    """The unique part is that of the commit, of the sources, or what other builders choose."""
    rewrite_metadata(project / "build" / CPU, id=f"_demo_kernel_cpu_{unique}")
    assert [] == _codes(_look(project))


def test_builds_of_two_commits(project: Path) -> None:
    """That builds come from two commits is a warning: machines build at different times."""
    _provenance(project, kernel={"commit": COMMIT[::-1], "dirty": False})
    found = _look(project)
    assert ([], [("commit", "build")]) == (_codes(found), _codes(found, "warning"))


def test_a_version_that_build_toml_does_not_have(project: Path) -> None:
    """Builds of another version than that of build.toml are a warning: they may be meant."""
    config = noarch_config("cpu", "cuda", general={"version": 2, "hub": Hub(repo_id="me/demo")})
    found = _look(project, config)
    assert ([], [("old-version", "build.toml")]) == (_codes(found), _codes(found, "warning"))


@pytest.mark.parametrize("kernel", [None, {}])
def test_unknown_provenance(project: Path, kernel: object) -> None:
    """A build that says of no commit is refused, and may be allowed; that the first commit is the author's is said."""
    _provenance(project, kernel=kernel)
    found = _look(project)
    assert [("unknown-provenance", f"build/{CPU}/metadata.json")] == _codes(found)
    assert "`kernel-builder init` leaves the first commit to you" in (found[0].remedy or "")
    assert [] == _codes(_look(project, allow_dirty=True))


def test_no_provenance_at_all(project: Path) -> None:
    """A build of an unknown builder is one of unknown sources."""
    rewrite_metadata(project / "build" / CPU, provenance=None)
    assert [("unknown-provenance", f"build/{CPU}/metadata.json")] == _codes(_look(project))


@pytest.mark.parametrize("key", ["commit", "sha"])
def test_dirty_provenance(project: Path, key: str) -> None:
    """A build of sources that were not committed is refused, and a warning when it is allowed."""
    _provenance(project, kernel={key: COMMIT, "dirty": True})
    file = f"build/{CPU}/metadata.json"
    assert [("dirty", file)] == _codes(_look(project))
    allowed = _look(project, allow_dirty=True)
    assert ([], [("dirty", file)]) == (_codes(allowed), _codes(allowed, "warning"))
    _provenance(project, kernel={key: COMMIT, "dirty": False})
    assert [] == _codes(_look(project))


@pytest.mark.parametrize("verify", [False, True])
def test_skipped_checks(project: Path, verify: bool) -> None:
    """A build that was made without some check is refused whatever is allowed, once, and the checks are named."""
    _provenance(project, skipped_checks=["abi", "load"])
    found = [finding for finding in _look(project, verify=verify, allow_dirty=True) if finding.code == "skipped-checks"]
    assert [("skipped-checks", f"build/{CPU}/metadata.json")] == _codes(found)
    assert "abi, load" in found[0].message


@pytest.mark.parametrize(("driver", "is_refused"), [("local", True), (None, True), ("nix", False)])
def test_require_nix(project: Path, driver: str | None, is_refused: bool) -> None:
    """What another driver made, or nobody says who made, is refused when Nix is required, and only then."""
    _provenance(project, driver=driver)
    _provenance(project, CUDA, driver="nix")
    assert [] == _codes(_look(project))
    expected = [("not-nix", f"build/{CPU}/metadata.json")] if is_refused else []
    assert expected == _codes(_look(project, require_nix=True))


@pytest.mark.parametrize("verify", [False, True])
def test_the_digest_is_always_compared(project: Path, verify: bool) -> None:
    """A file that is changed, missing or added since the build is refused, also without the other checks."""
    tree = project / "build" / CPU
    (tree / "_ops.py").write_text((tree / "_ops.py").read_text("utf-8") + "\n", "utf-8")
    (tree / "added.py").write_text("", "utf-8")
    found = {finding.file: finding.code for finding in _look(project, verify=verify) if finding.check == "digest"}
    assert {f"build/{CPU}/_ops.py": "file-changed", f"build/{CPU}/added.py": "file-not-listed"} == found


@pytest.mark.parametrize("kind", ["right", "older", "none"])
def test_a_signature_of_other_metadata(project: Path, kind: str) -> None:
    """A signature that is not of the metadata beside it would make every loader refuse the build."""
    metadata = project / "build" / CPU / "metadata.json"
    digest = base64.b64encode(hashlib.sha256(metadata.read_bytes()).digest()).decode()
    bundle = {"messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": digest}}}
    text = "nothing" if kind == "none" else json.dumps(bundle)
    metadata.with_name("metadata.json.sigstore").write_text(text, "utf-8")
    if kind == "older":
        metadata.write_text(metadata.read_text("utf-8") + "\n", "utf-8")
    expected = [] if kind == "right" else [("old-signature", f"build/{CPU}/metadata.json.sigstore")]
    assert expected == _codes(_look(project))


def test_checks_run_again(project: Path) -> None:
    """A build with a fault of its layout is refused; without the checks that is not seen, and a warning says so."""
    shutil.rmtree(project / "build" / CPU / "demo_kernel")
    rewrite_metadata(project / "build" / CPU)
    assert [("missing-file", f"build/{CPU}/demo_kernel/__init__.py")] == _codes(_look(project, verify=True))
    found = preflight(find_release(project), None, PreflightOptions(verify=False))
    assert [("warning", "not-verified")] == [(finding.severity, finding.code) for finding in found]


def test_bytecode_is_not_spoken_of(project: Path) -> None:
    """What Python leaves in a build that was loaded is neither refused nor warned of."""
    cache = project / "build" / CPU / "__pycache__"
    cache.mkdir()
    (cache / "a.cpython-311.pyc").write_bytes(b"\0")
    assert [] == [finding for finding in _look(project, verify=True) if "pyc" in finding.file]


def test_a_refused_file_is_told_once(project: Path) -> None:
    """That a file which must not leave is not in the digest either goes without saying."""
    git_folder = project / "build" / CPU / ".git"
    git_folder.mkdir()
    (git_folder / "config").write_text("", "utf-8")
    assert [("repository", f"build/{CPU}/.git")] == _codes(_look(project))


def test_the_metadata_of_the_card(project: Path) -> None:
    """What the Hub would refuse of a card, after the builds are there, is refused before."""
    (project / "build" / "CARD.md").write_text("# No metadata\n", "utf-8")
    assert [("no-front-matter", "README.md")] == _codes(_look(project), "warning")
    (project / "build" / "CARD.md").write_text("---\ntags: [\n---\n", "utf-8")
    (finding,) = _look(project)
    assert ("error", "README.md:3") == (finding.severity, finding.place)


def test_a_card_without_a_repository(project: Path) -> None:
    """A card whose example names no repository is a warning."""
    config = noarch_config("cpu", "cuda")
    (project / "build" / "CARD.md").write_text(CARD + f"OWNER/{config.general.name}", "utf-8")
    assert [("card-repository", "README.md")] == _codes(_look(project, config), "warning")


def test_builds_that_build_toml_does_not_make(project: Path) -> None:
    """A build of a backend that the kernel does not have is a warning: the loader would take it."""
    config = noarch_config("cpu", general={"hub": Hub(repo_id="me/demo")})
    assert [("foreign-variant", f"build/{CUDA}")] == _codes(_look(project, config), "warning")


# On the branch


def _state(
    project: Path, *builds: str, head: str | None = "head", is_new: bool = False, remove: bool = False
) -> BranchState:
    """A branch with builds, and what becomes of it; `is_new`: it is planned for as one that starts there."""
    remote = tuple(RemoteFile(path=f"build/{name}/__init__.py", size=1, blob_id="1") for name in builds)
    release = find_release(project)
    plan = plan_builds(release, "v1", None if is_new else head, head, remote, remove_missing=remove)
    return BranchState(plan=plan, remote=remote)


def test_other_builds_stay(project: Path) -> None:
    """A note says that builds which the release does not have stay, and that they need the same functions."""
    found = _look(project, None, (_state(project, CPU, "torch27", "torch26"),))
    assert ([], [("kept-variants", "build")]) == (_codes(found), _codes(found, "note"))
    assert "keeps torch26, torch27," in found[0].message
    assert [] == _look(project, None, (_state(project, CPU),))


@pytest.mark.parametrize(("allowed", "severity"), [(False, "error"), (True, "warning")])
def test_builds_that_a_version_would_lose(project: Path, allowed: bool, severity: str) -> None:
    """A version that would lose builds is refused, and each build is named; it is a warning when it is allowed."""
    found = _look(project, None, (_state(project, CPU, "torch27", remove=True),), allow_removal=allowed)
    (finding,) = found
    assert [("lost-variants", "build")] == _codes(found, severity)
    assert "the branch v1 loses torch27," in finding.message
    assert "Raise `version`" in (finding.remedy or "")


def test_a_new_branch_loses_nothing(project: Path) -> None:
    """The builds that a new branch has of the main branch were never of this version."""
    state = _state(project, CPU, "torch27", is_new=True)
    assert {"build/torch27/__init__.py"} <= {file.path for file in state.plan.files}
    assert [] == _look(project, None, (state,))


def test_the_main_branch_loses_nothing(project: Path) -> None:
    """The card has nothing to do with builds that are on the main branch."""
    remote = (RemoteFile(path="build/torch27/__init__.py", size=1, blob_id="1"),)
    plan = plan_card(find_release(project), "main", "head", None, remote)
    assert [] == _look(project, None, (BranchState(plan=plan, remote=remote),))
