"""What is said of a project before Nix is asked."""

from pathlib import Path

import pytest
from support.configs import torch_config
from support.repositories import Repository, own_git

from kernel_builder.drivers.nix.preflight import check_project, check_variant
from kernel_builder.errors import TargetError, ToolchainError

FILES = {"build.toml": "", "flake.nix": "{ }\n", "demo_cpu.cpp": "", "torch-ext/torch_binding.cpp": ""}
CONFIG = torch_config()


@pytest.fixture(autouse=True)
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the user's git."""
    own_git(monkeypatch, tmp_path)


def test_no_flake(tmp_path: Path) -> None:
    """A project without a flake is told where to get one, and how to build without."""
    with pytest.raises(ToolchainError, match=r"has no flake\.nix$") as raised:
        check_project(tmp_path, CONFIG)
    assert "kernel-builder init" in raised.value.hint


def test_files_that_git_does_not_know(tmp_path: Path) -> None:
    """New files that Nix would leave out are named before it builds without them; to stage them is enough."""
    repository = Repository(tmp_path / "kernel", FILES)
    check_project(repository.top, CONFIG)
    (repository.top / "notes.txt").touch()  # no build takes it in
    module = repository.top / "torch-ext" / "demo_kernel"
    module.mkdir()
    (module / "__init__.py").touch()
    with pytest.raises(ToolchainError, match=r": torch-ext/demo_kernel/__init__\.py$") as raised:
        check_project(repository.top, CONFIG)
    assert "Add them to git with `git add`; they need not be committed." == raised.value.hint
    repository.git("add", "torch-ext")
    check_project(repository.top, CONFIG)


def test_many_files(tmp_path: Path) -> None:
    """Of a tree that was never added the first files are named, and how many more there are."""
    repository = Repository(tmp_path / "kernel", FILES)
    module = repository.top / "torch-ext" / "demo_kernel"
    module.mkdir()
    for number in range(12):
        (module / f"part{number:02}.py").touch()
    with pytest.raises(ToolchainError, match=r"part09\.py and 2 more$"):
        check_project(repository.top, CONFIG)


def test_without_git(tmp_path: Path) -> None:
    """Outside of git Nix takes the whole folder."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    check_project(tmp_path, CONFIG)


def test_name_of_a_variant() -> None:
    """A name of a variant passes."""
    check_variant("torch213-cxx11-cpu-x86_64-linux")


@pytest.mark.parametrize("variant", ["../outside", "cpu", "", "torch-cpu#x", "a.b", "torch-cpu; throw"])
def test_name_that_is_no_variant(variant: str) -> None:
    """What is no variant's name becomes neither a path nor part of an expression."""
    with pytest.raises(TargetError, match="is not a build variant"):
        check_variant(variant)
