"""Making classes and functions extensible: saying by which name kernels are looked up for them."""

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from kernels.layer.functions import extensible_function

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "replace_kernel_forward_from_hub",
    "use_kernel_forward_from_hub",
    "use_kernel_func_from_hub",
    "use_kernelized_func",
]

_LOGGER = logging.getLogger("kernels.layer")
_T = TypeVar("_T")


def use_kernel_forward_from_hub(
    layer_name: str, condition: "Callable[[nn.Module], bool] | None" = None
) -> Callable[[_T], _T]:
    """Make a decorator that makes a class or a function extensible.

    A class works as before; the decorator notes the name in it, and subclasses inherit the note. A function becomes the
    only instance of a `torch.nn.Module` that calls it. For `kernelize` to see it, it must be a member of a module of
    the model, or be named in the `use_kernelized_func` of one.

    Args:
        layer_name: the name that kernels are looked up by.
        condition: called with each module before it gets a kernel; those for which it is false keep their forward.

    Raises:
        TypeError: when the decorator is used without the name of a layer, or on something that cannot be called.
    """
    if type(layer_name) is not str:
        message = f"write the name of the layer: @use_kernel_forward_from_hub('Name'); got {layer_name!r}"
        raise TypeError(message)

    def decorate(target: Any) -> Any:
        if isinstance(target, type):
            replace_kernel_forward_from_hub(target, layer_name, condition)
            return target
        if not callable(target):
            message = f"only a class or a function can be made extensible, not {target!r}"
            raise TypeError(message)
        return extensible_function(target, layer_name, condition)

    return decorate


def use_kernel_func_from_hub(func_name: str) -> Callable[[_T], _T]:
    """Make a decorator that makes a function extensible; the older name of `use_kernel_forward_from_hub`.

    Args:
        func_name: the name that kernels are looked up by.
    """
    return use_kernel_forward_from_hub(func_name)


def replace_kernel_forward_from_hub(
    cls: type, layer_name: str, condition: "Callable[[nn.Module], bool] | None" = None
) -> None:
    """Make a class of somebody else extensible.

    Its author may change what it computes with, or its parameters, without a thought of kernels: where there is a
    choice, use `use_kernel_forward_from_hub`.

    Args:
        cls: a subclass of `torch.nn.Module`.
        layer_name: the name that kernels are looked up by.
        condition: as for `use_kernel_forward_from_hub`.
    """
    extensible: Any = cls
    extensible.kernel_layer_name = layer_name
    extensible.kernel_condition = condition


def use_kernelized_func(*functions: Any) -> Callable[[_T], _T]:
    """Make a decorator for a module class whose code calls extensible functions.

    `kernelize` finds the functions through the instances of the class, which get the attribute `_kernel_funcs`: a
    dictionary from the names that kernels are looked up by to the functions. They are no submodules. A function is one
    object for all models: it has the kernel that `kernelize` gave it last.

    Args:
        functions: functions that `use_kernel_forward_from_hub` has made extensible; others are passed over, with a
            warning on the logger `kernels.layer`.
    """
    named = {}
    for function in functions:
        layer_name = getattr(function, "kernel_layer_name", None)
        if layer_name is None:
            _LOGGER.warning("%r is not extensible; decorate it with @use_kernel_forward_from_hub", function)
        else:
            named[layer_name] = function

    def decorate(cls: Any) -> Any:
        construct = cls.__init__

        @functools.wraps(construct)
        def initialize(self: Any, *args: Any, **kwargs: Any) -> None:
            construct(self, *args, **kwargs)
            # The class may inherit from one that has this decorator, too.
            self._kernel_funcs = {**getattr(self, "_kernel_funcs", {}), **named}

        cls.__init__ = initialize
        return cls

    return decorate
