"""The compilers of accelerators are found where their makers put them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.machines import Tools, empty_machine

from kernel_builder.toolchain import accelerators
from kernel_builder.toolchain.accelerators import (
    find_device_libraries,
    find_hip_clang,
    find_hipcc,
    find_icpx,
    find_nvcc,
)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A machine without a tool."""
    return empty_machine(tmp_path, monkeypatch)


@pytest.mark.parametrize("find", [find_nvcc, find_hipcc, find_hip_clang, find_icpx])
def test_nothing(tools: Tools, find: Callable[[], Path | None]) -> None:
    """Where nothing is installed, nothing is found."""
    assert None is find()


@pytest.mark.parametrize(
    ("find", "name", "places"),
    [
        # From the last to the first that is looked at; what starts with $ is a variable that names the folder.
        (find_nvcc, "nvcc", ["CUDA_DIR/bin", "bin", "$CUDA_PATH=path/bin", "$CUDA_HOME=home/bin"]),
        (find_hipcc, "hipcc", ["ROCM_DIR/bin", "bin", "$HIP_PATH=path/bin", "$ROCM_PATH=home/bin"]),
        (
            find_icpx,
            "icpx",
            ["ONEAPI_DIR/compiler/latest/bin", "$ONEAPI_ROOT=one/compiler/latest/bin", "bin", "$CMPLR_ROOT=home/bin"],
        ),
    ],
)
def test_order(
    tools: Tools,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    find: Callable[[], Path | None],
    name: str,
    places: list[str],
) -> None:
    """A variable comes before PATH, and PATH before the folder of the maker."""
    for place in places:
        variable, _, folder = place.rpartition("=")
        if variable:
            monkeypatch.setenv(variable[1:], str(tmp_path / folder.partition("/")[0]))
        assert Tools(tmp_path / folder).add(name) == find()


def test_nvcc_that_is_named(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDACXX decides, also when it names nothing that is there."""
    tools.add("nvcc")
    mine = Tools(tmp_path / "mine").add("my-nvcc")
    monkeypatch.setenv("CUDACXX", str(mine))
    assert mine == find_nvcc()
    monkeypatch.setenv("CUDACXX", "no-such-nvcc")
    assert None is find_nvcc()


def test_nvcc_of_the_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages of CUDA 13 and later bring nvcc; the newest is taken, and after all other places."""
    for name in ("PATH", "CUDACXX", "CUDA_HOME", "CUDA_PATH"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(accelerators, "CUDA_DIR", tmp_path / "none")
    Tools(tmp_path / "nvidia" / "cu13" / "bin").add("nvcc")
    newest = Tools(tmp_path / "nvidia" / "cu14" / "bin").add("nvcc")
    monkeypatch.syspath_prepend(tmp_path)
    assert newest == find_nvcc()


def test_the_newest_clang(tools: Tools) -> None:
    """A clang too old for HIP is passed over."""
    for version in (18, 19, 20):
        path = tools.add(f"clang++-{version}")
    assert path == find_hip_clang()


@pytest.mark.parametrize("folder", ["amdgcn/bitcode", "lib/llvm/amdgcn/bitcode", "lib/x86_64-linux-gnu/amdgcn/bitcode"])
def test_device_libraries(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """They are beside the compiler, whose link is followed, or where HIP_DEVICE_LIB_PATH says."""
    compiler = Tools(tmp_path / "rocm" / "bin").add("hipcc")
    link = tools.folder / "hipcc"
    link.symlink_to(compiler)
    libraries = tmp_path / "rocm" / folder
    libraries.mkdir(parents=True)
    (libraries / "ocml.bc").touch()
    assert libraries == find_device_libraries(link)
    named = tmp_path / "named"
    named.mkdir()
    (named / "ocml.bc").touch()
    monkeypatch.setenv("HIP_DEVICE_LIB_PATH", str(named))
    assert named == find_device_libraries(link)
