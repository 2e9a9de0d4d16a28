"""Finding builds, and writing and comparing their digests."""

import json
from pathlib import Path

import pytest
from support.builds import make_build
from support.configs import noarch_config, torch_config, tvm_ffi_config

from kernel_builder.checks.builds import check_digest, find_builds, foreign_builds, write_digest
from kernel_builder.config.model import KernelConfig
from kernel_builder.errors import TargetError
from kernels.digest import digest_tree
from kernels.errors import MetadataError

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


def test_a_digest_that_is_right_is_not_written(project: Path) -> None:
    """A build whose digest is right keeps its metadata.json, byte for byte."""
    tree = project / "build" / VARIANTS[0]
    before = (tree / "metadata.json").read_bytes()
    assert (False, [], before) == (write_digest(tree), check_digest(tree), (tree / "metadata.json").read_bytes())


def test_a_digest_is_written_into_the_metadata(tmp_path: Path) -> None:
    """Every other key stays in its place, those that nobody knows too; a second run changes nothing."""
    tree = make_build(tmp_path / "torch-cpu", x_unknown={"b": [1, 2.5], "a": None}, upstream="é")
    (tree / "more.py").write_text("x = 1\n", "utf-8")
    (tree / "__init__.py").write_text("value = 2\n", "utf-8")
    (tree / "demo_kernel" / "__init__.py").unlink()
    assert ["demo_kernel/__init__.py is missing", "__init__.py has changed", "more.py is not in the digest"] == (
        check_digest(tree)
    )
    expected = json.loads((tree / "metadata.json").read_text("utf-8"))
    expected["digest"]["files"] = digest_tree(tree).files
    assert write_digest(tree)
    text = (tree / "metadata.json").read_text("utf-8")
    assert json.dumps(expected, indent=2) + "\n" == text
    assert ([], False) == (check_digest(tree), write_digest(tree))


def test_a_build_without_a_digest_gets_one(tmp_path: Path) -> None:
    """A build of a tool that wrote no digest is a problem until it has one."""
    tree = make_build(tmp_path / "torch-cpu")
    document = json.loads((tree / "metadata.json").read_text("utf-8"))
    del document["digest"]
    (tree / "metadata.json").write_text(json.dumps(document), "utf-8")
    assert ["metadata.json has no digest"] == check_digest(tree)
    assert (True, []) == (write_digest(tree), check_digest(tree))


def test_the_algorithm_stays(tmp_path: Path) -> None:
    """A digest is written anew with the algorithm that it had."""
    tree = make_build(tmp_path / "torch-cpu")
    digest = {"algorithm": "sha512", "files": {}}
    make_build(tree, digest=digest)
    assert write_digest(tree)
    written = json.loads((tree / "metadata.json").read_text("utf-8"))["digest"]
    assert {"algorithm": "sha512", "files": digest_tree(tree, "sha512").files} == written


def test_metadata_that_cannot_be_read(tmp_path: Path) -> None:
    """A build whose metadata.json is broken is left as it is."""
    tree = make_build(tmp_path / "torch-cpu")
    (tree / "metadata.json").write_text('{"name": 1}', "utf-8")
    with pytest.raises(MetadataError):
        write_digest(tree)
    assert '{"name": 1}' == (tree / "metadata.json").read_text("utf-8")


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
