"""`kernel-builder check-builds`."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from kernel_builder.checks.findings import CHECKS, Finding
from kernel_builder.cli._options import json_option, kernel_dir_argument, no_checks_option
from kernel_builder.config.model import KernelConfig
from kernel_builder.errors import CheckError

__all__ = ["check_builds"]


@dataclass(frozen=True, slots=True)
class _Matrix:
    """What is to be said of the builds of a project together."""

    document: dict[str, Any]
    findings: list[Finding]


@click.command("check-builds")
@kernel_dir_argument
@click.option(
    "--require-all",
    is_flag=True,
    help="Fail where a variant is missing that compliant kernels have, for any backend of build.toml and any system; "
    "KERNEL_DIR is the project then.",
)
@no_checks_option(*CHECKS)
@json_option
@click.pass_context
def check_builds(
    ctx: click.Context, kernel_dir: Path, require_all: bool, no_checks: frozenset[str], as_json: bool
) -> None:
    r"""Check the builds in KERNEL_DIR: its build/ folder, its variants, or one variant.

    Looks at the layout, the metadata, the digest of every file, the Python sources, the layers, the namespaces of
    operators and the ABI of every library. A build without an error is then loaded in a process of its own, where this
    machine can; for the others a note says why not. In a project with a build.toml, the variants are compared with the
    build matrix: those that compliant kernels have and this one lacks are named. Exits with 8 when there is an error.

    \b
    Examples:
      kernel-builder check-builds
      kernel-builder check-builds build/torch-cuda --json
      kernel-builder check-builds --no-checks load
    """
    from kernel_builder.checks.builds import find_builds
    from kernel_builder.checks.here import check_here

    trees = find_builds(kernel_dir)
    config = _config(kernel_dir, is_required=require_all)
    builds = {tree.name: check_here(tree, config, skip=no_checks) for tree in trees}
    matrix = None if config is None or "matrix" in no_checks else _matrix(kernel_dir, config, trees, require_all)
    everything = [*(finding for found in builds.values() for finding in found), *(matrix.findings if matrix else ())]
    is_good = all(finding.severity != "error" for finding in everything)
    if as_json:
        document = {
            "ok": is_good,
            "builds": {name: [finding.as_json() for finding in found] for name, found in builds.items()},
            "matrix": matrix and {**matrix.document, "findings": [finding.as_json() for finding in matrix.findings]},
        }
        click.echo(json.dumps(document, indent=2))
    else:
        for name, found in builds.items():
            _show(name, found)
        if matrix and matrix.findings:
            _show("build matrix", matrix.findings)
        plural = "s" if len(builds) > 1 else ""
        click.echo(f"{len(builds)} build{plural} checked: {_counted(everything)}")
    if not is_good:
        ctx.exit(CheckError.exit_code)


def _config(kernel_dir: Path, *, is_required: bool) -> KernelConfig | None:
    """What `build.toml` says, where there is one; the builds can be checked without it.

    Raises:
        ConfigError: when it is required, and is not there or has errors.
    """
    from kernel_builder.config.reader import read_config, refusal

    if not is_required and not (kernel_dir / "build.toml").is_file():
        return None
    result = read_config(kernel_dir)
    if result.config is None:
        if is_required:
            raise refusal(kernel_dir, result)
        message = "warning: build.toml has errors, so that the builds are not compared with it; see check-config"
        click.echo(message, err=True)
    return result.config


def _matrix(kernel_dir: Path, config: KernelConfig, trees: list[Path], require_all: bool) -> _Matrix:
    from kernel_builder.checks.builds import foreign_builds
    from kernel_builder.checks.matrix import check_matrix, coverage
    from kernel_builder.matrix import load_matrix

    found = coverage(config, load_matrix(), [tree.name for tree in trees])
    foreign = [path.name for path in foreign_builds(kernel_dir / "build", config)]
    document = {"worlds": [{**asdict(one), "missing": one.missing} for one in found], "foreign": foreign}
    return _Matrix(document, check_matrix(found, foreign, require_all=require_all))


def _show(name: str, found: list[Finding]) -> None:
    from kernel_builder.checks.listing import listing
    from kernel_builder.cli._report import painted

    click.echo(f"{name}: {_counted(found)}")
    for line in listing(found):
        click.echo(f"  {painted(line)}")


def _counted(found: Iterable[Finding]) -> str:
    counts = Counter(finding.severity for finding in found)
    words = [f"{counts[word]} {word}{'s' * (counts[word] > 1)}" for word in ("error", "warning") if counts[word]]
    return ", ".join(words) or "no problem found"
