"""What is known of this machine, and how to get another Torch."""

import dataclasses
import os
import sys
from pathlib import Path

import pytest
from support.machines import LINUX, MAC, WINDOWS, machine

from kernel_builder.doctor.here import look_around, torch_for
from kernel_builder.matrix import host_platform
from kernels.backend import COMPILED_BACKENDS, Compute, MajorMinor
from kernels.system import current_system
from kernels.variant import Platform


def test_this_machine() -> None:
    """The loader's answer from a process of its own is what it finds in this one."""
    here, system = look_around(), current_system()
    assert (host_platform(), system.compute) == (here.platform, here.compute)
    assert here.torch is not None
    assert (system.torch, "") == (here.torch.release, here.torch_problem)


def test_the_folder_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the current folder that is called like a package is not imported."""
    for name in ("torch.py", "kernels.py", "json.py"):
        (tmp_path / name).write_text("raise SystemExit('imported')\n")
    monkeypatch.chdir(tmp_path)
    assert "" == look_around().loader_answer.problem


def test_no_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a Torch that can be used, the reason is kept."""
    broken = tmp_path / "torch"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('broken')\n")
    # Builds are made against the Torch of this process, and the loader is asked in one of its own.
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))
    here = look_around()
    assert (None, None) == (here.torch, here.compute)
    assert here.torch_problem.startswith(f"{broken} is not a usable installation of Torch")
    assert here.loader_answer.said.endswith("ImportError: broken")


@pytest.mark.parametrize(
    ("tag", "compute"),
    [("cu130", Compute("cuda", MajorMinor(13, 0))), ("cpu", Compute("cpu")), ("what", None)],
)
def test_compute(tag: str, compute: Compute | None) -> None:
    """What the loader computes on is spelled as in the names of variants."""
    assert compute == machine(tag).compute


def test_no_compute() -> None:
    """A loader that did not answer computes on nothing that is known."""
    assert None is dataclasses.replace(machine(), loader={}).compute


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        (LINUX, {"cpu", "cuda", "rocm", "xpu"}),
        (MAC, {"cpu", "metal"}),
        (WINDOWS, {"cpu", "cuda", "rocm", "xpu"}),
    ],
)
def test_backends(platform: Platform, expected: set[str]) -> None:
    """Each backend belongs to the systems of the build matrix; systems outside of it may have all but Apple's."""
    assert expected == set(machine(platform=platform).backends) & set(COMPILED_BACKENDS)


@pytest.mark.parametrize(
    ("backend", "version", "command"),
    [
        ("cpu", None, "install torch"),
        ("cuda", None, "install torch"),
        ("cuda", "2.13.0+cpu", "install --force-reinstall torch==2.13.0"),
        ("rocm", "2.13.0", ""),
        ("xpu", None, ""),
    ],
)
def test_torch_for(backend: str, version: str | None, command: str) -> None:
    """The package registry has Torch for CUDA; the others are chosen on PyTorch's page."""
    remedy = torch_for(backend, machine(version=version))
    assert (bool(command), not command) == (
        bool(remedy.commands) and remedy.commands[0].endswith(command),
        remedy.step.endswith('PyTorch\'s page "Get Started", which prints the command.') and not remedy.commands,
    )
