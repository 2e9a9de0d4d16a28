"""What every driver takes and gives."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from kernel_builder.config.model import KernelConfig
from kernel_builder.drivers.nix.options import NixOptions
from kernel_builder.provenance import Provenance
from kernel_builder.toolchain.manylinux.policy import DEFAULT_POLICY
from kernel_builder.toolchain.torches.sources import TorchSources

__all__ = ["BuildRequest", "Built", "Driver", "End", "Event", "Log", "Made", "Note", "Progress", "Report", "Stage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """What to build.

    Attributes:
        project_dir: the kernel project, as an absolute path.
        config: its configuration.
        variant: the one variant to build, or `None` for all that the driver can build.
        cores: how many processors one build may use, or `None` for all.
        max_jobs: how many variants to build at once (Nix), or `None` for its default.
        manylinux: the policy whose symbol versions a library for Linux may need at most, or `None` for no limit.
        skip: the checks that are left out, of `kernel_builder.checks.findings.CHECKS`.
        rebuild: whether to build each variant a second time, elsewhere, and compare.
        torch: where the Torch to build against may come from.
        fetch_toolkit: whether to download the CUDA toolkit that is needed, where this machine has none.
        provenance: where the sources stand, where git is not to be asked: a copy of them in a sandbox has none.
        built_by: the name of the driver that the metadata is to have, where another runs the local one.
        nix: what Nix is given, where it builds.
    """

    project_dir: Path
    config: KernelConfig
    variant: str | None = None
    cores: int | None = None
    max_jobs: int | None = None
    manylinux: str | None = DEFAULT_POLICY
    skip: frozenset[str] = frozenset()
    rebuild: bool = False
    torch: TorchSources = field(default_factory=TorchSources)
    fetch_toolkit: bool = False
    provenance: Provenance | None = None
    built_by: str | None = None
    nix: NixOptions = field(default_factory=NixOptions)

    @property
    def build_dir(self) -> Path:
        """Where the variants go."""
        return self.project_dir / "build"

    @property
    def work_dir(self) -> Path:
        """What is kept from one build to the next."""
        return self.project_dir / ".kernel-builder"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of one variant's build begins."""

    variant: str
    name: str


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of a stage's steps are done."""

    variant: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class End:
    """Nothing more is done for one variant, whether it was built or not."""

    variant: str


@dataclass(frozen=True, slots=True)
class Log:
    """A line that a compiler or another program printed."""

    variant: str
    line: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the person who builds should know."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made for one variant, before it is put together with the kernel's Python files.

    Attributes:
        files: the files that were made, such as the library and `_ops.py`, wherever they are.
        metadata: the metadata of the build, without its digest.
        toolchain: what it was made with, by name; empty when nothing was compiled.
        compiled: how many sources were compiled, or `None` where there are none.
        objects: the object files that the library was linked from.
        libraries: folders with libraries that it may need, beside the framework's.
    """

    files: tuple[Path, ...]
    metadata: dict[str, Any]
    toolchain: dict[str, str]
    compiled: int | None
    objects: tuple[Path, ...] = ()
    libraries: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """One variant is in its place.

    Attributes:
        variant: its name.
        path: its tree.
        changed: whether the tree differs from the one that was there before.
        compiled: how many sources were compiled, or `None` where there are none or the driver does not know.
        seconds: how long it took.
    """

    variant: str
    path: Path
    changed: bool
    compiled: int | None
    seconds: float


Event: TypeAlias = Stage | Progress | End | Log | Note
Report: TypeAlias = Callable[[Event], None]


class Driver(Protocol):
    """A way to build."""

    name: str

    def build(self, request: BuildRequest, report: Report) -> list[Built]:
        """Build what was asked for and put each variant in its place.

        Raises:
            kernel_builder.errors.BuilderError: with what failed; variants that were finished before stay.
        """
        ...

    def compare(self, request: BuildRequest, report: Report, tree: Path) -> dict[str, str]:
        """Build the one variant that the request names again, and compare; nothing is put in its place.

        Returns:
            POSIX path of each file in which a finished build, `tree`, differs → how, as the end of a sentence on it.

        Raises:
            kernel_builder.errors.BuilderError: with what failed.
        """
        ...
