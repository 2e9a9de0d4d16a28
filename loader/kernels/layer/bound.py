"""A kernel's `forward` on a module, without a reference cycle.

`kernelize` replaces the `forward` of an instance. Another class for the instance would make no cycle either, but
programs test `type(module) is X`, libraries swap classes themselves (`fully_shard`, `parametrize`), and clients look
for the kernel in `module.__dict__["forward"]`. A plain bound method there would hold the module, which holds the
dictionary: a cycle, and the weights of a deleted model would stay in memory until the garbage collector runs.

So the method is bound to a small object that knows the module weakly. It has to be a true method, and its function the
same code for all modules: `torch.compile` then compiles the code of a block once for all the blocks of a model. Behind
a callable object of any other kind it would compile it for each block, and give up at its limit of eight. Torch 2.8 is
the first that follows such a method without a graph break.
"""

import copy
import functools
import logging
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from types import MethodType
from typing import TYPE_CHECKING, Any

from kernels.layer.repositories import OwnRepository, Repository, load_layer
from kernels.layer.validate import check_layer

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Kernel", "bind", "restore"]

_LOGGER = logging.getLogger("kernels.layer")


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """What replaces the `forward` of a module.

    Attributes:
        repository: where the kernel comes from; `None` where that is not known any more.
        backend: the backend that it is loaded for; `None` is the one that Torch is made for.
        function: what runs: takes a `_Binding` (or the module) and the arguments of `forward`.
    """

    repository: Repository | None
    backend: str | None
    function: Callable[..., Any]

    @classmethod
    def of(cls, layer: Any, repository: Repository | None, backend: str | None) -> "Kernel":
        """Take the `forward` of a layer, or of the module's own class to have the original."""
        return cls(repository, backend, _as_bound(layer.forward))


class _Binding:
    """A kernel and the module that uses it.

    A copy of the module gets a binding of its own. An unpickled module loads the kernel again where it can, and
    otherwise has the original forward; what was loaded before must not decide whether a model can be read.
    """

    __slots__ = ("_kernel", "_module", "previous")

    def __init__(self, module: "nn.Module", kernel: Kernel, previous: Any) -> None:
        self._module = weakref.ref(module)
        self._kernel = kernel
        self.previous = previous

    @property
    def module(self) -> "nn.Module":
        """The module that the kernel computes with.

        Raises:
            ReferenceError: when it has been deleted.
        """
        module = self._module()
        if module is None:
            message = "the module of this forward has been deleted; keep the module to call it"
            raise ReferenceError(message)
        return module

    @property
    def forward(self) -> MethodType:
        """The bound method that stands in for the module's own."""
        return MethodType(self._kernel.function, self)

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Binding":
        module = self.module
        return _Binding(memo.get(id(module), module), self._kernel, copy.deepcopy(self.previous, memo))

    def __reduce__(self) -> tuple[Callable[..., "_Binding"], tuple[Any, ...]]:
        # Of a repository that is not ours, nothing says that it can be pickled.
        repository = self._kernel.repository if isinstance(self._kernel.repository, OwnRepository) else None
        return _unpickle, (self.module, repository, self._kernel.backend, self.previous)


def bind(module: "nn.Module", kernel: Kernel) -> None:
    """Replace the `forward` of a module, or the kernel that has replaced it before."""
    module.__dict__["forward"] = _Binding(module, kernel, _original(module)).forward


def restore(module: "nn.Module") -> None:
    """Take the kernel of a module, if it has one, out again: it has the `forward` that it had before."""
    original = _original(module)
    if original is not None:
        module.__dict__["forward"] = original
    else:
        module.__dict__.pop("forward", None)


def _original(module: "nn.Module") -> Any:
    """What is in place of `forward` in the module itself, but for kernels; `None` when it uses that of its class."""
    forward = module.__dict__.get("forward")
    binding = getattr(forward, "__self__", None)
    return binding.previous if isinstance(binding, _Binding) else forward


def _as_bound(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def forward(bound: Any, /, *args: Any, **kwargs: Any) -> Any:
        # Libraries that wrap a `forward` bind its function to the module itself.
        return function(bound.module if type(bound) is _Binding else bound, *args, **kwargs)

    forward.__name__ = "forward"  # under which `pickle` finds a method on what it is bound to
    return forward


def _unpickle(module: "nn.Module", repository: Repository | None, backend: str | None, previous: Any) -> _Binding:
    cls: Any = type(module)
    problem = "its repository is of a class of its own, which cannot be pickled"
    if repository is not None:
        try:
            layer = load_layer(repository, backend)
            check_layer(layer, cls, str(repository))
            return _Binding(module, Kernel.of(layer, repository, backend), previous)
        except Exception as error:  # noqa: BLE001 - a model can be read wherever its own classes are
            problem = f"{repository} cannot be loaded: {error}"
    _LOGGER.warning("a %s was pickled with a kernel and has its original forward again: %s", cls.__qualname__, problem)
    return _Binding(module, Kernel.of(cls, repository, backend), previous)
