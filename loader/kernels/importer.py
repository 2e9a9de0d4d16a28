"""One build of a kernel → one module, under the kernel's id, once per process, from any thread.

Python's own import system does the work. A finder knows which ids have been claimed for which build, and
`importlib.import_module` does the rest: it lets one thread execute the module while the others wait, sees deadlocks
between kernels that import each other, and takes a module that failed out of `sys.modules`.

The finder also finds the submodules of a kernel: from sources and native modules alone. Bytecode that lies in a
build's folder is neither used nor written, since Python would run it whatever the sources beside it say.
"""

import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from threading import Lock
from types import ModuleType

from kernels.digest import digest_tree
from kernels.errors import KernelIdError, KernelNotFoundError
from kernels.loaded import LoadedKernel, RepoInfo
from kernels.metadata import Metadata
from kernels.sources import SourceLoader, find_submodule

__all__ = ["import_kernel", "loaded_from", "loaded_kernels"]


@dataclass(slots=True, eq=False)
class _Claim:
    """The right of one build to the name of its module.

    A claim lasts as long as somebody is importing the build, and for good once that has succeeded.
    """

    metadata: Metadata
    tree: Path
    init: Path
    repo_info: RepoInfo | None
    users: int = 0
    loaded: LoadedKernel | None = None

    def record(self, module: ModuleType) -> None:
        """Enter the build's module among the loaded kernels."""
        with _REGISTRY.lock:
            if self.loaded is None:
                self.loaded = LoadedKernel(self.metadata, module, self.repo_info)
                _REGISTRY.loaded[self.metadata.id] = self


