"""CUDA toolkits are fetched into the cache."""

import json
import os
from pathlib import Path

import pytest
from support.machines import Tools, empty_machine
from support.toolkits import install_nvcc

from kernel_builder.errors import ToolchainError
from kernel_builder.matrix import load_matrix
from kernel_builder.toolchain.cuda import fetch
from kernel_builder.toolchain.cuda.fetch import can_fetch, fetch_toolkit
from kernels.backend import MajorMinor


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A machine of one kind with a shell, and a pip that knows of no registry."""
    tools = empty_machine(tmp_path, monkeypatch)
    for name in ("dirname", "sh"):
        (tools.folder / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tools


def test_one_that_is_installed_is_not_fetched(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A toolkit of the version that is here already is used."""
    install_nvcc(tmp_path / "cuda", "13.2.86")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "cuda"))
    fetch_toolkit(MajorMinor(13, 2), tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_version_without_packages(tools: Tools, tmp_path: Path) -> None:
    """For CUDA 12 there is none to fetch, and the error asks for NVIDIA's own."""
    with pytest.raises(ToolchainError, match=r"the registry has no compiler of CUDA 12\.6 for x86_64-linux") as caught:
        fetch_toolkit(MajorMinor(12, 6), tmp_path / "cache")
    assert "set CUDA_HOME to its folder" in caught.value.hint


def test_a_registry_that_cannot_be_reached(tools: Tools, tmp_path: Path) -> None:
    """What pip cannot get is said, and nothing is kept."""
    with pytest.raises(ToolchainError, match=r"the registry has no compiler of CUDA 13\.2"):
        fetch_toolkit(MajorMinor(13, 2), tmp_path / "cache")
    assert [".lock"] == [path.name for path in (tmp_path / "cache" / "cuda-wheels").iterdir()]


@pytest.mark.parametrize(
    ("machine", "system", "expected"),
    [("AMD64", "Linux", True), ("arm64", "Linux", True), ("ppc64le", "Linux", False), ("x86_64", "Windows", False)],
)
def test_what_can_be_fetched(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, machine: str, system: str, expected: bool
) -> None:
    """There are packages for Linux on two processors, from CUDA 13 on."""
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.system", lambda: system)
    versions = ((12, 8), (13, 0), (13, 2))
    assert [False, expected, expected] == [can_fetch(MajorMinor(*version)) for version in versions]


def test_the_build_matrix(tools: Tools) -> None:
    """Every CUDA of the build matrix from 13 on can be fetched."""
    versions = {row.compute.version for row in load_matrix().rows if row.compute.backend == "cuda"}
    newer = {version for version in versions if version is not None and version.major >= 13}
    assert newer
    assert newer == {version for version in newer if can_fetch(version)}


def test_the_table() -> None:
    """Each release names the compiler, both of its parts, the headers for device code and the runtime, with digests."""
    toolkits = json.loads(Path(fetch.__file__).with_name("wheels.json").read_text("utf-8"))["toolkits"]
    expected = {"nvidia-cuda-cccl", "nvidia-cuda-crt", "nvidia-cuda-nvcc", "nvidia-cuda-runtime", "nvidia-nvvm"}
    for release, toolkit in toolkits.items():
        assert ["version", "x86_64", "aarch64"] == list(toolkit)
        for wheel in (*toolkit["x86_64"], *toolkit["aarch64"]):
            expected_version = wheel["version"].startswith(f"{release}.")
            assert (True, 64) == (expected_version, len(wheel["sha256"]))
        assert [expected, expected] == [{wheel["name"] for wheel in toolkit[one]} for one in ("x86_64", "aarch64")]
