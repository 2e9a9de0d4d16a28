"""`kernels benchmark`: run the benchmark scripts of a kernel."""

import argparse
import contextlib
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kernels.cli.output import Column, print_table, say, show
from kernels.cli.source import local_folder, version_number
from kernels.environment import local_kernels
from kernels.errors import BenchmarkFailedError, BenchmarkMismatchError, RequestError

if TYPE_CHECKING:
    from kernels.benchmark.report import Report
    from kernels.benchmark.source import Source

__all__ = ["add_parser", "parse_source", "run"]

_EPILOG = """\
The kernel is a folder with builds and benchmarks/, or a repository at a revision: REPO@v1, REPO@BRANCH, --version or
--branch. The reference of a workload is timed as often as the kernel and in turns with it; the speedup is the ratio of
the mean times.

examples:
  kernels benchmark my-org/my-kernel@v1
  kernels benchmark my-org/my-kernel --branch main --warmup 20 --iterations 200
  kernels benchmark ./my-kernel --json
  kernels benchmark ./my-kernel --output results.json --visual results"""

_VERSION_BRANCH = re.compile(r"v(0|[1-9][0-9]{0,8})")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "benchmark",
        help="time a kernel, and check it against its reference",
        description="Run the benchmark scripts of a kernel: check each workload against its reference, and time both.",
        epilog=_EPILOG,
    )
    add = parser.add_argument
    add(
        "kernel",
        metavar="REPO_OR_PATH",
        help="owner/name@v1, owner/name@branch, owner/name, or a folder such as ./name",
    )
    add("--branch", help="a branch, tag or commit of the repository")
    add("--version", type=version_number, metavar="N", help="a version of the repository")
    add("--warmup", type=_calls, default=10, metavar="N", help="how many calls to make before the clock starts (10)")
    add("--iterations", type=_timed_calls, default=100, metavar="N", help="how many calls to time (100)")
    add("--json", action="store_true", help="print a JSON document")
    add("--output", type=Path, metavar="FILE", help="write the JSON document to a file as well")
    add("--visual", type=Path, metavar="BASE", help="draw the result, as BASE_light.svg and BASE_dark.svg")
    add("--rasterized", action="store_true", help="draw .png in place of .svg")
    add("--trust-remote-code", action="store_true", help="run code of a publisher that the Hub does not vouch for")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        BenchmarkMismatchError: when a kernel does not compute what its reference does; the report has been shown then.
        KernelsError, OSError: when there is no report.
    """
    from kernels.benchmark.plot import check_plotting, plot_report

    source = parse_source(arguments.kernel, arguments.branch, arguments.version)
    # What would fail after minutes of timing fails now.
    _check_targets(arguments)
    if arguments.visual:
        check_plotting()
    report = _run(source, arguments)
    document = json.dumps(report.document(), indent=2)
    if arguments.output:
        arguments.output.write_text(f"{document}\n", "utf-8")
    if arguments.json:
        show(document)
    else:
        _show_report(report)
    if arguments.visual:
        for path in plot_report(report, arguments.visual, rasterized=arguments.rasterized):
            say(f"Wrote {path}")
    if report.differences:
        raise BenchmarkMismatchError("\n".join(report.differences))
    return 0


def parse_source(kernel: str, branch: str | None = None, version: int | None = None) -> "Source":
    """Understand what a person asked to benchmark.

    A folder, as the other commands understand it; or a repository with one revision, which may be given after an `@`:
    `owner/name@v1` is version 1, `owner/name@main` the branch `main`. A repository that `LOCAL_KERNELS` lists is the
    folder that is given there.

    Raises:
        RequestError: when it is a repository and there is not exactly one revision.
        EnvironmentVariableError: when `LOCAL_KERNELS` cannot be understood.
    """
    from kernels.benchmark.source import Source

    folder = local_folder(kernel) if branch is None and version is None else None
    if folder is not None:
        return Source(kernel, folder)
    repo_id, at, shorthand = kernel.partition("@")
    override = local_kernels().get(repo_id)
    if override is not None:
        return Source(kernel, override)
    given = [revision for revision in (branch, version, shorthand if at else None) if revision is not None]
    if len(given) != 1:
        state = "name one revision only" if given else "say which revision to benchmark"
        forms = f"{repo_id}@v1, {repo_id}@main, --version 1 or --branch main"
        message = f"{kernel} is a repository: {state}, as {forms} (a folder is written ./{kernel})"
        raise RequestError(message)
    if match := _VERSION_BRANCH.fullmatch(shorthand):
        version = int(match[1])
    if version is not None:
        return Source(f"{repo_id}@v{version}", repo_id=repo_id, version=version)
    return Source(f"{repo_id}@{given[0]}", repo_id=repo_id, revision=str(given[0]))


def _run(source: "Source", arguments: argparse.Namespace) -> "Report":
    """Run the benchmarks; what the scripts print is no result, and goes where the progress goes."""
    from kernels.benchmark.runner import Settings, run_benchmarks
    from kernels.benchmark.source import fetch

    if source.path is None:
        say(f"Downloading {source.name}...")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            checkout = fetch(source, trust_remote_code=arguments.trust_remote_code)
            return run_benchmarks(checkout, Settings(arguments.warmup, arguments.iterations), say)
    except BenchmarkFailedError as error:
        say(_script_traceback(error))
        raise


def _show_report(report: "Report") -> None:
    import shutil

    from kernels.benchmark.table import conclusions, facts, footer, make_table

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    table = make_table(report, width)
    show("", *facts(report.machine), "")
    print_table([Column(*column) for column in table.columns], table.rows)
    if table.left_out:
        show(f"  (no room for {', '.join(table.left_out)}: use a wider terminal or --json)")
    show("", *conclusions(report), "", footer(report))


def _check_targets(arguments: argparse.Namespace) -> None:
    """Refuse what cannot be written to."""
    for option, target in (("--output", arguments.output), ("--visual", arguments.visual)):
        if target and not target.parent.is_dir():
            message = f"{option} {target}: there is no folder {target.parent}; make it, or write elsewhere"
            raise RequestError(message)
        if target and (not target.name or (option == "--output" and target.is_dir())):
            message = f"{option} {target}: that is a folder; give the name of a file in it"
            raise RequestError(message)


def _script_traceback(error: BenchmarkFailedError) -> str:
    """The traceback of what a script raised, from the script on."""
    import traceback

    cause = error.__cause__ or error
    frames = cause.__traceback__
    ours = (str(Path(__file__).parents[1] / "benchmark"), "<frozen importlib")
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(ours):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(cause), cause, frames)).rstrip()


def _calls(text: str) -> int:
    """A number of calls."""
    if not (text.isascii() and text.isdigit()):
        message = f"{text!r} is no number of calls"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _timed_calls(text: str) -> int:
    """A number of calls that says something about the time of a call."""
    calls = _calls(text)
    if calls == 0:
        message = "at least one call must be timed"
        raise argparse.ArgumentTypeError(message)
    return calls
