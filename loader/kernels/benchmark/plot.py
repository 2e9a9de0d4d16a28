"""The report as a picture: for each workload a bar for the kernel and one for its reference."""

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kernels.benchmark.report import Report, Result
from kernels.benchmark.statistics import Statistics
from kernels.errors import MissingDependencyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["check_plotting", "plot_report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Theme:
    """Colours for one background."""

    name: str
    background: str
    text: str
    muted: str
    grid: str
    kernel: str
    reference: str


_THEMES = (
    _Theme(
        name="light",
        background="#ffffff",
        text="#1f2328",
        muted="#656d76",
        grid="#e4e7eb",
        kernel="#e8850c",
        reference="#a9b4c0",
    ),
    _Theme(
        name="dark",
        background="#0d1117",
        text="#e6edf3",
        muted="#8b949e",
        grid="#21262d",
        kernel="#f5a623",
        reference="#5b6675",
    ),
)

#: Beyond this ratio of the longest time to the shortest, a linear axis would show the short ones as nothing.
_LINEAR_RANGE = 20

_BAR = 0.36
#: Where the speedups end, in points to the right of the axes.
_SPEEDUP_COLUMN = 56
_DOTS_PER_INCH = 200


def check_plotting() -> None:
    """See to it that pictures can be drawn.

    Raises:
        MissingDependencyError: when matplotlib is not installed.
    """
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        message = "pictures are drawn with matplotlib, which is not installed: pip install 'kernels[benchmark]'"
        raise MissingDependencyError(message)


def plot_report(report: Report, base: Path, *, rasterized: bool = False) -> list[Path]:
    """Draw a report on a light and on a dark background.

    A bar is the mean time of a call in milliseconds, a whisker the middle half of the calls (first to third quartile).
    Where the longest bar is more than 20 times the shortest the axis is logarithmic, and says so. The same report gives
    the same bytes.

    Args:
        report: what to draw; workloads that were not timed are left out.
        base: where to write: `<base>_light.svg` and `<base>_dark.svg`.
        rasterized: write `.png` in place of `.svg`.

    Returns:
        The files; none when no workload was timed.

    Raises:
        MissingDependencyError: when matplotlib is not installed.
        OSError: when a file cannot be written.
    """
    check_plotting()
    results = [result for result in report.results if result.timing]
    if not results:
        return []
    suffix = "png" if rasterized else "svg"
    files = []
    for theme in _THEMES:
        path = base.with_name(f"{base.name}_{theme.name}.{suffix}")
        _draw(report, results, theme, path)
        files.append(path)
    return files


def _draw(report: Report, results: Sequence[Result], theme: _Theme, path: Path) -> None:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with _settings(theme):
        margins = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12)
        figure = Figure(figsize=(9, 1.9 + 0.75 * len(results)), layout=margins)
        axes = figure.add_subplot()
        for row, result in enumerate(results):
            _draw_row(axes, row, result, theme)
        axes.set_yticks(range(len(results)), [report.label(result) for result in results])
        axes.set_ylim(len(results) - 0.45, -0.55)
        _set_scale(axes, [timing for result in results for timing in (result.timing, result.reference) if timing])
        _draw_header(figure, axes, report, results, theme)
        # A date would make two pictures of one report differ.
        metadata = {"Date": None} if path.suffix == ".svg" else None
        figure.savefig(path, metadata=metadata, dpi=_DOTS_PER_INCH)


@contextlib.contextmanager
def _settings(theme: _Theme) -> Iterator[None]:
    """Matplotlib's settings for a theme; a `$` in a name is a `$`, not the start of a formula."""
    from matplotlib import rc_context

    settings: Any = {"font.size": 10, "text.parse_math": False, "axes.axisbelow": True}
    settings |= dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), theme.background)
    settings |= dict.fromkeys(("text.color", "axes.titlecolor", "ytick.labelcolor"), theme.text)
    settings |= dict.fromkeys(("axes.labelcolor", "xtick.labelcolor"), theme.muted)
    settings |= dict.fromkeys(("axes.edgecolor", "grid.color"), theme.grid)
    settings |= dict.fromkeys(("axes.spines.top", "axes.spines.right", "axes.spines.bottom"), False)
    settings |= dict.fromkeys(("ytick.left", "xtick.bottom", "xtick.minor.bottom"), False)
    # The ids in an SVG are random but for this.
    settings["svg.hashsalt"] = theme.name
    with rc_context(settings):
        yield


