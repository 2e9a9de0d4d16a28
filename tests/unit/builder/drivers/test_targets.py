"""What the toolchain of this machine can build of a kernel."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.configs import bound, component, noarch_config, torch_config, tvm_ffi_config
from support.machines import empty_machine
from support.toolkits import install_nvcc

from kernel_builder.config.model import BackendOptions, KernelConfig
from kernel_builder.drivers.targets import could_have, local_targets
from kernel_builder.errors import TargetError, ToolchainError
from kernel_builder.toolchain.torch import TorchFacts
from kernel_builder.toolchain.tvm_ffi import TvmFfiFacts
from kernels.backend import Compute, MajorMinor
from kernels.variant import Platform

LINUX = Platform("x86_64", "linux")
CPU = Compute("cpu")
CUDA = Compute("cuda", MajorMinor(13, 0))


def _facts(version: str = "2.13.0+cpu", *, compute: Compute = CPU, cxx11_abi: bool = True) -> TorchFacts:
    return TorchFacts(
        python=Path("python"),
        root=Path("torch"),
        version=version,
        compute=compute,
        cxx11_abi=cxx11_abi,
        cmake="",
    )


def _names(config: KernelConfig, facts: TorchFacts, platform: Platform = LINUX, wanted: str | None = None) -> list[str]:
    return [target.name for target in local_targets(config, facts, platform, wanted)]


@pytest.mark.parametrize(
    ("version", "platform", "expected"),
    [
        ("2.13.0+cpu", LINUX, "torch213-cxx11-cpu-x86_64-linux"),
        ("2.12.1", Platform("aarch64", "darwin"), "torch212-cpu-aarch64-darwin"),
        ("2.6.0", Platform("riscv64", "linux"), "torch26-cxx11-cpu-riscv64-linux"),
        ("2.15.0a0+git1234", Platform("x86_64", "windows"), "torch215-cpu-x86_64-windows"),
    ],
)
def test_the_torch_that_is_installed(version: str, platform: Platform, expected: str) -> None:
    """Any Torch on any system will do, in the build matrix or not."""
    assert [expected] == _names(torch_config("cpu", "cuda"), _facts(version), platform)


@pytest.mark.parametrize(
    ("compute", "platform", "expected"),
    [
        (CUDA, LINUX, ["torch213-cxx11-cu130-x86_64-linux", "torch213-cxx11-cpu-x86_64-linux"]),
        (Compute("rocm", MajorMinor(7, 2)), LINUX, ["torch213-cxx11-cpu-x86_64-linux"]),
        (
            Compute("metal"),
            Platform("aarch64", "darwin"),
            ["torch213-metal-aarch64-darwin", "torch213-cpu-aarch64-darwin"],
        ),
    ],
)
def test_the_torch_of_an_accelerator(compute: Compute, platform: Platform, expected: list[str]) -> None:
    """A kernel is built for the accelerator that Torch is for, if it has components for it, and for the CPU."""
    config = torch_config("cpu", "cuda", "metal")
    assert expected == _names(config, _facts("2.13.0+any", compute=compute), platform)


def test_a_cuda_out_of_bounds() -> None:
    """A CUDA that the kernel leaves out is named as the reason."""
    options = BackendOptions(minver=bound("13.2"))
    config = torch_config("cuda")
    config = replace(config, general=replace(config.general, cuda=options))
    with pytest.raises(TargetError, match=r"build\.toml leaves out cuda 13\.0, which the Torch 2\.13\.0\+cu130 "):
        _names(config, _facts("2.13.0+cu130", compute=CUDA))


def test_old_abi_of_gnu() -> None:
    """A Torch with GNU's old C++ ABI gives the variant with that tag."""
    assert ["torch26-cxx98-cpu-x86_64-linux"] == _names(torch_config(), _facts("2.6.0", cxx11_abi=False))


def test_stable_abi() -> None:
    """A build on the stable ABI carries the version of the ABI."""
    config = torch_config(stable_abi=bound("2.10"))
    assert ["torch-stable-abi210-cpu-x86_64-linux"] == _names(config, _facts())


