"""`kernel-builder list-variants`."""

import json
from pathlib import Path

import click

from kernel_builder.cli._options import json_option, kernel_dir_argument
from kernel_builder.config.model import KernelConfig
from kernel_builder.config.reader import load_config
from kernel_builder.matrix import Matrix, host_platform, load_matrix, select, target_for
from kernels.variant import Platform

__all__ = ["list_variants"]


@click.command("list-variants")
@kernel_dir_argument
@click.option(
    "--arch",
    is_flag=True,
    help="Only list variants for the current architecture, each under the name of the world that it is built and "
    "tested in; for a Python-only kernel that is one for each Torch and compute version.",
)
@click.option(
    "--system", metavar="SYSTEM", help="List the variants of another system, such as aarch64-linux, or of all."
)
@json_option
def list_variants(kernel_dir: Path, arch: bool, system: str | None, as_json: bool) -> None:
    """List the build variants of the kernel in KERNEL_DIR (default: the current folder) for this system.

    Needs neither Nix nor Torch: the variants follow from build.toml and the build matrix.
    """
    matrix = load_matrix()
    config = load_config(kernel_dir)
    systems = _systems(system, matrix.systems) if not arch else [str(host_platform())]
    found = {name: _names(config, matrix, name, arch=arch) for name in systems}
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for name in dict.fromkeys(name for names in found.values() for name in names):
        click.echo(name)
    if not any(found.values()):
        click.echo(f"{config.general.name} has no variant for {', '.join(systems)}", err=True)


def _systems(wanted: str | None, known: tuple[str, ...]) -> list[str]:
    if wanted is None:
        return [str(host_platform())]
    if wanted == "all":
        return list(known)
    if wanted not in known:
        message = f"{wanted!r} is not one of {', '.join(known)} or all"
        raise click.BadParameter(message, param_hint="--system")
    return [wanted]


def _names(config: KernelConfig, matrix: Matrix, system: str, *, arch: bool) -> list[str]:
    platform = Platform(*system.split("-"))
    if not arch:
        return [target.name for target in select(config, matrix, platform)]
    targets = (target_for(config, row) for row in matrix.on(platform))
    return list(dict.fromkeys(target.arch_name for target in targets if target is not None))
