"""Commands that a build runs, as golden files have them: an option on each line, with what it is for.

    # A comment.
    [compile relu.cpp]
    -fsycl                         # DPC++, fsycl: compiles each source for the devices too
    -o <build>/relu.cpp.o          # CMake: the object

A line has one word or several, quoted as in a shell, and after a hash sign the source of the option, a colon and the
reason. `<name>` stands for a folder.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["plain", "read_commands"]

_LINE = re.compile(r"(\S.*?) +# ([^:]+): (\S.*)")


def read_commands(path: Path) -> dict[str, list[str]]:
    """The commands of a golden file, by their headings; fails when an option is not explained."""
    commands: dict[str, list[str]] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if heading := re.fullmatch(r"\[(.+)\]", line):
            words = commands[heading[1]] = []
        elif line and not line.startswith("#"):
            match = _LINE.fullmatch(line)
            assert match is not None, f"{path.name}:{number} does not say what it is for, and by what source: {line}"
            words += shlex.split(match[1])
    return commands


def plain(words: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """A command with names in place of what differs between machines.

    Args:
        words: the program's arguments.
        names: text → what to write instead; the first that fits counts.
    """
    pattern = re.compile("|".join(map(re.escape, names)))
    return [pattern.sub(lambda match: names[match[0]], word) for word in words]
