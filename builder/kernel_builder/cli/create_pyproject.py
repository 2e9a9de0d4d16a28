"""`kernel-builder create-pyproject`."""

import json
import os
import re
from pathlib import Path

import click

from kernel_builder.cli._options import json_option, kernel_dir_argument, target_dir_argument
from kernel_builder.cli._project import load_project
from kernel_builder.project.render import render
from kernel_builder.project.write import write_project
from kernel_builder.provenance import Provenance, find_provenance

__all__ = ["check_unique_id", "create_pyproject"]

_COMMIT = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")


def check_unique_id(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse a unique id that cannot stand in the name of a module."""
    if value is not None and not re.fullmatch(r"[A-Za-z0-9_]+", value):
        message = f"{value!r} may hold letters, digits and underscores only"
        raise click.BadParameter(message, ctx=ctx, param=param)
    return value


def _check_commit(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _COMMIT.fullmatch(value):
        message = f"{value!r} is not the full id of a commit, which has 40 or 64 hexadecimal digits"
        raise click.BadParameter(message, ctx=ctx, param=param)
    return value


@click.command("create-pyproject")
@kernel_dir_argument
@target_dir_argument
@click.option("-f", "--force", is_flag=True, help="Overwrite files that exist.")
@click.option(
    "--unique-id",
    metavar="ID",
    callback=check_unique_id,
    help="What makes the names of this build unique (default: the git commit, or the hash of the sources).",
)
@click.option(
    "--kernel-sha",
    metavar="COMMIT",
    callback=_check_commit,
    help="The commit that the sources are at, in full; git is not asked then.",
)
@click.option(
    "--kernel-dirty/--no-kernel-dirty",
    default=None,
    help="Whether the sources differ from the commit of --kernel-sha (default: they do not).",
)
@json_option
def create_pyproject(
    kernel_dir: Path,
    target_dir: Path | None,
    force: bool,
    unique_id: str | None,
    kernel_sha: str | None,
    kernel_dirty: bool | None,
    as_json: bool,
) -> None:
    r"""Write the CMake and Python project files of the kernel in KERNEL_DIR to TARGET_DIR.

    TARGET_DIR is KERNEL_DIR when it is not given, and KERNEL_DIR the current folder. Nobody needs to commit these
    files: `kernel-builder clean-pyproject` removes them again.

    \b
    Examples:
      kernel-builder create-pyproject
      kernel-builder create-pyproject --force path/to/kernel
      kernel-builder create-pyproject path/to/kernel elsewhere
      kernel-builder create-pyproject --kernel-sha "$(git rev-parse HEAD)" --kernel-dirty

    \b
    In TARGET_DIR you can then run:
      pip install --no-build-isolation -e .
      cmake -B build-ext [-DCMAKE_EXPORT_COMPILE_COMMANDS=ON] && cmake --build build-ext
    """
    if kernel_dirty is not None and kernel_sha is None:
        message = "--kernel-dirty and --no-kernel-dirty go with --kernel-sha"
        raise click.UsageError(message)
    config = load_project(kernel_dir)
    target = target_dir or kernel_dir
    if kernel_sha is None:
        provenance = find_provenance(kernel_dir, config)
    else:
        provenance = Provenance.of_commit(kernel_sha, dirty=bool(kernel_dirty))
    if unique_id is not None:
        provenance = Provenance(unique_id, provenance.commit, provenance.dirty)
    files = render(config, provenance, source_dir=Path(os.path.relpath(kernel_dir, target)).as_posix())
    write_project(files, target, unique_id=provenance.unique_id, force=force)
    if as_json:
        document = {"target": str(target), "unique-id": provenance.unique_id, "written": list(files)}
        click.echo(json.dumps(document, indent=2))
        return
    click.echo(f"wrote {len(files)} files to {target}; `kernel-builder clean-pyproject` removes them")
