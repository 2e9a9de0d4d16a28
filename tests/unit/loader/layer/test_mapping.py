"""Registering kernels."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.layers import Counter, found, unloaded

from kernels.errors import DeviceError, MappingError
from kernels.layer import KernelizeFallback, LayerRepository, Mode
from kernels.layer.mapping import current_registry, register_kernel_mapping, use_kernel_mapping
from kernels.layer.target import Target

A, B, C, D = map(unloaded, "ABCD")


def in_thread(function: Callable[[], Any]) -> Any:
    """What a function gives in a new thread, whose context is empty."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def in_empty_context(function: Callable[[], Any]) -> Any:
    """What a function gives where no mapping is in use."""
    return contextvars.Context().run(function)


def test_registering_is_for_every_thread() -> None:
    """Outside of a context the mapping is the process's, with and without what was there before."""
    register_kernel_mapping({"Layer": {"cpu": A}, "Other": {"cpu": B}})
    assert [A, B] == in_thread(lambda: [found(), found("Other")])

    in_thread(lambda: register_kernel_mapping({"Layer": {"cpu": C}}, inherit_mapping=False))
    assert [C, KernelizeFallback.NO_LAYER] == [found(), found("Other")]
    in_empty_context(lambda: register_kernel_mapping({"Other": {"cpu": D}}, True))
    assert [C, D] == [found(), found("Other")]


def test_threads_register_at_once() -> None:
    """No registration is lost."""
    start = threading.Barrier(8)

    def register(number: int) -> None:
        start.wait()
        for each in range(20):
            register_kernel_mapping({f"Layer{number}-{each}": {"cpu": A}})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(register, range(8)))

    assert len(current_registry()) == 160


def test_a_context_ends() -> None:
    """Inside, the mapping is added to the one around; after it, also after an error, all is as before."""
    register_kernel_mapping({"Layer": {"cpu": A}, "Other": {"cpu": D}})
    before = current_registry()

    with use_kernel_mapping({"Layer": {"cpu": B}}):
        assert [B, D] == [found(), found("Other")]
    assert before is current_registry()
    with pytest.raises(ZeroDivisionError), use_kernel_mapping({"Layer": {"cpu": B}}):
        _ = 1 / 0

    assert before is current_registry()
    assert found() is A


def test_a_context_can_stand_alone() -> None:
    """Without inheriting, only its own mapping counts; nested contexts inherit from the nearest one."""
    register_kernel_mapping({"Layer": {"cpu": A}})

    with use_kernel_mapping({"Other": {"cpu": B}}, inherit_mapping=False):
        assert [KernelizeFallback.NO_LAYER, B] == [found(), found("Other")]
        with use_kernel_mapping({"Third": {"cpu": C}}):
            assert [KernelizeFallback.NO_LAYER, B, C] == [found(), found("Other"), found("Third")]
        with use_kernel_mapping({}, False):
            assert {} == current_registry()
        assert found("Other") is B
    assert found() is A


def test_registering_in_a_context_ends_with_it() -> None:
    """Inside of a context, other threads do not see what is registered, nor does anybody afterwards."""
    register_kernel_mapping({"Layer": {"cpu": A}})

    with use_kernel_mapping({}):
        register_kernel_mapping({"Other": {"cpu": B}})
        assert [A, B] == [found(), found("Other")]
        assert [A, KernelizeFallback.NO_LAYER] == in_thread(lambda: [found(), found("Other")])
        register_kernel_mapping({"Other": {"cpu": C}}, inherit_mapping=False)
        assert [KernelizeFallback.NO_LAYER, C] == [found(), found("Other")]

    assert [A, KernelizeFallback.NO_LAYER] == [found(), found("Other")]


def test_one_context_can_be_entered_again() -> None:
    """After itself and inside of itself; each end undoes one entry."""
    context = use_kernel_mapping({"Layer": {"cpu": A}})

    with context:
        register_kernel_mapping({"Layer": {"cpu": B}})
        with context:
            assert found() is A
        assert found() is B
    assert found() is KernelizeFallback.NO_LAYER
    with context:
        assert found() is A


