"""`kernel-builder list-variants`: what is listed, and in which form."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.projects import RELU

from kernel_builder.cli import cli
from kernel_builder.config.reader import load_config
from kernel_builder.matrix import host_platform, load_matrix, select
from kernels.variant import Platform

SYSTEMS = load_matrix().systems


def _expected(system: str, project: Path = RELU) -> list[str]:
    return [target.name for target in select(load_config(project), load_matrix(), Platform(*system.split("-")))]


def _run(*arguments: str, project: Path = RELU) -> str:
    result = CliRunner().invoke(cli, ["list-variants", str(project), *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def noarch(tmp_path: Path) -> Path:
    """A Python-only kernel."""
    backends = '["cpu", "cuda", "metal", "neuron"]'
    text = f'[general]\nname = "demo"\nversion = 1\nlicense = "MIT"\nbackends = {backends}\n[torch-noarch]\n'
    (tmp_path / "build.toml").write_text(text, "utf-8")
    return tmp_path


def test_this_system() -> None:
    """By default there is one name a line, and the names are those of this system."""
    assert _expected(str(host_platform())) == _run().splitlines()


@pytest.mark.parametrize("system", SYSTEMS)
def test_another_system(system: str) -> None:
    """With --system the names are those of that system; as JSON they are in its list."""
    assert _expected(system) == _run("--system", system).splitlines()
    assert {system: _expected(system)} == json.loads(_run("--system", system, "--json"))


def test_all_systems(noarch: Path) -> None:
    """With --all-systems each system has its list; as text, a name that several systems have comes once."""
    expected = {system: _expected(system, noarch) for system in SYSTEMS}
    assert expected == json.loads(_run("--all-systems", "--json", project=noarch))
    lines = _run("--all-systems", project=noarch).splitlines()
    assert sorted({name for names in expected.values() for name in names}) == sorted(lines)


def test_arch(noarch: Path) -> None:
    """With --arch a Python-only kernel is listed under the worlds that it is tested in, of the system that is named."""
    names = _run("--arch", "--system", "aarch64-linux", project=noarch).splitlines()
    assert {"cpu", "cu126", "cu128", "cu130", "cu132"} == {name.split("-")[2] for name in names}
    assert {"aarch64-linux"} == {name.partition("-aarch")[1].strip("-") + name.partition("aarch")[2] for name in names}
    assert _run("--arch") == _run()


def test_github_matrix(noarch: Path) -> None:
    """The jobs are one line of JSON, of every system, or of the one that is named."""
    output = _run("--github-matrix", project=noarch)
    assert 1 == output.count("\n")
    assert ["torch-cpu", "torch-cuda", "torch-neuron", "torch-metal"] == [
        job["variant"] for job in json.loads(output)["include"]
    ]
    jobs = json.loads(_run("--github-matrix", "--system", "aarch64-darwin"))["include"]
    assert _expected("aarch64-darwin") == [job["variant"] for job in jobs]


def test_no_variant(noarch: Path) -> None:
    """A kernel without a variant here is listed as nothing, and a sentence says so on standard error."""
    text = (noarch / "build.toml").read_text("utf-8")
    (noarch / "build.toml").write_text(text.replace('["cpu", "cuda", "metal", "neuron"]', '["metal"]'), "utf-8")
    result = CliRunner().invoke(cli, ["list-variants", str(noarch), "--system", "x86_64-linux"])
    assert (0, "", "demo has no variant for x86_64-linux\n") == (result.exit_code, result.stdout, result.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--all-systems", "--system", "x86_64-linux"],
        ["--all-systems", "--arch"],
        ["--github-matrix", "--arch"],
        ["--system", "all"],
    ],
    ids=" ".join,
)
def test_what_excludes_each_other(arguments: list[str]) -> None:
    """Options that contradict each other are wrong usage, and the message names them."""
    result = CliRunner().invoke(cli, ["list-variants", str(RELU), *arguments])
    assert (2, True) == (result.exit_code, all(word in result.stderr for word in arguments if word[0] == "-"))
