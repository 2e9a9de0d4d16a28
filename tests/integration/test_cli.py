"""The command line as a person or a script meets it, in processes of its own."""

import importlib.metadata
import json
import os
import sys
from pathlib import Path

import click
import pytest
from support.projects import RELU, kernel_builder, make_tiny, run_python
from support.terminal import Terminal


def test_the_program_says_what_it_is() -> None:
    """`--version`, `--help` and `-h` answer on standard output, also as `python -m kernel_builder`."""
    version = importlib.metadata.version("kernel-builder")
    assert f"kernel-builder, version {version}\n" == kernel_builder("--version").stdout
    assert kernel_builder("--help").stdout == kernel_builder("-h").stdout
    assert "Usage: kernel-builder [OPTIONS] COMMAND [ARGS]..." == kernel_builder("--help").stdout.splitlines()[0]


@pytest.mark.skipif(os.name == "nt", reason="Python has no terminals on Windows")
def test_colours_are_for_terminals(tmp_path: Path) -> None:
    """An error is painted in a terminal, and neither in a pipe nor with NO_COLOR."""
    command = [sys.executable, "-m", "kernel_builder", "list-variants", str(tmp_path)]
    shown = {}
    for value in ("", "1"):
        with Terminal(*command, env={"NO_COLOR": value}) as terminal:
            shown[value] = terminal.end()
    assert ((3, True), (3, False)) == tuple((code, "\x1b[" in text) for code, text in shown.values())
    piped = kernel_builder("list-variants", tmp_path, env={"NO_COLOR": ""})
    assert (3, False) == (piped.returncode, "\x1b[" in piped.stderr)
    assert click.unstyle(shown[""][1]).splitlines() == shown["1"][1].splitlines() == piped.stderr.splitlines()


