"""Which builds fit a system, in which order, and why others do not."""

import dataclasses

import pytest

from kernels.backend import Compute, MajorMinor
from kernels.errors import BackendError
from kernels.resolve import VariantAccepted, VariantRejected, resolve, serves_backend
from kernels.system import System
from kernels.variant import Platform, parse_variant

CPU = System(
    platform=Platform("x86_64", "linux"),
    compute=Compute("cpu"),
    torch=MajorMinor(2, 12),
    cxx_abi="cxx11",
    tvm_ffi=MajorMinor(0, 1),
    python=MajorMinor(3, 13),
)
CUDA = dataclasses.replace(CPU, compute=Compute("cuda", MajorMinor(12, 8)))
ROCM = dataclasses.replace(CPU, compute=Compute("rocm", MajorMinor(7, 1)))
CANN = dataclasses.replace(CPU, compute=Compute("cann", MajorMinor(8, 3)))
FREE = dataclasses.replace(CPU, free_threaded=True, python=MajorMinor(3, 14))
BARE = dataclasses.replace(CPU, torch=None, cxx_abi=None, tvm_ffi=None)
MAC = System(
    platform=Platform("aarch64", "darwin"),
    compute=Compute("metal"),
    torch=MajorMinor(2, 12),
    python=MajorMinor(3, 13),
    macos=MajorMinor(26, 0),
)
OLD_MAC = dataclasses.replace(MAC, macos=MajorMinor(15, 7))


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("torch212-cxx11-cpu-x86_64-linux", CPU),
        ("torch212-cpu-x86_64-linux", CPU),
        ("torch-stable-abi212-cpu-x86_64-linux", CPU),
        ("torch-stable-abi29-cpu-x86_64-linux", CPU),
        ("tvm-ffi01-cpu-x86_64-linux", CPU),
        ("torch-cpu", CPU),
        ("torch-cpu", BARE),
        ("torch-cpu", FREE),
        ("torch-universal", CUDA),
        ("torch-universal", FREE),
        ("torch212-cxx11-cu128-x86_64-linux", CUDA),
        ("torch212-cxx11-cu126-x86_64-linux", CUDA),
        ("torch-cuda", CUDA),
        ("torch212-cxx11-rocm71-x86_64-linux", ROCM),
        ("torch212-cxx11-cann83-x86_64-linux", CANN),
        ("torch-npu", CANN),
        ("torch-cann", CANN),
        ("torch212-metal-aarch64-darwin", MAC),
        ("torch-metal", OLD_MAC),
        ("torch212-cxx11-cpu-x86_64-linux", dataclasses.replace(FREE, python=MajorMinor(3, 15))),
    ],
)
def test_builds_that_fit(name: str, system: System) -> None:
    """A build for this very system, or for one that it can stand in for, is accepted."""
    assert [VariantAccepted(parse_variant(name))] == resolve([parse_variant(name)], system)


