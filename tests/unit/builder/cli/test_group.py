"""The group of all commands."""

import sys

import click
import pytest
from click.testing import CliRunner
from support.projects import run_python

from kernel_builder.cli import cli
from kernel_builder.cli._group import LazyGroup
from kernel_builder.errors import exit_codes

CONTEXT = click.Context(cli, **cli.context_settings)
NAMES = cli.list_commands(CONTEXT)


def test_a_command_is_in_one_section() -> None:
    """No command is listed twice, and each is a command of that name."""
    assert isinstance(cli, LazyGroup)
    assert len(NAMES) == sum(map(len, cli.sections.values()))
    assert NAMES == [command.name for name in NAMES if (command := cli.get_command(CONTEXT, name)) is not None]


def test_help_lists_the_commands_by_section() -> None:
    """The help has the titles of the sections, and each command with its line below them."""
    assert isinstance(cli, LazyGroup)
    lines = CliRunner().invoke(cli, ["--help"], prog_name="kernel-builder", terminal_width=200).output.splitlines()
    first, last = lines.index(f"{next(iter(cli.sections))}:"), lines.index("Exit codes:")
    shown = [line.split(maxsplit=1) for line in lines[first:last] if line]
    expected = [
        entry
        for title, commands in cli.sections.items()
        for entry in ([*f"{title}:".split(maxsplit=1)], *([name, text] for name, (_, text) in commands.items()))
    ]
    assert expected == shown
    codes = [line.split(maxsplit=1) for line in lines[last + 1 :]]
    assert [[str(code), meaning] for code, (_, meaning) in exit_codes().items()] == codes


def test_help_imports_no_command() -> None:
    """The help and the completion of commands know them without importing them."""
    code = """
import os, sys
from kernel_builder.cli import cli
from kernel_builder.cli._run import run
before = {name for name in sys.modules if name.startswith("kernel_builder.cli.") and "._" not in name}
run(cli, ["--help"])
os.environ.update(_KERNEL_BUILDER_COMPLETE="bash_complete", COMP_WORDS="kernel-builder b", COMP_CWORD="1")
run(cli, [])
after = {name for name in sys.modules if name.startswith("kernel_builder.cli.") and "._" not in name}
print(before, after)
"""
    assert f"{set()} {set()}" == run_python(code).splitlines()[-1]


@pytest.mark.parametrize(
    ("word", "hint"),
    [("biuld", "No such command 'biuld'. Did you mean 'build'?"), ("xyzzy", "No such command 'xyzzy'.")],
)
def test_a_command_that_is_not_there(word: str, hint: str) -> None:
    """A word that is no command is answered with the nearest one, if any is near."""
    result = CliRunner().invoke(cli, [word])
    assert (2, f"Error: {hint}") == (result.exit_code, result.output.splitlines()[-1])


def test_blocks_of_raw_docstrings_stay_as_they_are() -> None:
    r"""The `\b` of a raw docstring keeps the lines of its paragraph, also in a group within the group."""
    module = type(sys)("kernel_builder.cli.blocks_of_a_test")
    text = "Act.\n\n\\b\nExamples:\n  one\n  two\n"
    nested = click.Group("outer", commands=[click.Command("inner", help=text)])
    module.outer = nested  # type: ignore[attr-defined]

    class Program(LazyGroup):
        sections = {"All": {"outer": ("blocks_of_a_test", "Act.")}}  # noqa: RUF012

    sys.modules[module.__name__] = module
    try:
        output = CliRunner().invoke(Program(help=text), ["outer", "inner", "--help"]).output
    finally:
        del sys.modules[module.__name__]
    assert ["  Examples:", "    one", "    two"] == output.splitlines()[4:7]
