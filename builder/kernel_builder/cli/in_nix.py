"""What the flake's own derivations and scripts run: `python -m kernel_builder.cli.in_nix`.

Not part of the command line of `kernel-builder`: people build with `kernel-builder build --driver nix`, which has Nix
run this. A derivation runs the local driver in its sandbox, so that both drivers make the same tree.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import click

from kernel_builder.cli._options import no_checks_option
from kernel_builder.cli._project import load_project
from kernel_builder.cli.create_pyproject import check_unique_id
from kernel_builder.drivers.base import BuildRequest, Event, Log, Note, Stage
from kernel_builder.provenance import Provenance

__all__ = ["in_nix"]

#: Where Nix reads what a builder does, and the phase that it names for each stage of the local driver.
_LOG_FD = "NIX_LOG_FD"


@click.group("in-nix")
def in_nix() -> None:
    """Build in a derivation; put what was built into its place."""


@in_nix.command("build")
@click.argument("project_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--variant", required=True, help="The one variant to build.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Where its tree goes.")
@click.option("--cores", type=click.IntRange(min=0), default=0, help="How many processors it may use; 0: all.")
@click.option("--kernel-sha", metavar="COMMIT", help="The commit of the sources; without it, they are hashed.")
@click.option("--kernel-dirty", is_flag=True, help="The sources differ from that commit.")
@click.option("--unique-id", metavar="ID", callback=check_unique_id, help="In place of the id that this gives.")
@no_checks_option("load")
def _build(
    project_dir: Path,
    variant: str,
    output: Path,
    cores: int,
    kernel_sha: str | None,
    kernel_dirty: bool,
    unique_id: str | None,
    no_checks: frozenset[str],
) -> None:
    """Build one variant of the kernel in PROJECT_DIR and write its tree to OUTPUT."""
    from kernel_builder.drivers.local import LocalDriver
    from kernel_builder.provenance import find_provenance

    project_dir = project_dir.absolute()
    config = load_project(project_dir)
    if kernel_sha is None:
        provenance = find_provenance(project_dir, config)
    else:
        provenance = Provenance.of_commit(kernel_sha, dirty=kernel_dirty)
    if unique_id is not None:
        provenance = Provenance(unique_id, provenance.commit, provenance.dirty)
    request = BuildRequest(
        project_dir=project_dir,
        config=config,
        variant=variant,
        cores=cores or None,
        skip=no_checks,
        provenance=provenance,
        built_by="nix",
    )
    (built,) = LocalDriver().build(request, _report)
    shutil.copytree(built.path, output, copy_function=shutil.copyfile)


@in_nix.command("copy")
@click.argument("bundle", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("project_dir", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
def _copy(bundle: Path, project_dir: Path) -> None:
    """Put the variants and the card of BUNDLE into build/ of PROJECT_DIR, each in one step."""
    from kernel_builder.drivers.nix.install import install
    from kernel_builder.tree import build_lock, check_places, install_text

    project_dir = project_dir.absolute()
    load_project(project_dir)  # a folder that is no kernel project gets no build/
    build_dir, card = project_dir / "build", bundle / "CARD.md"
    check_places(build_dir)
    with build_lock(project_dir / ".kernel-builder", lambda: click.echo("waiting for another build", err=True)):
        for tree in sorted(path for path in bundle.iterdir() if (path / "metadata.json").is_file()):
            target = build_dir / tree.name
            click.echo(f"{'copied' if install(tree.resolve(), target) else 'up to date'}: {target}")
        if card.is_file():
            install_text(build_dir / "CARD.md", card.read_text("utf-8"))


def _report(event: Event) -> None:
    if isinstance(event, Stage):
        _say({"action": "setPhase", "phase": event.name})
        click.echo(f"{event.variant}: {event.name}", err=True)
    elif isinstance(event, Log):
        click.echo(event.line, err=True)
    elif isinstance(event, Note):
        click.echo(f"note: {event.text}", err=True)


def _say(message: dict[str, str]) -> None:
    """Tell Nix what this builder does, where Nix listens."""
    if (number := os.environ.get(_LOG_FD, "")).isdecimal():
        os.write(int(number), f"@nix {json.dumps(message)}\n".encode())


if __name__ == "__main__":
    from kernel_builder.cli._run import run

    sys.exit(run(in_nix, sys.argv[1:]))
