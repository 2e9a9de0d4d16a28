"""Functions as layers, so that kernels can replace them and can be functions."""

import functools
import inspect
import sys
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any

from kernels.errors import LayerError

if TYPE_CHECKING:
    from torch import nn

__all__ = ["extensible_function", "layer_of"]


@functools.cache
def layer_of(function: Callable[..., Any]) -> "type[nn.Module]":
    """Make a layer whose `forward` calls a function of a kernel; one and the same for the same function.

    The function can have the attributes `can_torch_compile` and `has_backward`, as layers do.

    Raises:
        LayerError: when Python does not know the parameters of the function (a `ValueError`).
    """
    from torch import nn

    members = {
        name: getattr(function, name) for name in ("can_torch_compile", "has_backward") if hasattr(function, name)
    }
    return type(_name(function), (nn.Module,), {"forward": _method(function), **_origin(function), **members})


def extensible_function(
    function: Callable[..., Any], layer_name: str, condition: "Callable[[nn.Module], bool] | None" = None
) -> "nn.Module":
    """Make a module that calls a function, and that `kernelize` can replace the `forward` of.

    It is the only instance of its class, it is called as the function is, and it has the function's name, its
    documentation and its signature. As with a function, a copy of it is the same object, and it is pickled by its name.

    Args:
        function: what to call.
        layer_name: the name that kernels are looked up by.
        condition: as for `use_kernel_forward_from_hub`.

    Raises:
        LayerError: when Python does not know the parameters of the function (a `ValueError`).
    """
    members = {
        "forward": _method(function),
        "kernel_layer_name": layer_name,
        "kernel_condition": condition,
        **_origin(function),
    }
    singleton: nn.Module = type(_name(function), (_base(),), members)()
    # What is noted on a function can be read here too; the dictionary of another object would overwrite the module's.
    functools.update_wrapper(singleton, function, updated=("__dict__",) if isinstance(function, FunctionType) else ())
    return singleton


@functools.cache
def _base() -> "type[nn.Module]":
    from torch import nn

    class ExtensibleFunction(nn.Module):  # type: ignore[misc]  # Torch is not type-checked
        """The base of the modules that stand in for functions."""

        def __copy__(self) -> "ExtensibleFunction":
            return self

        def __deepcopy__(self, _memo: dict[int, Any]) -> "ExtensibleFunction":
            return self

        def __reduce__(self) -> str | tuple[Any, ...]:
            found: Any = sys.modules.get(self.__module__)
            for name in self.__qualname__.split("."):
                found = getattr(found, name, None)
            if found is self:
                return str(self.__qualname__)
            # The function itself has its name, as when the decorator was called to make a second object of it.
            return extensible_function, (self.__wrapped__, self.kernel_layer_name, type(self).kernel_condition)

    return ExtensibleFunction


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    """A method that calls a function, with a signature that says so."""

    @functools.wraps(function)
    def forward(_self: "nn.Module", /, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        message = f"{_name(function)} cannot be used as a layer: Python does not know its parameters"
        raise LayerError(message) from error
    own = inspect.Parameter("_self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = [own, *signature.parameters.values()]
    forward.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # `inspect` reads it
    return forward


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _origin(function: Callable[..., Any]) -> dict[str, Any]:
    """The module and the documentation of a function, for the class made of it."""
    return {"__module__": getattr(function, "__module__", None) or __name__, "__doc__": function.__doc__}
