"""Putting kernels in place of the layers of a model, and taking them out again."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar, overload

from kernels.environment import flag
from kernels.layer.bound import bind, restore
from kernels.layer.choosing import Choice, Chooser
from kernels.layer.device import Device
from kernels.layer.fallback import KernelizeFallback, fallback_of
from kernels.layer.mode import Mode, check_mode
from kernels.layer.report import KernelizeReport, LayerDecision
from kernels.layer.target import target_of

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["kernelize", "unkernelize"]

_LOGGER = logging.getLogger("kernels.layer")
_Model = TypeVar("_Model", bound="nn.Module")


@overload
def kernelize(
    model: _Model,
    mode: Mode,
    device: "str | torch.device | Device | None" = None,
    use_fallback: bool | KernelizeFallback = True,
    report: Literal[False] = False,
) -> _Model: ...


@overload
def kernelize(
    model: _Model,
    mode: Mode,
    device: "str | torch.device | Device | None" = None,
    use_fallback: bool | KernelizeFallback = True,
    *,
    report: Literal[True],
) -> tuple[_Model, KernelizeReport]: ...


def kernelize(
    model: _Model,
    mode: Mode,
    device: "str | torch.device | Device | None" = None,
    use_fallback: bool | KernelizeFallback = True,
    report: bool = False,
) -> _Model | tuple[_Model, KernelizeReport]:
    """Replace the `forward` of the extensible layers of a model by the kernels that are registered for them.

    The model is changed in place, all of it or, when an exception is raised, nothing of it. A model can be kernelized
    again, for another mode for instance: each layer is decided on anew from its original forward. Each decision is
    logged at the level `INFO` by the logger `kernels.layer`.

    The environment variable `DISABLE_KERNEL_MAPPING` (`1`, `true`, `yes`, `on`) leaves every model as it is.

    Copies of a kernelized layer made with `copy.deepcopy` have the kernel. Layers that are unpickled load it again, or
    have their original forward where it cannot be loaded, with a warning. `copy.copy` and `torch.nn.DataParallel` share
    the `forward` of the original, which computes with the original's weights.

    Args:
        model: the model.
        mode: what it will be used for: `Mode.INFERENCE` or `Mode.TRAINING`, with `| Mode.TORCH_COMPILE` when it is
            compiled.
        device: the device whose kernels are wanted: a type such as `"cuda"`, a device such as `"cuda:1"`, a
            `torch.device`, or a `Device`; the default is that of the first parameter of the model.
        use_fallback: whether layers keep their original forward when no compatible kernel is registered for them, or
            the one that is has no build for this system. `KernelizeFallback` tells for which reasons exactly; with
            `KernelizeFallback.ALL`, also when the kernel cannot be loaded.
        report: whether to tell what became of each layer.

    Returns:
        The model; with `report=True`, the model and a `KernelizeReport`.

    Raises:
        ModeError: when the mode does not say what the model is used for (a `ValueError`).
        DeviceError: when the device is unknown (a `ValueError`).
        KernelizeError: when no compatible kernel is registered for a layer, and there is no fallback (a `ValueError`).
        LayerError: when a kernel must not be used for a layer, for instance because its parameters differ, whatever
            the fallback (a `TypeError` and a `ValueError`).
        EnvironmentVariableError: when `DISABLE_KERNEL_MAPPING` is neither on nor off (a `ValueError`).
        Exception: what the loading of a kernel raises, unless the fallback has `KernelizeFallback.CANNOT_LOAD`.
    """
    check_mode(mode)
    if flag("DISABLE_KERNEL_MAPPING"):
        _LOGGER.info("DISABLE_KERNEL_MAPPING is set: the model stays as it is")
        return (model, KernelizeReport()) if report else model
    chooser = Chooser(target_of(model, device), mode, fallback_of(use_fallback))
    places = list(_extensible(model))
    choices = [chooser.choose(place.module, place.layer_name) for place in places]
    for place, choice in zip(places, choices, strict=True):
        if choice.kernel is None:
            restore(place.module)
        else:
            bind(place.module, choice.kernel)
    wanted = report or _LOGGER.isEnabledFor(logging.INFO)
    decisions = tuple(map(_decision, places, choices)) if wanted else ()
    for decision in decisions:
        _LOGGER.info("%s", decision)
    return (model, KernelizeReport(decisions)) if report else model


def unkernelize(model: _Model) -> _Model:
    """Give the layers of a model, and the functions that it uses, the `forward` back that they had before `kernelize`.

    A wrapper that another library has put around the `forward` of a layer since, stays with the kernel in it: take it
    off first.

    Args:
        model: the model, changed in place.

    Returns:
        The model.
    """
    for place in _extensible(model):
        restore(place.module)
    return model


class _Place(NamedTuple):
    """An extensible layer of a model."""

    name: str
    module: "nn.Module"
    layer_name: str


def _extensible(model: "nn.Module") -> Iterator[_Place]:
    """The extensible layers of a model, each once: the functions that a module uses come before the module."""
    layer_names: dict[type, str | None] = {}
    seen: set[int] = set()
    for name, module in model.named_modules():
        cls = type(module)
        if cls not in layer_names:
            layer_names[cls] = getattr(cls, "kernel_layer_name", None)
        candidates = [
            (f"{name}.{layer_name}" if name else layer_name, function, layer_name)
            for layer_name, function in module.__dict__.get("_kernel_funcs", {}).items()
        ]
        for place in (*candidates, (name, module, layer_names[cls])):
            if place[2] is not None and id(place[1]) not in seen:
                seen.add(id(place[1]))
                yield _Place(*place)


def _decision(place: _Place, choice: Choice) -> LayerDecision:
    class_name = type(place.module).__qualname__
    kernel = None if choice.kernel is None else str(choice.kernel.repository)
    return LayerDecision(place.name, class_name, place.layer_name, kernel, choice.mode, choice.reason)
