"""`kernel-builder update-build`."""

import difflib
import io
import json
import stat
from pathlib import Path

import click

from kernel_builder.cli._options import json_option, kernel_dir_argument
from kernel_builder.config.reader import FILE_NAME, load_text, read_text
from kernel_builder.config.report import WRITTEN_EDITION
from kernel_builder.config.rewrite import TARGET_EDITIONS, rewrite
from kernel_builder.config.values import RULES
from kernel_builder.errors import ConfigError
from kernel_builder.tree import install_text

__all__ = ["update_build"]


def _check_license(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    problem = RULES["text"](value) if value is not None else None
    if problem is not None:
        raise click.BadParameter(problem.message, ctx=ctx, param=param)
    return value


@click.command("update-build")
@kernel_dir_argument
@click.option("--check", is_flag=True, help="Write nothing; exit with 3 when the file would change.")
@click.option("--diff", "as_diff", is_flag=True, help="Write nothing; print what would change.")
@click.option(
    "--to",
    "edition",
    type=click.IntRange(min(TARGET_EDITIONS), max(TARGET_EDITIONS)),
    default=WRITTEN_EDITION,
    show_default=True,
    metavar="EDITION",
    help=f"Bring the file to this edition: {', '.join(map(str, TARGET_EDITIONS))}.",
)
@click.option(
    "--license", "license_id", metavar="ID", callback=_check_license, help="The license of a kernel that names none."
)
@json_option
@click.pass_context
def update_build(
    ctx: click.Context,
    kernel_dir: Path,
    check: bool,
    as_diff: bool,
    edition: int,
    license_id: str | None,
    as_json: bool,
) -> None:
    r"""Bring the build.toml in KERNEL_DIR (default: the current folder) to the current edition of its format.

    Only what has to change is changed: comments, order and spelling stay. A file of that edition or a newer one is left
    alone, and a file with errors is refused. The result is read back before it takes the place of the file, in one
    step. As JSON: the edition of the file, the one that it is brought to, whether it changes, whether it was written,
    and the change as a unified diff.

    \b
    Exit codes:
      0  the file is of that edition, or was brought to it (--diff: or would be)
      2  wrong usage
      3  the file has errors, or needs --license (with --check: or would change)

    \b
    Examples:
      kernel-builder update-build
      kernel-builder update-build --diff kernels/relu
      kernel-builder update-build --license Apache-2.0
      kernel-builder update-build --check || echo "run kernel-builder update-build"
    """
    file = kernel_dir / FILE_NAME
    text = load_text(kernel_dir)
    new = rewrite(text, edition, license_id=license_id)
    found = read_text(text)
    changes, writes = new != text, new != text and not check and not as_diff
    if writes:
        install_text(file, new, mode=stat.S_IMODE(file.stat().st_mode))
    diff = _diff(text, new)
    if as_json:
        document = {"edition": found.edition, "target": edition, "changes": changes, "written": writes, "diff": diff}
        click.echo(json.dumps(document, indent=2))
    else:
        for finding in found.findings:
            if changes and finding.severity == "note":
                click.echo(str(finding), err=True)
        if as_diff:
            click.echo(diff, nl=False)
        click.echo(_summary(file, found.edition, edition, changes=changes, writes=writes), err=as_diff)
    if check and changes:
        ctx.exit(ConfigError.exit_code)


def _summary(file: Path, old: int | None, new: int, *, changes: bool, writes: bool) -> str:
    if not changes:
        return f"{file} is of edition {old} already"
    return f"{file} is of edition {new} now" if writes else f"{file} is of edition {old}, and would be of edition {new}"


def _diff(old: str, new: str) -> str:
    before, after = (list(io.StringIO(text, newline="\n")) for text in (old, new))
    found = difflib.unified_diff(before, after, fromfile=f"a/{FILE_NAME}", tofile=f"b/{FILE_NAME}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in found)
