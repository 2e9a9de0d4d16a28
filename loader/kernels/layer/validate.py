"""Whether the layer of a kernel can stand in for a layer of a model."""

import inspect
from functools import cache
from typing import Any

from kernels.errors import LayerError
from kernels.layer.mode import Mode, describe_mode

__all__ = ["check_layer", "check_registered_mode", "lacking"]

#: The variables that a layer may have: which they are, and what they are when a layer does not say.
_VARIABLES = {"can_torch_compile": False, "has_backward": True}


def check_layer(layer: Any, adopting: type, where: str) -> None:
    """Check that a layer has no state of its own, and can be called like the class that adopts its `forward`.

    The kinds of the parameters are compared, not their names or annotations. What a layer redefines of
    `torch.nn.Module` other than its constructor is never used, and so not looked at.

    Args:
        layer: the layer of a kernel.
        adopting: the class of the module whose `forward` is replaced.
        where: where the layer comes from, for the message.

    Raises:
        LayerError: when the layer must not be used for the class; says why (a `TypeError` and a `ValueError`).
    """
    from torch import nn

    if not isinstance(layer, type) or not issubclass(layer, nn.Module):
        message = f"{where} cannot replace {adopting.__qualname__}: {layer!r} is no subclass of torch.nn.Module"
        raise LayerError(message)
    problem = _state(layer) or _difference(layer, adopting)
    if problem:
        message = f"{where} cannot replace {adopting.__qualname__}: {layer.__qualname__} {problem}"
        raise LayerError(message)


def check_registered_mode(layer: type, mode: Mode, where: str) -> None:
    """Check that a layer supports the mode that it is registered for.

    Raises:
        LayerError: when it does not (a `ValueError`).
    """
    problem = lacking(layer, mode)
    if problem:
        message = f"{where} is registered for {describe_mode(mode)}, but {layer.__qualname__} {problem}"
        raise LayerError(message)


def lacking(layer: type, mode: Mode) -> str | None:
    """What a layer lacks for a mode; `None` when it supports it."""
    if Mode.TRAINING in mode and not getattr(layer, "has_backward", _VARIABLES["has_backward"]):
        return "has no backward pass (`has_backward` is false)"
    if Mode.TORCH_COMPILE in mode and not getattr(layer, "can_torch_compile", _VARIABLES["can_torch_compile"]):
        return "does not support torch.compile (`can_torch_compile` is not true)"
    return None


def _state(layer: Any) -> str | None:
    """What is wrong with a layer that is not pure."""
    from torch import nn

    if layer.__init__ is not nn.Module.__init__:
        return "has a constructor; a layer must not define __init__"
    own = {name for base in layer.__mro__ if not issubclass(nn.Module, base) for name in vars(base)}
    extra = sorted(own - _usual_members() - _VARIABLES.keys())
    if extra:
        return f"has members of its own ({', '.join(extra)}); a layer must only define forward"
    return None


@cache
def _usual_members() -> frozenset[str]:
    """What every layer has, including what this version of Python writes into each class."""
    from torch import nn

    class Usual(nn.Module):  # type: ignore[misc]  # Torch is not type-checked
        """A docstring."""

        member: int

        def forward(self) -> int:
            return self.member

    return frozenset({*dir(nn.Module), *vars(Usual)})


def _difference(layer: Any, adopting: Any) -> str | None:
    """How the parameters of two `forward` methods differ."""
    theirs, ours = _parameters(layer), _parameters(adopting)
    if len(theirs) != len(ours):
        return (
            f"has forward({_list(theirs)}), with {len(theirs)} parameters instead of the {len(ours)} of ({_list(ours)})"
        )
    for their, our in zip(theirs, ours, strict=True):
        if their.kind is not our.kind:
            return (
                f"has forward({_list(theirs)}), where {their.name} is {their.kind.description} and {our.name} of "
                f"({_list(ours)}) is {our.kind.description}"
            )
    return None


def _parameters(cls: Any) -> list[inspect.Parameter]:
    """The parameters of a class's `forward` without `self`."""
    return list(inspect.signature(cls.forward).parameters.values())[1:]


def _list(parameters: list[inspect.Parameter]) -> str:
    stars: dict[object, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return ", ".join(stars.get(parameter.kind, "") + parameter.name for parameter in parameters)
