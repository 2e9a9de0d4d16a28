"""Draws the picture of a terminal that README.md shows: real commands, run in a terminal, and what it has shown.

    python scripts/update_terminal.py

A test runs the same commands again, and holds the words of the picture to what they say.
"""

import fcntl
import io
import itertools
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Mapping
from pathlib import Path

import pyte
from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.text import Text

__all__ = ["PICTURE", "SCENE", "draw", "perform"]

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "_static" / "terminal.svg"
#: What a person types, one command a line.
SCENE = """\
kernel-builder init my-org/my-kernel --backends cpu
cd my-kernel
kernel-builder build --driver local
python -c 'import torch, kernels; k = kernels.get_local_kernel("build"); print(k.my_kernel(torch.zeros(3)))'
"""
COLUMNS, LINES = 112, 60
#: What pyte and rich call differently.
_COLORS = {"brown": "yellow"} | {f"bright{name}": f"bright_{name}" for name in ("black", "red", "green", "blue")}
#: What rich writes into a picture that leads elsewhere.
_ELSEWHERE = re.compile(r"\s*@font-face \{.*?\}|<!--.*?-->", re.DOTALL)


def perform(folder: Path, environment: Mapping[str, str]) -> Text:
    """Run the scene in a terminal, in a folder that shows as a home; what the terminal shows at the end.

    Raises:
        RuntimeError: when a command fails; it has what was shown.
    """
    script = "".join(f"printf '\\033[1m$ %s\\033[0m\\n' {_quoted(line)}\n{line}\n" for line in SCENE.splitlines())
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    env = {
        **environment,
        "TERM": "xterm-256color",
        "CCACHE_DISABLE": "1",  # the first time is shown
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    process = subprocess.Popen(  # noqa: S603 - our own commands
        ["/bin/sh", "-ec", script], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=env
    )
    os.close(theirs)
    output = b""
    while data := _read(ours):
        output += data
    os.close(ours)
    screen = pyte.Screen(COLUMNS, LINES)
    pyte.ByteStream(screen).feed(output.replace(os.fsencode(folder), b"~"))
    lines = [_line(screen.buffer[number]) for number in range(LINES)]
    shown = Text("\n").join(lines)
    shown.rstrip()
    if process.wait():
        message = f"A command of the scene failed:\n{shown.plain}"
        raise RuntimeError(message)
    return shown


def draw(shown: Text) -> str:
    """The picture, as SVG; it fetches nothing from anywhere."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(shown, no_wrap=True, crop=False)
    return _ELSEWHERE.sub("", console.export_svg(title="kernel-builder", unique_id="terminal"))


def _quoted(line: str) -> str:
    return "'" + line.replace("'", "'\\''") + "'"


def _read(terminal: int) -> bytes:
    """What a terminal shows next; nothing when its last program has ended, which Linux says by an error."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


def _line(cells: Mapping[int, Char]) -> Text:
    text = Text()
    for style, part in itertools.groupby((cells[column] for column in range(COLUMNS)), _style):
        text.append("".join(cell.data for cell in part), style)
    text.rstrip()
    return text


def _style(cell: Char) -> Style:
    color = None if cell.fg == "default" else _COLORS.get(cell.fg, cell.fg)
    hexadecimal = color is not None and re.fullmatch(r"[0-9a-f]{6}", color)
    return Style(color=f"#{color}" if hexadecimal else color, bold=cell.bold or None, italic=cell.italics or None)


def main() -> None:
    """Run the scene and write the picture."""
    with tempfile.TemporaryDirectory() as folder:
        picture = draw(perform(Path(folder), os.environ))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture, "utf-8")


if __name__ == "__main__":
    main()
