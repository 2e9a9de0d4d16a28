"""Completion in real shells: the script is loaded, a line is typed, and the shell completes it.

No package registry has PowerShell; its script is held to its grammar and its protocol in the unit tests.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from support.projects import RELU, kernel_builder
from support.terminal import Terminal

from kernel_builder.config.reader import load_config
from kernel_builder.matrix import host_platform, load_matrix, select

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these shells have no terminal on Windows")

_VARIANTS = [target.name for target in select(load_config(RELU), load_matrix(), host_platform())]

#: A line as far as it is typed → what its last word, or the value behind `=`, can become.
LINES = {
    "kernel-builder check-": ["check-abi", "check-builds", "check-config", "check-pr"],
    "kernel-builder build --max": ["--max-jobs"],
    "kernel-builder build --driver ": ["auto", "local", "nix"],
    "kernel-builder build --variant torch213": [name for name in _VARIANTS if name.startswith("torch213")],
    "kernel-builder build . --variant torch212": [name for name in _VARIANTS if name.startswith("torch212")],
    "kernel-builder build -L --variant=torch211-": [name for name in _VARIANTS if name.startswith("torch211-")],
    "kernel-builder completions ": ["bash", "elvish", "fish", "powershell", "zsh"],
    "kernel-builder skills add --cod": ["--codex"],
    "kernel-builder create-pyproject torch-": ["torch-ext"],
    "kernel-builder build elsewhere --variant ": [],
}

#: In zsh, a key that inserts every completion; bash has one.
_ZSH = """\
autoload -U compinit; compinit -u -D
zle -C all-matches complete-word _generic; bindkey '^Xa' all-matches
zstyle ':completion:all-matches::::' completer _all_matches _complete; zstyle ':completion:all-matches:*' insert true
"""

#: Elvish has its completers only in a terminal, which it is in while it reads this.
_ELVISH = """\
eval (slurp < $E:SCRIPT)
use str
from-lines < $E:LINES | each {|line|
  echo '> '$line
  $edit:completion:arg-completer[kernel-builder] (str:split ' ' $line) | each {|one| echo $one[stem] }
} > $E:FOUND
exit
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one folder, and a folder in it that has no build.toml."""
    project = tmp_path / "project"
    (project / "torch-ext").mkdir(parents=True)
    (project / "elsewhere").mkdir()
    shutil.copy(RELU / "build.toml", project)
    return project


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The program of this Python on PATH, a home that is nobody's, and a prompt to wait for."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    folders = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "CACHE", "STATE")}
    return {"PATH": path, "HOME": str(tmp_path), "HISTFILE": os.devnull, "PS1": "ready> ", "EDITOR": "emacs", **folders}


def _script(shell: str, folder: Path) -> Path:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    result = kernel_builder("completions", shell)
    assert (0, "") == (result.returncode, result.stderr)
    script = folder / f"completions.{shell}"
    script.write_text(result.stdout, "utf-8")
    return script


def _bare(words: Iterable[str]) -> list[str]:
    """Completions without what some shells put around them: the option before `=`, the slash after a folder."""
    return sorted(word.removeprefix("--variant=").rstrip("/") for word in words)


def _typed(shell: Terminal, setup: str, insert_all: str) -> dict[str, list[str]]:
    """Type each line and the key that inserts every completion, and have the shell echo what the line has become."""
    found = {}
    with shell:
        shell.until("ready>")
        shell.type(f"{setup}; echo lo''aded\r")  # the quotes tell what is typed from what is printed
        shell.until("loaded\r")
        for line in LINES:
            shell.until("ready>")
            shell.type(f"{line}{insert_all}\x01echo go''t: \r")  # Control-A goes to the start of the line
            shell.until("got:")
            before, _, last = line.rpartition(" ")
            words = shell.until("\n").split()[len(before.split()) :]
            found[line] = _bare(word for word in words if word != last)
    return found


def test_bash(project: Path, env: dict[str, str], tmp_path: Path) -> None:
    """Bash completes commands, options, values, variants and folders."""
    script = _script("bash", tmp_path)
    terminal = Terminal("bash", "--norc", "--noprofile", "-i", cwd=project, env=env)
    assert {line: sorted(words) for line, words in LINES.items()} == _typed(terminal, f"source {script}", "\x1b*")


def test_zsh(project: Path, env: dict[str, str], tmp_path: Path) -> None:
    """Zsh completes commands, options, values, variants and folders."""
    script = _script("zsh", tmp_path)
    setup = tmp_path / "setup.zsh"
    setup.write_text(f"{_ZSH}source {script}\n", "utf-8")
    terminal = Terminal("zsh", "-f", "-i", cwd=project, env=env)
    assert {line: sorted(words) for line, words in LINES.items()} == _typed(terminal, f"source {setup}", "\x18a")


def test_fish(project: Path, env: dict[str, str], tmp_path: Path) -> None:
    """Fish completes commands, options, values, variants and folders."""
    script = _script("fish", tmp_path)
    found = {}
    for line in LINES:
        command = ["fish", "--no-config", "-c", f'source {script}; complete -C "{line}"']
        result = subprocess.run(
            command, cwd=project, env={**os.environ, **env}, capture_output=True, text=True, check=False
        )
        assert (0, "") == (result.returncode, result.stderr)
        words = [shown.partition("\t")[0] for shown in result.stdout.splitlines()]
        found[line] = _bare(words)
    assert {line: sorted(words) for line, words in LINES.items()} == found


def test_elvish(project: Path, env: dict[str, str], tmp_path: Path) -> None:
    """Elvish completes commands, options, values, variants and folders."""
    script = _script("elvish", tmp_path)
    lines, shown = tmp_path / "lines", tmp_path / "shown"
    lines.write_text("".join(f"{line}\n" for line in LINES), "utf-8")
    start = tmp_path / "CONFIG" / "elvish" / "rc.elv"
    start.parent.mkdir(parents=True)
    start.write_text(_ELVISH, "utf-8")
    files = {"SCRIPT": str(script), "LINES": str(lines), "FOUND": str(shown)}
    with Terminal("elvish", cwd=project, env={**env, **files}) as terminal:
        terminal.end()
    found: dict[str, list[str]] = {}
    for text in shown.read_text("utf-8").splitlines():
        if text.startswith("> "):
            line = text.removeprefix("> ")
            found[line] = []
        elif text.startswith(line.rpartition(" ")[2]):  # the shell itself leaves the others out
            found[line] = _bare([*found[line], text])
    assert {line: sorted(words) for line, words in LINES.items()} == found
