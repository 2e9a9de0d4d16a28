"""`kernel-builder list-variants`."""

import json
from pathlib import Path
from typing import Any

import click

from kernel_builder.cli._nix import nix_options, take_nix_options
from kernel_builder.cli._options import json_option, kernel_dir_argument
from kernel_builder.config.model import KernelConfig
from kernel_builder.config.reader import load_config
from kernel_builder.drivers.nix.options import NixOptions
from kernel_builder.matrix import github_matrix, host_platform, load_matrix, select, target_for
from kernels.variant import Platform

__all__ = ["list_variants"]


@click.command("list-variants")
@kernel_dir_argument
@click.option(
    "--arch",
    is_flag=True,
    help="Only list variants for the current architecture (or that of --system), each under the name of the world that "
    "it is built and tested in; for a Python-only kernel that is one for each Torch and compute version.",
)
@click.option(
    "--system", type=click.Choice(load_matrix().systems), help="List the variants of this system, not of the current."
)
@click.option("--all-systems", is_flag=True, help="List the variants of every system of the build matrix.")
@click.option(
    "--github-matrix",
    "as_jobs",
    is_flag=True,
    help="Print a job for each variant, as one line of JSON for the `strategy.matrix` of a GitHub workflow; of all "
    "systems unless --system names one.",
)
@click.option(
    "--nix",
    "with_nix",
    is_flag=True,
    help="Ask the project's flake, which may leave out releases of Torch (torchVersions), not the build matrix.",
)
@nix_options
@json_option
def list_variants(
    kernel_dir: Path,
    arch: bool,
    system: str | None,
    all_systems: bool,
    as_jobs: bool,
    with_nix: bool,
    as_json: bool,
    **options: Any,
) -> None:
    r"""List the build variants of the kernel in KERNEL_DIR (default: the current folder) for this system.

    Needs neither Nix nor Torch: the variants follow from build.toml and the build matrix. As JSON they are an object:
    the system, and the list of its variants. With --nix the flake is asked, and the list is in the order of names.

    \b
    Examples:
      kernel-builder list-variants
      kernel-builder list-variants --system aarch64-darwin
      kernel-builder list-variants --all-systems --json
      echo "matrix=$(kernel-builder list-variants --github-matrix)" >> "$GITHUB_OUTPUT"
    """
    if all_systems and (system or arch):
        message = f"--all-systems and {'--system' if system else '--arch'} exclude each other"
        raise click.UsageError(message)
    if with_nix and (arch or as_jobs):
        message = f"--nix and {'--arch' if arch else '--github-matrix'} exclude each other"
        raise click.UsageError(message)
    if as_jobs and arch:
        message = "--github-matrix and --arch exclude each other: jobs build variants"
        raise click.UsageError(message)
    config = load_config(kernel_dir)
    everything = all_systems or (as_jobs and system is None)
    systems = load_matrix().systems if everything else (system or str(host_platform()),)
    if as_jobs:
        click.echo(
            json.dumps(github_matrix({name: select(config, load_matrix(), _platform(name)) for name in systems}))
        )
        return
    if with_nix:
        found = _ask_nix(kernel_dir, config, systems, take_nix_options(options))
    else:
        found = {name: _names(config, name, arch=arch) for name in systems}
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for name in dict.fromkeys(name for names in found.values() for name in names):
        click.echo(name)
    if not any(found.values()):
        click.echo(f"{config.general.name} has no variant for {', '.join(systems)}", err=True)


def _ask_nix(
    kernel_dir: Path, config: KernelConfig, systems: tuple[str, ...], options: NixOptions
) -> dict[str, list[str]]:
    from kernel_builder.cli._report import Reporter
    from kernel_builder.drivers.nix.client import find_nix
    from kernel_builder.drivers.nix.evaluate import list_names
    from kernel_builder.drivers.nix.preflight import check_project

    check_project(kernel_dir, config)
    with Reporter(logs=False) as report:
        return list_names(find_nix(options, builds=False), kernel_dir, systems, report)


def _names(config: KernelConfig, system: str, *, arch: bool) -> list[str]:
    matrix, platform = load_matrix(), _platform(system)
    if not arch:
        return [target.name for target in select(config, matrix, platform)]
    targets = (target_for(config, row) for row in matrix.on(platform))
    return list(dict.fromkeys(target.arch_name for target in targets if target is not None))


def _platform(system: str) -> Platform:
    return Platform(*system.split("-"))
