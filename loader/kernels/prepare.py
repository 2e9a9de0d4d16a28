"""From a repository or a folder to builds that are ready to be imported: chosen, downloaded, verified and checked.

Nothing of a kernel runs here. Whatever can be wrong with it, or with a kernel that it needs, is found before the first
line of any of them is executed.
"""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kernels.arch import check_arch, current_arch
from kernels.build import check_build, read_build
from kernels.environment import local_kernels
from kernels.errors import (
    IntegrityError,
    KernelDependencyError,
    KernelsError,
    NotLockedError,
    NoVariantError,
    RequestError,
    UnsupportedArchError,
)
from kernels.hub.cache import RepositoryCache
from kernels.hub.client import Client
from kernels.hub.installation import install
from kernels.hub.location import Location, locate
from kernels.hub.repository import download, list_variants, list_versions
from kernels.hub.trust import check_trust
from kernels.integrity import Receipt
from kernels.loaded import RepoInfo
from kernels.local import find_build
from kernels.lock import KernelLock, git_lfs_concat
from kernels.metadata import Metadata
from kernels.request import Request
from kernels.resolve import Decision, VariantAccepted, explain_rejections, resolve
from kernels.signature import PublisherPolicy, verify_signature
from kernels.system import current_system, select_backend
from kernels.variant import parse_variant

__all__ = ["Preparation", "Ready", "check_locked"]

#: How many of the newest versions are looked at for one that fits, where the one asked for does not.
_HINTS = 3


@dataclass(frozen=True, slots=True)
class Ready:
    """A build that can be imported.

    Attributes:
        tree: the resolved folder of the build.
        metadata: what the build says of itself.
        repo_info: where it came from on the Hub; `None` for a kernel from a local path or a lock file.
        receipt: what was verified of it; `None` for a kernel from a local path.
        depends: the kernels that it needs, by the repository that it names.
    """

    tree: Path
    metadata: Metadata
    repo_info: RepoInfo | None = None
    receipt: Receipt | None = None
    depends: Mapping[str, "Ready"] = field(default_factory=dict)


