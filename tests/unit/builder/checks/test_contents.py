"""What a build says of itself, against what it is."""

from pathlib import Path

import pytest
from support.builds import MODULE, OPS_ID, make_build

from kernel_builder.checks import check_contents, check_files
from kernels.variant import parse_variant

TVM_FFI = parse_variant("tvm-ffi01-cpu-x86_64-linux")


@pytest.mark.parametrize("files", [{}, {f"{OPS_ID}.abi3.so": "elf"}, {f"{OPS_ID}.pyd": "pe", "helper.so": "elf"}])
def test_good_build(tmp_path: Path, files: dict[str, str]) -> None:
    """A build whose digest fits and whose native module has the name of its id has no problem."""
    assert [] == check_contents(make_build(tmp_path / "b", files))


def test_changed_missing_and_added_files(tmp_path: Path) -> None:
    """Each difference from the digest is a problem."""
    tree = make_build(tmp_path / "b", {"a.py": "", "b.py": ""})
    (tree / "a.py").write_text("changed")
    (tree / "b.py").unlink()
    (tree / "c.py").write_text("")
    assert ["b.py is missing", "a.py has changed", "c.py is not in the digest"] == check_contents(tree)


@pytest.mark.parametrize("name", ["other.abi3.so", f"{OPS_ID}.so", "sub/other.dylib"])
def test_native_module_of_another_name(tmp_path: Path, name: str) -> None:
    """A native module must have the name that the metadata's id asks for."""
    (problem,) = check_contents(make_build(tmp_path / "b", {name: "elf"}))
    expected = f"the native module is called {Path(name).name}, the metadata's id asks for {OPS_ID}.abi3.so"
    assert expected == problem


@pytest.mark.parametrize("suffix", [".so", ".dylib", ".dll"])
def test_library_of_tvm_ffi(tmp_path: Path, suffix: str) -> None:
    """A build for tvm-ffi has a plain library, which has no ABI of Python in its name."""
    tree = make_build(tmp_path / "b", {f"{OPS_ID}{suffix}": "elf"})
    assert ([], 1) == (check_contents(tree, TVM_FFI), len(check_contents(tree)))


def test_library_of_tvm_ffi_with_another_name(tmp_path: Path) -> None:
    """A module of Python is not what tvm-ffi loads."""
    (problem,) = check_contents(make_build(tmp_path / "b", {f"{OPS_ID}.abi3.so": "elf"}), TVM_FFI)
    assert f"the native module is called {OPS_ID}.abi3.so, the metadata's id asks for {OPS_ID}.so" == problem


def test_folders_name_what_they_are_builds_of(tmp_path: Path) -> None:
    """Of a build in its place, the name of the folder says which library it has."""
    for name, expected in (("tvm-ffi01-cpu-x86_64-linux", 0), ("torch213-cxx11-cpu-x86_64-linux", 1)):
        tree = make_build(tmp_path / name, {f"{OPS_ID}.so": "elf"})
        assert expected == len(check_files(tree, MODULE))


def test_metadata_that_cannot_be_used(tmp_path: Path) -> None:
    """Metadata of the wrong form is the one problem."""
    (problem,) = check_contents(make_build(tmp_path / "b", version="one"))
    assert "version" in problem


def test_no_metadata(tmp_path: Path) -> None:
    """A folder without metadata is no build."""
    assert [f"{tmp_path} is not a build of a kernel: it has no metadata.json"] == check_contents(tmp_path)


def test_no_digest(tmp_path: Path) -> None:
    """A build of an older builder, without a digest, has nothing to compare."""
    assert [] == check_contents(make_build(tmp_path / "b", digest=None))


def test_folder_that_is_a_link(tmp_path: Path) -> None:
    """A build that cannot be compared is a problem of that build, not a crash."""
    tree = make_build(tmp_path / "b")
    (tree / "link").symlink_to(tmp_path)
    (problem,) = check_contents(tree)
    assert problem.startswith("the files cannot be compared with the digest: ")
