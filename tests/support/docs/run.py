"""Run the blocks of a page."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import tomlkit
import tree_sitter_nix
import yaml
from support.docs.pages import Block, Page
from tree_sitter import Language, Parser

from kernel_builder.config.reader import load_config

__all__ = ["Runner"]

_SESSION = Path(__file__).with_name("session.py")
#: How many seconds a block may take.
_PATIENCE = 900
_ANY = "…"


class Runner:
    """Runs pages.

    Args:
        folder: an empty folder for the page.
        environment: the variables of its commands.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._top, self._folder = folder, folder
        self._environment = dict(environment)

    def run(self, page: Page) -> None:
        """Run and check every block; an assertion says which failed, and what it printed."""
        with self._python() as session:
            for block in page.blocks:
                if block.reason is not None:
                    continue
                place = f"{page.path}:{block.line}"
                if block.language in ("toml", "json", "yaml", "nix"):
                    self._check(block, place)
                if block.file is not None:
                    target = self._top / block.file
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_text(block.text, "utf-8")
                elif block.language == "python":
                    self._run_python(session, block, place)
                elif block.language == "bash":
                    status, output = self._shell(block.text)
                    assert status == 0, f"{place}: ended with {status}:\n{output}"
                elif block.language == "console":
                    self._run_console(block, place)

    def _shell(self, script: str) -> tuple[int, str]:
        """Run commands; what they print on both streams."""
        state = self._top.with_name(f"{self._top.name}.folder")
        text = f"trap 'pwd > {state}' EXIT\n{script}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        self._folder = Path(state.read_text("utf-8").strip())
        return done.returncode, done.stdout

    def _run_console(self, block: Block, place: str) -> None:
        for command, expected in _commands(block.text):
            status, output = self._shell(command)
            assert status == 0, f"{place}: `{command}` ended with {status}:\n{output}"
            if expected:
                matches = re.fullmatch(_pattern(expected), output.strip() + "\n", re.DOTALL)
                assert matches, f"{place}: `{command}` printed\n{output}\nin place of\n{expected}"

    def _check(self, block: Block, place: str) -> None:
        if block.language == "json":
            json.loads(block.text)
        elif block.language == "yaml":
            yaml.safe_load(block.text)
        elif block.language == "nix":
            tree = Parser(Language(tree_sitter_nix.language())).parse(block.text.encode())
            assert not tree.root_node.has_error, f"{place}: this is no expression of Nix"
        elif "general" in tomlkit.parse(block.text) and block.file is None:
            folder = self._top.with_name(f"{self._top.name}.toml")
            folder.mkdir(exist_ok=True)
            (folder / "build.toml").write_text(block.text, "utf-8")
            load_config(folder)

    @contextmanager
    def _python(self) -> Iterator["subprocess.Popen[str]"]:
        """One process for all blocks in Python, which starts with the first."""
        session = subprocess.Popen(
            [sys.executable, str(_SESSION)],
            cwd=self._top,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield session
            assert session.stdin is not None
            session.stdin.close()
            session.wait(60)
        finally:
            session.kill()
            session.wait()
            for pipe in (session.stdin, session.stdout):
                if pipe is not None:
                    pipe.close()

    def _run_python(self, session: "subprocess.Popen[str]", block: Block, place: str) -> None:
        assert session.stdin is not None
        assert session.stdout is not None
        request = {"code": block.text, "folder": str(self._folder), "place": place, "line": block.line}
        session.stdin.write(json.dumps(request) + "\n")
        session.stdin.flush()
        answer = session.stdout.readline()
        assert answer, f"{place}: Python ended"
        problem = json.loads(answer)
        assert problem is None, f"{place}:\n{problem}"


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console, each with what it is said to print."""
    parts = re.split(r"(?m)^\$ ", text)
    assert not parts[0].strip(), f"a console starts with a command: {parts[0]}"
    for part in parts[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def _pattern(expected: str) -> str:
    """What is expected, as a regular expression: `…` stands for any text, and alone in a line for any lines."""
    lines = expected.strip().splitlines()
    texts = (".*".join(re.escape(part) for part in line.split(_ANY)) + "\n" for line in lines)
    return "".join(r"(?:.*\n)?" if line == _ANY else text for line, text in zip(lines, texts, strict=True))


def copy_environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """The variables of a person's shell, with a home of their own and the commands of this Python."""
    outside = ("HF_", "KERNEL", "LOCAL_KERNELS", "NIX_", "PYTEST", "PYTHON", "XDG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(outside)}
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in _PERSON.items()}
    assert shutil.which("bash", path=programs)
    return {**kept, **git, **who, "HOME": str(home), "PATH": programs, **more}


_PERSON = {"NAME": "A Person", "EMAIL": "person@localhost"}
