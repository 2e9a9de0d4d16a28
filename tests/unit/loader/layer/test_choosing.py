"""Which kernel a layer gets, and when it gets none."""
# mypy: allow-subclassing-any

from pathlib import Path
from typing import Any

import pytest
import torch
from support.layers import Block, Counter, Plus, Scale, blocks, run, scaled
from torch import nn

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
    use_kernel_mapping,
)
from kernels.errors import KernelizeError, KernelNotFoundError, LayerError
from kernels.layer import use_kernel_forward_from_hub
from kernels.system import current_system


def number(model: nn.Module) -> float:
    """Which of the layers `Plus1` to `Plus8` a `Plus` has; 0 without a kernel."""
    return run(model, 0.0)


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


@pytest.mark.skipif(current_system().compute.backend != "cpu", reason="this Torch is made for such a device")
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
