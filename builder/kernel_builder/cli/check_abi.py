"""`kernel-builder check-abi`."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kernel_builder.cli._manylinux import manylinux_option
from kernel_builder.cli._options import json_option
from kernel_builder.errors import CheckError

if TYPE_CHECKING:
    from kernel_builder.checks.abi import AbiLimits, AbiReport
    from kernel_builder.checks.findings import Finding

__all__ = ["check_abi"]

#: How many findings of a file are shown as text.
_SHOWN = 20
_SIGNS = {"error": "❌", "warning": "⚠️ "}


def _version(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:  # noqa: ARG001 - click's signature
    """The major and the minor version of `15` or `3.9`."""
    found = re.fullmatch(r"([0-9]{1,4})(?:\.([0-9]{1,4}))?", value or "")
    if value is not None and found is None:
        message = f"{value!r} is not a version such as 3.9"
        raise click.BadParameter(message)
    return found and (int(found[1]), int(found[2] or 0))


@click.command("check-abi")
@click.argument("kernel_dir", type=click.Path(exists=True, resolve_path=True, path_type=Path), default=".")
@manylinux_option("-m", text="The manylinux policy that a library for Linux keeps to. off: no limit.")
@click.option(
    "--macos",
    callback=_version,
    metavar="VERSION",
    default="15.0",
    show_default=True,
    help="The oldest macOS that a library for it loads on.",
)
@click.option(
    "-p",
    "--python-abi",
    callback=_version,
    metavar="VERSION",
    default="3.9",
    show_default=True,
    help="The oldest Python whose limited API a library may use.",
)
@click.option(
    "--torch-stable-abi",
    callback=_version,
    metavar="VERSION",
    help="The oldest Torch whose stable ABI a library may use (default: what a variant's name says).",
)
@json_option
@click.pass_context
def check_abi(
    ctx: click.Context,
    kernel_dir: Path,
    manylinux: str | None,
    macos: tuple[int, int],
    python_abi: tuple[int, int],
    torch_stable_abi: tuple[int, int] | None,
    as_json: bool,
) -> None:
    r"""Check that the libraries in KERNEL_DIR load wherever kernels do: those of its builds, of one build, or one file.

    Looks at what each library needs: versions of the system's libraries, Python's limited API, Torch's stable ABI,
    other libraries, symbols that nothing defines; and at what it is and exports. Nothing is run. Libraries of the
    installed Torch are looked into where it is one that the variant loads with. Exits with 8 when there is an error,
    and when nothing could be checked. As JSON: every finding of every library.

    \b
    Examples:
      kernel-builder check-abi
      kernel-builder check-abi build/torch212-cxx11-cpu-x86_64-linux --json
      kernel-builder check-abi --manylinux 2_34 --python-abi 3.10 kernel.abi3.so
    """
    from kernel_builder.checks.abi import AbiLimits

    limits = AbiLimits(manylinux=manylinux, macos=macos, python=python_abi, torch_stable_abi=torch_stable_abi)
    checked = list(_check(kernel_dir, limits))
    if not checked:
        message = f"{kernel_dir} holds no library: nothing was checked"
        raise CheckError(message, hint="A kernel of Python code only has none; other kernels are built first.")
    is_good = not any(report.errors for report, _ in checked) and any(report.checked for report, _ in checked)
    if as_json:
        click.echo(json.dumps({"ok": is_good, "files": [_as_json(report) for report, _ in checked]}, indent=2))
    else:
        for report, held_against in checked:
            _show(report, held_against)
    if not is_good:
        ctx.exit(CheckError.exit_code)


def _check(place: Path, limits: "AbiLimits") -> "Iterator[tuple[AbiReport, AbiLimits]]":
    """What is to be said of each library, and what it was held against.

    Raises:
        TargetError: when a folder holds no builds.
        UsageError: when the place is neither a file nor a folder.
    """
    from kernel_builder.checks.abi import check_abi as check_library
    from kernel_builder.checks.builds import find_builds

    if place.is_file():
        yield check_library(place, limits, name=place.name), limits
    elif place.is_dir():
        for tree in find_builds(place):
            yield from _check_build(tree, limits)
    else:
        message = f"{place} is neither a file nor a folder"
        raise click.UsageError(message)


def _check_build(tree: Path, limits: "AbiLimits") -> "Iterator[tuple[AbiReport, AbiLimits]]":
    from kernel_builder.checks.abi import check_abi as check_library
    from kernel_builder.checks.native import find_libraries, framework_libraries
    from kernels.variant import NoarchVariant, parse_variant_or_none

    variant = parse_variant_or_none(tree.name)
    limits = replace(limits, variant=variant, ops_id=_ops_id(tree), search=framework_libraries(variant))
    try:
        names = find_libraries(tree)
    except OSError as error:
        yield _nothing_in(tree, "unreadable", f"it cannot be read: {error.strerror or error}"), limits
        return
    if not names and variant is not None and not isinstance(variant, NoarchVariant):
        yield _nothing_in(tree, "no-library", "it has no library"), limits
    for name in names:
        yield check_library(tree / name, limits, name=name), limits


def _nothing_in(tree: Path, code: str, message: str) -> "AbiReport":
    from kernel_builder.checks.abi import AbiReport
    from kernel_builder.checks.abi.finding import found

    return AbiReport(path=tree, kind=None, machine="", checked=(), findings=(found(code, message, file=tree.name),))


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
    _say(f"🐍 Checking for compatibility with {_held_against(report.kind, limits)}: {report.path}")
    for remedy, group in groupby(report.findings[:_SHOWN], lambda finding: finding.remedy):
        for finding in group:
            _show_finding(finding)
        _say(f"   remedy:  {remedy}")
    if (more := len(report.findings) - _SHOWN) > 0:
        _say(f"   and {more} more, which --json lists")
    for words in report.unchecked:
        _say(f"💡 Not looked at: {words}")
    if report.checked and not report.errors:
        _say("✅ No compatibility issues found")


def _held_against(kind: str | None, limits: "AbiLimits") -> str:
    from kernel_builder.checks.abi.model import version_text

    system = f"macOS {version_text(limits.macos)}" if kind == "macho" else limits.manylinux or "no manylinux policy"
    what = [system]
    if limits.python is not None:
        what.append(f"Python ABI version {version_text(limits.python)}")
    if limits.torch is not None:
        what.append(f"Torch stable ABI version {version_text(limits.torch)}")
    return " and ".join(what)


def _show_finding(finding: "Finding") -> None:
    _say(f"{_SIGNS[finding.severity]} {finding.message} ({finding.code})")
    for label in ("symbol", "needed", "allowed", "origin"):
        if value := getattr(finding, label):
            _say(f"   {label + ':':9}{value}")


def _say(line: str) -> None:
    from kernel_builder.checks.listing import printable

    click.echo(printable(line))
