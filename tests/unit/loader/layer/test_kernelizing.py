"""`kernelize` and `unkernelize`."""
# mypy: allow-subclassing-any

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import support.layers
import torch
from support.layers import Block, Plus, Scale, blocks, run, scaled
from torch import nn

import kernels
from kernels import (
    Device,
    KernelizeFallback,
    LocalLayerRepository,
    Mode,
    kernelize,
    unkernelize,
    use_kernel_mapping,
)
from kernels.errors import EnvironmentVariableError, KernelizeError, ModeError
from kernels.layer import KernelizeReport

DISABLE = "DISABLE_KERNEL_MAPPING"


@pytest.fixture
def mapped(kernel: Path) -> Iterator[LocalLayerRepository]:
    """The kernel `Scale` is registered for the CPU."""
    repository = LocalLayerRepository(kernel, layer_name="Scale")
    with use_kernel_mapping(scaled(cpu=repository)):
        yield repository


def number(model: nn.Module) -> float:
    """Which of the layers `Plus1` to `Plus8` a `Plus` has; 0 without a kernel."""
    return run(model, 0.0)


@pytest.mark.usefixtures("mapped")
def test_every_call_of_every_generation_works() -> None:
    """The mode by position and by name, the device in each form, the fallback as a boolean and as a flag."""
    calls: list[Callable[[nn.Module], Any]] = [
        lambda model: kernelize(model, Mode.INFERENCE),
        lambda model: kernelize(model, mode=Mode.TRAINING),
        lambda model: kernelize(model, mode=Mode.INFERENCE | Mode.TORCH_COMPILE, device="cpu", use_fallback=False),
        lambda model: kernelize(model, device=torch.device("cpu"), mode=Mode.INFERENCE),
        lambda model: kernelize(
            model, device=Device(type="cpu"), mode=Mode.INFERENCE, use_fallback=KernelizeFallback.ALL
        ),
        lambda model: kernelize(model, Mode.INFERENCE, "cpu", True, report=False),
        lambda model: kernelize(model, Mode.INFERENCE, report=True)[0],
    ]
    for call in calls:
        model = blocks(2)
        assert model is call(model)
        assert [5.0, 5.0] == [run(block.scale, 2.0) for block in model]


@pytest.mark.usefixtures("mapped")
def test_a_model_goes_back_exactly() -> None:
    """After `unkernelize` no instance has anything that it did not have before."""
    model = blocks(3)
    before = {name: dict(vars(module)) for name, module in model.named_modules()}
    kernelize(model, Mode.INFERENCE)
    assert model is unkernelize(model) is unkernelize(model)

    assert before == {name: dict(vars(module)) for name, module in model.named_modules()}
    assert run(model[0].scale, 2.0) == 4.0


def test_modes_are_decided_on_anew(kernel: Path) -> None:
    """A model kernelized again gets what is registered now, for the mode that is asked for now, or its original."""
    modes = {Mode.INFERENCE: "Plus1", Mode.TRAINING: "Plus2", Mode.TRAINING | Mode.TORCH_COMPILE: "Plus3"}
    model = Plus()
    with use_kernel_mapping(
        {"Plus": {"cpu": {mode: LocalLayerRepository(kernel, layer_name=name) for mode, name in modes.items()}}}
    ):
        numbers = []
        for mode in (Mode.INFERENCE, Mode.TRAINING, Mode.INFERENCE | Mode.TORCH_COMPILE, Mode.INFERENCE):
            kernelize(model, mode, "cpu")
            numbers.append(number(model))
    assert [1.0, 2.0, 3.0, 1.0] == numbers

    kernelize(model, Mode.INFERENCE, "cpu")
    assert number(model) == 0.0
    assert "forward" not in vars(model)


def test_the_report_has_every_layer(kernel: Path) -> None:
    """What became of each extensible layer, where it is, and why; the text of it is for people."""
    model = nn.ModuleDict({"first": Block(), "second": Plus(), "third": Scale(), "other": nn.Linear(2, 2)})
    repository = LocalLayerRepository(kernel, layer_name="Scale")
    with use_kernel_mapping(scaled(Mode.TRAINING, cpu=repository)):
        same, report = kernelize(model, Mode.INFERENCE, report=True)

    assert same is model
    assert [
        ("first.scale", "Scale", "Scale", True),
        ("second", "Plus", "Plus", False),
        ("third", "Scale", "Scale", True),
    ] == [(decision.module, decision.class_name, decision.layer_name, decision.replaced) for decision in report]
    assert (("first.scale", "third"), ("second",)) == (
        tuple(decision.module for decision in report.replaced),
        tuple(decision.module for decision in report.kept),
    )
    first, second, _ = report.decisions
    assert (str(repository), Mode.TRAINING, "") == (first.kernel, first.mode, first.reason)
    assert (None, None, "no kernel is registered for the layer Plus") == (second.kernel, second.mode, second.reason)
    assert [
        f"first.scale (Scale, layer Scale) uses layer Scale of {kernel}, registered for Mode.TRAINING",
        "second (Plus, layer Plus) keeps its original forward: no kernel is registered for the layer Plus",
        f"third (Scale, layer Scale) uses layer Scale of {kernel}, registered for Mode.TRAINING",
    ] == str(report).splitlines()


