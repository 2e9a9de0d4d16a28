"""All topics together."""

from pathlib import Path

import pytest
from support.machines import Tools
from support.projects import make_tiny

from kernel_builder.doctor.gather import examine
from kernel_builder.doctor.here import Here
from kernel_builder.doctor.model import Diagnosis, Status
from kernels.backend import BACKENDS, COMPILED_BACKENDS


def test_every_no_has_a_remedy(tools: Tools) -> None:
    """Nothing is left without a step, and every question has a name of its own."""
    report = examine(online=False)
    wanted = {one.question.id for one in report.diagnoses if one.status in (Status.NO, Status.UNKNOWN)}
    mended = {one.question.id for one in report.diagnoses if one.remedy and (one.remedy.step or one.remedy.commands)}
    assert wanted == mended
    assert len(report.diagnoses) == len({one.question.id for one in report.diagnoses})
    assert set(COMPILED_BACKENDS) == set(report.backends)


def test_backends_limit_the_questions(tools: Tools) -> None:
    """With one backend, the questions of the others are not asked."""
    report = examine(("cpu",))
    assert {"cpu"} == set(report.backends)
    assert set() == {one.question.topic for one in report.diagnoses} & {"CUDA", "ROCm", "XPU", "Metal"}


def test_an_empty_machine_does_nothing(tools: Tools) -> None:
    """Without Nix and without a compiler, nothing can be built for any backend, Python-only ones included."""
    report = examine(BACKENDS)
    ways = [(ways["local"].status, ways["nix"].status) for ways in report.backends.values()]
    assert [] == [pair for pair in ways if Status.YES in pair or Status.UNKNOWN in pair]


def test_a_topic_that_crashes(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in one topic is one unknown answer, and what hangs on it is unknown and not "yes"."""

    def crash(here: Here) -> list[Diagnosis]:
        message = "no such thing"
        raise RuntimeError(message)

    monkeypatch.setattr("kernel_builder.doctor.gather.examine_compilers", crash)
    report = examine(("cpu",))
    (found,) = [one for one in report.diagnoses if one.question.topic == "Compilers"]
    assert (Status.UNKNOWN, "failed: RuntimeError: no such thing") == (found.status, found.detail)
    assert Status.UNKNOWN is report.backends["cpu"]["local"].status


def test_a_project_that_crashes(tools: Tools, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """So is a fault in the project."""

    def crash(*_: object) -> None:
        message = "no such thing"
        raise RuntimeError(message)

    monkeypatch.setattr("kernel_builder.doctor.gather.examine_project", crash)
    report = examine(("cpu",), project=make_tiny(tmp_path / "tiny"))
    assert report.project is not None
    assert ["failed: RuntimeError: no such thing"] == [one.detail for one in report.project.diagnoses]


def test_no_tool_can_hang_or_crash_it(tools: Tools) -> None:
    """Tools that never end, or that print bytes that are no text, cost their own answers only."""
    names = ["git", "nix", "nvidia-smi", "rocminfo", "sycl-ls", "icpx", "clang++-19", "nvcc", "c++"]
    expected = {"git", "nix", "cuda-gpu", "nvcc", "hipcc", "icpx", "xpu-gpu", "c++"}
    for name in names:
        tools.hang(name)
    answers = _answers()
    assert {Status.UNKNOWN} == {answers[name] for name in expected}
    for name in names:
        tools.add(name, body="printf '\\377\\000\\033[31m'")
    answers = _answers()
    assert {Status.UNKNOWN, Status.NO} == {answers[name] for name in expected}


def _answers() -> dict[str, Status]:
    answers = {one.question.id: one.status for one in examine().diagnoses}
    assert not [name for name in answers if name.endswith("-examination")]
    return answers
