"""The toolkit of a version of CUDA, as CMake is told of it."""

from pathlib import Path

import pytest
from support.machines import Tools, empty_machine
from support.toolkits import install_nvcc, install_wheels

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.cuda import cuda_accelerator
from kernel_builder.toolchain.cuda.toolkits import FETCHED
from kernels.backend import MajorMinor


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A machine with a shell and with gcc 12, and without CUDA."""
    tools = empty_machine(tmp_path, monkeypatch)
    for name in ("dirname", "sh"):
        (tools.folder / name).symlink_to(f"/usr/bin/{name}")
    tools.add("c++", "#define __GNUC__ 12")
    return tools


def test_settings(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CMake is told of the compiler and the C++ compiler that it calls, and no variable speaks up."""
    nvcc = install_nvcc(tmp_path / "cuda")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "cuda"))
    found = cuda_accelerator(None, tmp_path / "cache")
    assert ("cuda", MajorMinor(13, 0), "nvcc 13.0.88") == (found.backend, found.version, found.name)
    assert (
        f"-DCMAKE_CUDA_COMPILER={nvcc}",
        f"-DCMAKE_CUDA_HOST_COMPILER={tools.folder / 'c++'}",
    ) == found.settings
    assert {None} == set(found.environment.values())
    assert {"CUDAFLAGS", "NVCC_APPEND_FLAGS", "NVCC_PREPEND_FLAGS", "CUDAHOSTCXX"} <= set(found.environment)
    assert (tmp_path / "cuda" / "lib64",) == found.libraries


def test_identity(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that takes another one's place is another toolchain; the same one stays the same."""
    install_nvcc(tmp_path / "cuda")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "cuda"))
    first = cuda_accelerator(None, tmp_path / "cache").identity
    assert first == cuda_accelerator(None, tmp_path / "cache").identity
    install_nvcc(tmp_path / "cuda", "13.0.99")
    assert first != cuda_accelerator(None, tmp_path / "cache").identity


def test_several_versions(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The toolkit of the wanted version is taken, wherever it stands; without a version, the first."""
    install_nvcc(tmp_path / "home", "13.0.88")
    install_nvcc(tmp_path / "other", "12.6.85")
    install_wheels(tmp_path / "cache" / FETCHED / "13.2.2-x86_64", "13.2.86")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CUDA_PATH", str(tmp_path / "other"))
    expected = {None: "13.0.88", (13, 0): "13.0.88", (12, 6): "12.6.85", (13, 2): "13.2.86"}
    found = {
        version: cuda_accelerator(version and MajorMinor(*version), tmp_path / "cache").name.removeprefix("nvcc ")
        for version in expected
    }
    assert expected == found


def test_a_version_that_is_not_here(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names what was found, and how to get what was not: for CUDA 12 there are no packages with nvcc."""
    nvcc = install_nvcc(tmp_path / "cuda")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "cuda"))
    with pytest.raises(ToolchainError) as caught:
        cuda_accelerator(MajorMinor(12, 6), tmp_path / "cache")
    assert f"the compiler of CUDA 12.6 is needed; found: nvcc 13.0.88 ({nvcc})" == str(caught.value)
    assert caught.value.hint.startswith(
        "Install NVIDIA's CUDA Toolkit 12.6, which can lie beside others, and set CUDA_H"
    )
    monkeypatch.setattr("kernel_builder.toolchain.cuda.fetch.platform.machine", lambda: "x86_64")
    monkeypatch.setattr("kernel_builder.toolchain.cuda.fetch.platform.system", lambda: "Linux")
    with pytest.raises(ToolchainError) as caught:
        cuda_accelerator(MajorMinor(13, 2), tmp_path / "cache")
    assert caught.value.hint.startswith("Pass --fetch-toolkit to download it into the cache of kernel-builder. Or: ")


def test_nothing(tools: Tools, tmp_path: Path) -> None:
    """Without any CUDA, the error says where was looked."""
    with pytest.raises(ToolchainError, match=r"CUDA is needed; none was found \(CUDACXX, CUDA_HOME, CUDA_PATH, PATH, "):
        cuda_accelerator(None, tmp_path / "cache")


def test_cudacxx_that_names_nothing(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in CUDACXX is said, and no other compiler taken quietly."""
    install_nvcc(tmp_path / "cuda")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "cuda"))
    monkeypatch.setenv("CUDACXX", "no-such-nvcc")
    with pytest.raises(ToolchainError, match="CUDACXX names the compiler 'no-such-nvcc', which was not found"):
        cuda_accelerator(None, tmp_path / "cache")


@pytest.mark.parametrize(
    ("macros", "refused"),
    [
        ("#define __GNUC__ 13", None),
        ("#define __GNUC__ 14", "gcc up to version 13"),
        # clang says that it is gcc 4 as well.
        ("#define __GNUC__ 4\n#define __clang_major__ 18", None),
        ("#define __GNUC__ 4\n#define __clang_major__ 19", "clang up to version 18"),
        ("", None),
    ],
)
def test_the_host_compiler(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, macros: str, refused: str | None
) -> None:
    """A C++ compiler that the header of the toolkit refuses is refused before anything is compiled, with the remedy."""
    install_nvcc(tmp_path / "cuda", "12.6.85", gcc=13, clang=19)
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "cuda"))
    compiler = tools.add("my-c++", macros)
    monkeypatch.setenv("CXX", "my-c++ -m64")
    if refused is None:
        assert f"-DCMAKE_CUDA_HOST_COMPILER={compiler}" in cuda_accelerator(None, tmp_path / "cache").settings
        return
    with pytest.raises(ToolchainError) as why:
        cuda_accelerator(None, tmp_path / "cache")
    assert str(why.value).startswith(f"nvcc 12.6.85 takes {refused} as its host compiler; {compiler} is 1")
    assert "set CXX to it" in why.value.hint


def test_a_launcher_is_no_host_compiler(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of CXX="ccache c++", nvcc is told the compiler."""
    install_nvcc(tmp_path / "cuda")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "cuda"))
    tools.add("ccache")
    monkeypatch.setenv("CXX", "ccache c++")
    assert f"-DCMAKE_CUDA_HOST_COMPILER={tools.folder / 'c++'}" in cuda_accelerator(None, tmp_path / "cache").settings
    monkeypatch.setenv("CXX", "ccache")
    with pytest.raises(ToolchainError, match="CXX names no compiler"):
        cuda_accelerator(None, tmp_path / "cache")
