"""The generated pages of the reference, made from the commands themselves and from the model of `build.toml`."""

import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

import click

from kernel_builder.cli._group import PROGRAM
from kernel_builder.config.reference import reference
from kernel_builder.errors import exit_codes
from kernel_builder.project.environment import environment

__all__ = ["PAGES", "page"]

#: The pages, by the name of their file in `docs/reference` without its suffix.
PAGES = ("cli", "exit-codes", "build-toml", "abi")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parameter:
    """An argument or an option.

    Attributes:
        names: how it is written, such as `-L, --print-build-logs`.
        text: what it is, in Markdown.
        values: its possible values.
        default: what holds when it is not given; empty for nothing.
    """

    names: str
    text: str = ""
    values: tuple[str, ...] = ()
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """A command, or a group of commands.

    Attributes:
        name: with the names of the groups that it is in.
        summary: one line.
        usage: its usage line.
        blocks: the paragraphs of its help, in Markdown.
        arguments: what it takes by position.
        options: what it takes by name, beside `--help`.
    """

    name: str
    summary: str
    usage: str
    blocks: tuple[str, ...]
    arguments: tuple[_Parameter, ...]
    options: tuple[_Parameter, ...]


def page(group: click.Group, name: str) -> str:
    """One of `PAGES`, the same on every machine: neither its width nor its folders nor its system show.

    Args:
        group: the group of all commands.
        name: which page.
    """
    from kernel_builder.checks.abi.codes import SECTIONS

    template = environment().get_template(f"docs/{name}.md.jinja")
    facts = {"commands": _walk(group), "codes": exit_codes(), "format": reference(), "findings": SECTIONS}
    return template.render(facts).rstrip("\n") + "\n"


def _walk(group: click.Group) -> Iterator[_Command]:
    with click.Context(group, info_name=PROGRAM) as ctx:
        yield from _describe(group, ctx)


def _describe(command: click.Command, ctx: click.Context) -> Iterator[_Command]:
    blocks = inspect.cleandoc(command.help or "").split("\n\n")
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    yield _Command(
        name=ctx.command_path,
        summary=_escaped(blocks[0].replace("\n", " ")),
        usage=" ".join([ctx.command_path, *command.collect_usage_pieces(ctx)]),
        blocks=tuple(_markdown(block) for block in blocks),
        arguments=tuple(_argument(one, ctx) for one in arguments),
        options=tuple(_option(one, ctx) for one in options),
    )
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            if (inner := command.get_command(ctx, name)) is not None and not inner.hidden:
                with click.Context(inner, info_name=name, parent=ctx) as inner_ctx:
                    yield from _describe(inner, inner_ctx)


def _markdown(block: str) -> str:
    """A paragraph; one that click leaves as it is becomes its first line and a block of code."""
    if not block.startswith("\b\n"):
        return _escaped(block.replace("\n", " "))
    title, _, lines = block.removeprefix("\b\n").partition("\n")
    return f"{_escaped(title)}\n\n```text\n{textwrap.dedent(lines)}\n```"


def _escaped(text: str) -> str:
    """Text with what Markdown would take for its own written so that it does not; code between backticks stays."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([<*\[\]])", r"\\\1", part) for part in parts)


def _argument(argument: click.Argument, ctx: click.Context) -> _Parameter:
    default = "the current folder" if argument.default == "." else ""
    return _Parameter(names=" ".join(argument.get_usage_pieces(ctx)), values=_values(argument), default=default)


def _option(option: click.Option, ctx: click.Context) -> _Parameter:
    names = ", ".join(sorted([*option.opts, *option.secondary_opts], key=len))
    choices = _values(option)
    if not (option.is_flag or option.count):
        names += f" {option.metavar or ('VALUE' if choices else option.type.name.upper())}"
    return _Parameter(names=names, text=_escaped(option.help or ""), values=choices, default=_default(option, ctx))


def _values(parameter: click.Parameter) -> tuple[str, ...]:
    return tuple(map(str, parameter.type.choices)) if isinstance(parameter.type, click.Choice) else ()


def _default(option: click.Option, ctx: click.Context) -> str:
    """The default that the help shows; a default that is computed is no fact of the command."""
    if isinstance(option.show_default, str):
        return option.show_default
    value = option.get_default(ctx, call=False) if option.show_default else None
    if value is None or callable(value) or option.is_flag:
        return ""
    return ", ".join(f"`{one}`" for one in (value if isinstance(value, (list, tuple)) else [value]))
