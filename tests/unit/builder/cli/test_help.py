"""What every command says of itself."""

import inspect
import re
import shlex
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from kernel_builder.cli import cli


def _commands(command: click.Command, ctx: click.Context) -> Iterator[tuple[str, click.Command]]:
    yield ctx.command_path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            assert inner is not None
            yield from _commands(inner, click.Context(inner, info_name=name, parent=ctx))


#: Click remembers a command's help option, which has to be that of the program.
PROGRAM = click.Context(cli, info_name="kernel-builder", **cli.context_settings)
COMMANDS = dict(_commands(cli, PROGRAM))
LEAVES = {path: command for path, command in COMMANDS.items() if not isinstance(command, click.Group)}


def _help(path: str) -> str:
    result = CliRunner().invoke(cli, [*path.split()[1:], "--help"], prog_name="kernel-builder", terminal_width=120)
    assert result.exit_code == 0, result.output
    return result.output


def _examples(command: click.Command) -> list[str]:
    _, _, block = inspect.cleandoc(command.help or "").partition("\b\nExamples:\n")
    lines = re.sub(r"\$\((?!kernel-builder)[^)]*\)", "0" * 40, block.partition("\n\n")[0])  # another program's output
    # A command stands at the start of a line or of a substitution; a remark stands apart by two blanks or a #.
    return re.findall(r"(?:^ *|\()(kernel-builder(?:(?!  |\s#|[|)>]).)*)", lines, re.MULTILINE)


@pytest.mark.parametrize("path", COMMANDS)
def test_usage(path: str) -> None:
    """The help begins with the command as it is typed."""
    assert f"Usage: {path} [OPTIONS]" == _help(path)[: len(f"Usage: {path} [OPTIONS]")]


@pytest.mark.parametrize("path", LEAVES)
def test_examples(path: str) -> None:
    """Every command shows examples, each on a line of its own."""
    output = _help(path)
    assert ("\n  Examples:\n    " in output, "\\b" in output) == (True, False)


def _misreading(example: str) -> str:
    """What is not understood of a command line; folders that are not here do not count."""
    words = shlex.split(example)[1:]
    command: click.Command = cli
    try:
        while isinstance(command, click.Group) and words:
            word = words.pop(0)
            command = command if word.startswith("-") else command.get_command(PROGRAM, word) or click.Command(word)
        command.make_context(command.name, words, parent=PROGRAM)
    except click.BadParameter as error:
        of_a_folder = isinstance(error.param, click.Parameter) and isinstance(error.param.type, click.Path)
        return "" if of_a_folder else error.format_message()
    except click.UsageError as error:
        return error.format_message()
    except click.exceptions.Exit:
        pass
    return ""


@pytest.mark.parametrize("path", LEAVES)
def test_examples_are_understood(path: str) -> None:
    """The examples have only commands, options and values that exist, and there is one of the command itself."""
    examples = _examples(LEAVES[path])
    assert [] == [(example, problem) for example in examples if (problem := _misreading(example))]
    assert any(f"{example} ".startswith(f"{path} ") for example in examples)


@pytest.mark.parametrize("path", COMMANDS)
def test_options_are_described(path: str) -> None:
    """Each option has a sentence, and nothing is called by two names in one command."""
    options = [one for one in COMMANDS[path].params if isinstance(one, click.Option)]
    assert [] == [one.name for one in options if not (one.help or "").strip().endswith(".")]
    names = [name for one in options for name in (*one.opts, *one.secondary_opts)]
    assert sorted(set(names)) == sorted(names)