def test_a_model_can_be_a_layer_itself(kernel: Path) -> None:
    """The root of a model is a layer like any other."""
    with use_kernel_mapping(scaled(cpu=LocalLayerRepository(kernel, layer_name="Scale"))):
        model, report = kernelize(Scale(), Mode.INFERENCE, report=True)

    assert run(model, 2.0) == 5.0
    assert [""] == [decision.module for decision in report]
    assert str(report).startswith("the model (Scale, layer Scale) uses")


def test_a_model_without_extensible_layers_is_left_alone() -> None:
    """There is nothing to report."""
    model, report = kernelize(nn.Linear(2, 2), Mode.INFERENCE, use_fallback=False, report=True)

    assert "forward" not in vars(model)
    assert KernelizeReport() == report
    assert str(report) == "no extensible layers"


@pytest.mark.usefixtures("mapped")
def test_each_decision_is_one_record(caplog: pytest.LogCaptureFixture) -> None:
    """The logger `kernels.layer` gets one record for each layer at `INFO`, which is formatted when it is written."""
    caplog.set_level(logging.INFO)
    report = kernelize(nn.Sequential(*blocks(2), Plus()), Mode.INFERENCE, report=True)[1]

    records = [record for record in caplog.records if record.levelno == logging.INFO]
    assert [("kernels.layer", str(decision)) for decision in report] == [
        (record.name, record.getMessage()) for record in records
    ]
    assert [(decision,) for decision in report] == [record.args for record in records]


def test_missing_mappings_are_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """One warning for each name of a layer, however many layers, models and calls there are."""
    for _ in range(2):
        kernelize(blocks(3), Mode.INFERENCE)
    kernelize(Plus(), Mode.INFERENCE, "cpu")

    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    remedy = "register one with register_kernel_mapping or use_kernel_mapping"
    assert [f"no kernel is registered for the layer {name}; {remedy}" for name in ("Scale", "Plus")] == warnings


def test_the_hosts_logging_is_left_alone() -> None:
    """In a process that has not set up logging, no handler is installed, and only the warning is written."""
    code = (
        "import logging\n"
        "from support.layers import blocks\n"
        "from kernels import Mode, kernelize\n"
        "kernelize(blocks(2), Mode.INFERENCE)\n"
        "print([logging.getLogger(name).handlers for name in (None, 'kernels', 'kernels.layer')])\n"
    )
    tests = str(Path(support.layers.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": tests}
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)

    assert result.stdout.strip() == "[[], [], []]"
    assert ["no kernel is registered for the layer Scale"] == [
        line.split(";")[0] for line in result.stderr.splitlines()
    ]


@pytest.mark.usefixtures("mapped")
@pytest.mark.parametrize("mode", [Mode.FALLBACK, Mode.TORCH_COMPILE, "inference", None])
def test_a_mode_is_needed(mode: Any) -> None:
    """A mode that does not say what the model is used for is refused, and nothing changes."""
    model = Block()

    with pytest.raises(ModeError):
        kernelize(model, mode=mode)
    assert "forward" not in vars(model.scale)


@pytest.mark.usefixtures("mapped")
@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "on", " On "])
def test_kernels_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """The variable is read at each call; a model that has kernels keeps them."""
    model, kernelized = Block(), kernelize(Block(), Mode.INFERENCE)
    monkeypatch.setenv(DISABLE, value)

    assert model is kernelize(model, Mode.INFERENCE, use_fallback=False)
    assert (model, KernelizeReport()) == kernelize(model, Mode.INFERENCE, report=True)
    assert "forward" not in vars(model.scale)
    kernelize(kernelized, Mode.TRAINING)
    assert run(kernelized.scale, 2.0) == 5.0

    monkeypatch.setenv(DISABLE, "0")
    assert run(kernelize(model, Mode.INFERENCE).scale, 2.0) == 5.0


@pytest.mark.usefixtures("mapped")
@pytest.mark.parametrize("value", ["0", "false", "No", "OFF", ""])
def test_kernels_can_be_switched_on(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A variable that says no, or nothing, changes nothing."""
    monkeypatch.setenv(DISABLE, value)

    assert run(kernelize(Block(), Mode.INFERENCE).scale, 2.0) == 5.0


@pytest.mark.usefixtures("mapped")
def test_a_switch_that_is_neither_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The value and the variable are named when a model is kernelized, and at no other time."""
    monkeypatch.setenv(DISABLE, "perhaps")

    with pytest.raises(EnvironmentVariableError, match=rf"{DISABLE} is 'perhaps'"):
        kernelize(Block(), Mode.INFERENCE)
    code = "import kernels, kernels.layer; print(kernels.Mode.INFERENCE.value)"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "4"


def test_nothing_changes_when_a_layer_fails(kernel: Path) -> None:
    """All of a model is kernelized, or none of it: what it had before, it still has."""
    repository = LocalLayerRepository(kernel, layer_name="Scale")
    model = nn.Sequential(Block(), Block(), Plus())
    with use_kernel_mapping(scaled(cpu=repository)):
        kernelize(model[:1], Mode.INFERENCE)
        with pytest.raises(KernelizeError, match="Plus has no kernel: no kernel is registered for the layer Plus"):
            kernelize(model, Mode.INFERENCE, use_fallback=False)

    assert [5.0, 4.0] == [run(block.scale, 2.0) for block in model[:2]]


def test_the_names_are_public() -> None:
    """`kernels` has every name of this part, the very same."""
    for name in kernels.layer.__all__:
        if hasattr(kernels, name):
            assert getattr(kernels, name) is getattr(kernels.layer, name)
    assert {"kernelize", "unkernelize", "KernelizeFallback", "use_kernelized_func"} <= set(kernels.__all__)