def test_wanted() -> None:
    """The variant that is asked for is built."""
    wanted = "torch213-cxx11-cpu-x86_64-linux"
    assert [wanted] == _names(torch_config(), _facts(), wanted=wanted)


@pytest.mark.parametrize("wanted", ["torch212-cxx11-cpu-x86_64-linux", "torch213-cxx11-cu130-x86_64-linux"])
def test_wanted_but_not_here(wanted: str) -> None:
    """A variant for another Torch or backend is refused with what can be built."""
    with pytest.raises(TargetError) as raised:
        _names(torch_config("cpu", "cuda"), _facts(), wanted=wanted)
    here = "with Torch 2.13.0+cpu this machine builds torch213-cxx11-cpu-x86_64-linux"
    assert f"{wanted} cannot be built here: {here}" == str(raised.value)


@pytest.mark.parametrize("wanted", ["", "cpu", "../build", "torch213"])
def test_wanted_is_no_variant(wanted: str) -> None:
    """A name that is no variant's is refused as such."""
    with pytest.raises(TargetError, match="is not a build variant"):
        _names(torch_config(), _facts(), wanted=wanted)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (tvm_ffi_config("cpu"), r"^\[tvm-ffi\] kernels are built against tvm-ffi, which was not found$"),
        (noarch_config("metal"), r"^the kernel is for metal, which x86_64-linux does not have$"),
        (torch_config("cuda", "rocm"), r"is for cuda, rocm; the Torch 2\.13\.0\+cpu that is installed is for cpu$"),
        (torch_config("cpu", components=(component("cuda"),)), r"no \[kernel.NAME\] component for cpu"),
        (torch_config(minver=bound("2.14")), r"asks for Torch of at least 2\.14; 2\.13\.0\+cpu is installed"),
        (torch_config(maxver=bound("2.12")), r"asks for Torch of at most 2\.12; 2\.13\.0\+cpu is installed"),
        (torch_config(stable_abi=bound("2.14")), r"stable ABI of 2\.14; 2\.13\.0\+cpu is installed"),
        (
            torch_config(minver=bound("2.1"), maxver=bound("2.12")),
            r"asks for Torch of at least 2\.1 and at most 2\.12; 2\.13\.0\+cpu is installed",
        ),
    ],
)
def test_nothing_can_be_built(config: KernelConfig, words: str) -> None:
    """When nothing can be built, the message says why, and the hint what to do."""
    with pytest.raises(TargetError, match=words):
        _names(config, _facts())


def _tvm_ffi(version: str = "0.1.15.post2") -> TvmFfiFacts:
    return TvmFfiFacts(python=Path("python"), root=Path("tvm_ffi"), version=version, cmake="")


@pytest.mark.parametrize(
    ("version", "platform", "expected"),
    [
        ("0.1.15.post2", LINUX, "tvm-ffi01-cpu-x86_64-linux"),
        ("0.10.0", Platform("aarch64", "darwin"), "tvm-ffi010-cpu-aarch64-darwin"),
        ("0.2.0rc1", Platform("riscv64", "linux"), "tvm-ffi02-cpu-riscv64-linux"),
    ],
)
def test_the_tvm_ffi_that_is_installed(version: str, platform: Platform, expected: str) -> None:
    """Any tvm-ffi on any system will do, in the build matrix or not, and no Torch is needed."""
    targets = local_targets(tvm_ffi_config("cpu"), _tvm_ffi(version), platform)
    assert [expected] == [target.name for target in targets]


def test_a_tvm_ffi_that_is_not_wanted() -> None:
    """A variant for another tvm-ffi is refused with what can be built."""
    with pytest.raises(TargetError) as raised:
        local_targets(tvm_ffi_config("cpu"), _tvm_ffi(), LINUX, "tvm-ffi02-cpu-x86_64-linux")
    here = "with tvm-ffi 0.1.15.post2 this machine builds tvm-ffi01-cpu-x86_64-linux"
    assert f"tvm-ffi02-cpu-x86_64-linux cannot be built here: {here}" == str(raised.value)


