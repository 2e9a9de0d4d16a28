"""Every rule by which builds are accepted, rejected and ordered, and that nothing else decides."""

import dataclasses
import re

import pytest
from support.projects import ROOT, run_python
from support.systems import (
    BARE,
    CANN,
    CPU,
    CUDA,
    FREE,
    MAC,
    ROCM,
    WINDOWS,
    XPU,
    decisions,
    digest,
    pairs,
)

from kernels.backend import Compute, MajorMinor
from kernels.system import System
from kernels.variant import parse_variant

FREE_315 = dataclasses.replace(FREE, python=MajorMinor(3, 15))
ARM = dataclasses.replace(CPU, platform=dataclasses.replace(CPU.platform, cpu="aarch64"))
CXX98 = dataclasses.replace(CPU, cxx_abi="cxx98")
TORCH_21 = dataclasses.replace(CPU, torch=MajorMinor(2, 1))
TORCH_210 = dataclasses.replace(CPU, torch=MajorMinor(2, 10))
TORCH_30 = dataclasses.replace(CPU, torch=MajorMinor(3, 0))
TVM_FFI_010 = dataclasses.replace(CPU, tvm_ffi=MajorMinor(0, 10))
CUDA_1212 = dataclasses.replace(CPU, compute=Compute("cuda", MajorMinor(12, 12)))
ROCM_710 = dataclasses.replace(CPU, compute=Compute("rocm", MajorMinor(7, 10)))
XPU_202510 = dataclasses.replace(CPU, compute=Compute("xpu", MajorMinor(2025, 10)))
NEW_MAC = dataclasses.replace(MAC, macos=MajorMinor(27, 0))
OLD_MAC = dataclasses.replace(MAC, macos=MajorMinor(15, 7))
UNKNOWN_MAC = dataclasses.replace(MAC, macos=None)
MAC_CPU = dataclasses.replace(OLD_MAC, compute=Compute("cpu"))
TPU = dataclasses.replace(CPU, compute=Compute("tpu"))

FREE_THREADED = "compiled kernels do not run on free-threaded Python before 3.15"

