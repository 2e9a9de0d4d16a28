"""Which variants a kernel has, against the lists of the reference page "Build variants"."""

import json
import os
import platform as python_platform
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support.configs import bound, component, noarch_config, torch_config, tvm_ffi_config

from kernel_builder.config.model import BackendOptions, KernelConfig
from kernel_builder.config.reader import load_config
from kernel_builder.matrix import host_platform, load_matrix, select, target_for
from kernels.variant import Platform, parse_variant

ALL = ("cpu", "cuda", "metal", "rocm", "xpu")
DARWIN, ARM, X86 = Platform("aarch64", "darwin"), Platform("aarch64", "linux"), Platform("x86_64", "linux")
COMPUTES = {
    DARWIN: {"211": ["cpu", "metal"], "212": ["cpu", "metal"], "213": ["cpu", "metal"]},
    ARM: {
        "211": ["cpu", "cu126", "cu128", "cu130"],
        "212": ["cpu", "cu126", "cu130", "cu132"],
        "213": ["cpu", "cu126", "cu130", "cu132"],
    },
    X86: {
        "211": ["cpu", "cu126", "cu128", "cu130", "rocm71", "rocm72", "xpu20253"],
        "212": ["cpu", "cu126", "cu130", "cu132", "rocm71", "rocm72", "xpu20253"],
        "213": ["cpu", "cu126", "cu130", "cu132", "rocm71", "rocm72", "xpu20260"],
    },
}


def _names(config: KernelConfig, platform: Platform = X86) -> list[str]:
    return [target.name for target in select(config, load_matrix(), platform)]


def _arch_names(config: KernelConfig, platform: Platform = X86) -> list[str]:
    """What `list-variants --arch` shows."""
    targets = (target_for(config, row) for row in load_matrix().on(platform))
    return [target.arch_name for target in targets if target is not None]


@pytest.mark.parametrize("system", COMPUTES, ids=str)
def test_every_backend_on_every_system(system: Platform) -> None:
    """A kernel with all backends has exactly the variants of the reference, and those of Torch 2.13."""
    abi = "-cxx11" if system.os == "linux" else ""
    expected = [f"torch{torch}{abi}-{tag}-{system}" for torch, tags in COMPUTES[system].items() for tag in tags]
    assert expected == _names(torch_config(*ALL), system)


@pytest.mark.parametrize("system", COMPUTES, ids=str)
@pytest.mark.parametrize(
    "config", [torch_config(*ALL), noarch_config(*ALL), tvm_ffi_config(*ALL)], ids=["torch", "noarch", "tvm"]
)
def test_names_are_variants(config: KernelConfig, system: Platform) -> None:
    """Every name can be read back, and no name comes twice."""
    names = _names(config, system)
    assert names == list(dict.fromkeys(parse_variant(name).variant_str for name in names))


@pytest.mark.parametrize("backend", ALL)
def test_one_backend(backend: str) -> None:
    """A kernel for one backend has that backend's variants only."""
    tags = {"cuda": "cu", "rocm": "rocm", "xpu": "xpu"}
    expected = [name for name in _names(torch_config(*ALL)) if f"-{tags.get(backend, backend)}" in name]
    assert expected == _names(torch_config(backend))


def test_backend_without_a_component() -> None:
    """A backend that is declared but has nothing to compile has no variant."""
    config = torch_config("cpu", "cuda", components=(component("cpu"),))
    assert _names(torch_config("cpu")) == _names(config)


def test_component_without_its_backend() -> None:
    """A component whose backend is not declared has no variant."""
    config = torch_config("cpu", components=(component("cpu"), component("cuda")))
    assert _names(torch_config("cpu")) == _names(config)


def test_unknown_system() -> None:
    """On a system outside the matrix there is no variant."""
    assert [] == _names(torch_config(*ALL), Platform("riscv64", "linux"))


def test_stable_abi() -> None:
    """A build on the stable ABI serves every release: one for each compute version, made with the newest Torch."""
    targets = select(torch_config("cpu", "cuda", stable_abi=bound("2.11")), load_matrix(), X86)
    expected = {"cpu": "2.13", "cu126": "2.13", "cu128": "2.11", "cu130": "2.13", "cu132": "2.13"}
    found = {target.name: str(target.row.torch) for target in targets}
    assert {f"torch-stable-abi211-{tag}-x86_64-linux": torch for tag, torch in expected.items()} == found


def test_stable_abi_of_one_backend() -> None:
    """With a table, the backends in it are on the stable ABI and the others are not."""
    config = torch_config("cpu", "rocm", stable_abi={"cpu": bound("2.12")}, minver=bound("2.13"))
    expected = ["torch-stable-abi212-cpu", "torch213-cxx11-rocm71", "torch213-cxx11-rocm72"]
    assert [f"{name}-x86_64-linux" for name in expected] == _names(config)


def test_stable_abi_newer_than_torch() -> None:
    """No Torch can build for a stable ABI that is newer than itself."""
    names = _names(torch_config("cuda", stable_abi=bound("2.12")))
    assert ["cu126", "cu130", "cu132"] == [name.split("-")[3] for name in names]
    assert [] == _names(torch_config("cuda", stable_abi=bound("3")))


def test_stable_abi_of_a_major_version() -> None:
    """A stable ABI without a minor version is that of its first release."""
    assert ["torch-stable-abi20-cpu-x86_64-linux"] == _names(torch_config("cpu", stable_abi=bound("2")))


