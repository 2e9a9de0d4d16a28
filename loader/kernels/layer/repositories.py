"""The kernels of a mapping.

Six classes: a layer or a function, from the Hub, from a folder of this machine, or from the Hub as a project's
`kernels.lock` has it. They are values: two that name the same kernel are equal.
"""

from dataclasses import KW_ONLY, dataclass
from difflib import get_close_matches
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from kernels.errors import LayerError
from kernels.layer.sources import HubSource, LocalSource, LockedSource, Source

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "FuncRepository",
    "LayerRepository",
    "LocalFuncRepository",
    "LocalLayerRepository",
    "LockedFuncRepository",
    "LockedLayerRepository",
    "OwnRepository",
    "Repository",
    "load_layer",
]


class Repository(Protocol):
    """What a mapping needs of a repository: a class of your own will do."""

    def load(self) -> Any:
        """Give the layer: a subclass of `torch.nn.Module` whose `forward` is used."""


class OwnRepository(Source):
    """A repository of ours: a value, which can be pickled, and whose `load` takes a backend."""

    __slots__ = ()

    def load(self, backend: str | None = None) -> "type[nn.Module]":
        """Load the kernel for a backend, by default the one that Torch is made for, and give the layer."""
        raise NotImplementedError


def load_layer(repository: Repository, backend: str | None) -> Any:
    """Load the layer of a repository, where it is one of ours for a certain backend.

    Raises:
        BackendError: when this system does not have the backend; the Hub has not been asked for anything.
        Exception: what the loading raises.
    """
    if not isinstance(repository, OwnRepository):
        return repository.load()
    return repository.load(backend)


class _Layer(OwnRepository):
    """A layer in the `layers` of a kernel."""

    __slots__ = ()
    layer_name: str

    def load(self, backend: str | None = None) -> "type[nn.Module]":
        """Load the kernel and take the layer from it.

        Args:
            backend: the backend to load the kernel for; by default the one that Torch is made for.

        Raises:
            LayerError: when the kernel does not have the layer (a `ValueError`).
            KernelsError, OSError: what the loading of the kernel raises.
        """
        layers = getattr(self._import(backend), "layers", None)
        layer: type[nn.Module] = _member(layers, self.layer_name, f"layer of {self._origin}")
        return layer

    def __str__(self) -> str:
        return f"layer {self.layer_name} of {self._origin}"


class _Function(OwnRepository):
    """A function of a kernel, for a layer without state."""

    __slots__ = ()
    func_name: str

    def load(self, backend: str | None = None) -> "type[nn.Module]":
        """Load the kernel and make a layer of the function: its `forward` calls the function.

        Args:
            backend: the backend to load the kernel for; by default the one that Torch is made for.

        Raises:
            LayerError: when the kernel does not have the function, or its signature is unknown (a `ValueError`).
            KernelsError, OSError: what the loading of the kernel raises.
        """
        from kernels.layer.functions import layer_of

        return layer_of(_member(self._import(backend), self.func_name, f"function of {self._origin}"))

    def __str__(self) -> str:
        return f"function {self.func_name} of {self._origin}"


def _member(namespace: ModuleType | None, name: str, kind: str) -> Any:
    found = getattr(namespace, name, None)
    if found is not None:
        return found
    if namespace is None:
        message = f"{name} is no {kind}: the kernel has no `layers`; it must import them in its __init__.py"
        raise LayerError(message)
    names = [candidate for candidate in dir(namespace) if not candidate.startswith("_")]
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names) or 'none'}"
    message = f"{name} is no {kind}; {hint}"
    raise LayerError(message)


@dataclass(frozen=True, slots=True)
class LayerRepository(_Layer, HubSource):
    """A layer of a kernel on the Hub.

    Attributes:
        repo_id: the repository, `owner/name`.
        layer_name: the name of the layer in the kernel's `layers`.
        revision: the branch, tag or commit to load; instead of a version.
        version: the version to load; instead of a revision.
        trust_remote_code: as for `get_kernel`.
        user_agent: what the calling program says of itself to the Hub.

    Raises:
        RequestError: when not exactly one of `revision` and `version` is given (a `ValueError`).
    """

    _: KW_ONLY
    layer_name: str


@dataclass(frozen=True, slots=True)
class FuncRepository(_Function, HubSource):
    """A function of a kernel on the Hub, for a layer without state.

    Attributes:
        repo_id: the repository, `owner/name`.
        func_name: the name of the function in the kernel.
        revision: the branch, tag or commit to load; instead of a version.
        version: the version to load; instead of a revision.
        trust_remote_code: as for `get_kernel`.
        user_agent: what the calling program says of itself to the Hub.

    Raises:
        RequestError: when not exactly one of `revision` and `version` is given (a `ValueError`).
    """

    _: KW_ONLY
    func_name: str


@dataclass(frozen=True, slots=True)
class LocalLayerRepository(_Layer, LocalSource):
    """A layer of a kernel in a folder of this machine.

    Attributes:
        repo_path: a kernel project, its `build` folder, or one variant in it.
        layer_name: the name of the layer in the kernel's `layers`.
    """

    _: KW_ONLY
    layer_name: str


@dataclass(frozen=True, slots=True)
class LocalFuncRepository(_Function, LocalSource):
    """A function of a kernel in a folder of this machine, for a layer without state.

    Attributes:
        repo_path: a kernel project, its `build` folder, or one variant in it.
        func_name: the name of the function in the kernel.
    """

    _: KW_ONLY
    func_name: str


@dataclass(frozen=True, slots=True)
class LockedLayerRepository(_Layer, LockedSource):
    """A layer of a kernel on the Hub, at the commit that a lock file has.

    Attributes:
        repo_id: the repository, which the lock file has to name.
        layer_name: the name of the layer in the kernel's `layers`.
        lockfile: the lock file. By default it is the `kernels.lock` of the project whose code makes this object, which
            is looked for when the kernel is loaded.
        trust_remote_code: as for `get_kernel`.
        user_agent: what the calling program says of itself to the Hub.
    """

    _: KW_ONLY
    layer_name: str


@dataclass(frozen=True, slots=True)
class LockedFuncRepository(_Function, LockedSource):
    """A function of a kernel on the Hub, at the commit that a lock file has, for a layer without state.

    Attributes:
        repo_id: the repository, which the lock file has to name.
        func_name: the name of the function in the kernel.
        lockfile: the lock file. By default it is the `kernels.lock` of the project whose code makes this object, which
            is looked for when the kernel is loaded.
        trust_remote_code: as for `get_kernel`.
        user_agent: what the calling program says of itself to the Hub.
    """

    _: KW_ONLY
    func_name: str
