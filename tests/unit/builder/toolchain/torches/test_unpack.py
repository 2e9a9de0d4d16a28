"""A wheel is unpacked only where each of its files may lie, and is what its list says."""

import zipfile
from pathlib import Path

import pytest
from support.torch_wheels import make_wheel

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.torches.unpack import unpack_wheel


@pytest.mark.parametrize("name", ["../outside.py", "/outside.py", "torch/../../outside.py", "c:outside.py", "a\\b.py"])
def test_a_path_to_elsewhere(tmp_path: Path, name: str) -> None:
    """No file is written outside of the folder."""
    wheel = make_wheel(tmp_path / "wheels")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), "")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ToolchainError, match="is no path within it"):
        unpack_wheel(wheel, tmp_path / "folder")
    assert {"wheels", "folder"} == {path.name for path in tmp_path.iterdir()}


def test_a_file_that_is_not_listed(tmp_path: Path) -> None:
    """A file that RECORD does not have is no part of the wheel."""
    wheel = make_wheel(tmp_path)
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr(zipfile.ZipInfo("torch/more.py"), "")
    with pytest.raises(ToolchainError, match=r"torch/more\.py is not what its RECORD names"):
        unpack_wheel(wheel, tmp_path / "folder")


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_wheel(tmp_path: Path, content: bytes) -> None:
    """A file that is no archive is damaged."""
    wheel = tmp_path / "torch.whl"
    wheel.write_bytes(content)
    with pytest.raises(ToolchainError, match=r"torch\.whl is damaged"):
        unpack_wheel(wheel, tmp_path / "folder")


def test_a_wheel_without_a_list(tmp_path: Path) -> None:
    """A wheel without RECORD is damaged too."""
    wheel = tmp_path / "torch.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("torch/__init__.py", "")
    with pytest.raises(ToolchainError, match=r"torch\.whl is damaged"):
        unpack_wheel(wheel, tmp_path / "folder")
