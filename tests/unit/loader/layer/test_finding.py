"""Finding kernels."""

import itertools
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from support.layers import CPU, found, unloaded

from kernels.layer import CUDAProperties, Device, KernelizeFallback, Mode, ROCMProperties
from kernels.layer.finding import Missing, Registered, find_kernel
from kernels.layer.mapping import current_registry, register_kernel_mapping, use_kernel_mapping
from kernels.layer.mode import SEARCH_ORDER
from kernels.layer.target import Target

MODES = (
    Mode.INFERENCE,
    Mode.INFERENCE | Mode.TORCH_COMPILE,
    Mode.TRAINING,
    Mode.TRAINING | Mode.TORCH_COMPILE,
    Mode.FALLBACK,
)
A, B, C, D = map(unloaded, "ABCD")


class Gpu(Target):
    """A device with a known capability."""

    __slots__ = ()

    def capability(self) -> int | None:
        """The number that stands where the index of a device does."""
        return self.index


def _subsets(modes: Iterable[Mode]) -> Iterable[tuple[Mode, ...]]:
    listed = list(modes)
    return itertools.chain.from_iterable(itertools.combinations(listed, size) for size in range(len(listed) + 1))


@pytest.mark.parametrize("mode", SEARCH_ORDER)
def test_modes_are_searched_in_order(mode: Mode) -> None:
    """Whatever is registered, the first mode of the documented order that has a kernel is taken."""
    for registered in _subsets(MODES):
        repositories = {each: unloaded(str(each.value)) for each in registered}
        expected = next((repositories[each] for each in SEARCH_ORDER[mode] if each in repositories), None)
        with use_kernel_mapping({"Layer": {"cpu": repositories}} if registered else {}):
            result = find_kernel(current_registry(), "Layer", CPU, mode)

        assert expected == (result.repository if isinstance(result, Registered) else None)


def test_a_kernel_without_a_mode_is_the_fallback() -> None:
    """It is used for each mode that has no kernel of its own."""
    register_kernel_mapping({"Layer": {"cpu": {Mode.INFERENCE: A}}})
    register_kernel_mapping({"Layer": {"cpu": B}})

    assert [A, B, B, B] == [found(mode=mode) for mode in MODES[:4]]
    assert Registered(B, Mode.FALLBACK) == find_kernel(current_registry(), "Layer", CPU, Mode.TRAINING)


def test_later_registrations_add_their_modes() -> None:
    """A kernel takes the place of one for the same layer, device and mode, and of no other."""
    register_kernel_mapping({"Layer": {"cpu": {Mode.INFERENCE: A}, "xpu": D}, "Other": {"cpu": D}})
    register_kernel_mapping({"Layer": {"cpu": {Mode.TRAINING: B}}})

    assert [A, A, B, B] == [found(mode=mode) for mode in (MODES[0], MODES[0], MODES[2], MODES[2])]
    register_kernel_mapping({"Layer": {"cpu": {Mode.INFERENCE: C}}})
    assert [C, B] == [found(mode=mode) for mode in (MODES[0], MODES[2])]
    assert [D, D] == [found(target=Target("xpu")), found("Other")]


def test_a_type_and_a_device_of_it_are_the_same() -> None:
    """`"cuda"` is `Device("cuda")`, also within one mapping."""
    register_kernel_mapping({"Layer": {"cpu": {Mode.INFERENCE: A}, Device("cpu"): {Mode.TRAINING: B}}})

    assert [A, B] == [found(mode=mode) for mode in (Mode.INFERENCE, Mode.TRAINING)]


