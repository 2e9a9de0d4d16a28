"""`kernel-builder check-config`."""

import dataclasses
import json
from pathlib import Path

import click

from kernel_builder.cli._options import json_option, kernel_dir_argument
from kernel_builder.config.reader import check_config as check
from kernel_builder.config.reader import refusal
from kernel_builder.errors import ConfigError

__all__ = ["check_config"]


@click.command("check-config")
@kernel_dir_argument
@json_option
@click.pass_context
def check_config(ctx: click.Context, kernel_dir: Path, as_json: bool) -> None:
    """Check the build.toml in KERNEL_DIR (default: the current folder) and the files that it names.

    Every problem is listed with its line and column. Exits with 3 when there is an error; warnings do not count.
    """
    result = check(kernel_dir)
    if as_json:
        findings = [dataclasses.asdict(finding) for finding in result.findings]
        click.echo(json.dumps({"valid": not result.errors, "findings": findings}, indent=2))
    else:
        for finding in result.findings:
            click.echo(str(finding))
        if not result.errors:
            click.echo(f"{kernel_dir / 'build.toml'} is valid")
    if result.errors:
        click.echo(f"error: {refusal(kernel_dir, result)}", err=True)
        ctx.exit(ConfigError.exit_code)
