"""The places that kernels of a mapping are loaded from: the Hub, a folder, and the Hub as a lock file has it."""

import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import KW_ONLY, InitVar, dataclass, field
from pathlib import Path
from types import ModuleType

from kernels.request import Request

__all__ = ["HubSource", "LocalSource", "LockedSource", "Source"]


class Source:
    """A place that a kernel is loaded from."""

    __slots__ = ()

    @property
    def _origin(self) -> str:
        """The place, for people."""
        raise NotImplementedError

    def _import(self, backend: str | None) -> ModuleType:
        """Load the kernel for a backend; `None` is the one that Torch is made for."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class HubSource(Source):
    """A repository of the Hub, at a version or a revision."""

    repo_id: str
    _: KW_ONLY
    revision: str | None = None
    version: int | str | None = None
    trust_remote_code: bool | Collection[str] = False
    user_agent: str | Mapping[str, str] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        Request.check(self.repo_id, self.revision, self.version)
        _freeze_trust(self)

    @property
    def _origin(self) -> str:
        at = f"version {self.version}" if self.revision is None else f"revision {self.revision}"
        return f"{self.repo_id} ({at})"

    def _import(self, backend: str | None) -> ModuleType:
        from kernels.load import get_kernel

        return get_kernel(
            self.repo_id,
            revision=self.revision,
            version=self.version,
            backend=backend,
            user_agent=self.user_agent,
            trust_remote_code=self.trust_remote_code,
        )


@dataclass(frozen=True, slots=True)
class LocalSource(Source):
    """A folder of this machine."""

    repo_path: str | os.PathLike[str]
    _: KW_ONLY
    # Documented since the days when the path of a kernel did not tell the name of its package; nothing needs it now.
    package_name: InitVar[str | None] = None

    def __post_init__(self, package_name: str | None) -> None:
        object.__setattr__(self, "repo_path", Path(self.repo_path))

    @property
    def _origin(self) -> str:
        return str(self.repo_path)

    def _import(self, backend: str | None) -> ModuleType:
        from kernels.load import get_local_kernel

        return get_local_kernel(self.repo_path, backend)


@dataclass(frozen=True, slots=True)
class LockedSource(Source):
    """A repository of the Hub, at the commit that a lock file has."""

    repo_id: str
    _: KW_ONLY
    lockfile: str | os.PathLike[str] | None = None
    trust_remote_code: bool | Collection[str] = False
    user_agent: str | Mapping[str, str] | None = field(default=None, compare=False)
    # What `find_lock` needs to know of the code that made this object. Looking for the file then would make programs
    # fail that never load the kernel, and keeping the globals themselves would take them into copies and pickles.
    _caller: tuple[tuple[str, object], ...] = field(default=(), init=False, repr=False)

    def __post_init__(self) -> None:
        _freeze_trust(self)
        if self.lockfile is not None:
            object.__setattr__(self, "lockfile", Path(self.lockfile))
            return
        # Above this method is the `__init__` that dataclass wrote, and above that the code that makes the object.
        caller = sys._getframe(2).f_globals  # noqa: SLF001 - the only way to know the caller
        facts = tuple((name, caller.get(name)) for name in ("__package__", "__file__"))
        object.__setattr__(self, "_caller", facts)

    @property
    def _origin(self) -> str:
        return f"{self.repo_id} (locked)"

    def _import(self, backend: str | None) -> ModuleType:
        from kernels.lock.find import find_lock
        from kernels.locked import get_locked_kernel

        return get_locked_kernel(
            self.repo_id,
            lockfile=self.lockfile or find_lock(dict(self._caller)),
            backend=backend,
            trust_remote_code=self.trust_remote_code,
            user_agent=self.user_agent,
        )


def _freeze_trust(source: HubSource | LockedSource) -> None:
    """Make a list of trusted repositories hashable, and equal to the same ones in another order."""
    trust = source.trust_remote_code
    if not isinstance(trust, (bool, str)):
        object.__setattr__(source, "trust_remote_code", tuple(sorted(trust)))
