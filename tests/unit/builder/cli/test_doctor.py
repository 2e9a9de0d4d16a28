"""`kernel-builder doctor`: the report for people and for scripts."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support.machines import Tools, empty_machine
from support.projects import kernel_builder, make_tiny, variant_name
from support.terminal import Terminal

CANARY = "hf_canary_0123456789"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """A machine without a tool, without a project in the current folder, and with a Hub's home of its own."""
    tools = empty_machine(tmp_path, monkeypatch)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "hf" / "token"))
    monkeypatch.chdir(tmp_path)
    return tools


def _report(*arguments: str | Path, code: int = 0, env: dict[str, str] | None = None) -> dict[str, Any]:
    result = kernel_builder("doctor", "--json", *arguments, env=env)
    assert (code, "") == (result.returncode, result.stderr)
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def _project(*arguments: Path) -> dict[str, Any]:
    """What is said about a project, without the room on its disk, which changes all the time."""
    project: dict[str, Any] = _report(*arguments)["project"]
    space = next(one for one in project["diagnoses"] if one["id"] == "project-space")
    assert space.pop("detail").endswith(" free")
    return project


def _by_id(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in report["diagnoses"]}


def test_json(tools: Tools) -> None:
    """The document has every answer, and for each "no" a remedy, and nothing is written."""
    before = sorted(tools.folder.parent.iterdir())
    report = _report()
    found = _by_id(report)
    assert {"kernel-builder", "system", "diagnoses", "backends", "project"} == set(report)
    assert ("no", ["local:cpu"], None) == (
        found["c++"]["status"],
        [use for use in found["c++"]["needed-for"] if use == "local:cpu"],
        report["project"],
    )
    assert "c++" in report["backends"]["cpu"]["local"]["because"]
    answers = [(one["status"] in ("no", "unknown"), bool(one["remedy"])) for one in found.values()]
    assert [needs for needs, _ in answers] == [has for _, has in answers]
    assert before == sorted(tools.folder.parent.iterdir())


def test_text(tools: Tools) -> None:
    """People see the same in at most 80 columns, but for commands and paths; the step stands below its "no"."""
    result = kernel_builder("doctor")
    assert (0, "") == (result.returncode, result.stderr)
    lines = result.stdout.splitlines()
    index = next(i for i, line in enumerate(lines) if line.startswith("  no   C++ compiler"))
    assert "Install GCC or Clang with the C++ library and its headers." == " ".join(
        line.strip() for line in lines[index + 2 : index + 4]
    )
    long = [line for line in lines if len(line) > 80 and not line.strip().startswith("$") and "/" not in line]
    assert ([], False) == (long, "\x1b" in result.stdout)
    assert "          build here   build with Nix   load here" in lines


def test_colors(tools: Tools) -> None:
    """A terminal gets colors, unless NO_COLOR is set."""
    command = (sys.executable, "-m", "kernel_builder", "doctor", "--backend", "cpu")
    with Terminal(*command, env={"NO_COLOR": ""}) as terminal:
        _, shown = terminal.end()
    with Terminal(*command, env={"NO_COLOR": "1"}) as terminal:
        _, plain = terminal.end()
    assert (True, False) == ("\x1b[31mno" in shown, "\x1b" in plain)


def test_control_characters_stay_out(tools: Tools) -> None:
    """What a tool prints cannot steer the terminal of who reads the report."""
    tools.add("git", error="\x1b[31mred\x07", status=1)
    result = kernel_builder("doctor")
    assert (True, False, False) == ("| " in result.stdout, "\x1b" in result.stdout, "\x07" in result.stdout)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_no_secret_is_shown(tools: Tools, tmp_path: Path, options: tuple[str, ...]) -> None:
    """Whatever a tool prints of its environment, the login is in no report."""
    for name in ("git", "nvcc", "nvidia-smi", "nix", "icpx", "hipcc", "rocminfo", "sycl-ls", "c++"):
        tools.add(name, body="export", error="broken", status=1)
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "token").write_text(CANARY)
    env = {"HF_TOKEN": CANARY, "HUGGING_FACE_HUB_TOKEN": CANARY, "HF_ENDPOINT": f"https://user:{CANARY}@127.0.0.1:9"}
    result = kernel_builder("doctor", *options, env=env)
    assert (0, True) == (result.returncode, "a token in HF_TOKEN" in result.stdout)
    assert CANARY not in result.stdout + result.stderr


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_backend_that_cannot_be_built(tools: Tools, options: tuple[str, ...]) -> None:
    """With --backend, a backend that can be built in no way is a failure with the code of a missing toolchain."""
    result = kernel_builder("doctor", "--backend", "rocm", *options)
    assert 5 == result.returncode
    if options:
        assert {"rocm"} == set(json.loads(result.stdout)["backends"])
    else:
        assert "error: kernels for rocm cannot be built here" == result.stderr.splitlines()[0]


def test_a_backend_that_can_be_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the CPU can be built for, asking for it succeeds; the tests of the drivers build there."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert "yes" == _report("--backend", "cpu")["backends"]["cpu"]["local"]["status"]


def test_a_wrong_backend(tools: Tools) -> None:
    """A backend that does not exist is wrong usage."""
    assert 2 == kernel_builder("doctor", "--backend", "vulkan").returncode


def test_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project's variants are told, that of the folder that one is in too; the one of this Torch can be built."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    project = make_tiny(tmp_path / "tiny")
    named = _project(project)
    monkeypatch.chdir(project)
    assert named == _project()
    expected = {"name": variant_name(), "local": True, "nix": False, "reason": None}
    assert expected == next(one for one in named["variants"] if one["name"] == variant_name())
    assert f"         {variant_name()}" in kernel_builder("doctor").stdout.splitlines()


def test_a_project_with_errors(tools: Tools, tmp_path: Path) -> None:
    """A broken build.toml is one more "no" of the report."""
    project = make_tiny(tmp_path / "tiny")
    (project / "build.toml").write_text("[general\n")
    (found,) = _report(project)["project"]["diagnoses"]
    assert ("no", [f"kernel-builder check-config {project}"]) == (found["status"], found["remedy"]["commands"])


def test_no_such_folder(tools: Tools) -> None:
    """A folder that does not exist is wrong usage."""
    assert 2 == kernel_builder("doctor", "no/such/folder").returncode


def test_help_has_examples(tools: Tools) -> None:
    """The help shows how it is used."""
    assert "    kernel-builder doctor --backend cuda --json" in kernel_builder("doctor", "--help").stdout.splitlines()
