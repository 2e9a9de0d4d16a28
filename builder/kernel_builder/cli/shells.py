"""`kernel-builder devshell` and `kernel-builder testshell`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from kernel_builder.cli._nix import nix_options, take_nix_options
from kernel_builder.cli._options import (
    cores_option,
    kernel_dir_argument,
    logs_option,
    max_jobs_option,
    variant_option,
)
from kernel_builder.cli._project import load_project
from kernel_builder.drivers.nix.client import find_nix
from kernel_builder.drivers.nix.preflight import check_project, check_variant
from kernel_builder.drivers.nix.shells import Shell, choose_variant, shell_command
from kernel_builder.process import become

__all__ = ["devshell", "testshell"]

_COMMAND = "command"
_OPTIONS = (kernel_dir_argument, variant_option, max_jobs_option, cores_option, logs_option, nix_options)
_Command = TypeVar("_Command", bound=Callable[..., Any])


class _ShellCommand(click.Command):
    """A command whose words after `--` are to be run in the shell, and are no arguments of it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words for the shell apart."""
        place = args.index("--") if "--" in args else len(args)
        ctx.meta[_COMMAND] = tuple(args[place + 1 :])
        return super().parse_args(ctx, args[:place])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """As click's, with what may follow."""
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


def _options(command: _Command) -> _Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("devshell", cls=_ShellCommand)
@_options
def devshell(**options: Any) -> None:
    r"""Open a shell with everything that the kernel in KERNEL_DIR is built with, from the project's flake.

    The shell makes `.venv` in the folder of the project and enters it; its Python has the Torch of the variant. The
    loader takes the kernel from build/ (LOCAL_KERNELS). Without --variant it is the one for the accelerator of this
    machine, with the newest Torch.

    What follows `--` is run in the shell instead, and its exit code is that of this command.

    \b
    Examples:
      kernel-builder devshell
      kernel-builder devshell --variant torch213-cxx11-cu130-x86_64-linux
      kernel-builder devshell -- kernel-builder create-pyproject
    """
    _enter("devShells", options)


@click.command("testshell", cls=_ShellCommand)
@_options
def testshell(**options: Any) -> None:
    r"""Open a shell in which Python finds the kernel in KERNEL_DIR, as Nix has built it, to test it.

    The kernel is built first where it has not been. Without --variant it is the one for the accelerator of this
    machine, with the newest Torch.

    What follows `--` is run in the shell instead, and its exit code is that of this command.

    \b
    Examples:
      kernel-builder testshell
      kernel-builder testshell -- python -m pytest tests
      kernel-builder testshell --variant torch213-cxx11-cpu-x86_64-linux -- python example.py
    """
    _enter("testShells", options)


def _enter(shell: Shell, options: dict[str, Any]) -> None:
    project_dir: Path = options["kernel_dir"]
    config = load_project(project_dir)
    if options["variant"] is not None:
        check_variant(options["variant"])
    check_project(project_dir, config)
    nix = find_nix(take_nix_options(options))
    variant = options["variant"] or choose_variant(config, nix.system)
    click.echo(f"entering the shell of {variant}", err=True)
    more = ["--print-build-logs"] if options["logs"] else []
    for flag in ("max_jobs", "cores"):
        more += [f"--{flag.replace('_', '-')}", str(options[flag])] if options[flag] is not None else []
    become(shell_command(nix, shell, variant, click.get_current_context().meta[_COMMAND], *more), cwd=project_dir)
