"""What is asked of Nix and what becomes of its answer, with a stand-in that records its calls."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.builds import make_build
from support.configs import torch_config

from kernel_builder.drivers.base import BuildRequest, Built, Event, Log, Stage
from kernel_builder.drivers.nix import NixDriver
from kernel_builder.errors import BuilderError, ProcessError, TargetError

CPU, CUDA = "torch213-cxx11-cpu-x86_64-linux", "torch213-cxx11-cu130-x86_64-linux"
COMMAND = ["--extra-experimental-features", "nix-command flakes", "build", "--no-link", "--print-out-paths"]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A bundle in the store: links to two variants, read-only, and what else a bundle holds."""
    bundle = tmp_path / "store" / "bundle"
    bundle.mkdir(parents=True)
    for name in (CPU, CUDA):
        variant = make_build(tmp_path / "store" / f"hash-{name}", {"layers/__init__.py": ""})
        for path in variant.rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        variant.chmod(0o555)
        (bundle / name).symlink_to(variant)
    (bundle / "benchmarks").mkdir()
    (bundle / "torch-cpu").mkdir()
    (bundle / "CARD.md").write_text("card")
    return bundle


@pytest.fixture
def request_(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> BuildRequest:
    """A request, on a machine whose `nix` answers with the bundle."""
    _nix(tmp_path, f"print('building', file=sys.stderr); print({str(store)!r})")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "project").mkdir()
    return BuildRequest(project_dir=tmp_path / "project", config=torch_config())


def _nix(tmp_path: Path, answer: str) -> None:
    program = tmp_path / "bin" / "nix"
    program.parent.mkdir(exist_ok=True)
    record = f"open({str(tmp_path / 'calls')!r}, 'a').write(repr([os.getcwd(), *sys.argv[1:]]) + '\\n')"
    program.write_text(f"#!{sys.executable}\nimport os, sys\n{record}\n{answer}\n")
    program.chmod(0o755)


def _build(request: BuildRequest) -> tuple[list[Built], list[Event]]:
    events: list[Event] = []
    return NixDriver().build(request, events.append), events


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_bundle(tmp_path: Path, request_: BuildRequest) -> None:
    """The flake's default package is built once, and each variant in it is copied, as files that can be written."""
    builds, events = _build(request_)
    build_dir = request_.project_dir / "build"
    expected = [(name, build_dir / name, True, None) for name in (CPU, CUDA)]
    assert expected == [(built.variant, built.path, built.changed, built.compiled) for built in builds]
    assert [repr([str(request_.project_dir), *COMMAND, "."])] == (tmp_path / "calls").read_text().splitlines()
    assert [CPU, CUDA] == _names(build_dir)
    modes = {path.stat().st_mode & 0o777 for path in build_dir.rglob("*")}
    assert ({0o755, 0o644}, []) == (modes, [path for path in build_dir.rglob("*") if path.is_symlink()])
    assert Stage("bundle", "nix build") == events[0]
    assert Log("bundle", "building") in events


def test_compare(tmp_path: Path, request_: BuildRequest, store: Path) -> None:
    """Nix builds the one variant again; each file that differs is named, and nothing is put in its place."""
    _nix(tmp_path, f"print({str((store / CPU).resolve())!r})")
    tree = make_build(tmp_path / "elsewhere" / CPU, {"new.py": ""}, version=2)
    (tree / "metadata.json.sigstore").write_text("{}")
    expected = {
        "layers/__init__.py": "is missing, and a second build has it",
        "metadata.json": "differs from that of a second build, in digest, version",
        "new.py": "is not in a second build",
    }
    request = replace(request_, variant=CPU)
    assert expected == NixDriver().compare(request, lambda event: None, tree)
    attribute = f".#redistributable.{CPU}"
    calls = [repr([str(request_.project_dir), *COMMAND, attribute, *more]) for more in ([], ["--rebuild"])]
    assert (calls, False) == ((tmp_path / "calls").read_text().splitlines(), request_.build_dir.exists())