def test_json_and_words_of_a_failure(tmp_path: Path) -> None:
    """With --json a failure is a document on standard output, beside the words on standard error."""
    result = kernel_builder("list-variants", tmp_path, "--json")
    error = json.loads(result.stdout)["error"]
    assert (3, "ConfigError", 3) == (result.returncode, error["kind"], error["code"])
    assert [*error["findings"], f"error: {error['message']}", f"hint: {error['hint']}"] == result.stderr.splitlines()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["biuld"], "Did you mean 'build'?"),
        (["build", "--no-such-flag"], "--no-such-flag"),
        (["build", "/no/such/folder"], "/no/such/folder"),
        (["build", "--cores", "0"], "--cores"),
        (["list-variants", "--system", "sparc-solaris"], "x86_64-linux"),
        (["create-pyproject", "--unique-id", "a b"], "letters, digits and underscores"),
        (["list-variants", "--jsno"], "--json"),
        (["--debgu", "build"], "--debug"),
        (["skills", "ad"], "No such command 'ad'"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_was_wrong(arguments: list[str], words: str) -> None:
    """A command line that cannot be taken names the part and changes nothing."""
    result = kernel_builder(*arguments, cwd=RELU)
    assert (2, True) == (result.returncode, words in result.stderr), result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_without_build_toml_is_a_configuration_error(tmp_path: Path) -> None:
    """Each command that reads build.toml says where it looked."""
    for command in ("build", "check-config", "create-pyproject", "list-variants"):
        result = kernel_builder(command, tmp_path)
        assert (3, True) == (result.returncode, str(tmp_path / "build.toml") in result.stdout + result.stderr), command


def test_check_config_lists_every_mistake_as_text_and_as_json(tmp_path: Path) -> None:
    """Seven mistakes are seven findings, each with its line, its column and its key."""
    project = make_tiny(tmp_path / "tiny")
    (project / "build.toml").write_text(
        """\
[general]
name = "Tiny"
version = "1"
license = "Apache-2.0"
backends = ["cpu", "cdua"]
pyhton-depends = []

[torch]
src = "torch-ext/binding.cpp"

[kernel.tiny_cpu]
backend = "cpu"
depends = ["troch"]
src = ["../tiny.cpp"]
""",
        "utf-8",
    )
    places = [
        (2, 8, "general.name"),
        (3, 11, "general.version"),
        (5, 20, "general.backends[1]"),
        (6, 1, "general.pyhton-depends"),
        (9, 7, "torch.src"),
        (13, 12, "kernel.tiny_cpu.depends[0]"),
        (14, 8, "kernel.tiny_cpu.src[0]"),
    ]
    as_json = kernel_builder("check-config", project, "--json")
    document = json.loads(as_json.stdout)
    assert (3, False) == (as_json.returncode, document["valid"])
    errors = [found for found in document["findings"] if found["severity"] == "error"]
    assert places == [(found["line"], found["column"], found["key"]) for found in errors]
    as_text = kernel_builder("check-config", project)
    assert [f"build.toml:{line}:{column}: error: {key}" for line, column, key in places] == [
        ": ".join(line.split(": ")[:3]) for line in as_text.stdout.splitlines() if ": error: " in line
    ]
    assert "(did you mean 'cuda'?)" in as_text.stdout


def test_a_missing_license_is_a_warning(tmp_path: Path) -> None:
    """The license is optional: check-config warns and succeeds."""
    project = make_tiny(tmp_path / "tiny")
    text = (project / "build.toml").read_text("utf-8").replace('license = "Apache-2.0"\n', "")
    (project / "build.toml").write_text(text, "utf-8")
    result = kernel_builder("check-config", project)
    assert (0, True) == (result.returncode, "warning: general.license" in result.stdout)


def test_list_variants_for_a_script() -> None:
    """`--json` gives the variants of each system that was asked for."""
    document = json.loads(kernel_builder("list-variants", RELU, "--system", "aarch64-darwin", "--json").stdout)
    expected = [f"torch{torch}-{backend}-aarch64-darwin" for torch in (211, 212, 213) for backend in ("cpu", "metal")]
    assert {"aarch64-darwin": expected} == document


def test_check_builds_finds_what_was_changed(built_tiny: Path, tmp_path: Path) -> None:
    """A file that differs from the digest is named; an untouched build has no problem."""
    import shutil  # noqa: PLC0415 - for one call

    project = Path(shutil.copytree(built_tiny, tmp_path / "tiny"))
    assert 0 == kernel_builder("check-builds", project).returncode
    variant = next(path for path in (project / "build").iterdir() if path.is_dir())
    (variant / "__init__.py").write_text("x = 1\n", "utf-8")
    result = kernel_builder("check-builds", project, "--json")
    (finding,) = [one for one in json.loads(result.stdout)["builds"][variant.name] if one["severity"] == "error"]
    assert (8, "file-changed", "__init__.py") == (result.returncode, finding["code"], finding["file"])


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], ["torch", "huggingface_hub", "jinja2", "rich", "tomlkit", "kernel_builder.drivers"]),
        (["list-variants", str(RELU)], ["torch", "huggingface_hub", "jinja2", "rich", "tomlkit"]),
        (["check-config", str(RELU)], ["torch", "huggingface_hub", "jinja2", "rich", "tomlkit"]),
    ],
)
def test_a_command_imports_only_what_it_needs(arguments: list[str], unwanted: list[str]) -> None:
    """The quick commands stay quick because they leave the heavy libraries alone."""
    code = """
import json, sys
sys.argv = ["kernel-builder", *sys.argv[1:]]
from kernel_builder.cli import main
try:
    main()
except SystemExit as end:
    status = end.code
print(json.dumps([status, sorted(sys.modules)]))
"""
    status, modules = json.loads(run_python(code, *arguments).splitlines()[-1])
    assert (0, []) == (status, [name for name in unwanted if name in modules])


def test_importing_the_loader_loads_next_to_nothing() -> None:
    """`import kernels` brings in itself and no other module that a bare Python has not."""
    code = "import sys, json; old = {*sys.modules}; import kernels; print(json.dumps(sorted({*sys.modules} - old)))"
    assert ["kernels"] == json.loads(run_python(code))