class _Registry:
    """What this process has claimed and loaded.

    Attributes:
        lock: held for changes, never while foreign code runs.
        claims: id → claim.
        changes: how often a claim has come or gone.
        trees: resolved folder of a build → the claim under which it is loaded.
        loaded: the claims of the loaded kernels, in the order of loading.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.claims: dict[str, _Claim] = {}
        self.changes = 0
        self.trees: dict[Path, _Claim] = {}
        self.loaded: dict[str, _Claim] = {}


_REGISTRY = _Registry()
if hasattr(os, "register_at_fork"):  # a lock that another thread of the parent holds would never be released
    os.register_at_fork(after_in_child=lambda: setattr(_REGISTRY, "lock", Lock()))


def import_kernel(tree: Path, metadata: Metadata, repo_info: RepoInfo | None = None) -> ModuleType:
    """Import the build of a kernel, or give the module back that it already has in this process.

    A second build with the id of a loaded one and the same contents is the loaded one: the namespace of its native
    operators cannot be registered twice.

    Args:
        tree: the folder of the build; every path to one folder is the same kernel.
        metadata: the metadata of the build.
        repo_info: where the build came from on the Hub.

    Raises:
        KernelIdError: when the id belongs to another module or to a different build. Nothing of the kernel has run.
        KernelNotFoundError: when the build has no `__init__.py`.
        BaseException: what the kernel itself raises while it is imported. Nothing of it is left behind, and another
            call tries again.
    """
    tree = Path(os.path.realpath(tree))
    loaded = loaded_from(tree)
    if loaded is not None:
        if loaded.repo_info is None and repo_info is not None:  # loaded by a lock file before, and now from the Hub
            _REGISTRY.trees[tree].loaded = replace(loaded, repo_info=repo_info)
        return loaded.module
    claim = _claim(_Claim(metadata, tree, _init_file(tree, metadata), repo_info))
    try:
        module = _import_module(metadata.id)
        if not isinstance(getattr(getattr(module, "__spec__", None), "loader", None), _Loader):
            # The build's folder for older loaders has imported it already: the same files, under the same name.
            claim.record(module)
    finally:
        with _REGISTRY.lock:
            claim.users -= 1
            if claim.loaded is not None:
                _REGISTRY.trees[tree] = claim
            elif claim.users == 0:
                del _REGISTRY.claims[metadata.id]
                _REGISTRY.changes += 1
    return module


def loaded_from(tree: Path) -> LoadedKernel | None:
    """The kernel that was loaded from a folder, which is a resolved path."""
    claim = _REGISTRY.trees.get(tree)
    return claim.loaded if claim else None


def loaded_kernels() -> list[LoadedKernel]:
    """Every kernel that this process has loaded, in the order of loading, in a new list."""
    return [claim.loaded for claim in list(_REGISTRY.loaded.values()) if claim.loaded is not None]


def _import_module(name: str) -> ModuleType:
    """Import a claimed module; as with any circular import, two kernels that load each other see unfinished modules.

    When they do so from two threads, Python sees that each waits for the other, and lets one of them fail.
    """
    try:
        return importlib.import_module(name)
    except RuntimeError as error:
        unfinished = sys.modules.get(name)
        if type(error).__name__ != "_DeadlockError" or unfinished is None:
            raise
        return unfinished


def _claim(wanted: _Claim) -> _Claim:
    """Take the id for a build, or join the claim that the same build already has."""
    name = wanted.metadata.id
    while True:
        with _REGISTRY.lock:
            claim, changes = _REGISTRY.claims.get(name), _REGISTRY.changes
            if claim is not None and claim.tree == wanted.tree:
                claim.users += 1
                return claim
        problem = _foreign(wanted) if claim is None else _different(claim, wanted)
        with _REGISTRY.lock:
            if _REGISTRY.changes == changes:  # else another thread came or went meanwhile: look again
                if problem:
                    raise KernelIdError(problem)
                if claim is None:
                    claim = _REGISTRY.claims[name] = wanted
                    _REGISTRY.changes += 1
                claim.users += 1
                if _FINDER not in sys.meta_path:
                    sys.meta_path.insert(0, _FINDER)
                return claim


def _init_file(tree: Path, metadata: Metadata) -> Path:
    for path in (tree / "__init__.py", tree / metadata.python_name / "__init__.py"):
        if path.is_file():
            return path
    message = f"{tree} is not a build of a kernel: it has neither __init__.py nor {metadata.python_name}/__init__.py"
    raise KernelNotFoundError(message)


def _foreign(claim: _Claim) -> str | None:
    """What is wrong with an id that names a module which is loaded or could be; executes nothing of either."""
    name = claim.metadata.id
    if name in sys.modules and _is_inside(getattr(sys.modules[name], "__spec__", None), claim.tree):
        return None
    if name in sys.modules or name in sys.stdlib_module_names:
        where = "is loaded" if name in sys.modules else "belongs to Python"
    else:
        spec = importlib.util.find_spec(name)
        if spec is None or _is_inside(spec, claim.tree):
            return None
        where = f"is installed in {spec.origin or list(spec.submodule_search_locations or [])}"
    return (
        f"the kernel in {claim.tree} has the id {name!r}, which would hide the module {name} that {where}; "
        "a kernel needs an id of its own: build it with kernel-builder, which makes one"
    )


def _is_inside(spec: ModuleSpec | None, tree: Path) -> bool:
    """Whether a module is part of the build itself, which Python sees when it runs in the folder of the build."""
    if spec is None:
        return False
    places = list(spec.submodule_search_locations or []) or [spec.origin or ""]
    return all(Path(place).resolve().is_relative_to(tree) for place in places)


def _different(claim: _Claim, wanted: _Claim) -> str | None:
    """What is wrong with a build whose id belongs to a build with other contents."""
    if _same_contents(claim, wanted):
        return None
    return (
        f"the kernel in {wanted.tree} has the id {wanted.metadata.id!r}, under which another build was loaded from "
        f"{claim.tree}; start a new process to load this one instead, or build it from a clean commit, which gives it "
        "an id of its own"
    )


def _same_contents(one: _Claim, other: _Claim) -> bool:
    # What a build says of itself proves nothing here: one of the two may have been changed since.
    try:
        return digest_tree(one.tree) == digest_tree(other.tree)
    except OSError:
        return False  # one of them has gone or cannot be read: nothing shows that they are the same


class _Loader(SourceLoader):
    """Executes the module of a kernel; when that fails, takes its submodules out of the process again."""

    def __init__(self, claim: _Claim) -> None:
        super().__init__(claim.metadata.id, str(claim.init))
        self.claim = claim

    def exec_module(self, module: ModuleType) -> None:
        claim, name = self.claim, self.claim.metadata.id
        try:
            super().exec_module(module)
        except BaseException as error:
            if claim.loaded is None:
                for submodule in [key for key in list(sys.modules) if key.startswith(f"{name}.")]:
                    sys.modules.pop(submodule, None)
            if hasattr(error, "add_note"):  # Python 3.11 and later
                error.add_note(f"while importing the kernel {claim.metadata.name} ({name}) from {claim.tree}")
            raise
        claim.record(sys.modules.get(name, module))


class _Finder:
    """Finds the kernels whose ids are claimed, and their submodules; nothing else."""

    @staticmethod
    def find_spec(
        name: str,
        path: Sequence[str] | None = None,
        _target: ModuleType | None = None,
        /,
    ) -> ModuleSpec | None:
        kernel, _, submodule = name.partition(".")
        claim = _REGISTRY.claims.get(kernel)
        if claim is None:
            return None
        if submodule:
            return find_submodule(name, path, claim.init.parent)
        package = [str(claim.init.parent)]
        return importlib.util.spec_from_file_location(
            name, claim.init, loader=_Loader(claim), submodule_search_locations=package
        )


_FINDER = _Finder()
