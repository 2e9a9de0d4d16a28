"""What the completion scripts are answered, in each of their protocols."""

import shlex
from pathlib import Path

import pytest
from support.projects import RELU, ROOT, run_python

from kernel_builder.cli import cli
from kernel_builder.cli._completion import SHELLS, complete, script
from kernel_builder.matrix import host_platform

#: In elvish and PowerShell.
OUR_OWN = ("elvish", "powershell")


def _answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shell: str, *words: str
) -> list[list[str]]:
    """The answer to a script of our own: type, text and help of each completion."""
    monkeypatch.setenv("COMP_WORDS", "\n".join(["kernel-builder", *words]))
    assert 0 == complete(cli, f"{shell}_complete")
    out, err = capsys.readouterr()
    assert err == ""
    return [line.split("\t") for line in out.splitlines() if line]


@pytest.mark.parametrize("shell", OUR_OWN)
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["check-"], ["check-config", "check-abi", "check-builds", "check-pr"]),
        (["--de"], ["--debug"]),
        (["build", "--dr"], ["--driver"]),
        (["build", "--driver", ""], ["auto", "local", "nix"]),
        (["build", "--driver=n"], ["--driver=nix"]),
        (["build", "--no-such-option", "--dr"], ["--driver"]),
        (["biuld", "--dr"], []),
        (["completions", "po"], ["powershell"]),
        (["init", "--backends", "cu"], ["cuda"]),
        (["init", "--backends", "cuda", "x"], ["xpu"]),
        (["list-variants", "--system", "aarch64-d"], ["aarch64-darwin"]),
        (["skills", "a"], ["add"]),
        (["skills", "add", "--op"], ["--opencode"]),
        (["skills", "add", "--skill", "cuda"], ["cuda-kernels"]),
    ],
    ids=shlex.join,
)
def test_completions(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    shell: str,
    words: list[str],
    expected: list[str],
) -> None:
    """Commands, options and values are completed, also in a group and behind `=`."""
    assert expected == [text for _, text, _ in _answer(monkeypatch, capsys, shell, *words)]


@pytest.mark.parametrize("shell", OUR_OWN)
def test_the_type_and_the_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shell: str) -> None:
    """A completion says what it is for, and a folder is left to the shell."""
    expected = [["plain", "hash", "Write the digests of finished builds, or verify them."]]
    assert expected == _answer(monkeypatch, capsys, shell, "ha")
    assert [["dir", "exa", ""]] == _answer(monkeypatch, capsys, shell, "build", "exa")


@pytest.mark.parametrize("words", [["build", "--variant", ""], ["build", str(RELU), "--variant", ""]])
def test_variants_of_the_project(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """A variant is one of the project in the folder that is named, or in the current one."""
    monkeypatch.chdir(RELU if len(words) == 3 else RELU.parent)
    found = [text for _, text, _ in _answer(monkeypatch, capsys, "elvish", *words)]
    abi = "-cxx11" if host_platform().os == "linux" else ""
    expected = [f"torch{torch}{abi}-cpu-{host_platform()}" for torch in (211, 212, 213)]
    assert expected == [name for name in found if "-cpu-" in name]


@pytest.mark.parametrize("text", [None, "", "[general", "[general]\nname = 1\n", "\0"])
def test_no_variants_without_a_project(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str | None
) -> None:
    """Where there is no build.toml that can be read, there is nothing to complete, and nobody is told."""
    if text is not None:
        (tmp_path / "build.toml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    assert [] == _answer(monkeypatch, capsys, "elvish", "build", "--variant", "")


@pytest.mark.parametrize("instruction", ["tcsh_complete", "complete", "bash_complete"])
def test_an_answer_that_cannot_be_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], instruction: str
) -> None:
    """An unknown shell, or a request that is not whole, has no answer and no words that would land in the line."""
    monkeypatch.delenv("COMP_WORDS", raising=False)
    assert 1 == complete(cli, instruction)
    assert ("", "") == capsys.readouterr()


def test_a_request_imports_only_the_command_that_it_is_about() -> None:
    """A completion is quick because it leaves everything else alone."""
    code = """
import os, sys
from kernel_builder.cli import cli
from kernel_builder.cli._run import run
os.environ.update(_KERNEL_BUILDER_COMPLETE="elvish_complete", COMP_WORDS="kernel-builder\\\\nlist-variants\\\\n--sys")
run(cli, [])
unwanted = "torch", "huggingface_hub", "jinja2", "rich", "tomlkit"
unwanted += "kernel_builder.drivers.base", "kernel_builder.cli.build"
print([name for name in unwanted if name in sys.modules])
"""
    assert ["plain\t--system\tList the variants of this system, not of the current.", "[]"] == (
        run_python(code.replace("\\\\n", "\\n")).splitlines()
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_name_the_program_and_no_machine(shell: str) -> None:
    """A script works on any machine that has the program: it names the program, and no path of this one."""
    text = script(shell)
    assert (True, False, "\n") == ("kernel-builder" in text, str(ROOT) in text, text[-1])


def test_the_script_of_powershell_is_well_formed() -> None:
    """The whole script follows PowerShell's grammar, and registers one completer for the program."""
    grammar = pytest.importorskip("tree_sitter_powershell")
    from tree_sitter import Language, Parser  # noqa: PLC0415 - with the grammar only

    tree = Parser(Language(grammar.language())).parse(script("powershell").encode())
    assert not tree.root_node.has_error, str(tree.root_node)
    assert 1 == script("powershell").count("Register-ArgumentCompleter -Native -CommandName kernel-builder")