#: Rule → build, system, and why the build is rejected (`None`: it is accepted).
RULES: dict[str, list[tuple[str, System, str | None]]] = {
    "free-threaded Python runs compiled builds from 3.15 on": [
        ("torch212-cxx11-cpu-x86_64-linux", FREE_315, None),
        ("torch212-cxx11-cpu-x86_64-linux", FREE, FREE_THREADED),
        ("torch-stable-abi29-cpu-x86_64-linux", FREE, FREE_THREADED),
        ("tvm-ffi01-cpu-x86_64-linux", FREE, FREE_THREADED),
        ("torch-cpu", FREE, None),
        ("torch-universal", FREE, None),
    ],
    "the processor is the same": [
        ("torch212-cxx11-cpu-aarch64-linux", ARM, None),
        ("torch212-cxx11-cpu-aarch64-linux", CPU, "it is for the processor aarch64, this system has x86_64"),
        ("torch-stable-abi212-cpu-x86_64-linux", ARM, "it is for the processor x86_64, this system has aarch64"),
        ("tvm-ffi01-cpu-aarch64-linux", CPU, "it is for the processor aarch64, this system has x86_64"),
    ],
    "the operating system is the same": [
        ("torch212-cu128-x86_64-windows", WINDOWS, None),
        ("torch212-cpu-x86_64-windows", CPU, "it is for the operating system windows, this system has linux"),
        (
            "torch-stable-abi212-cu128-x86_64-linux",
            WINDOWS,
            "it is for the operating system linux, this system has windows",
        ),
        ("tvm-ffi01-cpu-aarch64-linux", MAC, "it is for the operating system linux, this system has darwin"),
    ],
    "Torch is the same": [
        ("torch212-cpu-x86_64-linux", CPU, None),
        ("torch210-cpu-x86_64-linux", TORCH_210, None),
        ("torch213-cxx11-cpu-x86_64-linux", CPU, "it needs Torch 2.13, this system has 2.12"),
        ("torch29-cxx11-cpu-x86_64-linux", CPU, "it needs Torch 2.9, this system has 2.12"),
        ("torch21-cxx11-cpu-x86_64-linux", TORCH_210, "it needs Torch 2.1, this system has 2.10"),
        ("torch210-cxx11-cpu-x86_64-linux", TORCH_21, "it needs Torch 2.10, this system has 2.1"),
        ("torch212-cxx11-cpu-x86_64-linux", BARE, "it needs Torch 2.12, this system has none"),
    ],
    "a tag for the C++ ABI is that of Torch": [
        ("torch212-cxx11-cpu-x86_64-linux", CPU, None),
        ("torch212-cxx98-cpu-x86_64-linux", CXX98, None),
        ("torch212-cpu-x86_64-linux", CXX98, None),
        (
            "torch212-cxx98-cpu-x86_64-linux",
            CPU,
            "it is for the C++ ABI cxx98, the Torch of this system has cxx11",
        ),
        (
            "torch212-cxx11-metal-aarch64-darwin",
            MAC,
            "it is for the C++ ABI cxx11, the Torch of this system has no such tag",
        ),
        (
            "torch212-cxx11-cu128-x86_64-windows",
            WINDOWS,
            "it is for the C++ ABI cxx11, the Torch of this system has no such tag",
        ),
    ],
    "the stable ABI serves its own Torch and every later one": [
        ("torch-stable-abi212-cpu-x86_64-linux", CPU, None),
        ("torch-stable-abi29-cpu-x86_64-linux", CPU, None),
        ("torch-stable-abi29-cpu-x86_64-linux", TORCH_30, None),
        ("torch-stable-abi213-cpu-x86_64-linux", CPU, "it needs Torch 2.13 or later, this system has 2.12"),
        ("torch-stable-abi29-cpu-x86_64-linux", TORCH_21, "it needs Torch 2.9 or later, this system has 2.1"),
        ("torch-stable-abi30-cpu-x86_64-linux", CPU, "it needs Torch 3.0 or later, this system has 2.12"),
        ("torch-stable-abi29-cpu-x86_64-linux", BARE, "it needs Torch 2.9 or later, this system has none"),
    ],
    "tvm-ffi is the same, and Torch does not count": [
        ("tvm-ffi01-cpu-x86_64-linux", CPU, None),
        ("tvm-ffi01-cpu-x86_64-linux", dataclasses.replace(CPU, torch=None), None),
        ("tvm-ffi010-cpu-x86_64-linux", TVM_FFI_010, None),
        ("tvm-ffi02-cpu-x86_64-linux", CPU, "it needs tvm-ffi 0.2 (the package apache-tvm-ffi), this system has 0.1"),
        (
            "tvm-ffi01-cpu-x86_64-linux",
            TVM_FFI_010,
            "it needs tvm-ffi 0.1 (the package apache-tvm-ffi), this system has 0.10",
        ),
        ("tvm-ffi01-cpu-x86_64-linux", BARE, "it needs tvm-ffi 0.1 (the package apache-tvm-ffi), this system has none"),
    ],
    "the backend is the same": [
        ("torch212-cxx11-tpu-x86_64-linux", TPU, None),
        ("torch212-cxx11-cu128-x86_64-linux", CPU, "it is for the backend cuda, not for cpu"),
        ("torch212-cxx11-cpu-x86_64-linux", CUDA, "it is for the backend cpu, not for cuda"),
        ("torch-stable-abi212-rocm71-x86_64-linux", CUDA, "it is for the backend rocm, not for cuda"),
        ("tvm-ffi01-xpu20253-x86_64-linux", CUDA, "it is for the backend xpu, not for cuda"),
    ],
    "CUDA has the same major version and no lower minor one": [
        ("torch212-cxx11-cu128-x86_64-linux", CUDA, None),
        ("torch212-cxx11-cu126-x86_64-linux", CUDA, None),
        ("torch-stable-abi212-cu120-x86_64-linux", CUDA, None),
        ("tvm-ffi01-cu128-x86_64-linux", CUDA_1212, None),
        ("torch212-cxx11-cu1210-x86_64-linux", CUDA_1212, None),
        ("torch212-cxx11-cu1212-x86_64-linux", CUDA_1212, None),
        ("tvm-ffi01-cu130-x86_64-linux", CUDA, "it is for cuda 13.0, this system has cuda 12.8"),
        ("torch212-cxx11-cu129-x86_64-linux", CUDA, "it is for cuda 12.9, this system has cuda 12.8"),
        ("torch212-cxx11-cu1210-x86_64-linux", CUDA, "it is for cuda 12.10, this system has cuda 12.8"),
        ("torch212-cxx11-cu118-x86_64-linux", CUDA, "it is for cuda 11.8, this system has cuda 12.8"),
        ("torch212-cxx11-cu130-x86_64-linux", CUDA, "it is for cuda 13.0, this system has cuda 12.8"),
    ],
    "ROCm, oneAPI and CANN have the same version": [
        ("torch212-cxx11-rocm71-x86_64-linux", ROCM, None),
        ("torch212-cxx11-rocm710-x86_64-linux", ROCM_710, None),
        ("torch212-cxx11-xpu20253-x86_64-linux", XPU, None),
        ("torch212-cxx11-xpu202510-x86_64-linux", XPU_202510, None),
        ("tvm-ffi01-xpu20253-x86_64-linux", XPU, None),
        ("torch212-cxx11-cann83-x86_64-linux", CANN, None),
        ("torch212-cxx11-rocm70-x86_64-linux", ROCM, "it is for rocm 7.0, this system has rocm 7.1"),
        ("torch212-cxx11-rocm710-x86_64-linux", ROCM, "it is for rocm 7.10, this system has rocm 7.1"),
        ("torch212-cxx11-rocm71-x86_64-linux", ROCM_710, "it is for rocm 7.1, this system has rocm 7.10"),
        ("tvm-ffi01-xpu20260-x86_64-linux", XPU, "it is for xpu 2026.0, this system has xpu 2025.3"),
        ("torch212-cxx11-xpu20250-x86_64-linux", XPU, "it is for xpu 2025.0, this system has xpu 2025.3"),
        ("torch212-cxx11-xpu20263-x86_64-linux", XPU, "it is for xpu 2026.3, this system has xpu 2025.3"),
        ("torch212-cxx11-cann82-x86_64-linux", CANN, "it is for cann 8.2, this system has cann 8.3"),
    ],
    "compiled builds for Metal run from macOS 26 on": [
        ("torch212-metal-aarch64-darwin", MAC, None),
        ("torch212-metal-aarch64-darwin", NEW_MAC, None),
        ("torch212-cpu-aarch64-darwin", MAC_CPU, None),
        ("torch-metal", OLD_MAC, None),
        ("torch212-metal-aarch64-darwin", OLD_MAC, "it needs macOS 26.0 or later, this system has 15.7"),
        ("torch-stable-abi29-metal-aarch64-darwin", OLD_MAC, "it needs macOS 26.0 or later, this system has 15.7"),
        ("torch212-metal-aarch64-darwin", UNKNOWN_MAC, "it needs macOS 26.0 or later, this system has none"),
    ],
    "a Python-only build names the backend, whatever its version, or is universal": [
        ("torch-cpu", CPU, None),
        ("torch-cpu", BARE, None),
        ("torch-cuda", CUDA, None),
        ("torch-rocm", ROCM_710, None),
        ("torch-npu", CANN, None),
        ("torch-cann", CANN, None),
        ("torch-universal", CUDA, None),
        ("torch-universal", BARE, None),
        ("torch-cuda", CPU, "it is for the backend cuda, not for cpu"),
        ("torch-cpu", CUDA, "it is for the backend cpu, not for cuda"),
        ("torch-npu", CUDA, "it is for the backend npu, not for cuda"),
        ("torch-other", CPU, "it is for the backend other, not for cpu"),
    ],
}

