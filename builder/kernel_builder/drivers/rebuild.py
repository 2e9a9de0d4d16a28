"""Builds a variant a second time, in another folder and under other settings, and compares: the proof by example."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kernel_builder.drivers.assemble import assemble
from kernel_builder.drivers.base import BuildRequest, Made, Report, Stage
from kernel_builder.errors import CheckError
from kernel_builder.provenance import build_inputs
from kernel_builder.tree import different_files

__all__ = ["check_rebuild"]


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
    report(Stage(variant, "rebuild"))
    with tempfile.TemporaryDirectory(prefix="kernel-builder-") as folder:
        project, stage = Path(folder, "another place", request.project_dir.name), Path(folder, "stage")
        stage.mkdir()
        for name in build_inputs(request.project_dir, request.config):
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(request.project_dir / name, project / name)
        made = make(replace(request, project_dir=project))
        assemble(stage, config=request.config, project_dir=project, made=made.files, metadata=made.metadata)
        different = different_files(stage, request.build_dir / variant)
    if different:
        message = f"a second build of {variant}, in another folder, is not the same: {', '.join(different)}"
        hint = "Look for what the sources take from outside, such as __DATE__, __TIME__ or an absolute path."
        raise CheckError(message, hint=f"{hint} The first build stays where it is.")
