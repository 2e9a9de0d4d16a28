"""What is published, as values: files here, files of a branch, and what makes the one of the other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from kernel_builder.checks.findings import Finding
from kernels.metadata import Metadata

__all__ = ["BranchPlan", "Change", "LocalFile", "PlannedFile", "Release", "RemoteFile", "Report", "UploadProgress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A file that is to be on a branch.

    Attributes:
        path: its POSIX path in the repository, such as `build/torch-cuda/__init__.py`.
        source: where its contents are on this machine.
        size: in bytes.
        sha256: of its contents, in hexadecimal digits.
        blob_id: the id that git gives its contents.
    """

    path: str
    source: Path
    size: int
    sha256: str
    blob_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file of a branch, as the Hub lists it.

    Attributes:
        path: its POSIX path in the repository.
        size: in bytes.
        blob_id: git's id of its contents, or, for a large file, of the pointer in its place.
        sha256: of the contents of a large file; `None` for others.
    """

    path: str
    size: int
    blob_id: str
    sha256: str | None = None

    def has(self, local: LocalFile) -> bool:
        """Whether its contents are those of a local file."""
        return local.blob_id == self.blob_id if self.sha256 is None else local.sha256 == self.sha256


class Change(Enum):
    """What becomes of a file of a branch."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """One file of a plan.

    Attributes:
        path: its POSIX path in the repository.
        change: what becomes of it; a stale file is removed.
        size: in bytes; of what is removed, if it is stale.
        local: what is sent or is there already; `None` for a stale file.
    """

    path: str
    change: Change
    size: int
    local: LocalFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchPlan:
    """What a commit makes of one branch.

    Attributes:
        branch: its name.
        head: the commit that the plan was made for, and the parent of the new one; `None` when there is no such branch.
        start: the commit that a new branch starts from; `None` when the branch exists, or the repository has none.
        files: every file that the plan is about, by path; those of others on the branch are not touched.
    """

    branch: str
    head: str | None
    start: str | None
    files: tuple[PlannedFile, ...]

    def of(self, *changes: Change) -> tuple[PlannedFile, ...]:
        """The files with one of these changes."""
        return tuple(file for file in self.files if file.change in changes)

    @property
    def is_done(self) -> bool:
        """Whether the branch is already what it is to be."""
        return self.head is not None and not self.of(Change.NEW, Change.CHANGED, Change.STALE)

    @property
    def bytes_to_send(self) -> int:
        """The size of the new and the changed files; less is sent of what the Hub already has."""
        return sum(file.size for file in self.of(Change.NEW, Change.CHANGED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a kernel project publishes.

    Attributes:
        builds: name of each variant → the folder of its build, by name.
        metadata: name of each variant → what its build says of itself.
        version: what all builds say.
        files: what goes to the version branch: builds below `build/`, and the scripts below `benchmarks/`.
        card: what goes to `README.md` of the main branch; `None` when there is no card.
        has_benchmarks: whether the project has a folder of benchmarks; if not, those of the branch are left alone.
        findings: what was noticed on the way, such as files that must not leave; those are not among `files`.
    """

    builds: Mapping[str, Path]
    metadata: Mapping[str, Metadata]
    version: int
    files: tuple[LocalFile, ...]
    card: LocalFile | None
    has_benchmarks: bool = False
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadProgress:
    """How far an upload is.

    Attributes:
        branch: the branch that is written.
        step: what is done now: `"compare"`, `"send"`, `"commit"`, `"done"`, or `"wait"` before another attempt.
        sent: bytes of large files that are sent so far.
        total: bytes of large files that are to be sent.
        file: the path of the large file that is sent now.
    """

    branch: str
    step: str
    sent: int = 0
    total: int = 0
    file: str = ""


#: Is told how far an upload is, from any thread.
Report = Callable[[UploadProgress], None]