@pytest.mark.parametrize(("kind", "properties"), [("cuda", CUDAProperties), ("rocm", ROCMProperties)])
def test_the_smallest_range_wins(kind: str, properties: Any) -> None:
    """Of the ranges that have the capability, both ends included, the smallest one counts; else the whole type."""
    register_kernel_mapping(
        {
            "Layer": {
                Device(kind, properties(75, 89)): B,
                Device(kind, properties(80, 89)): A,
                Device(kind, properties(90, sys.maxsize)): C,
                kind: D,
            }
        }
    )

    expected = {74: D, 75: B, 79: B, 80: A, 86: A, 89: A, 90: C, 121: C, None: D}
    assert expected == {capability: found(target=Gpu(kind, capability)) for capability in expected}


def test_equal_ranges_are_replaced() -> None:
    """A kernel for the same range and mode takes the other's place; other ranges stay."""
    near, wide = Device("cuda", CUDAProperties(80, 89)), Device("cuda", CUDAProperties(75, 89))
    register_kernel_mapping({"Layer": {near: A, wide: B}})
    register_kernel_mapping({"Layer": {near: C}})

    assert [C, B] == [found(target=Gpu("cuda", capability)) for capability in (86, 76)]


def test_ranges_of_one_size_have_an_order() -> None:
    """Of two ranges of the same size the one for newer devices counts, in whichever order they were registered."""
    old, new = (Device("cuda", CUDAProperties(low, low + 10)) for low in (80, 85))
    for mapping in ({old: A, new: B}, {new: B, old: A}):
        with use_kernel_mapping({"Layer": mapping}):
            assert [A, B, B] == [found(target=Gpu("cuda", capability)) for capability in (84, 86, 95)]


def test_a_wider_range_serves_the_modes_of_a_smaller_one() -> None:
    """A kernel for some devices and one mode leaves the other modes to the kernel for all devices."""
    register_kernel_mapping({"Layer": {"cuda": A, Device("cuda", CUDAProperties(90, 99)): {Mode.INFERENCE: B}}})

    assert [B, A] == [found(target=Gpu("cuda", 90), mode=mode) for mode in (Mode.INFERENCE, Mode.TRAINING)]


def test_the_capability_is_asked_for_where_it_matters() -> None:
    """A kernel for each device of a type needs none: the device may be elsewhere."""

    class Unasked(Target):
        __slots__ = ()

        def capability(self) -> int | None:
            raise NotImplementedError

    register_kernel_mapping({"Layer": {"cuda": A}})

    assert found(target=Unasked("cuda")) is A


@pytest.mark.parametrize(
    ("layer", "target", "mode", "kind", "reason"),
    [
        ("Other", CPU, Mode.INFERENCE, "NO_LAYER", "no kernel is registered for the layer Other"),
        ("Layer", Target("xpu"), Mode.INFERENCE, "NO_DEVICE", "kernels are registered for cpu, cuda, not for xpu"),
        (
            "Layer",
            Gpu("cuda", 70),
            Mode.INFERENCE,
            "NO_COMPATIBLE_PROPERTIES",
            "kernels are registered for the capabilities 75 to 89, 90 to …; that of cuda:70 is 70",
        ),
        (
            "Layer",
            Gpu("cuda"),
            Mode.INFERENCE,
            "NO_COMPATIBLE_PROPERTIES",
            "kernels are registered for the capabilities 75 to 89, 90 to …; that of cuda is unknown: it is not here",
        ),
        (
            "Layer",
            CPU,
            Mode.TRAINING,
            "NO_COMPATIBLE_MODE",
            "kernels are registered for Mode.INFERENCE, which do not serve Mode.TRAINING",
        ),
    ],
)
def test_what_is_missing_is_told(layer: str, target: Target, mode: Mode, kind: str, reason: str) -> None:
    """Each reason for having no kernel has a kind of its own, and words."""
    old, new = Device("cuda", CUDAProperties(75, 89)), Device("cuda", CUDAProperties(90, sys.maxsize))
    register_kernel_mapping({"Layer": {"cpu": {Mode.INFERENCE: A}, old: B, new: C}})

    assert Missing(KernelizeFallback[kind], reason) == find_kernel(current_registry(), layer, target, mode)