#: A better build, a worse one, and a system that both fit.
PREFERENCES = [
    # Stable ABI, Torch, tvm-ffi, Python only, universal.
    ("torch-stable-abi29-cu120-x86_64-linux", "torch212-cu128-x86_64-linux", CUDA),
    ("torch212-cxx11-cu120-x86_64-linux", "tvm-ffi01-cu128-x86_64-linux", CUDA),
    ("torch212-cxx11-cpu-x86_64-linux", "tvm-ffi01-cpu-x86_64-linux", CPU),
    ("tvm-ffi01-cu128-x86_64-linux", "torch-cuda", CUDA),
    ("tvm-ffi01-cu120-x86_64-linux", "torch-cuda", CUDA),
    ("tvm-ffi01-cpu-x86_64-linux", "torch-cpu", CPU),
    ("tvm-ffi01-cpu-x86_64-linux", "torch-universal", CPU),
    ("torch-cuda", "torch-universal", CUDA),
    ("torch-cpu", "torch-universal", CPU),
    ("torch-npu", "torch-universal", CANN),
    ("torch-cann", "torch-npu", CANN),
    # The newest stable ABI, even when it is for an older CUDA.
    ("torch-stable-abi212-cpu-x86_64-linux", "torch-stable-abi210-cpu-x86_64-linux", CPU),
    ("torch-stable-abi210-cpu-x86_64-linux", "torch-stable-abi29-cpu-x86_64-linux", CPU),
    ("torch-stable-abi30-cpu-x86_64-linux", "torch-stable-abi212-cpu-x86_64-linux", TORCH_30),
    ("torch-stable-abi210-cu126-x86_64-linux", "torch-stable-abi29-cu128-x86_64-linux", CUDA),
    ("torch-stable-abi210-cu128-x86_64-linux", "torch-stable-abi210-cu126-x86_64-linux", CUDA),
    # A build without a tag, even when it is for an older CUDA.
    ("torch212-cpu-x86_64-linux", "torch212-cxx11-cpu-x86_64-linux", CPU),
    ("torch212-cu126-x86_64-linux", "torch212-cxx11-cu128-x86_64-linux", CUDA),
    # The higher minor version of CUDA, by number.
    ("torch212-cxx11-cu128-x86_64-linux", "torch212-cxx11-cu126-x86_64-linux", CUDA),
    ("torch212-cxx11-cu1210-x86_64-linux", "torch212-cxx11-cu129-x86_64-linux", CUDA_1212),
    ("torch212-cxx11-cu1212-x86_64-linux", "torch212-cxx11-cu1210-x86_64-linux", CUDA_1212),
    ("tvm-ffi01-cu1210-x86_64-linux", "tvm-ffi01-cu128-x86_64-linux", CUDA_1212),
]

