"""Deciding on the builds of a kernel; the rules themselves are in `test_resolve_rules.py`."""

import pytest
from support.systems import CPU, CUDA

from kernels.errors import BackendError
from kernels.resolve import VariantAccepted, resolve, serves_backend
from kernels.variant import parse_variant


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