def test_tasks_have_their_own_contexts() -> None:
    """Tasks that enter one object, or different ones, do not see each other's mapping, in whatever order they end."""
    shared = use_kernel_mapping({"Layer": {"cpu": A}})

    async def main() -> list[Any]:
        entered, may_end = asyncio.Event(), asyncio.Event()

        async def first() -> list[Any]:
            with shared:
                register_kernel_mapping({"Layer": {"cpu": B}})
                entered.set()
                await may_end.wait()
                inside = found()
            return [inside, found()]

        async def second() -> list[Any]:
            await entered.wait()
            outside = found()
            with shared:
                inside = found()
            may_end.set()
            return [outside, inside, found()]

        return [*await asyncio.gather(first(), second()), found()]

    none = KernelizeFallback.NO_LAYER
    assert [[B, none], [none, A, none], none] == asyncio.run(main())


def test_a_task_inherits_the_context_it_was_made_in() -> None:
    """What it registers there, it registers for itself."""

    async def register() -> Any:
        register_kernel_mapping({"Layer": {"cpu": B}})
        return found()

    async def main() -> list[Any]:
        with use_kernel_mapping({"Layer": {"cpu": A}}):
            return [await asyncio.create_task(register()), found()]

    assert [B, A] == asyncio.run(main())


def test_a_context_that_ends_elsewhere_does_no_harm() -> None:
    """As when a generator is closed by another task: nothing is undone there that was not done there."""
    context = use_kernel_mapping({"Layer": {"cpu": A}})
    in_empty_context(context.__enter__)

    with use_kernel_mapping({"Layer": {"cpu": B}}):
        context.__exit__(None, None, None)
        assert found() is B


def test_entering_copies_nothing_deep() -> None:
    """What a context leaves alone is the very same object: the cost does not grow with what is registered in it."""
    register_kernel_mapping({f"Layer{number}": {"cuda": unloaded(str(number))} for number in range(320)})
    before = current_registry()

    with use_kernel_mapping({"Layer0": {"cpu": A}}):
        inside = current_registry()

    assert all(inside[name] is before[name] for name in before if name != "Layer0")
    assert inside["Layer0"]["cuda"] is before["Layer0"]["cuda"]


def test_the_mapping_is_read_when_it_is_given() -> None:
    """A dictionary that is changed afterwards changes nothing."""
    modes: dict[Mode, Any] = {Mode.INFERENCE: A}
    devices: dict[str, Any] = {"cpu": modes}
    mapping = {"Layer": devices}
    context = use_kernel_mapping(mapping)
    register_kernel_mapping(mapping)
    modes[Mode.INFERENCE] = B
    devices["cpu"] = B
    mapping.clear()

    assert found() is A
    with context:
        assert found() is A


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        (None, "dictionary from names of layers; got None"),
        ([("Layer", {"cpu": A})], "dictionary from names"),
        ({1: {"cpu": A}}, "1: expected the name of a layer"),
        ({"Layer": A}, "'Layer': expected the name of a layer with a dictionary from devices"),
        ({"Layer": {"cpu": None}}, "Layer: cpu: None is no repository"),
        ({"Layer": {"cpu": "owner/name"}}, "Layer: cpu: 'owner/name' is no repository"),
        ({"Layer": {"cpu": LayerRepository}}, "LayerRepository'> is no repository"),
        ({"Layer": {"cpu": {"inference": A}}}, r"'inference' is no Mode; use for instance Mode\.INFERENCE"),
        ({"Layer": {"cpu": {Mode.INFERENCE: None}}}, "None is no repository"),
    ],
)
def test_other_forms_are_refused_whole(mapping: Any, problem: str) -> None:
    """The place of the problem is named, and nothing of the mapping is registered."""
    with pytest.raises(MappingError, match=problem):
        use_kernel_mapping(mapping)
    if isinstance(mapping, dict):
        mapping = {"Good": {"cpu": A}, **mapping}
    with pytest.raises(MappingError, match=problem):
        register_kernel_mapping(mapping)
    assert {} == current_registry()


def test_unknown_devices_are_refused() -> None:
    """A type that no model can have is a mistake; `cuda:0` is a device, not a type."""
    for device in ("gpu", "cuda:0", None):
        with pytest.raises(DeviceError, match="is not a type of device"):
            register_kernel_mapping({"Layer": {device: A}})


def test_repositories_of_ones_own_can_be_registered() -> None:
    """Anything with a method `load` will do."""
    own = Counter(lambda: None)
    register_kernel_mapping({"Layer": {"cpu": own, "cuda": {Mode.INFERENCE: own}}})

    assert [own, own] == [found(), found(target=Target("cuda"))]
