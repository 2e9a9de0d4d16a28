"""Finding builds, and those that a kernel makes no longer."""

from pathlib import Path

import pytest
from support.builds import make_build
from support.configs import noarch_config, torch_config, tvm_ffi_config

from kernel_builder.checks.builds import find_builds, foreign_builds, variants_in
from kernel_builder.config.model import KernelConfig
from kernel_builder.errors import TargetError

VARIANTS = ("torch-cpu", "torch213-cxx11-cpu-x86_64-linux")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two builds, and folders that are none beside them."""
    for name in VARIANTS:
        make_build(tmp_path / "build" / name)
    (tmp_path / "build" / "benchmarks").mkdir()
    (tmp_path / "build" / "torch-cuda").write_text("a file", "utf-8")
    return tmp_path


def test_builds_of_a_project_a_folder_or_one(project: Path) -> None:
    """A project, its folder of builds and a build itself are all understood."""
    builds = [project / "build" / name for name in VARIANTS]
    assert (builds, builds, builds[:1]) == (
        find_builds(project),
        find_builds(project / "build"),
        find_builds(builds[0]),
    )


def test_no_builds(tmp_path: Path) -> None:
    """Where there is no build, the folder is named and the next step given."""
    with pytest.raises(TargetError, match="holds no builds") as caught:
        find_builds(tmp_path)
    assert "kernel-builder build" in caught.value.hint


def test_a_build_without_metadata_is_a_build_by_its_name(tmp_path: Path) -> None:
    """A folder with the name of a variant and something in it is one build, so that what it lacks can be said."""
    tree = tmp_path / "torch-cuda"
    tree.mkdir()
    with pytest.raises(TargetError, match="holds no builds"):
        find_builds(tree)
    (tree / "__init__.py").touch()
    assert [tree] == find_builds(tree)


def test_builds_of_another_build_toml_are_known(tmp_path: Path) -> None:
    """Builds of another framework, or for a backend that the kernel has no longer, are told from its own."""
    world = "x86_64-linux"
    names = (f"torch213-cxx11-cpu-{world}", f"torch213-cxx11-cu130-{world}", "torch-cpu", f"tvm-ffi01-cpu-{world}")
    for name in (*names, "benchmarks"):
        (tmp_path / name).mkdir()
    (tmp_path / "torch-cuda").touch()

    def foreign(config: KernelConfig) -> set[str]:
        return {path.name for path in foreign_builds(tmp_path, config)}

    torch, torch_cuda, noarch, tvm_ffi = names
    assert {torch_cuda, noarch, tvm_ffi} == foreign(torch_config("cpu"))
    assert {torch, torch_cuda, tvm_ffi} == foreign(noarch_config("cpu"))
    assert {torch, torch_cuda, noarch} == foreign(tvm_ffi_config("cpu"))
    assert [] == foreign_builds(tmp_path / "missing", torch_config("cpu"))


def test_variants_in(tmp_path: Path) -> None:
    """The folders with names of variants are the builds; a folder that is not there has none."""
    for name in ("torch-cuda", "torch-cpu", ".stage-torch-cpu", "notes"):
        (tmp_path / name).mkdir()
    (tmp_path / "torch-rocm").touch()
    assert ["torch-cpu", "torch-cuda"] == variants_in(tmp_path)
    assert [] == variants_in(tmp_path / "missing")
