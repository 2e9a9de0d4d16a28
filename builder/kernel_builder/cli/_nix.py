"""The options that are handed on to Nix."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from kernel_builder.drivers.nix.options import ARGUMENTS_VARIABLE, NixOptions

__all__ = ["NIX_OPTIONS", "nix_options", "take_nix_options"]

_Command = TypeVar("_Command", bound=Callable[..., Any])
#: The names of the parameters.
NIX_OPTIONS = ("nix_settings", "override_inputs", "builders", "store")
_OPTIONS = (
    click.option(
        "--nix-option",
        "nix_settings",
        nargs=2,
        multiple=True,
        metavar="NAME VALUE",
        help="Set an option of nix.conf for this call. May be given several times.",
    ),
    click.option(
        "--override-input",
        "override_inputs",
        nargs=2,
        multiple=True,
        metavar="INPUT FLAKE",
        help="Take another flake for an input of the project's, such as builder/nixpkgs. May be given several times.",
    ),
    click.option(
        "--builders",
        metavar="MACHINES",
        help="The machines that Nix builds on, such as 'ssh://user@host x86_64-linux - 8'.",
    ),
    click.option(
        "--store",
        metavar="STORE",
        help=f"The store that Nix builds in. More arguments for Nix can stand in {ARGUMENTS_VARIABLE}.",
    ),
)


def nix_options(command: _Command) -> _Command:
    """The options; `take_nix_options` makes a value of them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def take_nix_options(options: dict[str, Any]) -> NixOptions:
    """The value of the options, which are taken out of those of the command."""
    settings, inputs, builders, store = (options.pop(name) for name in NIX_OPTIONS)
    return NixOptions(settings=settings, inputs=inputs, builders=builders, store=store)
