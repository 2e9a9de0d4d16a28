"""`kernel-builder doctor`."""

import json
from pathlib import Path

import click

from kernel_builder.cli._doctor_text import report_document, report_text
from kernel_builder.cli._options import json_option
from kernel_builder.doctor.gather import Report, examine
from kernel_builder.doctor.model import Status
from kernel_builder.errors import ToolchainError
from kernels.backend import BACKENDS

__all__ = ["doctor"]


@click.command("doctor")
@click.argument(
    "kernel_dir",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    required=False,
)
@click.option(
    "--backend",
    "backends",
    type=click.Choice(BACKENDS),
    multiple=True,
    help="Look for this backend only, and exit with 5 when it can be built neither here nor with Nix; can be repeated.",
)
@click.option("--online", is_flag=True, help="Also ask the Hub whom the login belongs to.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, kernel_dir: Path | None, backends: tuple[str, ...], online: bool, as_json: bool) -> None:
    r"""Tell what this machine can build and load, and for each "no" the step that mends it.

    With KERNEL_DIR (default: the current folder, when it has a build.toml), also tell for each variant of that kernel
    whether it can be built here, and why not.

    Nothing is changed, and nothing is asked of the network without --online. A "no" is an answer and no failure: the
    exit code is 0, but with --backend.

    \b
    Examples:
      kernel-builder doctor
      kernel-builder doctor path/to/kernel
      kernel-builder doctor --backend cuda --json
    """
    project = kernel_dir or (Path.cwd() if Path("build.toml").is_file() else None)
    report = examine(tuple(dict.fromkeys(backends)), project=project, online=online)
    click.echo(json.dumps(report_document(report), indent=2) if as_json else report_text(report))
    missing = [backend for backend in dict.fromkeys(backends) if not _can_be_built(report, backend)]
    if missing:
        if not as_json:
            click.echo(f"error: kernels for {', '.join(missing)} cannot be built here", err=True)
            click.echo("hint: take the steps of the report and run the command again.", err=True)
        ctx.exit(ToolchainError.exit_code)


def _can_be_built(report: Report, backend: str) -> bool:
    return any(report.backends[backend][way].status is Status.YES for way in ("local", "nix"))
