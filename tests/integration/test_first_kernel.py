"""The tutorials that compile, followed to the letter; the first one on a machine that has nothing of ours."""

import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from support.cuda_builds import build_for_cuda
from support.projects import ROOT, kernel_builder

TUTORIALS = ROOT / "docs" / "tutorials"
_BLOCK = re.compile(
    r"(?:<!-- file: (?P<path>\S+) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


def _steps(page: str) -> list[tuple[str | None, str]]:
    """What a reader does, in order: (file, its text), or (None, a command)."""
    steps: list[tuple[str | None, str]] = []
    for block in _BLOCK.finditer((TUTORIALS / page).read_text("utf-8")):
        path, language, text = block.group("path", "language", "text")
        if path:
            steps.append((path, text))
        elif language == "bash":
            steps += [(None, line) for line in text.splitlines() if line and not line.startswith("#")]
        elif language == "console":
            steps += [(None, line.removeprefix("$ ")) for line in text.splitlines() if line.startswith("$ ")]
    return steps


def _script(steps: list[tuple[str | None, str]], folder: Path) -> str:
    """Steps in a folder as one program for bash, which stops at the first that fails."""
    lines = ["set -euo pipefail"]
    for number, (path, text) in enumerate(steps):
        if path:
            copy = folder.parent / f"step-{number}"
            copy.write_text(text, "utf-8")
            lines.append(f"cp {shlex.quote(str(copy))} {shlex.quote(str(folder / path))}")
        else:
            lines.append(text)
    return "\n".join(lines)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """That of a person with a checkout in ~/kernels, whose pip gets the Torch that is tested here."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "kernels").symlink_to(ROOT, target_is_directory=True)
    constraints = tmp_path / "constraints.txt"
    constraints.write_text(f"torch=={version('torch')}\n", "utf-8")
    ours = Path(sys.executable).parent
    rest = [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder) != ours]
    path = os.pathsep.join([str(Path(sys.base_prefix) / "bin"), *rest])
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "LANG", "LC_"))}
    return {**kept, "PATH": path, "HOME": str(home), "PIP_CONSTRAINT": str(constraints), "PIP_NO_INPUT": "1"}


def _need_packages(environment: dict[str, str]) -> None:
    """Skip the test where pip reaches no index with what the tutorial installs."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    asked = subprocess.run(
        [*command, "hatchling", "pytest", "torch"], env=environment, capture_output=True, text=True, check=False
    )
    if asked.returncode:
        pytest.skip(f"pip cannot install a Torch here: {asked.stderr.strip().splitlines()[-1]}")


def test_it_takes_at_most_ten_commands() -> None:
    """From nothing to the comparison with Torch, a reader types no more than ten commands."""
    commands = [text for path, text in _steps("first-kernel.md") if path is None]
    assert ("python3 -m venv .venv", "python compare.py") == (commands[0], commands[-1])
    assert len(commands) <= 10


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_a_reader_gets_a_kernel_that_is_right_and_not_slower(tmp_path: Path, environment: dict[str, str]) -> None:
    """Every command of the page ends well in an empty environment; the kernel equals Torch and takes no longer."""
    _need_packages(environment)
    folder = tmp_path / "work"
    folder.mkdir()
    command = ["bash", "-c", _script(_steps("first-kernel.md"), folder)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    equal, ratio = done.stdout.splitlines()[-2:]
    assert equal == "equal: True"
    measured = re.fullmatch(r"time: (\d+\.\d\d) of Torch's", ratio)
    assert measured, ratio
    assert float(measured[1]) <= 1.0


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != "linux", reason="CUDA is for Linux here")
def test_the_kernel_of_the_cuda_tutorial_compiles(tmp_path: Path) -> None:
    """What a reader has before the build is compiled by nvcc, links, and passes every check of a build."""
    steps = _steps("cuda-kernel.md")
    before = steps[: 1 + [path is not None for path, _ in steps].index(True)]
    work = tmp_path / "work"
    work.mkdir()
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "HOME": str(tmp_path), "PATH": programs}
    subprocess.run(["bash", "-c", _script(before, work)], cwd=work, env=environment, capture_output=True, check=True)
    project, variant = build_for_cuda(work / "relu-squared", tmp_path, "torch213-cxx11")
    assert 0 == kernel_builder("check-abi", project / "build" / variant).returncode