def test_rebuild(tmp_path: Path, request_: BuildRequest) -> None:
    """Nix compares with what it built before, so that it is asked to build again only after it has built."""
    _build(replace(request_, rebuild=True))
    expected = [repr([str(request_.project_dir), *COMMAND, ".", *more]) for more in ([], ["--rebuild"])]
    assert expected == (tmp_path / "calls").read_text().splitlines()


def test_second_build_changes_nothing(request_: BuildRequest) -> None:
    """What is the same in the store and in the project stays in its place."""
    _build(request_)
    before = (request_.build_dir / CPU).stat().st_ino
    builds, _ = _build(request_)
    assert ([False, False], before) == ([built.changed for built in builds], (request_.build_dir / CPU).stat().st_ino)


def test_other_variants_stay(request_: BuildRequest) -> None:
    """A variant that the bundle does not hold is left alone."""
    make_build(request_.build_dir / "torch-rocm")
    _build(request_)
    assert ["torch-rocm", CPU, CUDA] == _names(request_.build_dir)


def test_one_variant(tmp_path: Path, request_: BuildRequest, store: Path) -> None:
    """One variant is an attribute of the flake, whose result is the variant itself."""
    _nix(tmp_path, f"print({str((store / CPU).resolve())!r})")
    builds, _ = _build(replace(request_, variant=CPU))
    assert [CPU] == [built.variant for built in builds]
    assert [repr([str(request_.project_dir), *COMMAND, f".#redistributable.{CPU}"])] == (
        (tmp_path / "calls").read_text().splitlines()
    )
    assert "metadata.json" in _names(request_.build_dir / CPU)


@pytest.mark.parametrize("variant", ["../outside", "cpu", "", "torch-cpu#x", "a.b"])
def test_name_that_is_no_variant(tmp_path: Path, request_: BuildRequest, variant: str) -> None:
    """What is no variant's name becomes neither a path nor part of a flake's, and Nix is not started."""
    with pytest.raises(TargetError, match="is not a build variant"):
        _build(replace(request_, variant=variant))
    assert not (tmp_path / "calls").exists()


def test_cores_and_jobs(tmp_path: Path, request_: BuildRequest) -> None:
    """Limits are passed through to Nix."""
    _build(replace(request_, cores=2, max_jobs=3))
    call = [str(request_.project_dir), *COMMAND, ".", "--cores", "2", "--max-jobs", "3"]
    assert [repr(call)] == (tmp_path / "calls").read_text().splitlines()


def test_nix_that_fails(tmp_path: Path, request_: BuildRequest) -> None:
    """When Nix fails, its words are in the error and nothing is copied."""
    _nix(tmp_path, "sys.exit('error: attribute missing')")
    with pytest.raises(ProcessError) as raised:
        _build(request_)
    assert ("error: attribute missing", False) == (raised.value.output, request_.build_dir.exists())


@pytest.mark.parametrize("variant", [None, CPU])
@pytest.mark.parametrize("answer", ["", "print('done')", "print('done', file=sys.stderr)"])
def test_no_answer(
    tmp_path: Path, request_: BuildRequest, monkeypatch: pytest.MonkeyPatch, answer: str, variant: str | None
) -> None:
    """Without a path in the answer nothing is built, least of all the folder that we happen to run in."""
    _nix(tmp_path, answer)
    make_build(tmp_path / "elsewhere" / CPU)
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(BuilderError, match="nix built nothing, which holds no variant"):
        _build(replace(request_, variant=variant))
    assert not request_.build_dir.exists()


def test_result_without_variants(tmp_path: Path, request_: BuildRequest) -> None:
    """A flake whose default package is something else is refused with what it should be."""
    _nix(tmp_path, f"print({str(tmp_path / 'store')!r})")
    with pytest.raises(BuilderError, match="which holds no variant") as raised:
        _build(request_)
    assert "The flake's default package must be the bundle of the kernel's variants." == raised.value.hint
