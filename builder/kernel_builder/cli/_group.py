"""The group of all commands: it knows their names and their one line of help without importing them."""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["COMPLETION_VARIABLE", "PROGRAM", "LazyGroup"]

PROGRAM = "kernel-builder"
#: Set by the completion scripts; `<shell>_complete` asks for the completions of the command line in `COMP_WORDS`.
COMPLETION_VARIABLE = "_KERNEL_BUILDER_COMPLETE"


class LazyGroup(click.Group):
    """A group that imports a command when it is used, so that help and completion cost little more than Python's start.

    Attributes:
        sections: title → commands, each with its module in `kernel_builder.cli` and one line of help.
    """

    sections: ClassVar[Mapping[str, Mapping[str, tuple[str, str]]]] = {}

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _mark_blocks(self)

    @property
    def summaries(self) -> dict[str, str]:
        """Command → one line of help, in the order of the sections."""
        return {name: text for commands in self.sections.values() for name, (_, text) in commands.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of the commands."""
        return list(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command; `None` when there is no such command."""
        modules = {name: module for commands in self.sections.values() for name, (module, _) in commands.items()}
        if cmd_name not in modules:
            return None
        module = importlib.import_module(f"kernel_builder.cli.{modules[cmd_name]}")
        command = next(one for one in vars(module).values() if isinstance(one, click.Command) and one.name == cmd_name)
        _mark_blocks(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with the command that was probably meant."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.summaries and not ctx.resilient_parsing:
            import difflib

            close = difflib.get_close_matches(name, self.summaries, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands by section."""
        width = max(map(len, self.summaries))
        for title, commands in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, (_, text) in commands.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """As click's, without an import of every command for its help."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=text) for name, text in self.summaries.items() if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


def _mark_blocks(command: click.Command) -> None:
    r"""Make the `\b` of a raw docstring the character that click takes for "leave these lines as they are"."""
    if command.help:
        command.help = command.help.replace("\\b\n", "\b\n")
    for one in command.commands.values() if isinstance(command, click.Group) else ():
        _mark_blocks(one)
