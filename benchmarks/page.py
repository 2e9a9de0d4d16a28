"""The page of the documentation on what was measured, made from the document of a run."""

from pathlib import Path
from typing import Any

from benchmarks.results import milliseconds, shown_ratio

__all__ = ["PAGE", "PLOT", "plot", "write_page"]

_DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = _DOCS / "explanation" / "performance.md"
PLOT = _DOCS / "_static" / "performance.svg"

_INTRO = """\
# Performance

What `make bench` measured, against peers, in one run on one machine; `python benchmarks/run.py --publish` wrote this
page. Every number is a median, and both sides took turns. A ratio is the peer's time over ours: above 1, ours is
faster. Lone seconds say nothing of other machines, ratios something. The run itself holds us to the promises, and
fails when one is missed.

![The ratios](../_static/performance.svg)

"""


def write_page(document: dict[str, Any]) -> str:
    """The page, in Markdown."""
    facts = ", ".join(f"{name} {fact}" for name, fact in document["machine"].items())
    lines = [_INTRO + f"Measured on {document['date']}: {facts}.\n"]
    for part in document["parts"]:
        lines.append(f"## {part['title'][:1].upper()}{part['title'][1:]}\n")
        lines.append("| what | clock | ours, ms | peer, ms | ratio | promised |\n|---|---|---|---|---|---|")
        lines += [_row(one) for one in part["results"]]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _row(one: dict[str, Any]) -> str:
    ratio = "" if one["ratio"] is None else shown_ratio(one["ratio"])
    promise = "" if one["promise"] is None else f"≥ {one['promise']:g}"
    promise = promise if one["limit"] is None else f"≤ {milliseconds(one['limit'])} ms"
    missed = ", missed" if one["missed"] else ""
    cells = [one["title"], one["clock"], milliseconds(one["ours"]), milliseconds(one["peer"]), ratio, promise + missed]
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def plot(document: dict[str, Any], path: Path) -> None:
    """Draw the ratios of lines that have a promise."""
    import matplotlib as mpl  # noqa: PLC0415 - takes a second, and most runs draw nothing

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "performance"
    from matplotlib import pyplot as plt  # noqa: PLC0415 - as above

    kept = [one for part in document["parts"] for one in part["results"] if one["ratio"] and one["promise"]]
    figure, axes = plt.subplots(figsize=(9, 0.32 * len(kept) + 1), layout="constrained")
    names = [one["title"] for one in kept][::-1]
    axes.barh(names, [one["ratio"] for one in kept][::-1], color="#3b6ea5")
    axes.scatter([one["promise"] for one in kept][::-1], names, color="black", marker="|", s=120, label="promised")
    axes.axvline(1, color="gray", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlabel("the peer's time over ours")
    axes.legend(loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
