"""Loading kernels: the functions that programs call."""

import os
from collections.abc import Collection, Mapping
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType

from kernels.environment import local_kernels
from kernels.errors import IntegrityError, NotImportingError
from kernels.hub.client import Client
from kernels.hub.location import locate
from kernels.hub.repository import list_variants
from kernels.importer import import_kernel, loaded_from, loaded_kernels
from kernels.integrity import still_holds
from kernels.loaded import LoadedKernel
from kernels.local import list_builds
from kernels.prepare import Preparation, Ready
from kernels.request import Request
from kernels.resolve import Decision, resolve
from kernels.signature import PublisherPolicy
from kernels.system import current_system, select_backend

__all__ = [
    "get_kernel",
    "get_kernel_dep",
    "get_kernel_variants",
    "get_loaded_kernels",
    "get_local_kernel",
    "has_kernel",
    "install_kernel",
    "load_ready",
    "loaded_for",
]

#: What was asked for → the build that was loaded for it.
_BUILDS: dict[tuple[object, ...], Path] = {}
#: The kernels that the kernel which is being imported needs, by repository.
_DEPENDS: ContextVar[Mapping[str, ModuleType] | None] = ContextVar("kernels_depends", default=None)


def get_kernel(
    repo_id: str,
    revision: str | None = None,
    version: int | str | None = None,
    backend: str | None = None,
    user_agent: str | Mapping[str, str] | None = None,
    trust_remote_code: bool | Collection[str] = False,
    check_arch: bool = True,
    *,
    require_signature: bool | PublisherPolicy = False,
) -> ModuleType:
    """Load a kernel from the Hub: the build of it that fits this system.

    A kernel that this process has loaded is given back without asking anybody. One whose build is in the cache is
    verified and imported: by commit without a request, by version with one, and one more for a publisher that this
    process has not asked about. Where the Hub cannot be reached, what the cache knows is used, with a warning on the
    logger `kernels.hub`.

    Args:
        repo_id: the repository, `owner/name`.
        revision: the branch, tag or commit to load; instead of a version.
        version: the version to load: the newest build of the branch `v<version>`.
        backend: the backend to load the kernel for: `"cpu"`, or the backend that Torch is made for, which is the
            default.
        user_agent: what the calling program says of itself to the Hub.
        trust_remote_code: `True` loads from any publisher, a list from those repositories and publishers, `False`
            (and a list for the others) from publishers that the Hub vouches for.
        check_arch: whether a build without code for the GPU of this process is refused.
        require_signature: whether the build, and those of the kernels that it needs, must be signed: `True` by a
            publisher that `PublisherPolicy.default()` names, or by one of the policy that is given. Needs
            `kernels[verify]`, and no network.

    Returns:
        The module of the kernel.

    Raises:
        RequestError: when the arguments do not say what to load (a `ValueError`).
        VersionNotFoundError: when the repository does not have the version (a `ValueError`).
        UntrustedKernelError: when the publisher is not trusted (a `ValueError`).
        IntegrityError: when the files are not those that were published (a `ValueError`).
        SignatureError: when a signature is required and does not hold (a `ValueError`).
        NoVariantError: when no build fits this system; says why for each (a `FileNotFoundError`).
        NotCachedError: when the Hub may not be asked and the cache does not have it (a `FileNotFoundError`).
        HubUnreachableError: when the Hub cannot be reached and the cache knows nothing (a `ConnectionError`).
        KernelsError: what `get_local_kernel` raises of the build itself.
        OSError: the Hub client's own errors, for instance when there is no such repository.
    """
    signers = PublisherPolicy.default() if require_signature is True else require_signature or None
    wanted = _wanted(repo_id, revision, version)
    key = (wanted, backend, signers)
    module = loaded_for(key)
    if module is not None:
        return module
    preparation = Preparation(backend, Client(user_agent), trust_remote_code, check_arch, signers=signers)
    return load_ready(preparation.ready(wanted), key)


