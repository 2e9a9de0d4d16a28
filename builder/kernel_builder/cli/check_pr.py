"""`kernel-builder check-pr`."""

import json
import os
from pathlib import Path

import click

from kernel_builder.cli._options import json_option
from kernel_builder.errors import CheckError

__all__ = ["check_pr"]


@click.command("check-pr")
@click.argument(
    "folder",
    metavar="[DIR]",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    default=".",
)
@click.option(
    "--base",
    metavar="REF",
    help="What the pull request is to be merged into (default: in a workflow of GitHub the base of the pull request, "
    "else origin/main or main).",
)
@click.option("--head", metavar="REF", default="HEAD", show_default=True, help="The last commit of the pull request.")
@json_option
@click.pass_context
def check_pr(ctx: click.Context, folder: Path, base: str | None, head: str, as_json: bool) -> None:
    r"""Refuse a pull request that carries builds, binaries or generated files, in the git repository of DIR.

    Nobody can review such files, and what is merged runs on many machines. Every file that the pull request adds or
    changes is looked at, by its place, its name and its contents; those that it removes are good. Names each file, why
    it is refused and what to do. Exits with 8 when one is refused.

    \b
    Examples:
      kernel-builder check-pr
      kernel-builder check-pr --base origin/release --head feature
      kernel-builder check-pr --json
    """
    from kernel_builder.checks.listing import listing
    from kernel_builder.cli._report import painted
    from kernel_builder.publish.pull_request import check_pull_request

    target = os.environ.get("GITHUB_BASE_REF")
    found = check_pull_request(folder, base=base or (f"origin/{target}" if target else None), head=head)
    refused = [finding for finding in found.findings if finding.severity == "error"]
    if as_json:
        document = {
            "ok": found.is_good,
            "base": found.base,
            "head": found.head,
            "files": found.files,
            "findings": [finding.as_json() for finding in found.findings],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        for line in listing(found.findings):
            click.echo(painted(line))
        click.echo(f"{found.files} file{'s' * (found.files != 1)} added or changed, {len(refused)} refused")
    if refused:
        ctx.exit(CheckError.exit_code)