#: How many pairs are made up, and the processes that decide on them: the hash seed, and how builds are shuffled.
COUNT = 10_000
RUNS = [("0", "0"), ("1", "1"), ("2", "2"), ("12345", "12345")]


@pytest.mark.parametrize(
    ("name", "system", "reason"),
    [pytest.param(*row, id=f"{rule}-{row[0]}") for rule, rows in RULES.items() for row in rows],
)
def test_the_rules(name: str, system: System, reason: str | None) -> None:
    """A build that a rule allows is accepted; any other is rejected with the rule's reason in words."""
    assert [(name, reason or "")] == decisions([parse_variant(name)], system, None)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_has_both_sides(rule: str) -> None:
    """The table shows for each rule what it accepts and what it rejects."""
    assert {True, False} == {reason is None for _, _, reason in RULES[rule]}


def test_the_first_reason_is_given() -> None:
    """Of several reasons a build is rejected for the first, in the order of the rules."""
    mac = dataclasses.replace(OLD_MAC, free_threaded=True)
    steps = [
        ("torch211-cxx98-cu128-x86_64-linux", mac, FREE_THREADED),
        ("torch211-cxx98-cu128-x86_64-linux", OLD_MAC, "it is for the processor x86_64, this system has aarch64"),
        ("torch211-cxx98-cu128-aarch64-linux", OLD_MAC, "it is for the operating system linux, this system has darwin"),
        ("torch211-cxx98-cu128-aarch64-darwin", OLD_MAC, "it needs Torch 2.11, this system has 2.12"),
        (
            "torch212-cxx98-cu128-aarch64-darwin",
            OLD_MAC,
            "it is for the C++ ABI cxx98, the Torch of this system has no such tag",
        ),
        ("torch212-cu128-aarch64-darwin", OLD_MAC, "it is for the backend cuda, not for metal"),
        ("torch212-metal-aarch64-darwin", OLD_MAC, "it needs macOS 26.0 or later, this system has 15.7"),
        ("torch212-metal-aarch64-darwin", MAC, ""),
    ]

    for name, system, reason in steps:
        assert [(name, reason)] == decisions([parse_variant(name)], system, None)


@pytest.mark.parametrize(("better", "worse", "system"), PREFERENCES)
def test_the_order_of_preference(better: str, worse: str, system: System) -> None:
    """Of two builds that fit, the better one comes first, however they are listed."""
    for names in ([better, worse], [worse, better]):
        assert [(better, ""), (worse, "")] == decisions([parse_variant(name) for name in names], system, None)


def test_the_same_decisions_in_every_process() -> None:
    """Names, order and reasons depend neither on the hash seed of the process nor on the order of the builds."""
    code = "import sys; from support.systems import digest; print(digest(*map(int, sys.argv[1:])))"
    digests = [
        run_python(code, str(COUNT), "1", shuffle, env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "tests")})
        for seed, shuffle in RUNS
    ]

    assert [f"{digest(COUNT, 1)}\n"] * len(RUNS) == digests


def test_the_made_up_pairs_reach_every_rule() -> None:
    """Among the pairs is every kind of rejection of the table, and many leave a choice between builds that fit."""
    reasons: set[str] = set()
    choices = 0
    for pair in pairs(COUNT, 1):
        found = [reason for _, reason in decisions(*pair)]
        choices += found.count("") > 1
        reasons.update(found)

    assert {_kind(reason or "") for rows in RULES.values() for _, _, reason in rows} == set(map(_kind, reasons))
    assert choices > COUNT / 4


def _kind(reason: str) -> str:
    """The beginning of a reason, without the numbers in it."""
    return re.sub(r"[0-9.]+", "N", " ".join(reason.split()[:5]))
