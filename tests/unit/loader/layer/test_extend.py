"""Making classes and functions extensible."""
# mypy: allow-subclassing-any

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from support.layers import Block, Scale, run, scaled
from torch import nn

from kernels.layer import (
    LocalFuncRepository,
    LocalLayerRepository,
    Mode,
    kernelize,
    replace_kernel_forward_from_hub,
    unkernelize,
    use_kernel_forward_from_hub,
    use_kernel_func_from_hub,
    use_kernel_mapping,
    use_kernelized_func,
)


class Linear(nn.Linear):
    """A class of somebody else."""


def test_a_class_is_annotated() -> None:
    """The decorator gives the very class back, with the name in it; nothing else changes."""

    class Layer(nn.Module):
        def forward(self, x: Any) -> Any:
            return x

    before = dict(vars(Layer))
    decorated: Any = use_kernel_forward_from_hub("Name")(Layer)

    assert decorated is Layer
    assert decorated.kernel_layer_name == "Name"
    assert {**before, "kernel_layer_name": "Name", "kernel_condition": None} == dict(vars(Layer))


def test_a_class_of_somebody_else_is_annotated(kernel: Path) -> None:
    """By position and by name; the last name counts."""
    replace_kernel_forward_from_hub(Linear, "First")
    replace_kernel_forward_from_hub(cls=Linear, layer_name="Linear")
    model = nn.Sequential(Linear(4, 4), nn.Linear(4, 4))
    with use_kernel_mapping({"Linear": {"cpu": LocalLayerRepository(kernel, layer_name="Plus1")}}):
        report = kernelize(model, Mode.INFERENCE, report=True)[1]

    assert [("0", "Linear")] == [(decision.module, decision.layer_name) for decision in report]
    assert run(model[0], 2.0) == 3.0


def test_subclasses_inherit_the_name(kernel: Path) -> None:
    """Also one with a forward of its own, or with another name for itself."""

    class Quiet(Scale):
        def forward(self, hidden: torch.Tensor) -> torch.Tensor:
            return hidden

    @use_kernel_forward_from_hub("Louder")
    class Loud(Scale):
        pass

    with use_kernel_mapping(scaled(cpu=LocalLayerRepository(kernel, layer_name="Scale"))):
        model = kernelize(nn.Sequential(Quiet(), Loud()), Mode.INFERENCE)

    assert [5.0, 4.0] == [run(layer, 2.0) for layer in model]


def test_a_condition_decides_for_each_module(kernel: Path) -> None:
    """It is asked with the module at each call, before anything is loaded; it is no failure when it does not hold."""

    @use_kernel_forward_from_hub("Scale", condition=lambda module: module.weight.numel() > 4)
    class Wide(Scale):
        pass

    class Derived(Wide):
        pass

    model = nn.Sequential(Wide(4), Wide(8), Derived(4), Derived(8))
    with use_kernel_mapping(scaled(cpu=LocalLayerRepository(kernel, layer_name="Scale"))):
        report = kernelize(model, Mode.INFERENCE, use_fallback=False, report=True)[1]
        assert [False, True, False, True] == [decision.replaced for decision in report]
        assert report.decisions[0].reason == "the condition of its class does not hold for it"

        model[1].weight = nn.Parameter(torch.ones(4))
        kernelize(model, Mode.INFERENCE)
        assert "forward" not in vars(model[1])

        replace_kernel_forward_from_hub(Wide, "Scale")
        assert len(kernelize(model, Mode.INFERENCE, report=True)[1].replaced) == 4
        replace_kernel_forward_from_hub(Wide, "Scale", lambda _module: False)
        assert len(kernelize(model, Mode.INFERENCE, report=True)[1].replaced) == 0
    with use_kernel_mapping({}):
        kernelize(model, Mode.INFERENCE, use_fallback=False)


@pytest.mark.parametrize("decorator", [use_kernel_forward_from_hub, use_kernel_func_from_hub])
def test_the_name_is_needed(decorator: Any) -> None:
    """A decorator that is used without its name says how to write it."""
    with pytest.raises(TypeError, match=r"write the name of the layer: @use_kernel_forward_from_hub\('Name'\)"):
        decorator(Scale)


