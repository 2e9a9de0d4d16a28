"""`kernels info`: what a kernel says of itself."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kernels.cli.builds import describe_builds, list_builds
from kernels.cli.output import show, show_json
from kernels.cli.source import builds_in_folder, find_commit, local_folder, version_number
from kernels.errors import KernelNotFoundError

if TYPE_CHECKING:
    from kernels.metadata import KernelDependency, Metadata
    from kernels.resolve import Decision
    from kernels.variant import Variant

__all__ = ["add_parser", "run"]

_EPILOG = """\
Without a version or a revision, that is the newest version. Nothing but metadata is downloaded, and nothing is run.

examples:
  kernels info my-org/my-kernel
  kernels info my-org/my-kernel --version 1 --json
  kernels info ./my-kernel"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "info",
        help="show what a kernel says of itself",
        description="Show what a kernel says of itself: name, version, license, origin, needs, backends and builds.",
        epilog=_EPILOG,
    )
    parser.add_argument("kernel", metavar="REPO_OR_PATH", help="a repository, owner/name, or a folder such as ./name")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--version", type=version_number, metavar="N", help="a version of the repository")
    which.add_argument("--revision", help="a branch, tag or commit of the repository")
    parser.add_argument("--json", action="store_true", help="print a JSON document")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    pinned = arguments.version is not None or arguments.revision is not None
    folder = None if pinned else local_folder(arguments.kernel)
    if folder is None:
        document, decisions = _ask_hub(arguments.kernel, arguments.revision, arguments.version)
    else:
        document, decisions = _look_into(folder)
    if arguments.json:
        show_json({**document, "builds": list_builds(decisions)})
        return 0
    lines = {label: text for label, key in _LABELS.items() if (text := _text(document.get(key)))}
    width = max(map(len, lines))
    show(*(f"{label:<{width}}  {text}" for label, text in lines.items()))
    if decisions:
        show("Builds", *(f"  {line}" for line in describe_builds(decisions)))
    return 0


_LABELS = {
    "Name": "name",
    "Version": "version",
    "License": "license",
    "Repository": "repo_id",
    "Revision": "revision",
    "Commit": "commit",
    "Folder": "path",
    "Upstream": "upstream",
    "Source": "source",
    "Needs Python packages": "python_depends",
    "Needs kernels": "kernel_depends",
    "Backends": "backends",
}


def _ask_hub(repo_id: str, revision: str | None, version: int | None) -> "tuple[dict[str, Any], list[Decision]]":
    from kernels.hub import Client, download, list_files, list_variants

    client = Client()
    location = find_commit(repo_id, client, revision, version)
    decisions = _resolve(list_variants(location.repo_id, location.commit, client))
    if not decisions:
        message = f"{location.repo_id} at {location.revision} has no builds"
        raise KernelNotFoundError(message)
    files = list_files(location.repo_id, location.commit, client)
    builds = [f"build/{name}" for name in _one_per_backend(decisions) if f"build/{name}/metadata.json" in files]
    snapshot = download(location.repo_id, location.commit, [f"{build}/metadata.json" for build in builds], client)
    where = {"repo_id": location.repo_id, "revision": location.revision, "commit": location.commit}
    return where | _describe([snapshot / build for build in builds], decisions), decisions


def _look_into(folder: Path) -> "tuple[dict[str, Any], list[Decision]]":
    from kernels.variant import parse_variant_or_none

    trees = builds_in_folder(folder)
    decisions = _resolve(variant for name in trees if (variant := parse_variant_or_none(name)))
    names = _one_per_backend(decisions) or list(trees)
    return {"path": str(folder)} | _describe([trees[name] for name in names], decisions), decisions


def _resolve(variants: "Iterable[Variant]") -> "list[Decision]":
    from kernels.probe import probe_system
    from kernels.resolve import resolve

    return resolve(variants, probe_system())


def _one_per_backend(decisions: "Iterable[Decision]") -> list[str]:
    """The name of the best build for each backend: they say the same, but for what they need."""
    names: dict[str, str] = {}
    for decision in decisions:
        names.setdefault(_backend(decision), decision.variant.variant_str)
    return list(names.values())


def _backend(decision: "Decision") -> str:
    from kernels.variant import NoarchVariant

    variant = decision.variant
    return variant.backend if isinstance(variant, NoarchVariant) else variant.compute.backend


def _describe(trees: Sequence[Path], decisions: "Sequence[Decision]") -> dict[str, Any]:
    """What the metadata of one build for each backend says; the first is the one that runs here, if any does."""
    from kernels.metadata import read_metadata

    found = [read_metadata(tree) for tree in trees]
    backends = sorted(set(map(_backend, decisions)) or {one.backend.type for one in found})
    if not found:
        return {"backends": backends}
    first = found[0]
    return {
        "name": first.name,
        "version": first.version,
        "license": first.license,
        "upstream": first.upstream,
        "source": first.source,
        "python_depends": _python_depends(found),
        "kernel_depends": [_wish(one) for one in dict.fromkeys(one for each in found for one in each.kernel_depends)],
        "backends": backends,
    }


def _python_depends(found: "Sequence[Metadata]") -> dict[str, list[str]]:
    """Package → the backends whose builds need it."""
    needs: dict[str, list[str]] = {}
    for metadata in found:
        for package in metadata.python_depends:
            needs.setdefault(package, []).append(metadata.backend.type)
    return {package: sorted(set(backends)) for package, backends in sorted(needs.items())}


def _wish(needed: "KernelDependency") -> dict[str, Any]:
    return {"repo_id": needed.repo_id, "version": needed.version, "revision": needed.revision}


def _text(value: Any) -> str:
    """A value of the document for people; empty when there is nothing to say."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{package} ({', '.join(backends)})" for package, backends in value.items())
    if isinstance(value, list):
        return ", ".join(one if isinstance(one, str) else _text_of_wish(one) for one in value)
    return str(value)


def _text_of_wish(wish: dict[str, Any]) -> str:
    version = wish["version"]
    return f"{wish['repo_id']} {wish['revision'] if version is None else f'v{version}'}"
