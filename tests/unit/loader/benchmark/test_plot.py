"""Pictures of reports."""

import dataclasses
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from kernels.benchmark.plot import check_plotting, plot_report
from kernels.benchmark.report import KernelBuild, Report
from kernels.benchmark.statistics import summarize
from kernels.errors import MissingDependencyError

needs_matplotlib = pytest.mark.skipif(find_spec("matplotlib") is None, reason="matplotlib is not installed")


def _texts(picture: Path) -> list[str]:
    """Matplotlib draws text as outlines, and leaves the text itself in comments."""
    return re.findall("<!-- (.*) -->", picture.read_text("utf-8"))


@needs_matplotlib
def test_pictures_for_both_backgrounds(report: Report, tmp_path: Path) -> None:
    """There is one for light and one for dark pages, with names, units, times and the speedup of what was timed."""
    files = plot_report(report, tmp_path / "silu")

    assert [tmp_path / "silu_light.svg", tmp_path / "silu_dark.svg"] == files
    for file in files:
        texts = _texts(file)
        wanted = {"owner/silu@v1", "fast", "plain", "kernel", "reference", "2.00 ms", "5.00 ms", "0.500 ms", "2.50x"}
        wanted |= {"A Processor  ·  PyTorch 2.13.0+cpu", "speedup"}
        wanted |= {"time per call (ms); bar: mean, whisker: middle half of the calls"}
        assert wanted == wanted & set(texts)
        assert "wrong" not in texts
    assert files[0].read_text("utf-8") != files[1].read_text("utf-8")


@needs_matplotlib
def test_the_same_report_is_the_same_picture(report: Report, tmp_path: Path) -> None:
    """Neither the time nor chance is in a picture."""
    one = plot_report(report, tmp_path / "one") + plot_report(report, tmp_path / "one", rasterized=True)
    two = plot_report(report, tmp_path / "two") + plot_report(report, tmp_path / "two", rasterized=True)
    assert [file.read_bytes() for file in one] == [file.read_bytes() for file in two]


@needs_matplotlib
def test_rasterized_pictures(report: Report, tmp_path: Path) -> None:
    """They are PNG files; a dot in the name is no suffix."""
    files = plot_report(report, tmp_path / "v1.2", rasterized=True)
    assert ["v1.2_light.png", "v1.2_dark.png"] == [file.name for file in files]
    assert [b"\x89PNG\r\n\x1a\n"] * 2 == [file.read_bytes()[:8] for file in files]


@needs_matplotlib
def test_a_wide_range_is_logarithmic(report: Report, tmp_path: Path) -> None:
    """Where a linear axis would hide the short bars it is logarithmic and says so; a `$` in a name stays one."""
    fast = report.results[0]
    slow = dataclasses.replace(fast, workload="slow", timing=summarize([200.0]), reference=summarize([150.0, 450.0]))
    wide = dataclasses.replace(report, results=(fast, slow), kernel=KernelBuild("./$a$", "x", dirty=False))
    wanted = {"200 ms", "300 ms", "./$a$", "10", "100"}
    wanted |= {"time per call (ms, logarithmic); bar: mean, whisker: middle half of the calls"}
    assert wanted == wanted & set(_texts(plot_report(wide, tmp_path / "wide")[0]))


@needs_matplotlib
def test_nothing_was_timed(report: Report, tmp_path: Path) -> None:
    """Without timings there is no picture."""
    assert [] == plot_report(dataclasses.replace(report, results=report.results[2:]), tmp_path / "none")
    assert [] == list(tmp_path.iterdir())


def test_without_matplotlib(report: Report, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error has the command that installs what is missing."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'kernels\[benchmark\]'"):
        check_plotting()
    with pytest.raises(MissingDependencyError):
        plot_report(report, tmp_path / "x")
