"""What can be said of a project before Nix is asked: whether it has a flake, and whether Nix sees its files."""

from pathlib import Path

from kernel_builder.config.model import KernelConfig
from kernel_builder.errors import ProcessError, TargetError, ToolchainError
from kernel_builder.process import run
from kernel_builder.provenance import build_inputs
from kernels.errors import VariantNameError
from kernels.variant import parse_variant

__all__ = ["check_project", "check_variant"]

_SHOWN = 10


def check_project(project_dir: Path, config: KernelConfig) -> None:
    """Make sure that Nix will see what it is to build: in a git repository it takes only the files that git knows.

    Raises:
        ToolchainError: when the project has no flake.nix, or git does not know files that a build takes in.
    """
    if not (project_dir / "flake.nix").is_file():
        message = f"{project_dir} has no flake.nix"
        hint = "`kernel-builder init` writes one for a new kernel; copy it from there, or build with --driver local."
        raise ToolchainError(message, hint=hint)
    unknown = _unknown_to_git(project_dir, ["flake.nix", *build_inputs(project_dir, config)])
    if unknown:
        shown = ", ".join(unknown[:_SHOWN]) + (f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else "")
        message = f"Nix does not see files that git does not know: {shown}"
        raise ToolchainError(message, hint="Add them to git with `git add`; they need not be committed.")


def check_variant(name: str) -> None:
    """Make sure that a text is the name of a variant: it becomes part of a path and of an expression of Nix.

    Raises:
        TargetError: when it is none.
    """
    try:
        parse_variant(name)
    except VariantNameError as error:
        raise TargetError(str(error)) from None


def _unknown_to_git(project_dir: Path, names: list[str]) -> list[str]:
    """Which files the repository that the project is in does not have in its index; none where there is no git."""
    try:
        listed = run(["git", "ls-files", "-z", "--cached"], cwd=project_dir)
    except (ProcessError, ToolchainError):
        return []
    known = set(listed.split("\0"))
    return [name for name in names if name not in known]
