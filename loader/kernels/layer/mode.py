"""What a kernelized model is used for."""

from enum import Flag
from types import MappingProxyType

from kernels.errors import ModeError

__all__ = ["SEARCH_ORDER", "Mode", "check_mode", "describe_mode"]


class Mode(Flag):
    """What a model is kernelized for, or what a kernel is registered for.

    `INFERENCE` or `TRAINING` can be combined with `TORCH_COMPILE`: `Mode.INFERENCE | Mode.TORCH_COMPILE`.

    Attributes:
        FALLBACK: in a mapping, the kernel that is used when none is registered for a better mode.
        TRAINING: the model is trained; it can be used for inference as well.
        INFERENCE: the model is used for inference.
        TORCH_COMPILE: the model is compiled with `torch.compile`.
    """

    FALLBACK = 1
    TRAINING = 2
    INFERENCE = 4
    TORCH_COMPILE = 8

    def __or__(self, other: "Mode") -> "Mode":
        """The union of two modes.

        Raises:
            ModeError: when they exclude each other (a `ValueError`).
        """
        if not isinstance(other, Mode):
            return NotImplemented
        union = super().__or__(other)
        if Mode.INFERENCE in union and Mode.TRAINING in union:
            message = (
                "Mode.INFERENCE and Mode.TRAINING exclude each other; a model kernelized for training can also be "
                "used for inference"
            )
            raise ModeError(message)
        if Mode.FALLBACK in union and union is not Mode.FALLBACK:
            message = "Mode.FALLBACK stands for every mode without a kernel and cannot be combined with another mode"
            raise ModeError(message)
        return union


_INFERENCE_COMPILED = Mode.INFERENCE | Mode.TORCH_COMPILE
_TRAINING_COMPILED = Mode.TRAINING | Mode.TORCH_COMPILE

#: What a model can be kernelized for → the modes whose kernels will do, the best one first.
SEARCH_ORDER = MappingProxyType(
    {
        Mode.INFERENCE: (
            Mode.INFERENCE,
            _INFERENCE_COMPILED,
            Mode.TRAINING,
            _TRAINING_COMPILED,
            Mode.FALLBACK,
        ),
        _INFERENCE_COMPILED: (_INFERENCE_COMPILED, _TRAINING_COMPILED, Mode.FALLBACK),
        Mode.TRAINING: (Mode.TRAINING, _TRAINING_COMPILED, Mode.FALLBACK),
        _TRAINING_COMPILED: (_TRAINING_COMPILED, Mode.FALLBACK),
    }
)


def check_mode(mode: object) -> Mode:
    """Check that a model can be kernelized for a mode.

    Raises:
        ModeError: when it is no mode, or does not say whether the model is used for inference or for training.
    """
    if isinstance(mode, Mode) and mode in SEARCH_ORDER:
        return mode
    message = (
        f"a model cannot be kernelized for {describe_mode(mode) if isinstance(mode, Mode) else repr(mode)}; use "
        "Mode.INFERENCE or Mode.TRAINING, and add | Mode.TORCH_COMPILE when the model is compiled"
    )
    raise ModeError(message)


def describe_mode(mode: Mode) -> str:
    """The mode as it is written in a program, the same in every version of Python."""
    members = (Mode.FALLBACK, Mode.INFERENCE, Mode.TRAINING, Mode.TORCH_COMPILE)
    return " | ".join(f"Mode.{member.name}" for member in members if member in mode)
