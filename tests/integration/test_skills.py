"""Everything in the skills that can be run is run: commands, code blocks, the example kernels.

A block that no test runs says so in a comment before it, with the reason; `NOT_RUN` lists them all.
"""

import ast
import contextlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click
import pytest
from support.projects import ROOT, kernel_builder

from kernel_builder.cli import cli
from kernel_builder.config.reader import check_config
from kernel_builder.skills import list_skills, render_skill
from kernels.cli import main as kernels_main

NAMES = [skill.name for skill in list_skills()]
FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
#: What is not run, and how often: a block of all skills counts once for each.
NOT_RUN = {
    "changes the Python environment of the reader": 5,
    "needs Apple's compiler for Metal": 1,
    "needs an AMD GPU": 3,
    "needs an AMD GPU and its tools": 1,
    "needs an Apple GPU": 3,
    "needs an Intel GPU": 3,
    "needs an Intel GPU and its tools": 1,
    "needs an NVIDIA GPU": 3,
    "needs an NVIDIA GPU and its tools": 1,
    "needs a GPU": 3,
    "needs hipcc, and Torch for ROCm": 2,
    "needs icpx, and Torch for XPU": 2,
    "needs macOS": 1,
    "needs macOS with the Metal toolchain": 2,
    "needs nvcc, and Torch for CUDA": 2,
    "needs the SYCL headers of DPC++": 1,
    "needs the _ops module that the builder writes": 7,
    "registration.h is written by the builder; the example has the whole file and is built": 5,
}


@dataclass(frozen=True, slots=True)
class Block:
    """A code block of a skill; `reason` says why it is not run, and is empty for one that is."""

    skill: str
    page: str
    language: str
    text: str
    reason: str


@cache
def _blocks() -> tuple[Block, ...]:
    """Every block of every skill: those of `SKILL.md` first, then the pages by name."""
    found = []
    for skill in NAMES:
        for page, text in sorted(render_skill(skill).items(), key=lambda item: (item[0] != "SKILL.md", item[0])):
            if page.endswith(".md"):
                blocks = [
                    Block(skill, page, one["language"], one["text"], one["reason"] or "")
                    for one in FENCE.finditer(text)
                ]
                assert 2 * len(blocks) == text.count("\n```"), (skill, page)  # none is missed
                found += blocks
    return tuple(found)


def _chosen(language: str, *, run: bool = True) -> list[Block]:
    """The blocks of a language, each text once; with `run`, those that are to be run."""
    return list({one.text: one for one in _blocks() if one.language == language and not (run and one.reason)}.values())


def _ids(block: Block) -> str:
    return f"{block.skill}-{Path(block.page).stem}"


def _write(skill: str, folder: Path, *, below: str = "") -> Path:
    """Write the files of a skill, or those in one of its folders."""
    for path, text in render_skill(skill).items():
        if path.startswith(below):
            target = folder / path.removeprefix(below)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
    return folder


