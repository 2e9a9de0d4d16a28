"""`kernel-builder hash`."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click

from kernel_builder.checks.builds import find_builds
from kernel_builder.checks.digest import SIGNATURE, check_digest, write_digest
from kernel_builder.checks.listing import printable
from kernel_builder.cli._options import json_option, kernel_dir_argument
from kernel_builder.errors import CheckError
from kernels.errors import KernelsError
from kernels.metadata import read_metadata

__all__ = ["hash_builds"]


@dataclass(slots=True, kw_only=True)
class _Result:
    """What became of one build."""

    changed: bool = False
    problems: list[str] = field(default_factory=list)


@click.command("hash")
@kernel_dir_argument
@click.option("--check", is_flag=True, help="Write nothing; name each file that is missing, changed or not listed.")
@json_option
@click.pass_context
def hash_builds(ctx: click.Context, kernel_dir: Path, check: bool, as_json: bool) -> None:
    r"""Write the digests of the builds in KERNEL_DIR into their metadata.json: its build/ folder, its variants, or one.

    A build has a digest when it is made; this is for a build that something has changed since. Everything else in
    metadata.json stays as it is, and a digest that is right already is not written again. Exits with 8 when a build
    has no metadata that can be read, and with --check when a file differs.

    \b
    Examples:
      kernel-builder hash
      kernel-builder hash --check
      kernel-builder hash build/torch-cuda --check --json
    """
    results = {tree.name: _treat(tree, check=check) for tree in find_builds(kernel_dir)}
    if as_json:
        click.echo(json.dumps({name: asdict(result) for name, result in results.items()}, indent=2))
    else:
        for name, result in results.items():
            click.echo(f"{name}:{_words(result, check=check)}")
            for problem in result.problems:
                click.echo(f"  {printable(problem)}")
    if any(result.problems for result in results.values()):
        ctx.exit(CheckError.exit_code)


def _treat(tree: Path, *, check: bool) -> _Result:
    try:
        if check:
            return _Result(problems=[str(finding) for finding in check_digest(tree, read_metadata(tree))])
        changed = write_digest(tree)
    except KernelsError as error:
        return _Result(problems=[str(error)])
    except OSError as error:
        return _Result(problems=[f"{error.filename}: {error.strerror}" if error.filename else str(error)])
    signature = tree / SIGNATURE
    if changed and signature.exists():
        click.echo(f"warning: {signature} signs the metadata.json before this one; sign the build again", err=True)
    return _Result(changed=changed)


def _words(result: _Result, *, check: bool) -> str:
    if result.problems:
        return ""
    if check:
        return " every file is as the digest says"
    return " digest written" if result.changed else " the digest is up to date"
