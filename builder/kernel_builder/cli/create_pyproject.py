"""`kernel-builder create-pyproject`."""

import os
import re
from pathlib import Path

import click

from kernel_builder.cli._options import kernel_dir_argument, target_dir_argument
from kernel_builder.cli._project import load_project
from kernel_builder.project.render import render
from kernel_builder.project.write import write_project
from kernel_builder.provenance import Provenance, find_provenance

__all__ = ["check_unique_id", "create_pyproject"]


def check_unique_id(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse a unique id that cannot stand in the name of a module."""
    if value is not None and not re.fullmatch(r"[A-Za-z0-9_]+", value):
        message = f"{value!r} may hold letters, digits and underscores only"
        raise click.BadParameter(message, ctx=ctx, param=param)
    return value


@click.command("create-pyproject")
@kernel_dir_argument
@target_dir_argument
@click.option("-f", "--force", is_flag=True, help="Overwrite files that exist.")
@click.option(
    "--unique-id",
    callback=check_unique_id,
    help="What makes the names of this build unique (default: the git commit, or the hash of the sources).",
)
def create_pyproject(kernel_dir: Path, target_dir: Path | None, force: bool, unique_id: str | None) -> None:
    r"""Write the CMake and Python project files of the kernel in KERNEL_DIR to TARGET_DIR.

    TARGET_DIR is KERNEL_DIR when it is not given, and KERNEL_DIR the current folder.

    \b
    In TARGET_DIR you can then run:
      cmake -B build-ext [-DCMAKE_EXPORT_COMPILE_COMMANDS=ON] && cmake --build build-ext
      pip install --no-build-isolation -e .
    """
    config = load_project(kernel_dir)
    target = target_dir or kernel_dir
    provenance = find_provenance(kernel_dir, config)
    if unique_id is not None:
        provenance = Provenance(unique_id, provenance.commit, provenance.dirty)
    source_dir = Path(os.path.relpath(kernel_dir, target)).as_posix()
    files = render(config, provenance, source_dir=source_dir)
    written = write_project(files, target, unique_id=provenance.unique_id, force=force)
    click.echo(f"wrote {len(written)} files to {target}; `kernel-builder clean-pyproject` removes them")