@pytest.mark.parametrize(
    ("system", "expected"),
    [(DARWIN, ["cpu", "metal"]), (ARM, ["cpu", "cuda"]), (X86, ["cpu", "cuda", "rocm", "xpu"])],
    ids=str,
)
def test_python_only(system: Platform, expected: list[str]) -> None:
    """A Python-only kernel has one variant for each backend of the system."""
    assert [f"torch-{backend}" for backend in expected] == _names(noarch_config(*ALL), system)


@pytest.mark.parametrize(
    ("system", "expected"), [(DARWIN, []), (ARM, ["cann"]), (X86, ["cann", "neuron", "tpu"])], ids=str
)
def test_backends_that_compile_nothing(system: Platform, expected: list[str]) -> None:
    """A Python-only kernel has them where their hosts are; no other kernel ever has."""
    backends = ("cann", "neuron", "tpu")
    assert [f"torch-{backend}" for backend in expected] == _names(noarch_config(*backends), system)
    assert _names(torch_config(*ALL), system) == _names(torch_config(*ALL, *backends), system)
    assert _names(tvm_ffi_config(*ALL), system) == _names(tvm_ffi_config(*ALL, *backends), system)


def test_tvm_ffi() -> None:
    """A tvm-ffi kernel is built where the matrix has a tvm-ffi, once for each compute version."""
    expected = ["cpu", "cu126", "cu128", "cu130", "xpu20253", "cu132"]
    assert [f"tvm-ffi01-{tag}-x86_64-linux" for tag in expected] == _names(tvm_ffi_config(*ALL))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (None, None, ["126", "128", "130", "132"]),
        ("13", None, ["130", "132"]),
        ("13.0", None, ["130", "132"]),
        (None, "13", ["126", "128", "130", "132"]),
        (None, "13.0", ["126", "128", "130"]),
        ("12.8", "12", ["128"]),
        ("13.1", "13", ["132"]),
        ("14", None, []),
        (None, "11.8", []),
    ],
)
def test_cuda_bounds(low: str | None, high: str | None, expected: list[str]) -> None:
    """Bounds of CUDA are compared on as many components as they have: 13 is every 13.x, 13.0 is 13.0."""
    options = BackendOptions(minver=bound(low) if low else None, maxver=bound(high) if high else None)
    names = _names(torch_config("cuda", general={"cuda": options}))
    assert expected == sorted({name.split("-")[2].removeprefix("cu") for name in names})


def test_cuda_bounds_leave_others_alone() -> None:
    """CUDA's bounds say nothing of the other backends."""
    options = BackendOptions(minver=bound("14"))
    assert _names(torch_config("cpu", "rocm")) == _names(torch_config("cpu", "cuda", "rocm", general={"cuda": options}))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ("2.12", None, ["torch212", "torch213"]),
        (None, "2.12", ["torch211", "torch212"]),
        ("2.12", "2.12", ["torch212"]),
        ("2", "2", ["torch211", "torch212", "torch213"]),
        ("3", None, []),
    ],
)
def test_torch_bounds(low: str | None, high: str | None, expected: list[str]) -> None:
    """Bounds of Torch hold for every backend."""
    config = torch_config("cpu", minver=bound(low) if low else None, maxver=bound(high) if high else None)
    assert expected == [name.split("-")[0] for name in _names(config)]


def test_arch_names() -> None:
    """The names of the worlds are the variants' own, but for a Python-only kernel those of the Torch builds."""
    assert _names(torch_config(*ALL)) == _arch_names(torch_config(*ALL))
    assert _names(torch_config(*ALL)) == _arch_names(noarch_config(*ALL))
    assert ["torch-stable-abi211-cpu-x86_64-linux"] * 3 == _arch_names(torch_config("cpu", stable_abi=bound("2.11")))
    assert {"torch-cann", "torch-neuron"} == set(_arch_names(noarch_config("cann", "neuron")))


@pytest.mark.parametrize(
    ("machine", "system", "expected"),
    [
        ("AMD64", "Windows", "x86_64-windows"),
        ("arm64", "Darwin", "aarch64-darwin"),
        ("x86_64", "Linux", "x86_64-linux"),
    ],
)
def test_host(monkeypatch: pytest.MonkeyPatch, machine: str, system: str, expected: str) -> None:
    """The running system has the names that variants carry."""
    monkeypatch.setattr(python_platform, "machine", lambda: machine)
    monkeypatch.setattr(python_platform, "system", lambda: system)
    assert expected == str(host_platform())


CORPUS = os.environ.get("KERNELS_CORPUS")


@pytest.mark.skipif(CORPUS is None, reason="KERNELS_CORPUS names no folder of real build.toml files")
def test_real_kernels(tmp_path: Path) -> None:
    """Kernels of the community have the variants that the reference tool lists for Torch 2.11 and 2.12."""
    assert CORPUS is not None
    expected = json.loads((Path(CORPUS) / "variants.json").read_text("utf-8"))
    assert {path.stem for path in Path(CORPUS).glob("*.toml")} == set(expected)
    matrix = load_matrix()
    matrix = replace(matrix, rows=tuple(row for row in matrix.rows if row.torch in {(2, 11), (2, 12)}))
    found = {}
    for name in expected:
        shutil.copy(Path(CORPUS) / f"{name}.toml", tmp_path / "build.toml")
        config = load_config(tmp_path)
        found[name] = {
            str(system): sorted(target.name for target in select(config, matrix, system)) for system in COMPUTES
        }
        if expected[name] is None:
            # The reference tool reads no edition after 4; we do, and there is nothing to compare the variants with.
            assert "edition = 5" in (tmp_path / "build.toml").read_text("utf-8")
            assert any(found[name].values())
            expected[name] = found[name]
    assert {
        name: {system: sorted(names) for system, names in lists.items()} for name, lists in expected.items()
    } == found