def get_local_kernel(
    repo_path: str | os.PathLike[str],
    backend: str | None = None,
    *,
    trust_remote_code: bool | Collection[str] = False,
    user_agent: str | Mapping[str, str] | None = None,
) -> ModuleType:
    """Import a kernel from a folder of this machine.

    A process loads a folder once: the second call gives the same module, from any thread and by any path to the
    folder, and also when the folder has been built anew since. To use the new build, start a new process.

    Args:
        repo_path: a kernel project, its `build` folder, or one variant in it; `~` is the home folder.
        backend: the backend to load the kernel for: `"cpu"`, or the backend that Torch is made for, which is the
            default.
        trust_remote_code: as for `get_kernel`, for the kernels on the Hub that this one needs.
        user_agent: as for `get_kernel`, for the same.

    Returns:
        The module of the kernel.

    Raises:
        KernelNotFoundError: when there is no kernel at the path (a `FileNotFoundError`).
        NoVariantError: when none of its builds fits this system; says why for each (a `FileNotFoundError`).
        BackendError: when this system does not have the backend (a `ValueError`).
        MetadataError: when the `metadata.json` of the build cannot be used (a `ValueError`).
        KernelIdError: when the id of the kernel belongs to another module (a `ValueError`).
        UnknownDependencyError: when it needs a Python package that kernels may not need (a `ValueError`).
        MissingDependencyError: when a Python package that it needs is not installed (an `ImportError`).
        UnsupportedKernelError: when it needs a newer loader (a `RuntimeError`).
        UnsupportedArchError: when it has no code for the GPU of this process (a `RuntimeError`).
        KernelDependencyError: when it and other kernels need each other in a circle (a `ValueError`).
    """
    path = os.path.realpath(os.path.expanduser(repo_path))  # noqa: PTH111 - Path fails on the ~ of an unknown user
    key = (path, backend)
    module = loaded_for(key)
    if module is not None:
        return module
    preparation = Preparation(backend, Client(user_agent), trust_remote_code)
    return load_ready(preparation.folder(Path(path)), key)


def has_kernel(
    repo_id: str,
    revision: str | None = None,
    version: int | str | None = None,
    backend: str | None = None,
    *,
    trust_remote_code: bool | Collection[str] = False,  # noqa: ARG001 - nothing of the kernel runs
    check_arch: bool = True,
) -> bool:
    """Whether a kernel has a build for this system. Nothing of the kernel runs, and whose it is does not matter.

    Args:
        repo_id: the repository, `owner/name`.
        revision: the branch, tag or commit; instead of a version.
        version: the version.
        backend: as for `get_kernel`.
        trust_remote_code: taken so that the arguments of `get_kernel` can be passed; has no influence.
        check_arch: whether a build without code for the GPU of this process counts as none; for that, the metadata of
            the build is downloaded where there is a GPU.

    Raises:
        RequestError, VersionNotFoundError, NotCachedError, HubUnreachableError, OSError: as for `get_kernel`.
    """
    wanted = _wanted(repo_id, revision, version)
    preparation = Preparation(backend, check_arch=check_arch)
    return preparation.fits(wanted)


def get_kernel_variants(
    repo_id: str,
    revision: str | None = None,
    version: int | str | None = None,
    backend: str | None = None,
) -> list[Decision]:
    """Decide on each build of a kernel whether this system can run it.

    Args:
        repo_id: the repository, `owner/name`.
        revision: the branch, tag or commit; instead of a version.
        version: the version.
        backend: as for `get_kernel`.

    Returns:
        `VariantAccepted` for those that it can run, best first, and then `VariantRejected` with the reason for the
        others.

    Raises:
        RequestError, VersionNotFoundError, NotCachedError, HubUnreachableError, OSError: as for `get_kernel`.
    """
    wanted = _wanted(repo_id, revision, version)
    system = current_system()
    select_backend(backend, system)
    if isinstance(wanted, Path):
        builds = list_builds(wanted)
    else:
        client = Client()
        location = locate(repo_id, revision, version, client=client)
        builds = list_variants(location.repo_id, location.commit, client)
    return resolve(builds, system, backend)