def _run(command: str, cwd: Path, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a line of a shell block, with the programs of this environment, as somebody who has no Nix."""
    scripts = sysconfig.get_path("scripts")
    without_nix = {"KERNEL_BUILDER_DRIVER": "local"}
    return subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=cwd,
        env={**os.environ, "PATH": os.pathsep.join([scripts, os.environ["PATH"]]), **without_nix, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )


# What there is


def test_what_is_not_run_is_listed() -> None:
    """Every block is of a language that is checked, and the reasons for which blocks are not run are those above."""
    assert {"bash", "cpp", "cuda", "metal", "python", "text", "toml"} == {one.language for one in _blocks()}
    assert NOT_RUN == dict(Counter(one.reason for one in _blocks() if one.reason))


def _mentioned() -> Iterator[tuple[str, str, list[str]]]:
    """Each mention of a command in a block or in the text: where, the program, its arguments."""
    for skill in NAMES:
        for page, text in render_skill(skill).items():
            lines = [
                line for one in FENCE.finditer(text) if one["language"] == "bash" for line in one["text"].splitlines()
            ]
            lines += (
                re.findall(r"`((?:kernel-builder|kernels) [^`]*)`", text.replace("\n", " "))
                if page[-2:] == "md"
                else []
            )
            for line in lines:
                words = [word for word in shlex.split(line) if "=" not in word]
                if words and words[0] in ("kernel-builder", "kernels"):
                    yield f"{skill}/{page}: {line}", words[0], words[1:]


def test_every_command_and_option_exists(capsys: pytest.CaptureFixture[str]) -> None:
    """Also what cannot be run here is spelled as the command lines are."""
    context = click.Context(cli)
    seen = 0
    for place, program, (name, *arguments) in _mentioned():
        options = {word.partition("=")[0] for word in arguments if word.startswith("-")}
        if program == "kernel-builder":
            command = cli.get_command(context, name)
            assert command is not None, place
            known = {spelling for option in command.params for spelling in option.opts}
        else:
            with contextlib.suppress(SystemExit):
                kernels_main([name, "--help"])
            known = set(re.findall(r"--?[a-z-]+", capsys.readouterr().out))
        assert set() == options - known, place
        seen += 1
    assert seen > 60


def test_our_own_error_texts_are_real() -> None:
    """The texts in the tables of `check-config` and `build` are said by the tools, word for word."""
    said = "".join(
        path.read_text("utf-8") for part in ("builder", "loader") for path in sorted((ROOT / part).rglob("*.py"))
    )
    said = re.sub(r"\"\s*\n\s*f?\"", "", said)
    for skill in NAMES:
        page = render_skill(skill)["references/errors.md"]
        ours = page.partition("## check-config")[2].partition("## Loading")[0]
        texts = [
            text for row in re.findall(r"^\| (`.*?) \|", ours, re.MULTILINE) for text in re.findall(r"`([^`]+)`", row)
        ]
        assert len(texts) > 10
        foreign = {"undefined symbol", "No module named"}
        assert set() == {text for text in texts if text not in said} - foreign


def test_exit_codes_are_those_of_the_command_line() -> None:
    """The codes that `SKILL.md` names are the classes of errors."""
    from kernel_builder import errors  # noqa: PLC0415 - for one test

    codes = {getattr(getattr(errors, name), "exit_code", None) for name in errors.__all__}
    for skill in NAMES:
        text = render_skill(skill)["SKILL.md"].partition("Exit codes:")[2].partition("\n\n")[0]
        named = {int(code) for code in re.findall(r"(?:^|,\s)\s*(\d+) ", text)}
        assert {2, 3, 4, 5, 6, 7, 8} == named
        assert set() == named - codes - {2}


# build.toml and Python


@pytest.mark.parametrize("block", _chosen("toml"), ids=_ids)
def test_build_toml(block: Block, tmp_path: Path) -> None:
    """Every `build.toml` is read without a finding, but for sources that the reader of the page has yet to write."""
    _write(block.skill, tmp_path, below="example/")
    (tmp_path / "build.toml").write_text(block.text, "utf-8")
    findings = [str(one) for one in check_config(tmp_path).findings if one.severity != "note"]
    assert [] == [finding for finding in findings if "does not exist" not in finding]


@pytest.mark.parametrize("skill", NAMES)
def test_example_is_a_kernel_project(skill: str, tmp_path: Path) -> None:
    """`check-config` has nothing to say of the example, and its project files can be made and removed again."""
    project = _write(skill, tmp_path, below="example/")
    checked = kernel_builder("check-config", project, "--json")
    findings = [one for one in json.loads(checked.stdout)["findings"] if one["severity"] != "note"]
    assert (0, []) == (checked.returncode, findings)
    before = sorted(path for path in project.rglob("*"))
    for command in ("create-pyproject", "clean-pyproject"):
        result = kernel_builder(command, project, "--force")
        assert 0 == result.returncode, result.stderr
    assert before == sorted(path for path in project.rglob("*"))


@pytest.mark.parametrize("skill", NAMES)
def test_python_is_that_of_python_3_9(skill: str) -> None:
    """Shipped files and blocks are Python, and the older Python that kernels must run under."""
    sources = {path: text for path, text in render_skill(skill).items() if path.endswith(".py")}
    sources |= {
        f"{one.page} {one.text[:40]}": one.text for one in _blocks() if (one.skill, one.language) == (skill, "python")
    }
    for path, text in sources.items():
        ast.parse(text, path, feature_version=(3, 9))
    assert len(sources) > 10


# The example for the CPU, and what is run with it


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The skill for the CPU as `skills add` installs it, and beside it the folder in which its commands are run."""
    folder = tmp_path_factory.mktemp("workshop")
    result = kernel_builder("skills", "add", "--skill", "cpu-kernels", "--dest", folder)
    assert 0 == result.returncode, result.stderr
    return folder


def _follow(skill: str, folder: Path, installed: Path) -> dict[str, str]:
    """Do what the shell blocks of a skill say, in their order; gives the commands that were run, and what they printed.

    The example takes the place of what the reader would write once the project has been made. Its benchmark gets
    fewer rows, so that it takes no minutes here.
    """
    done = {}
    project = folder / "rms-norm"
    for line in _lines(skill):
        if "TRITON_INTERPRET" in line and importlib.util.find_spec("triton") is None:
            continue
        beside = installed if "scripts/" in line else project if project.is_dir() else folder
        result = _run(line, beside)
        assert 0 == result.returncode, f"{line}\n{result.stdout}\n{result.stderr}"
        done[line] = result.stdout
        if " init " in line:
            shutil.copytree(_write(skill, folder / "example", below="example/"), project, dirs_exist_ok=True)
            benchmark = project / "benchmarks" / "benchmark.py"
            benchmark.write_text(benchmark.read_text("utf-8").replace("(4096, 4096)", "(64, 4096)"), "utf-8")
    return done


def _lines(skill: str) -> list[str]:
    """The commands of a skill that are to be run."""
    blocks = [one for one in _blocks() if (one.skill, one.language, one.reason) == (skill, "bash", "")]
    return [line for block in blocks for line in block.text.splitlines()]


@pytest.fixture(scope="session")
def followed(workshop: Path) -> tuple[Path, dict[str, str]]:
    """The project that comes of following the skill for the CPU, and the commands that were run with their output."""
    return workshop / "rms-norm", _follow("cpu-kernels", workshop, workshop / "cpu-kernels")


def test_the_skill_for_the_cpu_works_to_the_end(followed: tuple[Path, dict[str, str]]) -> None:
    """All its commands succeed: made, checked, built, tested without a test that is skipped, measured, with a card."""
    project, done = followed
    assert _lines("cpu-kernels") == list(done)
    tested = [output for line, output in done.items() if "pytest" in line]
    assert [True] * 2 == [" passed" in output and "skipped" not in output for output in tested]
    assert {"one_token", "prompt"} <= set(re.findall(r"\w+", (project / "results.json").read_text("utf-8")))
    assert "{{" not in (project / "build" / "CARD.md").read_text("utf-8")


@pytest.mark.parametrize("skill", [name for name in NAMES if name != "cpu-kernels"])
def test_the_other_skills_work_as_far_as_this_machine_does(skill: str, tmp_path: Path) -> None:
    """What needs no GPU and no compiler for one succeeds: doctor, init, check-config, list-variants, the card."""
    done = " ".join(_follow(skill, tmp_path, _write(skill, tmp_path / skill)))
    wanted = ("doctor", "init", "check-config", "list-variants", "fill-card", "roofline.py")
    assert [] == [command for command in wanted if command not in done]


@pytest.mark.parametrize("block", _chosen("python"), ids=_ids)
def test_python_blocks_run(block: Block, followed: tuple[Path, dict[str, str]]) -> None:
    """A block that is not marked runs as it stands, in the folder of a built project."""
    for package in ("transformers", "triton"):
        if re.search(rf"^(import|from) {package}\b", block.text, re.MULTILINE) and not importlib.util.find_spec(
            package
        ):
            pytest.skip(f"{package} is not installed")
    path = followed[0].parent / "block.py"  # Triton reads the source of a kernel from its file
    path.write_text(block.text, "utf-8")
    result = subprocess.run([sys.executable, str(path)], cwd=followed[0], capture_output=True, text=True, check=False)
    assert 0 == result.returncode, result.stderr


# C++ and CUDA


def _include_folders() -> list[str]:
    spec = importlib.util.find_spec("torch")
    assert spec is not None
    assert spec.origin is not None
    include = Path(spec.origin).parent / "include"
    return ["-isystem", str(include), "-isystem", str(include / "torch" / "csrc" / "api" / "include")]


@pytest.mark.parametrize("block", _chosen("cpp"), ids=_ids)
def test_cpp_blocks_compile(block: Block, tmp_path: Path) -> None:
    """A block that is not marked is a whole file for the compiler of this machine, without a warning of its own."""
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        pytest.skip("there is no C++ compiler")
    (tmp_path / "block.cpp").write_text(block.text, "utf-8")
    command = [compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *_include_folders(), "block.cpp"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert 0 == result.returncode, result.stderr


def _nvcc(source: str, folder: Path, *options: str) -> None:
    compiler = shutil.which("nvcc")
    if compiler is None:
        pytest.skip("there is no nvcc")
    command = [compiler, "-std=c++20", "-arch=sm_90", "-diag-suppress=3189", "--expt-relaxed-constexpr", *options]
    result = subprocess.run(
        [*command, "-c", source, "-o", os.devnull], cwd=folder, capture_output=True, text=True, check=False
    )
    assert 0 == result.returncode, result.stderr


@pytest.mark.parametrize("block", _chosen("cuda"), ids=_ids)
def test_cuda_blocks_compile(block: Block, tmp_path: Path) -> None:
    """Each block is a whole file for nvcc."""
    (tmp_path / "block.cu").write_text(block.text, "utf-8")
    _nvcc("block.cu", tmp_path)


@pytest.mark.heavy
def test_the_example_for_cuda_compiles(tmp_path: Path) -> None:
    """The example's kernel compiles with nvcc, also where Torch is made for the CPU and lacks one header for CUDA."""
    project = _write("cuda-kernels", tmp_path, below="example/")
    shim = tmp_path / "shim" / "c10" / "cuda" / "impl" / "cuda_cmake_macros.h"
    shim.parent.mkdir(parents=True)
    shim.write_text("#define C10_CUDA_BUILD_SHARED_LIBS\n", "utf-8")
    include = [word.replace("-isystem", "-I") for word in _include_folders()]
    _nvcc(
        "rms_norm_cuda/rms_norm.cu",
        project,
        *("-DCUDA_KERNEL", "-DUSE_CUDA=1", "-Itorch-ext"),
        *include,
        f"-I{tmp_path / 'shim'}",
    )


@pytest.mark.heavy
def test_the_example_is_translated_for_rocm(tmp_path: Path) -> None:
    """Torch's own hipify finds a HIP name for everything in the example's kernel that has the name of CUDA."""
    project = _write("rocm-kernels", tmp_path / "project", below="example/")
    code = """
import sys
from torch.utils.hipify import hipify_python
hipify_python.hipify(project_directory=sys.argv[1], output_directory=sys.argv[1], includes=["*"], extra_files=[],
                     is_pytorch_extension=True)
"""
    result = subprocess.run([sys.executable, "-c", code, str(project)], capture_output=True, text=True, check=False)
    assert 0 == result.returncode, result.stderr
    translated = next(project.rglob("*.hip")).read_text("utf-8")
    assert "hipStream_t" in translated
    assert [] == re.findall(r"\bcuda[A-Z]\w*", translated)
