"""`kernels versions`: the versions of a kernel, and which of their builds run here."""

import argparse
from typing import TYPE_CHECKING

from kernels.cli.builds import describe_builds, list_builds
from kernels.cli.output import show, show_json
from kernels.errors import VersionNotFoundError

if TYPE_CHECKING:
    from kernels.resolve import Decision

__all__ = ["add_parser", "run"]

_EPILOG = """\
The build that is preferred is the one that get_kernel loads.

examples:
  kernels versions my-org/my-kernel
  kernels versions my-org/my-kernel --backend cpu
  kernels versions my-org/my-kernel --json"""

_THREADS = 8


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "versions",
        help="list the versions of a kernel, and which of their builds run here",
        description="List the versions of a kernel on the Hub, and which builds of each run on this system.",
        epilog=_EPILOG,
    )
    parser.add_argument("kernel", metavar="REPO", help="the repository, owner/name")
    parser.add_argument("--backend", help="the backend to choose for: cpu, or that of this system (the default)")
    parser.add_argument("--json", action="store_true", help="print a JSON document")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    found = _survey(arguments.kernel, arguments.backend)
    if arguments.json:
        versions = [
            {"version": version, "commit": commit, "builds": list_builds(decisions)}
            for version, commit, decisions in found
        ]
        show_json({"repo_id": arguments.kernel, "versions": versions})
        return 0
    for version, _, decisions in found:
        lines = describe_builds(decisions) or ["   no builds"]
        show(f"Version {version}:", *(f"  {line}" for line in lines))
    return 0


def _survey(repo_id: str, backend: str | None) -> "list[tuple[int, str, list[Decision]]]":
    """Each version, its commit, and what is to be said of its builds: one request, and one more for each version."""
    from concurrent.futures import ThreadPoolExecutor

    from kernels.hub import Client, list_variants, list_versions
    from kernels.probe import probe_system
    from kernels.request import Request
    from kernels.resolve import resolve
    from kernels.system import select_backend

    repo_id = Request.check(repo_id, "main").repo_id
    system = probe_system()
    select_backend(backend, system)
    client = Client()
    versions = list_versions(repo_id, client)
    if not versions:
        message = f"{repo_id} has no versions: none of its branches is named v1, v2 and so on"
        raise VersionNotFoundError(message)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="kernels-versions") as pool:
        listings = list(pool.map(lambda commit: list_variants(repo_id, commit, client), versions.values()))
    return [
        (version, commit, resolve(variants, system, backend))
        for (version, commit), variants in zip(versions.items(), listings, strict=True)
    ]