def test_a_compiler_of_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With tvm-ffi, variants are built with the first CUDA, and those that are wanted by name with any that is here."""
    tools = empty_machine(tmp_path, monkeypatch)
    for name in ("dirname", "sh"):
        (tools.folder / name).symlink_to(f"/usr/bin/{name}")
    tools.add("c++", "#define __GNUC__ 12")
    for variable, version in (("CUDA_HOME", "13.0.88"), ("CUDA_PATH", "12.6.85")):
        install_nvcc(tmp_path / version, version)
        monkeypatch.setenv(variable, str(tmp_path / version))
    config = tvm_ffi_config("cpu", "cuda")
    first = [target.name for target in local_targets(config, _tvm_ffi(), LINUX)]
    assert ["tvm-ffi01-cpu-x86_64-linux", "tvm-ffi01-cu130-x86_64-linux"] == first
    (wanted,) = local_targets(config, _tvm_ffi(), LINUX, "tvm-ffi01-cu126-x86_64-linux")
    assert Compute("cuda", MajorMinor(12, 6)) == wanted.row.compute
    with pytest.raises(ToolchainError, match=r"the compiler of CUDA 13\.2 is needed; found: nvcc 13\.0\.88 "):
        local_targets(config, _tvm_ffi(), LINUX, "tvm-ffi01-cu132-x86_64-linux")


def test_python_only_kernels_need_nothing() -> None:
    """A Python-only kernel is built for each of its backends that the system has, whatever is installed."""
    targets = local_targets(noarch_config("cuda", "metal", "cpu", "tpu"), None, LINUX)
    assert {"torch-cpu", "torch-cuda", "torch-tpu"} == {target.name for target in targets}
    (wanted,) = local_targets(noarch_config("cuda", "cpu"), None, LINUX, "torch-cuda")
    assert "torch-cuda" == wanted.name


def test_python_only_kernels_on_an_unknown_system() -> None:
    """On a system that the build matrix does not know, every backend is built: a build is the same everywhere."""
    targets = local_targets(noarch_config("metal", "cpu"), None, Platform("riscv64", "linux"))
    assert ["torch-metal", "torch-cpu"] == [target.name for target in targets]


def test_python_only_variant_that_is_not_there() -> None:
    """A variant that the kernel does not have is refused with what it has."""
    with pytest.raises(TargetError, match=r"^torch-xpu cannot be built here: this machine builds torch-cpu$"):
        local_targets(noarch_config("cpu"), None, LINUX, "torch-xpu")


@pytest.mark.parametrize(
    ("config", "name", "expected"),
    [
        (torch_config("cpu", "cuda"), "torch29-cxx11-cu126-x86_64-linux", True),
        (torch_config("cpu", "cuda"), "torch29-cxx98-cu126-x86_64-linux", True),
        (torch_config("cpu", "cuda"), "torch29-cu126-x86_64-linux", False),
        (torch_config("cpu", "cuda"), "torch29-xpu20253-x86_64-linux", False),
        (torch_config("cpu", minver=bound("2.10")), "torch29-cxx11-cpu-x86_64-linux", False),
        (torch_config("cpu"), "torch-stable-abi29-cpu-x86_64-linux", False),
        (torch_config("cpu", stable_abi=bound("2.10")), "torch-stable-abi210-cpu-x86_64-linux", True),
        (torch_config("cpu", stable_abi=bound("2.10")), "torch-stable-abi211-cpu-x86_64-linux", False),
        (torch_config("cpu", stable_abi=bound("2.10")), "torch210-cxx11-cpu-x86_64-linux", False),
        (tvm_ffi_config("cpu", "cuda"), "tvm-ffi01-cu130-x86_64-linux", True),
        (tvm_ffi_config("cpu"), "torch29-cxx11-cpu-x86_64-linux", False),
        (noarch_config("cuda"), "torch-cuda", False),
        (torch_config("cpu"), "nonsense", False),
    ],
)
def test_what_a_kernel_could_have(config: KernelConfig, name: str, expected: bool) -> None:
    """Nothing is fetched for a variant that the kernel has in no world; a Python-only one needs nothing fetched."""
    assert expected is could_have(config, name)