def install_kernel(
    repo_id: str,
    revision: str | None = None,
    version: int | str | None = None,
    backend: str | None = None,
    local_files_only: bool = False,
    user_agent: str | Mapping[str, str] | None = None,
    trust_remote_code: bool | Collection[str] = False,
    *,
    check_arch: bool = True,
    validate_dependencies: bool = False,
) -> Path:
    """Download the build of a kernel that fits this system, verify it, and do not import it.

    Args:
        repo_id: the repository, `owner/name`.
        revision: the branch, tag or commit; instead of a version.
        version: the version.
        backend: as for `get_kernel`.
        local_files_only: whether the cache alone counts.
        user_agent: as for `get_kernel`.
        trust_remote_code: as for `get_kernel`.
        check_arch: as for `get_kernel`.
        validate_dependencies: whether the Python packages that it needs have to be installed.

    Returns:
        The folder of the build.

    Raises:
        KernelsError, OSError: as for `get_kernel`.
    """
    wanted = _wanted(repo_id, revision, version)
    preparation = Preparation(
        backend,
        Client(user_agent),
        trust_remote_code,
        check_arch,
        validate_dependencies=validate_dependencies,
        local_files_only=local_files_only,
    )
    return preparation.ready(wanted).tree


def get_kernel_dep(repo_id: str) -> ModuleType:
    """The module of a kernel that the kernel which is being imported needs; for use in the code of kernels.

    Args:
        repo_id: the repository, as the kernel's metadata names it in `kernel-depends`.

    Raises:
        NotImportingError: when no kernel is being imported, or the one that is does not name the repository
            (a `RuntimeError`).
    """
    depends = _DEPENDS.get()
    if depends is None:
        message = f"get_kernel_dep({repo_id!r}) can only be called while a kernel is being imported, by its own code"
        raise NotImportingError(message)
    if repo_id not in depends:
        named = ", ".join(sorted(depends)) or "none"
        message = f"the kernel that is being imported does not name {repo_id} in its `kernel-depends` ({named})"
        raise NotImportingError(message)
    return depends[repo_id]


def get_loaded_kernels() -> list[LoadedKernel]:
    """Every kernel that this process has loaded, in the order of loading.

    Returns:
        A new list; changing it changes nothing else.
    """
    return loaded_kernels()


def _wanted(repo_id: str, revision: str | None, version: int | str | None) -> Request | Path:
    """What a call is about: the folder that `LOCAL_KERNELS` names for the repository, or what the arguments say."""
    return local_kernels().get(repo_id) or Request.check(repo_id, revision, version)


def load_ready(ready: Ready, key: tuple[object, ...] | None = None) -> ModuleType:
    """Import a kernel after those that it needs.

    Args:
        ready: the kernel.
        key: what was asked for; asked for again, it is the same module.

    Raises:
        IntegrityError: when the files were changed after they had been verified, while others were downloaded or ran.
        KernelIdError, KernelNotFoundError, BaseException: as `import_kernel` says.
    """
    depends = {repo_id: load_ready(needed) for repo_id, needed in ready.depends.items()}
    if ready.receipt is not None and loaded_from(ready.tree) is None and not still_holds(ready.tree, ready.receipt):
        message = f"the kernel in {ready.tree} was changed while it was being loaded, and nothing of it was run"
        raise IntegrityError(message)
    token = _DEPENDS.set(depends)
    try:
        module = import_kernel(ready.tree, ready.metadata, ready.repo_info)
    finally:
        _DEPENDS.reset(token)
    if key is not None:
        _BUILDS[key] = ready.tree
    return module


def loaded_for(key: tuple[object, ...]) -> ModuleType | None:
    """The module that this process has loaded for what is asked for; `None` when it has not."""
    build = _BUILDS.get(key)
    loaded = loaded_from(build) if build else None
    return loaded.module if loaded else None
