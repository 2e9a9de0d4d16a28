"""The command line: each command parses its arguments, calls one function, and shows the result.

Commands are imported when they are used, so that `--help` costs little more than a Python start.
"""

import importlib
import sys

import click

from kernel_builder.errors import BuilderError

__all__ = ["cli", "main"]

#: command → (module, one line of help)
_COMMANDS = {
    "build": ("build", "Build the kernel for this machine into build/."),
    "build-and-copy": ("build", "Build the kernel and copy the variants into build/ (the same as build)."),
    "check-builds": ("check_builds", "Check the layout, metadata and digests of finished builds."),
    "check-config": ("check_config", "Check build.toml and the files that it names."),
    "clean-pyproject": ("clean_pyproject", "Remove the files that create-pyproject wrote."),
    "create-pyproject": ("create_pyproject", "Write the CMake and Python project files of a kernel."),
    "list-variants": ("list_variants", "List the build variants of a kernel."),
}


class _LazyGroup(click.Group):
    """A group that knows its commands' names and helps without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"kernel_builder.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in _COMMANDS:
            import difflib

            close = difflib.get_close_matches(name, _COMMANDS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kernel-builder")
def cli() -> None:
    """Build, check and publish compute kernels for PyTorch."""


def main() -> None:
    """Run the command line; every foreseen failure ends in a sentence and its own exit code."""
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BuilderError as error:
        from kernel_builder.cli._report import show_error

        show_error(error)
        sys.exit(error.exit_code)
    except OSError as error:
        click.echo(f"error: {error}", err=True)
        click.echo("hint: check that the place exists, is writable and has room, and run the command again.", err=True)
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)
