"""Builds again what was built before, here or elsewhere, and compares: whether a build is what its sources give."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kernel_builder.checks.findings import CHECKS, Finding
from kernel_builder.config.model import KernelConfig
from kernel_builder.drivers.base import BuildRequest, Report
from kernel_builder.drivers.choose import DRIVERS, choose_driver
from kernel_builder.errors import ProcessError, TargetError, ToolchainError
from kernel_builder.provenance import Provenance, find_provenance
from kernels.metadata import Metadata

__all__ = ["build_again"]

_TOOLS = "Build with the tools that provenance.toolchain of its metadata.json names, and compare again."


def build_again(
    tree: Path, metadata: Metadata, project_dir: Path, config: KernelConfig, report: Report
) -> list[Finding]:
    """Build a variant again from its project, as its metadata says that it was built; nothing of the project changes.

    Args:
        tree: the finished build, whose folder has the name of the variant.
        metadata: what it says of itself.
        project_dir: the project.
        config: its configuration.
        report: told of the stages.

    Returns:
        A finding for each file that differs, or one that says why the variant cannot be built again here.
    """
    provenance = metadata.provenance or {}
    if problem := _other_sources(metadata, find_provenance(project_dir, config)):
        return [problem]
    request = BuildRequest(
        project_dir=project_dir,
        config=config,
        variant=tree.name,
        manylinux=_text(_object(provenance, "toolchain"), "manylinux"),
        skip=frozenset(CHECKS) & frozenset(map(str, provenance.get("skipped-checks") or ())),
    )
    name = _text(provenance, "driver")
    try:
        driver, _ = choose_driver(name if name in DRIVERS else "auto", project_dir)
        differences = driver.compare(request, report, tree)
    except (TargetError, ToolchainError) as error:
        return [_finding("cannot-build-again", f"cannot be built again here: {error}", "", error.hint)]
    except ProcessError as error:
        message = f"could not be built again: {error}\n{error.output}".rstrip()
        return [_finding("cannot-build-again", message, "", error.hint)]
    return [_finding("not-the-same", how, file, _TOOLS) for file, how in differences.items()]


def _other_sources(metadata: Metadata, now: Provenance) -> Finding | None:
    """Whether a build says that it is of other sources than those of the project, as they are."""
    kernel = _object(metadata.provenance or {}, "kernel")
    was = (kernel.get("commit"), bool(kernel.get("dirty")))
    if was != (now.commit, now.dirty):
        message = f"was built from {_words(*was)}, and the project is at {_words(now.commit, now.dirty)}"
        return _finding("other-sources", message, "", "Check out what it was built from, and verify it again.")
    if now.commit is None and not metadata.id.endswith(f"_{now.unique_id}"):
        message = f"was built from other sources: its id is {metadata.id}, and that of the sources {now.unique_id}"
        return _finding("other-sources", message, "", "Get the sources that it was built from, and verify it again.")
    return None


def _words(commit: object, dirty: bool) -> str:
    if commit is None:
        return "sources without a commit"
    return f"commit {commit}" + (" with changes" if dirty else "")


def _object(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _text(document: Mapping[str, Any], key: str) -> str | None:
    value = document.get(key)
    return value if isinstance(value, str) else None


def _finding(code: str, message: str, file: str, remedy: str) -> Finding:
    return Finding(check="rebuild", code=code, message=message, file=file, remedy=remedy)
