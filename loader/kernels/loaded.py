"""What is known of a kernel that has been loaded."""

from dataclasses import dataclass
from types import ModuleType

from kernels.metadata import Metadata

__all__ = ["LoadedKernel", "RepoInfo"]


@dataclass(frozen=True, slots=True)
class RepoInfo:
    """Where on the Hub a kernel came from.

    Attributes:
        repo_id: the repository.
        revision: the revision that was loaded.
    """

    repo_id: str
    revision: str


@dataclass(frozen=True, slots=True)
class LoadedKernel:
    """A kernel in this process.

    Attributes:
        metadata: what the build says of itself.
        module: the imported kernel.
        repo_info: where it came from on the Hub; `None` for a kernel from a local path or a lock file.
    """

    metadata: Metadata
    module: ModuleType
    repo_info: RepoInfo | None = None

    @property
    def package_name(self) -> str:
        """The name of the kernel's package: its name with underscores for dashes."""
        return self.metadata.python_name

    @property
    def repo_infos(self) -> RepoInfo | None:
        """Another spelling of `repo_info`."""
        return self.repo_info
