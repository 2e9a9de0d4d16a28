"""Where the kernel and its benchmark scripts come from: a repository of the Hub at a revision, or a local folder."""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import ModuleType

from kernels.benchmark.script import FOLDER, PATTERN, find_scripts
from kernels.errors import BenchmarkNotFoundError, KernelNotFoundError

__all__ = ["Checkout", "Source", "fetch"]


@dataclass(frozen=True, slots=True)
class Source:
    """What to benchmark.

    Attributes:
        name: how to call it in messages and reports.
        path: the folder of a local kernel; `None` for one from the Hub.
        repo_id: the repository on the Hub; empty for a local kernel.
        revision: a branch, tag or commit of the repository; `None` when `version` is given.
        version: a version of the kernel in the repository.
    """

    name: str
    path: Path | None = None
    repo_id: str = ""
    revision: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Checkout:
    """A kernel that is loaded, with its benchmark scripts on this machine.

    Attributes:
        name: how to call it in messages and reports.
        root: the folder in which the scripts run; `benchmarks/` is in it.
        kernel: the module of the kernel.
        scripts: the scripts, sorted by name.
    """

    name: str
    root: Path
    kernel: ModuleType
    scripts: list[Path]


def fetch(source: Source, *, trust_remote_code: bool = False) -> Checkout:
    """Bring a kernel and its benchmark scripts here, and load the kernel.

    The scripts are code of the repository, so that one rule decides about both: they come with a kernel that
    `get_kernel` agrees to load, from the same commit.

    Raises:
        KernelNotFoundError: when there is no such folder.
        BenchmarkNotFoundError: when there are no benchmark scripts; the kernel is not loaded then.
        IntegrityError: when the scripts in the cache are not those that the Hub has.
        KernelsError, OSError: when the kernel cannot be loaded, as `get_kernel` and `get_local_kernel` say.
    """
    if source.path is None:
        return _fetch_from_hub(source, trust_remote_code=trust_remote_code)
    from kernels.load import get_local_kernel

    root = Path(os.path.realpath(source.path))
    if not root.is_dir():
        message = f"there is no folder {root}; a repository has the form owner/name@revision"
        raise KernelNotFoundError(message)
    scripts = find_scripts(root)
    kernel = get_local_kernel(root, trust_remote_code=trust_remote_code)
    return Checkout(source.name, root, kernel, scripts)


def _fetch_from_hub(source: Source, *, trust_remote_code: bool) -> Checkout:
    from kernels import hub
    from kernels.hub.cache import RepositoryCache
    from kernels.integrity import verify
    from kernels.load import get_kernel

    location = hub.locate(source.repo_id, revision=source.revision, version=source.version)
    listed = hub.list_files(location.repo_id, location.commit)
    if not any(map(_is_script, listed)):
        message = f"{source.name} has no {FOLDER}/{PATTERN}: ask its publisher for one, or choose another revision"
        raise BenchmarkNotFoundError(message)
    kernel = get_kernel(location.repo_id, revision=location.commit, trust_remote_code=trust_remote_code)
    files = {path: file.oid for path, file in hub.files_in(listed, FOLDER).items()}
    root = hub.download(location.repo_id, location.commit, [f"{FOLDER}/{path}" for path in files])
    verify(root / FOLDER, files, RepositoryCache(location.repo_id).blob_folders())
    return Checkout(source.name, root, kernel, find_scripts(root))


def _is_script(path: str) -> bool:
    return path.count("/") == 1 and PurePosixPath(path).match(f"{FOLDER}/{PATTERN}")