@dataclass(slots=True)
class Preparation:
    """Makes one kernel ready, and those that it needs.

    Attributes:
        backend: the backend to load for; `None` is the system's own.
        client: whom to ask.
        trust_remote_code: which publishers are allowed beside the trusted ones.
        check_arch: whether the architecture of the GPU counts.
        validate_dependencies: whether the Python packages that the kernels need have to be installed.
        local_files_only: whether the Hub must not be asked.
        signers: who must have signed what comes from the Hub; `None`: it need not be signed.
        locks: the locked kernels, where there is a lock file: nothing outside it is loaded.
    """

    backend: str | None = None
    client: Client = field(default_factory=Client)
    trust_remote_code: bool | Collection[str] = False
    check_arch: bool = True
    validate_dependencies: bool = True
    local_files_only: bool = False
    signers: PublisherPolicy | None = None
    locks: Mapping[str, KernelLock] | None = None
    _done: dict[Request, Ready] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, before anybody is asked anything."""
        if self.backend is not None:
            select_backend(self.backend, current_system())
        allowed = self.trust_remote_code
        if not isinstance(allowed, (bool, list, tuple, set, frozenset)):
            message = f"trust_remote_code is {allowed!r}: pass True, False, or a list of repositories and publishers"
            raise RequestError(message)

    def ready(self, wanted: Request | Path) -> Ready:
        """A kernel of the Hub, or of a folder.

        Raises:
            KernelsError: as `get_kernel` says.
        """
        return self.folder(wanted) if isinstance(wanted, Path) else self.repository(wanted)

    def folder(self, path: Path, chain: tuple[str, ...] = ()) -> Ready:
        """A kernel in a folder of this machine; it is the user's own, so it need not be what somebody published.

        Raises:
            KernelsError: as `get_local_kernel` says.
        """
        build, metadata = find_build(path, current_system(), self.backend)
        return self._finish(Ready(build, metadata), chain or (str(path),))

    def repository(self, request: Request, chain: tuple[str, ...] = ()) -> Ready:
        """A kernel of the Hub.

        Raises:
            KernelsError: as `get_kernel` says.
        """
        if request not in self._done:
            self._done[request] = self._prepare(request, (*chain, request.repo_id))
        return self._done[request]

    def lock_of(self, repo_id: str) -> KernelLock:
        """What a repository is locked to.

        Raises:
            NotLockedError: when the lock file does not name it.
        """
        locks = self.locks or {}
        if repo_id in locks:
            return locks[repo_id]
        message = (
            f"the kernel {repo_id} is not locked (locked kernels: {', '.join(sorted(locks)) or 'none'}); add it to "
            "[tool.kernels.dependencies] in pyproject.toml and run: kernels lock ."
        )
        raise NotLockedError(message)

    def fits(self, wanted: Request | Path) -> bool:
        """Whether a kernel of the Hub or of a folder has a build for this system, whoever publishes it.

        Raises:
            KernelsError: as `has_kernel` says.
        """
        return self._folder_fits(wanted) if isinstance(wanted, Path) else self._repository_fits(wanted)

    def _repository_fits(self, request: Request) -> bool:
        location = self._locate(request, None)
        best = self._decide(location)[:1]
        if not best or not isinstance(best[0], VariantAccepted):
            return False
        variant = best[0].variant
        if not self.check_arch or current_arch(select_backend(self.backend, current_system()).backend) is None:
            return True
        path = f"build/{variant.variant_str}/metadata.json"
        build = (download(location.repo_id, location.commit, [path], self.client) / path).parent
        return _has_code(read_build(build, variant))

    def _folder_fits(self, path: Path) -> bool:
        try:
            _, metadata = find_build(path, current_system(), self.backend)
        except NoVariantError:
            return False
        return not self.check_arch or _has_code(metadata)

    def _prepare(self, request: Request, chain: tuple[str, ...]) -> Ready:
        override = local_kernels().get(request.repo_id)
        if override is not None:
            return self.folder(override, chain)
        lock = None if self.locks is None else self.lock_of(request.repo_id)
        if lock is None:
            location = self._locate(request, self._trust)
        else:
            location = Location(request.repo_id, lock.sha, lock.sha)
            self._trust(Request(request.repo_id, lock.sha))
        name = self._choose(location, request)
        tree, receipt = install(
            location.repo_id, location.commit, name, client=self.client, local_files_only=self.local_files_only
        )
        if self.signers is not None:
            verify_signature(tree, self.signers)
        if lock is not None:
            check_locked(lock, name, receipt.oids)
            repo_info = None
        else:
            RepositoryCache(location.repo_id).publish_ref(location.revision, location.commit)
            repo_info = RepoInfo(location.repo_id, location.commit)
        metadata = read_build(tree, parse_variant(name))
        return self._finish(Ready(Path(os.path.realpath(tree)), metadata, repo_info, receipt), chain)

    def _locate(self, request: Request, trust: Callable[[Request], None] | None) -> Location:
        return locate(
            request.repo_id,
            None if request.version is not None else request.revision,
            request.version,
            client=self.client,
            trust=trust,
            local_files_only=self.local_files_only,
        )

    def _trust(self, request: Request) -> None:
        if not self.local_files_only:
            # What was found out when a commit was installed stays true of it.
            fresh = request.commit is None
            check_trust(request.repo_id, self.trust_remote_code, self.client, fresh=fresh)

    def _decide(self, location: Location) -> list[Decision]:
        builds = list_variants(location.repo_id, location.commit, self.client, local_files_only=self.local_files_only)
        return resolve(builds, current_system(), self.backend)

    def _choose(self, location: Location, request: Request) -> str:
        """The name of the best build.

        Raises:
            NoVariantError: when none fits; names newer versions of which one does.
        """
        decisions = self._decide(location)
        if decisions and isinstance(decisions[0], VariantAccepted):
            return decisions[0].variant.variant_str
        remedy = "Install what one of the builds needs"
        newer = self._newer_that_fits(location, request)
        if newer is not None:
            remedy = f"Load version {newer}, which has a build that fits; or install what one of the builds needs"
        what = f"the kernel {location.repo_id} at {location.revision}"
        raise NoVariantError(explain_rejections(what, decisions, current_system(), remedy))

    def _newer_that_fits(self, location: Location, request: Request) -> int | None:
        """The newest version later than the one asked for that has a build for this system, if that can be told."""
        if request.version is None or self.locks is not None or self.local_files_only:
            return None
        try:
            versions = sorted(list_versions(location.repo_id, self.client).items(), reverse=True)
            for version, commit in versions[:_HINTS]:
                if version <= request.version:
                    break
                best = self._decide(Location(location.repo_id, f"v{version}", commit))[:1]
                if best and isinstance(best[0], VariantAccepted):
                    return version
        except (KernelsError, OSError):
            pass  # it would have been a hint; the error that is being raised stands without it
        return None

    def _finish(self, ready: Ready, chain: tuple[str, ...]) -> Ready:
        """Check a build, and make ready the kernels that it needs."""
        metadata = ready.metadata
        check_build(metadata, arch=self.check_arch, dependencies=self.validate_dependencies)
        depends = {}
        for needed in metadata.kernel_depends:
            if needed.repo_id in chain:
                circle = " needs ".join([*chain[chain.index(needed.repo_id) :], needed.repo_id])
                message = f"kernels need each other in a circle: {circle}"
                raise KernelDependencyError(message)
            request = Request.check(needed.repo_id, needed.revision, needed.version)
            depends[needed.repo_id] = self.repository(request, chain)
        return replace(ready, depends=depends)


def _has_code(metadata: Metadata) -> bool:
    try:
        check_arch(metadata)
    except UnsupportedArchError:
        return False
    return True


def check_locked(lock: KernelLock, variant: str, oids: Mapping[str, str]) -> None:
    """Compare a verified build with its lock; a lock of the newer form has nothing but the commit to compare.

    Raises:
        IntegrityError: when the build is not the locked one. Nothing of it has run.
    """
    if lock.variants is None:
        return
    expected = lock.variants.get(variant)
    found = git_lfs_concat(oids)
    if expected is None or expected.hash != found:
        wanted = "is not among the locked builds" if expected is None else f"is locked as {expected.hash}, not {found}"
        message = f"the build {variant} of {lock.repo_id} at {lock.sha} {wanted}, and nothing of it was run"
        raise IntegrityError(message)
