"""`kernel-builder check-builds`."""

import json
from pathlib import Path

import click

from kernel_builder.checks import check_files
from kernel_builder.checks.builds import find_builds
from kernel_builder.cli._options import json_option, kernel_dir_argument
from kernel_builder.errors import CheckError
from kernels.errors import KernelsError
from kernels.metadata import read_metadata

__all__ = ["check_builds"]


@click.command("check-builds")
@kernel_dir_argument
@json_option
@click.pass_context
def check_builds(ctx: click.Context, kernel_dir: Path, as_json: bool) -> None:
    r"""Check the builds in KERNEL_DIR: its build/ folder, its variants, or one variant.

    Looks at the layout, the metadata, the digest of every file, and the namespaces of operators. Exits with 8 when a
    build has a problem.

    \b
    Examples:
      kernel-builder check-builds
      kernel-builder check-builds build/torch-cuda --json
    """
    problems = {tree.name: _problems(tree) for tree in find_builds(kernel_dir)}
    if as_json:
        click.echo(json.dumps(problems, indent=2))
    else:
        for name, found in problems.items():
            click.echo(f"{name}:" if found else f"{name}: no problem found")
            for problem in found:
                click.echo(f"  {problem}")
    if any(problems.values()):
        ctx.exit(CheckError.exit_code)


def _problems(tree: Path) -> list[str]:
    try:
        module = read_metadata(tree).python_name
    except KernelsError as error:
        return [str(error)]
    return check_files(tree, module)
