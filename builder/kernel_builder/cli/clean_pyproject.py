"""`kernel-builder clean-pyproject`."""

from pathlib import Path

import click

from kernel_builder.cli._options import kernel_dir_argument, target_dir_argument
from kernel_builder.cli.create_pyproject import check_unique_id
from kernel_builder.errors import TargetError
from kernel_builder.project.write import apply_clean, plan_clean

__all__ = ["clean_pyproject"]


@click.command("clean-pyproject")
@kernel_dir_argument
@target_dir_argument
@click.option("-d", "--dry-run", is_flag=True, help="Show what would be removed and remove nothing.")
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
@click.option("--ops-id", callback=check_unique_id, help="Remove only files that were written with this unique id.")
def clean_pyproject(kernel_dir: Path, target_dir: Path | None, dry_run: bool, force: bool, ops_id: str | None) -> None:
    """Remove exactly the files that create-pyproject wrote to TARGET_DIR (default: KERNEL_DIR).

    Files that were changed since they were written are kept and named.
    """
    plan = plan_clean(target_dir or kernel_dir)
    if ops_id is not None and plan.unique_id not in ("", ops_id):
        message = f"the files in {plan.target} were written with the unique id {plan.unique_id}, not {ops_id}"
        raise TargetError(message, hint=f"Pass --ops-id {plan.unique_id}, or leave the option out.")
    for name in plan.keep:
        click.echo(f"kept, changed since it was written: {plan.target / name}", err=True)
    if not plan.remove:
        click.echo(f"nothing to remove in {plan.target}")
        return
    for name in plan.remove:
        click.echo(f"{'would remove' if dry_run else 'remove'}: {plan.target / name}")
    if dry_run:
        return
    if not force and not click.confirm(f"Remove these {len(plan.remove)} files?", err=True):
        click.echo("nothing was removed")
        return
    apply_clean(plan)
    click.echo(f"removed {len(plan.remove)} files")
