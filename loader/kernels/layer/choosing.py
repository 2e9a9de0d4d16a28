"""Deciding which kernel a layer of a model gets."""

import logging
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from kernels.errors import BackendError, KernelizeError, NoVariantError, UnsupportedArchError
from kernels.layer.bound import Kernel
from kernels.layer.fallback import KernelizeFallback
from kernels.layer.finding import Missing, find_kernel
from kernels.layer.mapping import current_registry
from kernels.layer.mode import Mode
from kernels.layer.repositories import OwnRepository, Repository, load_layer
from kernels.layer.target import Target
from kernels.layer.validate import check_layer, check_registered_mode, lacking

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Choice", "Chooser"]

_LOGGER = logging.getLogger("kernels.layer")

#: These say that a kernel has nothing for this system, and not that something is wrong with it.
_NO_BUILD = (BackendError, NoVariantError, UnsupportedArchError)
_NO_BUILD_FALLBACK = KernelizeFallback.NO_COMPATIBLE_PROPERTIES | KernelizeFallback.CANNOT_LOAD
#: The names of layers that a warning has said of that no kernel is registered for them.
_WARNED: set[str] = set()


class Choice(NamedTuple):
    """What is to become of a layer: it gets a kernel, registered for a mode; or it has a reason to get none."""

    kernel: Kernel | None = None
    mode: Mode | None = None
    reason: str = ""


class _Decided(NamedTuple):
    """A choice for a class, which holds as long as the class has the `forward` that was compared."""

    forward: "weakref.ref[Callable[..., Any]]"
    choice: Choice


#: Adopting class → what was asked for → the kernel. A repository of ours is a value, and a kernel that is loaded stays
#: loaded, so that what was found out once need not be found out again.
_DECIDED: "weakref.WeakKeyDictionary[type, dict[tuple[object, ...], _Decided]]" = weakref.WeakKeyDictionary()

_DECLINED = Choice(reason="the condition of its class does not hold for it")


class Chooser:
    """Decides on the layers of one model: once for all layers of a class, and loading each kernel once."""

    def __init__(self, target: Target, mode: Mode, fallback: KernelizeFallback) -> None:
        self._target = target
        self._mode = mode
        self._fallback = fallback
        self._registry = current_registry()
        self._choices: dict[tuple[type, str], Choice] = {}
        self._loaded: dict[int, Any] = {}
        self._backend = target.backend()

    def choose(self, module: "nn.Module", layer_name: str) -> Choice:
        """Decide what becomes of a layer.

        Raises:
            KernelizeError: when no compatible kernel is registered for it, and there is no fallback for the reason.
            LayerError: when the kernel must not be used for it.
            Exception: what the loading of the kernel raises, when there is no fallback for it.
        """
        cls: Any = type(module)
        condition = getattr(cls, "kernel_condition", None)
        if condition is not None and not condition(module):
            return _DECLINED
        choice = self._choices.get((cls, layer_name))
        if choice is None:
            choice = self._choices[cls, layer_name] = self._decide(cls, layer_name)
        return choice

    def _decide(self, cls: Any, layer_name: str) -> Choice:
        found = find_kernel(self._registry, layer_name, self._target, self._mode)
        if isinstance(found, Missing):
            return self._keep(found, cls, layer_name)
        repository, backend = found.repository, self._backend
        key = (layer_name, repository, found.mode, self._mode, backend)
        if isinstance(repository, OwnRepository):
            known = _DECIDED.get(cls, {}).get(key)
            if known is not None and known.forward() is getattr(cls, "forward", None):
                return known.choice
        layer = self._load(repository, backend)
        if isinstance(layer, Choice):
            return layer
        check_layer(layer, cls, str(repository))
        check_registered_mode(layer, found.mode, str(repository))
        problem = lacking(layer, self._mode)
        if problem:
            missing = Missing(KernelizeFallback.NO_COMPATIBLE_MODE, f"{repository} {problem}")
            return self._keep(missing, cls, layer_name)
        choice = Choice(Kernel.of(layer, repository, backend), found.mode)
        if isinstance(repository, OwnRepository):
            _DECIDED.setdefault(cls, {})[key] = _Decided(weakref.ref(cls.forward), choice)
        return choice

    def _load(self, repository: Repository, backend: str | None) -> Any:
        """The layer of a repository; or the choice to do without it, which is not tried again for the next class."""
        key = id(repository)
        if key not in self._loaded:
            try:
                self._loaded[key] = load_layer(repository, backend)
            except Exception as error:
                no_build = isinstance(error, _NO_BUILD)
                allowed = _NO_BUILD_FALLBACK if no_build else KernelizeFallback.CANNOT_LOAD
                if not self._fallback & allowed:
                    raise
                # The exception itself is not kept: its traceback has the frames, and so the model, in a cycle.
                self._loaded[key] = Choice(reason=f"{repository} cannot be loaded: {error}")
                if not no_build:
                    _LOGGER.warning("%s", self._loaded[key].reason)
        return self._loaded[key]

    def _keep(self, missing: Missing, cls: type, layer_name: str) -> Choice:
        """Let a class keep its forward for want of a compatible kernel, if that is allowed."""
        if missing.kind not in self._fallback:
            message = f"{cls.__qualname__} has no kernel: {missing.reason}"
            raise KernelizeError(message)
        if missing.kind is KernelizeFallback.NO_LAYER and layer_name not in _WARNED:
            _WARNED.add(layer_name)
            _LOGGER.warning("%s; register one with register_kernel_mapping or use_kernel_mapping", missing.reason)
        return Choice(reason=missing.reason)