@pytest.mark.parametrize(
    ("name", "system", "reason"),
    [
        (
            "torch212-cxx11-cpu-x86_64-linux",
            FREE,
            "compiled kernels do not run on free-threaded Python before 3.15",
        ),
        ("tvm-ffi01-cpu-x86_64-linux", FREE, "compiled kernels do not run on free-threaded Python before 3.15"),
        ("torch212-cxx11-cpu-aarch64-linux", CPU, "it is for the processor aarch64, this system has x86_64"),
        ("torch212-cpu-x86_64-windows", CPU, "it is for the operating system windows, this system has linux"),
        ("torch213-cxx11-cpu-x86_64-linux", CPU, "it needs Torch 2.13, this system has 2.12"),
        ("torch29-cxx11-cpu-x86_64-linux", CPU, "it needs Torch 2.9, this system has 2.12"),
        ("torch212-cxx11-cpu-x86_64-linux", BARE, "it needs Torch 2.12, this system has none"),
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
        ("torch-stable-abi213-cpu-x86_64-linux", CPU, "it needs Torch 2.13 or later, this system has 2.12"),
        ("torch-stable-abi29-cpu-x86_64-linux", BARE, "it needs Torch 2.9 or later, this system has none"),
        ("tvm-ffi02-cpu-x86_64-linux", CPU, "it needs tvm-ffi 0.2, this system has 0.1"),
        ("tvm-ffi01-cpu-x86_64-linux", BARE, "it needs tvm-ffi 0.1, this system has none"),
        ("torch212-cxx11-cu128-x86_64-linux", CPU, "it is for the backend cuda, not for cpu"),
        ("torch212-cxx11-cpu-x86_64-linux", CUDA, "it is for the backend cpu, not for cuda"),
        ("torch212-cxx11-cu129-x86_64-linux", CUDA, "it is for cuda 12.9, this system has cuda 12.8"),
        ("torch212-cxx11-cu118-x86_64-linux", CUDA, "it is for cuda 11.8, this system has cuda 12.8"),
        ("torch212-cxx11-cu130-x86_64-linux", CUDA, "it is for cuda 13.0, this system has cuda 12.8"),
        ("torch212-cxx11-rocm70-x86_64-linux", ROCM, "it is for rocm 7.0, this system has rocm 7.1"),
        ("torch212-metal-aarch64-darwin", OLD_MAC, "it needs macOS 26.0 or later, this system has 15.7"),
        ("torch-cuda", CPU, "it is for the backend cuda, not for cpu"),
        ("torch-npu", CUDA, "it is for the backend npu, not for cuda"),
    ],
)
def test_builds_that_do_not_fit(name: str, system: System, reason: str) -> None:
    """A build for another system is rejected, with the reason in words."""
    assert [VariantRejected(parse_variant(name), reason)] == resolve([parse_variant(name)], system)


def test_the_cpu_can_be_asked_for() -> None:
    """On a system with a GPU the builds for the CPU fit when the CPU is asked for, and only then."""
    names = ["torch212-cxx11-cu128-x86_64-linux", "torch212-cxx11-cpu-x86_64-linux"]

    accepted = [
        [one.variant.variant_str for one in resolve(map(parse_variant, names), CUDA, backend) if _fits(one)]
        for backend in (None, "cuda", "cpu")
    ]

    assert [[names[0]], [names[0]], [names[1]]] == accepted


def test_another_backend_is_refused() -> None:
    """A backend that the system does not have gives an error and no decisions."""
    with pytest.raises(BackendError):
        resolve([], CPU, "cuda")


def test_the_order_depends_on_the_builds_alone() -> None:
    """Accepted builds come first, the best leading, whatever the order in which they were listed."""
    accepted = [
        "torch-stable-abi211-cu128-x86_64-linux",
        "torch-stable-abi211-cu126-x86_64-linux",
        "torch-stable-abi210-cu128-x86_64-linux",
        "torch212-cu126-x86_64-linux",
        "torch212-cxx11-cu128-x86_64-linux",
        "tvm-ffi01-cu120-x86_64-linux",
        "torch-cuda",
        "torch-universal",
    ]
    rejected = ["torch-stable-abi213-cu128-x86_64-linux", "torch211-cxx11-cu128-x86_64-linux", "torch-cpu"]
    expected = accepted + rejected

    for turn in range(len(expected)):
        names = sorted(expected[turn:]) + expected[::-1]
        decisions = resolve([parse_variant(name) for name in names], CUDA)
        assert expected == [decision.variant.variant_str for decision in decisions]
        assert [True] * len(accepted) + [False] * len(rejected) == [_fits(decision) for decision in decisions]


def test_nothing_to_decide() -> None:
    """A kernel without builds has no decisions."""
    assert [] == resolve([], CPU)


@pytest.mark.parametrize(
    ("name", "backend", "serves"),
    [
        ("torch-universal", "xpu", True),
        ("torch-npu", "cann", True),
        ("torch-cuda", "cann", False),
        ("torch212-cxx11-cu128-x86_64-linux", "cuda", True),
        ("torch212-cxx11-cu128-x86_64-linux", "cpu", False),
    ],
)
def test_the_backend_of_a_build(name: str, backend: str, serves: bool) -> None:
    """The name of a build says which backend it serves."""
    assert serves == serves_backend(parse_variant(name), backend)


def _fits(decision: object) -> bool:
    return isinstance(decision, VariantAccepted)
