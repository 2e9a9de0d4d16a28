"""The option `--manylinux` of the commands that link libraries or check them."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.manylinux.policy import DEFAULT_POLICY, load_policy

__all__ = ["manylinux_option"]

_OFF = "off"
_Command = TypeVar("_Command", bound=Callable[..., Any])


def manylinux_option(*short: str, text: str) -> Callable[[_Command], _Command]:
    """The option; its parameter `manylinux` is the whole name of a policy, or `None` for no limit.

    Args:
        short: a short name of it, where the command has one.
        text: its help.
    """
    return click.option(
        *short,
        "--manylinux",
        metavar="VERSION|off",
        default=DEFAULT_POLICY,
        show_default=True,
        callback=_policy,
        help=text,
    )


def _policy(ctx: click.Context, param: click.Parameter, value: str) -> str | None:  # noqa: ARG001 - click's signature
    """The whole name: `2_28` is `manylinux_2_28`, and `manylinux2014` is `manylinux_2_17`."""
    if value == _OFF:
        return None
    name = f"manylinux_{value}" if value[:1].isdecimal() else value
    try:
        return load_policy(name, "x86_64").name  # for which there is every policy
    except ToolchainError as error:
        message = f"{error}. {error.hint}"
        raise click.BadParameter(message) from None
