"""`kernel-builder clean-pyproject`."""

import json
import sys
from pathlib import Path

import click

from kernel_builder.cli._options import json_option, kernel_dir_argument, target_dir_argument
from kernel_builder.cli.create_pyproject import check_unique_id
from kernel_builder.errors import TargetError
from kernel_builder.project.write import CleanPlan, apply_clean, plan_clean

__all__ = ["clean_pyproject"]


@click.command("clean-pyproject")
@kernel_dir_argument
@target_dir_argument
@click.option("-d", "--dry-run", is_flag=True, help="Show what would be removed and remove nothing.")
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
@click.option(
    "--ops-id",
    metavar="ID",
    callback=check_unique_id,
    help="Remove only files that were written with this unique id.",
)
@json_option
def clean_pyproject(
    kernel_dir: Path, target_dir: Path | None, dry_run: bool, force: bool, ops_id: str | None, as_json: bool
) -> None:
    r"""Remove exactly the files that create-pyproject wrote to TARGET_DIR (default: KERNEL_DIR).

    Files that were changed since they were written are kept and named. The folder build-ext goes too, when it is the
    one in which CMake or pip has built these files.

    \b
    Examples:
      kernel-builder clean-pyproject
      kernel-builder clean-pyproject --dry-run
      kernel-builder clean-pyproject --force path/to/kernel elsewhere
    """
    if as_json and not (dry_run or force):
        message = "--json asks nothing: pass --force or --dry-run with it"
        raise click.UsageError(message)
    plan = plan_clean(target_dir or kernel_dir)
    if ops_id is not None and plan.unique_id not in ("", ops_id):
        message = f"the files in {plan.target} were written with the unique id {plan.unique_id}, not {ops_id}"
        raise TargetError(message, hint=f"Pass --ops-id {plan.unique_id}, or leave the option out.")
    if as_json:
        if not dry_run:
            apply_clean(plan)
        click.echo(json.dumps({**_as_json(plan), "dry-run": dry_run}, indent=2))
        return
    _talk(plan, dry_run=dry_run, force=force)


def _talk(plan: CleanPlan, *, dry_run: bool, force: bool) -> None:
    for name in plan.keep:
        click.echo(f"kept, changed since it was written: {plan.target / name}", err=True)
    count = len(plan.remove)
    if not count and not plan.built:
        click.echo(f"nothing to remove in {plan.target}")
        return
    for name in plan.remove:
        click.echo(f"{'would remove' if dry_run else 'remove'}: {plan.target / name}")
    for name in plan.built:
        click.echo(f"{'would remove' if dry_run else 'remove'}, with what was built in it: {plan.target / name}")
    if dry_run:
        return
    if not force and not _confirmed():
        click.echo("nothing was removed")
        return
    apply_clean(plan)
    click.echo(f"removed {count} files" + (f" and {', '.join(plan.built)}" if plan.built else ""))


def _confirmed() -> bool:
    try:
        if sys.stdin is not None:
            return click.confirm("Remove these?", err=True)
    except click.Abort as stop:
        if not isinstance(stop.__context__, EOFError):
            raise
        click.echo(err=True)
    message = "there is nobody to ask: pass --force or --dry-run"
    raise click.UsageError(message)


def _as_json(plan: CleanPlan) -> dict[str, object]:
    return {
        "target": str(plan.target),
        "unique-id": plan.unique_id or None,
        "removed": [*plan.remove, *plan.built],
        "kept": list(plan.keep),
    }
