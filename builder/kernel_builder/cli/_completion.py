"""Completion in five shells: the scripts, and the answers to what the scripts ask.

Bash, fish and zsh use the scripts of click, whose protocol they speak. For elvish and PowerShell the scripts are in
`templates/completions`; they give the words of the command line one a line in `COMP_WORDS`, the one to complete last,
and are answered one completion a line: its type (`plain`, `dir` or `file`), its text and its help, between tabs.
"""

import os
from collections.abc import Sequence

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete

from kernel_builder.cli._group import COMPLETION_VARIABLE, PROGRAM
from kernel_builder.resources import templates_dir

__all__ = ["SHELLS", "complete", "script"]


def script(shell: str) -> str:
    """The script that a shell reads to complete the commands of `kernel-builder`; `shell` is one of `SHELLS`."""
    completer = _COMPLETERS[shell](click.Group(), {}, PROGRAM, COMPLETION_VARIABLE)
    # Not bash's own: it starts bash to see whether that is 4.4, and the script may be for another machine.
    return completer.source() if isinstance(completer, _ByLines) else ShellComplete.source(completer)


def complete(group: click.Group, instruction: str) -> int:
    """Answer a completion script.

    Nothing is said of an error: it would land in the middle of the line that somebody is typing.

    Args:
        group: the group of all commands.
        instruction: `<shell>_complete`.

    Returns:
        The exit code: 0, or 1 when there is no answer.
    """
    completer = _COMPLETERS.get(instruction.removesuffix("_complete"))
    if completer is None:
        return 1
    try:
        answer = completer(group, {}, PROGRAM, COMPLETION_VARIABLE).complete()
        click.echo(answer.encode())
    except Exception:  # noqa: BLE001 - see above
        return 1
    return 0


class _Joined(ShellComplete):
    """Completes the value in `--option=value`: the shell replaces the whole word, so the answer has to be whole."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        items = super().get_completions(args, incomplete)
        option, joined, _ = incomplete.partition("=")
        if not (joined and option.startswith("-")):
            return items
        return [CompletionItem(f"{option}={item.value}", type=item.type, help=item.help) for item in items]


class _Bash(BashComplete):
    """Bash gives `--option=value` as three words, and replaces the last."""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        return [word for word in args if word != "="], incomplete


class _Fish(_Joined, FishComplete):
    """Click's script for fish takes a comma for the end of the help."""

    def format_completion(self, item: CompletionItem) -> str:
        return super().format_completion(CompletionItem(item.value, item.type, (item.help or "").replace(",", ";")))


class _Zsh(_Joined, ZshComplete):
    pass


class _ByLines(_Joined):
    """The protocol of our own scripts."""

    file = ""

    def source(self) -> str:
        return (templates_dir() / "completions" / self.file).read_text("utf-8")

    def get_completion_args(self) -> tuple[list[str], str]:
        _, *words, incomplete = os.environ["COMP_WORDS"].split("\n")
        return words, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        return "\t".join((item.type, item.value, " ".join((item.help or "").split())))


class _Elvish(_ByLines):
    name = "elvish"
    file = "kernel-builder.elv"


class _PowerShell(_ByLines):
    name = "powershell"
    file = "kernel-builder.ps1"


_COMPLETERS: dict[str, type[ShellComplete]] = {
    "bash": _Bash,
    "elvish": _Elvish,
    "fish": _Fish,
    "powershell": _PowerShell,
    "zsh": _Zsh,
}
#: The shells that commands can be completed in.
SHELLS: Sequence[str] = tuple(_COMPLETERS)
