"""Builds a variant a second time, in another folder and under other settings, and compares: the proof by example."""

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from kernel_builder.checks.digest import SIGNATURE
from kernel_builder.drivers.assemble import assemble
from kernel_builder.drivers.base import BuildRequest, Made, Report, Stage
from kernel_builder.errors import CheckError
from kernel_builder.provenance import build_inputs
from kernel_builder.tree import different_files

__all__ = ["check_rebuild", "compare_trees", "rebuild_and_compare"]


def check_rebuild(request: BuildRequest, report: Report, variant: str, make: Callable[[BuildRequest], Made]) -> None:
    """Build again elsewhere and compare with the build that is in its place.

    Args:
        request: the request that the build was made for.
        report: told of the stage.
        variant: the name of the variant.
        make: makes what a request asks for, from the sources alone.

    Raises:
        CheckError: when the two differ; names the files.
        ProcessError: when the sources do not compile elsewhere.
    """
    different = rebuild_and_compare(request, report, request.build_dir / variant, make)
    if different:
        message = f"a second build of {variant}, in another folder, is not the same: {', '.join(different)}"
        hint = "Look for what the sources take from outside, such as __DATE__, __TIME__ or an absolute path."
        raise CheckError(message, hint=f"{hint} The first build stays where it is.")


def rebuild_and_compare(
    request: BuildRequest, report: Report, tree: Path, make: Callable[[BuildRequest], Made]
) -> dict[str, str]:
    """Build again elsewhere, from a copy of the sources, and compare with a finished build of the variant.

    Args:
        request: asks for the one variant.
        report: told of the stage.
        tree: the finished build, whose folder has the name of the variant.
        make: makes what a request asks for, from the sources alone.

    Returns:
        As `compare_trees`.

    Raises:
        ProcessError: when the sources do not compile elsewhere.
    """
    report(Stage(tree.name, "rebuild"))
    with tempfile.TemporaryDirectory(prefix="kernel-builder-") as folder:
        project, stage = Path(folder, "another place", request.project_dir.name), Path(folder, "stage")
        stage.mkdir()
        for name in build_inputs(request.project_dir, request.config):
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(request.project_dir / name, project / name)
        made = make(replace(request, project_dir=project))
        assemble(stage, config=request.config, project_dir=project, made=made.files, metadata=made.metadata)
        return compare_trees(stage, tree)


def compare_trees(second: Path, tree: Path) -> dict[str, str]:
    """How a finished build differs from a second one; whether it is signed does not matter.

    Returns:
        POSIX path of each file that differs → how, as the end of a sentence on the file of the finished build.
    """
    return {name: _how(second / name, tree / name) for name in different_files(second, tree) if name != SIGNATURE}


def _how(second: Path, first: Path) -> str:
    if not first.is_file():
        return "is missing, and a second build has it"
    if not second.is_file():
        return "is not in a second build"
    where = ", ".join(_different_keys(second, first)) if first.name == "metadata.json" else ""
    return "differs from that of a second build" + (f", in {where}" if where else "")


def _different_keys(second: Path, first: Path) -> list[str]:
    """The keys in which two metadata files differ: `backend`, `provenance.toolchain.compiler`."""
    documents = [_flat(json.loads(path.read_bytes())) for path in (second, first)]
    keys = sorted(documents[0].keys() | documents[1].keys())
    return [key for key in keys if documents[0].get(key) != documents[1].get(key)]


def _flat(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of nested objects by their keys, joined by dots; the digest, whose keys are files, is one value."""
    flat: dict[str, Any] = {}
    for key, value in document.items():
        is_nested = isinstance(value, dict) and key != "digest"
        flat |= _flat(value, f"{prefix}{key}.") if is_nested else {f"{prefix}{key}": value}
    return flat
