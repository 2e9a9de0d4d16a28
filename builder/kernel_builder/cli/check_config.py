"""`kernel-builder check-config`."""

import dataclasses
import json
from pathlib import Path

import click

from kernel_builder.cli._options import json_option, kernel_dir_argument
from kernel_builder.cli._project import check_project
from kernel_builder.cli._report import painted
from kernel_builder.errors import ConfigError

__all__ = ["check_config"]


@click.command("check-config")
@kernel_dir_argument
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@json_option
@click.pass_context
def check_config(ctx: click.Context, kernel_dir: Path, strict: bool, as_json: bool) -> None:
    r"""Check the build.toml in KERNEL_DIR (default: the current folder) and the files that it names.

    Every finding is listed with its line and column, and with what mends it. An error is something that cannot be
    built, a warning something that is probably not what was meant, and a note says what was understood without being
    said. As JSON: whether the file passes, its edition, and the findings.

    \b
    Exit codes:
      0  no error (with --strict: nor a warning)
      2  wrong usage
      3  there is an error (with --strict: or a warning)

    \b
    Examples:
      kernel-builder check-config
      kernel-builder check-config --strict kernels/relu
      kernel-builder check-config --json | jq '.findings[].message'
    """
    result = check_project(kernel_dir)
    counts = {
        severity: sum(finding.severity == severity for finding in result.findings) for severity in ("error", "warning")
    }
    is_valid = not counts["error"] and not (strict and counts["warning"])
    if as_json:
        findings = [dataclasses.asdict(finding) for finding in result.findings]
        click.echo(json.dumps({"valid": is_valid, "edition": result.edition, "findings": findings}, indent=2))
    else:
        for finding in result.findings:
            click.echo(painted(str(finding)))
        found = " and ".join(_counted(count, severity) for severity, count in counts.items() if count)
        said = "is valid" if is_valid and not found else f"is valid, with {found}" if is_valid else f"has {found}"
        click.echo(f"{kernel_dir / 'build.toml'} {said}", err=not is_valid)
    if not is_valid:
        ctx.exit(ConfigError.exit_code)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
