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
from support.layers import Block, Counter, Plus, Scale, blocks, run, scaled
from torch import nn

import kernels
from kernels import (
    CUDAProperties,
    Device,
    KernelizeFallback,
    LocalFuncRepository,
    LocalLayerRepository,
    Mode,
    ROCMProperties,
    kernelize,
    register_kernel_mapping,
    unkernelize,
    use_kernel_mapping,
)
from kernels.errors import EnvironmentVariableError, KernelizeError, KernelNotFoundError, LayerError, ModeError
from kernels.layer import KernelizeReport, use_kernel_forward_from_hub

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


@pytest.mark.parametrize(
    ("mapping", "flag", "reason"),
    [
        ({}, "NO_LAYER", "no kernel is registered"),
        ({"Plus": {"xpu": Counter(nn.Identity)}}, "NO_DEVICE", "registered for xpu, not for cpu"),
        ({"Plus": {"cpu": {Mode.TRAINING: Counter(nn.Identity)}}}, "NO_COMPATIBLE_MODE", "do not serve"),
    ],
)
def test_each_reason_has_its_flag(mapping: Any, flag: str, reason: str) -> None:
    """With the flag of the reason the original is kept; with all the others an exception says what is missing."""
    model, wanted = Plus(), KernelizeFallback[flag]
    with use_kernel_mapping(mapping):
        for fallback in (True, wanted, KernelizeFallback.ALL):
            mode = Mode.INFERENCE | Mode.TORCH_COMPILE
            assert reason in str(kernelize(model, mode, "cpu", fallback, report=True)[1])
        for fallback in (False, KernelizeFallback.NONE, KernelizeFallback.ALL & ~wanted):
            with pytest.raises(KernelizeError, match=f"Plus has no kernel: .*{reason}"):
                kernelize(model, mode, "cpu", fallback)
    assert number(model) == 0.0


@pytest.mark.parametrize(
    ("name", "mode", "lacks"),
    [
        ("Plus6", Mode.INFERENCE | Mode.TORCH_COMPILE, "does not support torch.compile"),
        ("Plus7", Mode.TRAINING, "has no backward pass"),
        ("Plus8", Mode.TRAINING | Mode.TORCH_COMPILE, "has no backward pass"),
    ],
)
def test_a_kernel_without_a_mode_has_to_support_it(kernel: Path, name: str, mode: Mode, lacks: str) -> None:
    """One that does not is used for the modes that it supports; for the others it is a reason for a fallback."""
    model = Plus()
    with use_kernel_mapping({"Plus": {"cpu": LocalLayerRepository(kernel, layer_name=name)}}):
        kernelize(model, Mode.INFERENCE, "cpu", use_fallback=False)
        assert number(model) == float(name[-1])

        report = kernelize(model, mode, "cpu", report=True)[1]
        assert number(model) == 0.0
        assert lacks in report.decisions[0].reason
        with pytest.raises(KernelizeError, match=f"layer {name} of .* {lacks}"):
            kernelize(model, mode, "cpu", use_fallback=KernelizeFallback.ALL & ~KernelizeFallback.NO_COMPATIBLE_MODE)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("Plus6", Mode.INFERENCE | Mode.TORCH_COMPILE),
        ("Plus7", Mode.TRAINING),
        ("Plus8", Mode.TRAINING | Mode.TORCH_COMPILE),
    ],
)
def test_a_kernel_has_to_support_the_mode_it_is_registered_for(kernel: Path, name: str, mode: Mode) -> None:
    """The registration is wrong whatever the fallback, also when a model is kernelized for less."""
    with use_kernel_mapping({"Plus": {"cpu": {mode: LocalLayerRepository(kernel, layer_name=name)}}}):
        for wanted in (mode, Mode.INFERENCE):
            with pytest.raises(LayerError, match=rf"layer {name} of .* is registered for Mode\."):
                kernelize(Plus(), wanted, "cpu", use_fallback=KernelizeFallback.ALL)


def test_each_class_is_validated(kernel: Path) -> None:
    """A second class for the same name, with other parameters, is refused also once the first was accepted."""

    @use_kernel_forward_from_hub("Plus")
    class Other(nn.Module):
        def forward(self, x: Any, y: Any) -> Any:
            return x + y

    class Inherited(Other):
        pass

    register_kernel_mapping({"Plus": {"cpu": LocalLayerRepository(kernel, layer_name="Plus1")}})
    kernelize(Plus(), Mode.INFERENCE, "cpu")
    for model in (Other(), Inherited(), nn.Sequential(Plus(), Other())):
        with pytest.raises(
            LayerError, match=r"layer Plus1 of .* cannot replace .*, with 1 parameters instead of the 2"
        ):
            kernelize(model, Mode.INFERENCE, "cpu", KernelizeFallback.ALL)


def test_a_function_can_be_a_kernel(kernel: Path) -> None:
    """A layer without state can be replaced by a function, which says for itself what it supports."""
    model = Plus()
    register_kernel_mapping({"Plus": {"cpu": LocalFuncRepository(kernel, func_name="plus_ten")}})
    kernelize(model, Mode.TRAINING | Mode.TORCH_COMPILE, "cpu", use_fallback=False)
    assert number(model) == 10.0

    register_kernel_mapping({"Plus": {"cpu": LocalFuncRepository(kernel, func_name="plus_twenty")}})
    kernelize(model, Mode.INFERENCE, "cpu", use_fallback=False)
    assert number(model) == 20.0
    kernelize(model, Mode.TRAINING, "cpu")
    assert number(model) == 0.0


