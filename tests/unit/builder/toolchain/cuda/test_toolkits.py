"""Every CUDA toolkit of a machine is found, once."""

from pathlib import Path

import pytest
from support.machines import Tools, empty_machine
from support.toolkits import install_nvcc, install_wheels

from kernel_builder.toolchain import accelerators
from kernel_builder.toolchain.cuda.toolkits import FETCHED, Toolkit, installed_toolkits
from kernels.backend import MajorMinor


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A machine without a tool but those of a shell."""
    tools = empty_machine(tmp_path, monkeypatch)
    for name in ("dirname", "sh"):
        (tools.folder / name).symlink_to(f"/usr/bin/{name}")
    return tools


def test_nothing(tools: Tools, tmp_path: Path) -> None:
    """Where nothing is installed, nothing is found."""
    assert () == installed_toolkits(tmp_path / "cache")


def test_order(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a shell would use comes first: CUDACXX, CUDA_HOME, CUDA_PATH, PATH; then /usr/local, packages, the cache."""
    install_nvcc(tmp_path / "cxx", "1.0.1")
    monkeypatch.setenv("CUDACXX", str(tmp_path / "cxx/bin/nvcc"))
    for number, name in enumerate(("CUDA_HOME", "CUDA_PATH"), 2):
        install_nvcc(tmp_path / name.lower(), f"{number}.0.1")
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    install_nvcc(tmp_path / "one", "4.0.1")
    install_nvcc(tmp_path / "two", "5.0.1")
    monkeypatch.setenv("PATH", f"{tools.folder}:{tmp_path}/one/bin:{tmp_path}/two/bin")
    install_nvcc(accelerators.CUDA_DIR, "6.0.1")
    # Not as the names sort as text.
    install_nvcc(accelerators.CUDA_DIR.with_name("CUDA_DIR-12.10"), "7.0.1")
    install_nvcc(accelerators.CUDA_DIR.with_name("CUDA_DIR-12.9"), "8.0.1")
    wheels = install_wheels(tmp_path / "site", "9.0.1")
    monkeypatch.setattr(accelerators, "_wheels", lambda: iter([wheels / "bin"]))
    install_wheels(tmp_path / "cache" / FETCHED / "10.0.1-x86_64", "10.0.1")
    found = installed_toolkits(tmp_path / "cache")
    assert [f"{number}.0.1" for number in range(1, 11)] == [toolkit.version for toolkit in found]
    assert Toolkit(nvcc=tmp_path / "one/bin/nvcc", version="4.0.1", root=tmp_path / "one") == found[3]
    assert MajorMinor(4, 0) == found[3].release


def test_one_toolkit_by_several_ways_is_one(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link, and a script on PATH that calls the compiler, lead to the same toolkit, whose root the compiler says."""
    nvcc = install_nvcc(tmp_path / "cuda-13.0")
    (tmp_path / "cuda").symlink_to("cuda-13.0")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "cuda"))
    monkeypatch.setenv("CUDA_PATH", str(tmp_path / "cuda-13.0"))
    (one,) = installed_toolkits(tmp_path / "cache")
    assert tmp_path / "cuda" == one.root
    monkeypatch.delenv("CUDA_HOME")
    monkeypatch.delenv("CUDA_PATH")
    script = tools.add("nvcc", body=f'exec {nvcc} "$@"')
    assert (Toolkit(nvcc=script, version="13.0.88", root=tmp_path / "cuda-13.0"),) == installed_toolkits(tmp_path)


@pytest.mark.parametrize("status", [0, 1])
def test_a_broken_compiler_is_passed_over(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """A program of that name that fails, or says something else, is no toolkit, and hides none."""
    tools.add("nvcc", "segmentation fault", status=status)
    install_nvcc(tmp_path / "good")
    monkeypatch.setenv("PATH", f"{tools.folder}:{tmp_path}/good/bin")
    assert ["13.0.88"] == [toolkit.version for toolkit in installed_toolkits(tmp_path / "cache")]


def test_a_compiler_that_hangs_is_passed_over(tools: Tools, tmp_path: Path) -> None:
    """A compiler that does not answer is not waited for."""
    tools.hang("nvcc")
    assert () == installed_toolkits(tmp_path / "cache", patience=0.2)


def test_a_compiler_that_does_not_say_its_root(tools: Tools, tmp_path: Path) -> None:
    """Then it is the folder above the compiler's own, links followed."""
    nvcc = Tools(tmp_path / "cuda" / "bin").add("nvcc", "Cuda compilation tools, release 12.6, V12.6.85")
    (tools.folder / "nvcc").symlink_to(nvcc)
    assert [tmp_path / "cuda"] == [toolkit.root for toolkit in installed_toolkits(tmp_path / "cache")]