def test_only_classes_and_functions_are_extensible() -> None:
    """What cannot be called is refused."""
    with pytest.raises(TypeError, match="only a class or a function can be made extensible, not 'text'"):
        use_kernel_forward_from_hub("Name")("text")


@use_kernel_func_from_hub("add_nothing")
def add_nothing(x: torch.Tensor) -> torch.Tensor:
    """The original."""
    return x


@use_kernel_forward_from_hub("scale_by_one")
def scale_by_one(x: torch.Tensor) -> torch.Tensor:
    """Another original."""
    return x


@use_kernelized_func(add_nothing)
class Caller(nn.Module):
    """Calls a function that is no member of it."""

    def __init__(self, size: int, *, name: str = "") -> None:
        """Documented."""
        super().__init__()
        self.size, self.name = size, name

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the function makes of it."""
        result: torch.Tensor = add_nothing(x)
        return result


@use_kernelized_func(scale_by_one)
class CallerOfTwo(Caller):
    """Calls another function as well."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What both functions make of it."""
        result: torch.Tensor = scale_by_one(super().forward(x))
        return result


def test_functions_are_attached_to_instances() -> None:
    """By the names that kernels are looked up by, and not as submodules; the constructor is what it was."""
    caller, both = Caller(1, name="x"), CallerOfTwo(size=2)

    assert {"add_nothing": add_nothing} == vars(caller)["_kernel_funcs"]
    assert {"add_nothing": add_nothing, "scale_by_one": scale_by_one} == vars(both)["_kernel_funcs"]
    assert (1, "x", 2, "") == (caller.size, caller.name, both.size, both.name)
    assert [""] == [name for name, _ in caller.named_modules()]
    assert [] == list(caller.state_dict())
    assert Caller.__init__.__doc__ == "Documented."
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'size'"):
        Caller()  # type: ignore[call-arg]


def test_attached_functions_are_kernelized(kernel: Path) -> None:
    """Before the module that calls them, once for all that do; a function has the kernel that it was given last."""
    model = nn.Sequential(*(CallerOfTwo(number) for number in range(3)), Block())
    mapping: dict[str, dict[str, Any]] = {
        "add_nothing": {"cpu": LocalFuncRepository(kernel, func_name="plus_ten")},
        "scale_by_one": {"cpu": {Mode.TRAINING: LocalLayerRepository(kernel, layer_name="Plus2")}},
    }
    try:
        with use_kernel_mapping(mapping):
            report = kernelize(model, Mode.INFERENCE, report=True)[1]
            assert ["0.add_nothing", "0.scale_by_one", "3.scale"] == [decision.module for decision in report]
            assert [True, True, False] == [decision.replaced for decision in report]
            assert [13.0, 11.0] == [run(model[0], 1.0), run(Caller(0), 1.0)]

            kernelize(Caller(0), Mode.INFERENCE | Mode.TORCH_COMPILE, "cpu")
            assert run(model[0], 1.0) == 13.0
        kernelize(Caller(0), Mode.INFERENCE, "cpu")
        assert run(model[0], 1.0) == 3.0
    finally:
        unkernelize(model)

    assert [1.0, 1.0] == [run(model[0], 1.0), run(Caller(0), 1.0)]
    assert "forward" not in vars(add_nothing)


def test_an_attached_function_of_the_model_itself_has_its_name() -> None:
    """The root of a model has no name to put before that of the function."""
    report = kernelize(Caller(0), Mode.INFERENCE, "cpu", report=True)[1]

    assert ["add_nothing"] == [decision.module for decision in report]


def test_other_functions_are_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    """A function that nothing was registered for is named in a warning; the class can be used."""

    @use_kernelized_func(len, add_nothing)
    class Mixed(nn.Module):
        pass

    assert {"add_nothing": add_nothing} == Mixed()._kernel_funcs  # noqa: SLF001 - clients read it
    expected = "<built-in function len> is not extensible; decorate it with @use_kernel_forward_from_hub"
    assert [("kernels.layer", logging.WARNING, expected)] == caplog.record_tuples