@pytest.mark.skipif(torch.accelerator.is_available(), reason="there may be such a device here")
@pytest.mark.parametrize(
    ("device", "key"),
    [
        ("cuda", "cuda"),
        ("cuda:1", "cuda"),
        ("cuda", Device("cuda", CUDAProperties(75, 90))),
        ("rocm", "rocm"),
        ("rocm", Device("rocm", ROCMProperties(90, 99))),
        ("xpu", "xpu"),
        ("mps", "mps"),
    ],
)
def test_an_absent_device_is_no_error(kernel: Path, device: str, key: Any) -> None:
    """For a device that this machine does not have the original is kept, with and without a range of capabilities."""
    model = Plus()
    with use_kernel_mapping({"Plus": {key: LocalLayerRepository(kernel, layer_name="Plus1")}}):
        report = kernelize(model, Mode.INFERENCE, device, report=True)[1]
        assert [False] == [decision.replaced for decision in report]
        assert number(model) == 0.0
        with pytest.raises(ValueError, match=r"Plus has no kernel|Invalid backend"):
            kernelize(model, Mode.INFERENCE, device, use_fallback=False)


def test_a_kernel_without_a_build_is_no_error(kernel: Path) -> None:
    """By default the original is kept where none of a kernel's builds fits the system; the reason names each."""
    build = kernel / "build" / "torch-universal"
    build.rename(build.with_name("torch-tpu"))
    with use_kernel_mapping(scaled(cpu=LocalLayerRepository(kernel, layer_name="Scale"))):
        model, report = kernelize(Block(), Mode.INFERENCE, report=True)
        assert run(model.scale, 2.0) == 4.0
        assert "torch-tpu" in report.decisions[0].reason
        for fallback in (False, KernelizeFallback.NO_LAYER):
            with pytest.raises(FileNotFoundError, match="torch-tpu"):
                kernelize(model, Mode.INFERENCE, use_fallback=fallback)
        kernelize(model, Mode.INFERENCE, use_fallback=KernelizeFallback.CANNOT_LOAD)


def _broken() -> Any:
    message = "no accelerator"
    raise AssertionError(message)


def test_a_kernel_that_cannot_be_loaded_is_an_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Unless `CANNOT_LOAD` is among the reasons for a fallback, whatever is raised; then a warning says what it was."""
    failing: dict[Any, type[BaseException]] = {
        LocalLayerRepository(tmp_path / "nowhere", layer_name="Plus1"): KernelNotFoundError,
        Counter(_broken): AssertionError,
    }
    for repository, error in failing.items():
        with use_kernel_mapping({"Plus": {"cpu": repository}}):
            for fallback in (True, False, KernelizeFallback.DEFAULT):
                with pytest.raises(error):
                    kernelize(Plus(), Mode.INFERENCE, "cpu", fallback)
            assert caplog.records == []
            for fallback in (KernelizeFallback.ALL, KernelizeFallback.CANNOT_LOAD):
                assert number(kernelize(Plus(), Mode.INFERENCE, "cpu", fallback)) == 0.0
        assert ["WARNING"] * 2 == [record.levelname for record in caplog.records]
        assert f"{repository} cannot be loaded" in caplog.text
        caplog.clear()


@pytest.mark.parametrize("fails", [False, True])
def test_a_kernel_is_loaded_once(kernel: Path, fails: bool) -> None:
    """For all layers and classes of a model, also when it cannot be loaded; the next call tries again."""
    own = Counter(_broken if fails else LocalLayerRepository(kernel, layer_name="Scale").load)
    model = nn.Sequential(*blocks(5), *(type("Derived", (Scale,), {})() for _ in range(2)))
    with use_kernel_mapping(scaled(cpu=own)):
        report = kernelize(model, Mode.INFERENCE, use_fallback=KernelizeFallback.ALL, report=True)[1]
        assert own.loads == 1
        kernelize(model, Mode.INFERENCE, use_fallback=KernelizeFallback.ALL)

    assert own.loads == 2
    assert [not fails] * 7 == [decision.replaced for decision in report]


def test_capabilities_choose_by_the_models_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """The range is that of the device which the model is on, and not of the first device of the machine."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", {None: (8, 6), 0: (8, 6), 1: (9, 0)}.__getitem__)
    layer = type("Layer", (nn.Module,), {"forward": lambda _self, x: x})
    layers = {"Old": Counter(lambda: layer), "New": Counter(lambda: layer)}
    mapping = {
        "Plus": {
            Device("cuda", CUDAProperties(80, 89)): layers["Old"],
            Device("cuda", CUDAProperties(90, 99)): layers["New"],
        }
    }
    with use_kernel_mapping(mapping):
        kernelize(Plus(), Mode.INFERENCE, "cuda:1", use_fallback=False)
        assert (0, 1) == (layers["Old"].loads, layers["New"].loads)
        kernelize(Plus(), Mode.INFERENCE, "cuda", use_fallback=False)
        assert (1, 1) == (layers["Old"].loads, layers["New"].loads)


def test_the_names_are_public() -> None:
    """`kernels` has every name of this part, the very same."""
    for name in kernels.layer.__all__:
        if hasattr(kernels, name):
            assert getattr(kernels, name) is getattr(kernels.layer, name)
    assert {"kernelize", "unkernelize", "KernelizeFallback", "use_kernelized_func"} <= set(kernels.__all__)
