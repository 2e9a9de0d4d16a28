"""`kernel-builder check-abi`."""

import json
import re
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kernel_builder.cli._options import json_option
from kernel_builder.errors import CheckError, ToolchainError

if TYPE_CHECKING:
    from kernel_builder.checks.abi import AbiLimits, AbiReport
    from kernel_builder.checks.findings import Finding

__all__ = ["check_abi"]

#: How many findings of a file are shown as text.
_SHOWN = 20
_SIGNS = {"error": "❌", "warning": "⚠️ "}


class _Version(click.ParamType[tuple[int, int]]):
    """A version of one or two numbers: `15`, `3.9`."""

    name = "version"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """The major and the minor version."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"([0-9]{1,4})(?:\.([0-9]{1,4}))?", value)
        if found is None:
            self.fail(f"{value!r} is not a version such as 3.9", param, ctx)
        return int(found[1]), int(found[2] or 0)


class _Policy(click.types.StringParamType):
    """The name of a manylinux policy, or `off`."""

    name = "version"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The whole name; `2_28` is `manylinux_2_28`."""
        from kernel_builder.toolchain.manylinux.policy import load_policy

        name = f"manylinux_{value}" if value[:1].isdecimal() else str(value)
        try:
            if name != "off":
                load_policy(name, "x86_64")
        except ToolchainError as error:
            self.fail(f"{error}. {error.hint}", param, ctx)
        return name


@click.command("check-abi")
@click.argument("kernel_dir", type=click.Path(exists=True, resolve_path=True, path_type=Path), default=".")
@click.option(
    "-m",
    "--manylinux",
    type=_Policy(),
    metavar="VERSION",
    default="manylinux_2_28",
    show_default=True,
    help="The manylinux policy that a library for Linux keeps to, or `off`.",
)
@click.option(
    "--macos",
    type=_Version(),
    metavar="VERSION",
    default="15.0",
    show_default=True,
    help="The oldest macOS that a library for it loads on.",
)
@click.option(
    "-p",
    "--python-abi",
    type=_Version(),
    metavar="VERSION",
    default="3.9",
    show_default=True,
    help="The oldest Python whose limited API a library may use.",
)
@click.option(
    "--torch-stable-abi",
    type=_Version(),
    metavar="VERSION",
    help="The oldest Torch whose stable ABI a library may use (default: what a variant's name says).",
)
@json_option
@click.pass_context
def check_abi(
    ctx: click.Context,
    kernel_dir: Path,
    manylinux: str,
    macos: tuple[int, int],
    python_abi: tuple[int, int],
    torch_stable_abi: tuple[int, int] | None,
    as_json: bool,
) -> None:
    r"""Check that the libraries in KERNEL_DIR load wherever kernels do: those of its builds, of one build, or one file.

    Looks at what each library needs: versions of the system's libraries, Python's limited API, Torch's stable ABI,
    other libraries, symbols that nothing defines; and at what it is and exports. Nothing is run. Libraries of the
    installed Torch are looked into where it is one that the variant loads with. Exits with 8 when there is an error,
    and when there is nothing to check. As JSON: every finding of every library.

    \b
    Examples:
      kernel-builder check-abi
      kernel-builder check-abi build/torch212-cxx11-cpu-x86_64-linux --json
      kernel-builder check-abi --manylinux manylinux_2_34 --python-abi 3.10 kernel.abi3.so
    """
    from kernel_builder.checks.abi import AbiLimits

    limits = AbiLimits(
        manylinux=None if manylinux == "off" else manylinux,
        macos=macos,
        python=python_abi,
        torch_stable_abi=torch_stable_abi,
    )
    reports = _reports(kernel_dir, limits)
    failed = any(report.errors for report in reports)
    if as_json:
        click.echo(json.dumps({"ok": not failed, "files": [_as_json(report) for report in reports]}, indent=2))
    else:
        for report in reports:
            _show(report, limits)
    if failed:
        ctx.exit(CheckError.exit_code)


def _reports(place: Path, limits: "AbiLimits") -> list["AbiReport"]:
    """What is to be said of each library.

    Raises:
        CheckError: when there is none.
        TargetError: when a folder holds no builds.
    """
    from kernel_builder.checks.abi import check_abi as check_library

    if place.is_file():
        return [check_library(place, limits, name=place.name)]
    from kernel_builder.checks.builds import find_builds

    reports = [report for tree in find_builds(place) for report in _of_build(tree, limits)]
    if not reports:
        message = f"{place} holds no library: nothing was checked"
        raise CheckError(message, hint="A kernel of Python code only has none; other kernels are built first.")
    return reports


def _of_build(tree: Path, limits: "AbiLimits") -> list["AbiReport"]:
    from kernel_builder.checks.abi import AbiReport
    from kernel_builder.checks.abi import check_abi as check_library
    from kernel_builder.checks.abi.finding import found
    from kernel_builder.checks.native import find_libraries, torch_libraries
    from kernels.variant import NoarchVariant, parse_variant_or_none

    names = find_libraries(tree)
    variant = parse_variant_or_none(tree.name)
    limits = replace(limits, variant=variant, ops_id=_ops_id(tree), search=torch_libraries(variant))
    if not names and variant is not None and not isinstance(variant, NoarchVariant):
        finding = found("no-library", "it has no library", file=tree.name)
        return [AbiReport(path=tree, kind=None, machine="", checked=(), findings=(finding,))]
    return [check_library(tree / name, limits, name=name) for name in names]


def _ops_id(tree: Path) -> str | None:
    """What a build calls its module; metadata that cannot be read is for `check-builds` to tell."""
    from kernels.errors import KernelsError
    from kernels.metadata import read_metadata

    try:
        return read_metadata(tree).id
    except KernelsError:
        return None


def _as_json(report: "AbiReport") -> dict[str, Any]:
    return {
        "file": str(report.path),
        "kind": report.kind,
        "machine": report.machine,
        "checked": list(report.checked),
        "unchecked": list(report.unchecked),
        "findings": [finding.as_json() for finding in report.findings],
    }


def _show(report: "AbiReport", limits: "AbiLimits") -> None:
    """Print what a library was held against and what was found; neighbours share the line of their remedy."""
    python = ".".join(map(str, limits.python or ()))
    what = [limits.manylinux or "no manylinux policy", f"Python ABI version {python}"]
    if report.kind == "macho":
        what[0] = f"macOS {'.'.join(map(str, limits.macos))}"
    if limits.torch_stable_abi is not None:
        what.append(f"Torch stable ABI version {'.'.join(map(str, limits.torch_stable_abi))}")
    _say(f"🐍 Checking for compatibility with {' and '.join(what)}: {report.path}")
    for remedy, group in groupby(report.findings[:_SHOWN], lambda finding: finding.remedy):
        for finding in group:
            _show_finding(finding)
        _say(f"   remedy:  {remedy}")
    if (more := len(report.findings) - _SHOWN) > 0:
        _say(f"   and {more} more, which --json lists")
    for words in report.unchecked:
        _say(f"💡 Not looked at: {words}")
    if not report.errors:
        _say("✅ No compatibility issues found")


def _show_finding(finding: "Finding") -> None:
    _say(f"{_SIGNS[finding.severity]} {finding.message} ({finding.code})")
    for label in ("symbol", "needed", "allowed", "origin"):
        if value := getattr(finding, label):
            _say(f"   {label + ':':9}{value}")


def _say(line: str) -> None:
    """Print a line; names come from files that others made, and may not steer the terminal."""
    click.echo("".join(char if char.isprintable() else ascii(char)[1:-1] for char in line))