def _draw_row(axes: "Axes", row: int, result: Result, theme: _Theme) -> None:
    """Draw the bars of a workload around a whole number on the axis, and the speedup to the right of them."""
    series = [(result.timing, theme.kernel), (result.reference, theme.reference)]
    bars = [(timing, color) for timing, color in series if timing]
    for index, (timing, color) in enumerate(bars):
        y = row + (index - (len(bars) - 1) / 2) * _BAR
        axes.barh(y, timing.mean, 0.92 * _BAR, color=color)
        middle = (timing.q1 + timing.q3) / 2
        axes.errorbar(middle, y, xerr=timing.iqr / 2, fmt="none", ecolor=theme.text, elinewidth=1, capsize=3)
        end = (max(timing.mean, timing.q3), y)
        axes.annotate(_milliseconds(timing), end, (7, 0), textcoords="offset points", va="center_baseline")
    if result.speedup:
        color = theme.kernel if result.speedup >= 1 else theme.muted
        axes.annotate(
            f"{result.speedup:.2f}x",
            (1, row),
            (_SPEEDUP_COLUMN, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="center_baseline",
            color=color,
            fontsize=13,
            fontweight="bold",
        )


def _set_scale(axes: "Axes", timings: Sequence[Statistics]) -> None:
    """Choose the scale of the axis of time, with room for the numbers to the right of the bars."""
    shortest = min(timing.mean for timing in timings)
    longest = max(max(timing.mean, timing.q3) for timing in timings)
    scale = ""
    if shortest and longest / shortest > _LINEAR_RANGE:
        axes.set_xscale("log")
        axes.set_xlim(shortest / 3, longest * (longest / shortest) ** 0.25)
        axes.xaxis.set_major_formatter("{x:g}")
        scale = ", logarithmic"
    else:
        axes.set_xlim(0, longest * 1.2)
    axes.set_xlabel(f"time per call (ms{scale}); bar: mean, whisker: middle half of the calls")
    axes.grid(axis="x")


def _draw_header(figure: "Figure", axes: "Axes", report: Report, results: Sequence[Result], theme: _Theme) -> None:
    """Above the bars: the name of the kernel, what it ran on, and which bar is which."""
    from matplotlib.patches import Patch
    from matplotlib.transforms import offset_copy

    machine = report.machine
    processor = machine.cpu if results[0].device == "cpu" else machine.gpu or results[0].device
    axes.set_title(report.kernel.name, loc="left", fontsize=14, fontweight="bold", pad=54)
    above: Any = {"xycoords": "axes fraction", "textcoords": "offset points", "color": theme.muted}
    axes.annotate(f"{processor}  ·  PyTorch {machine.torch}", (0, 1), (0, 37), **above)
    handles = [Patch(color=theme.kernel, label="kernel")]
    if any(result.reference for result in results):
        handles.append(Patch(color=theme.reference, label="reference"))
        axes.annotate("speedup", (1, 1), (_SPEEDUP_COLUMN, 10), ha="right", **above)
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        bbox_transform=offset_copy(axes.transAxes, figure, y=10, units="points"),
        ncols=len(handles),
        frameon=False,
        handlelength=1,
        handleheight=1,
        borderpad=0,
        borderaxespad=0,
    )


def _milliseconds(timing: Statistics) -> str:
    """Three significant digits, and all digits in front of the point."""
    decimals = max(0, 2 - math.floor(math.log10(timing.mean))) if timing.mean else 0
    return f"{timing.mean:.{decimals}f} ms"
