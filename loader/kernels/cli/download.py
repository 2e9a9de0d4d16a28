"""`kernels download`: fetch the locked kernels of a project."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kernels.cli.failures import exit_status, explain
from kernels.cli.output import say, show
from kernels.errors import KernelsError, NoVariantError, UntrustedKernelError

if TYPE_CHECKING:
    from kernels.hub import Client
    from kernels.lock import KernelLock
    from kernels.system import System

__all__ = ["add_parser", "run"]

_EPILOG = """\
What is downloaded is compared with the hashes in the lock. Nothing of it is run, and it can be loaded without a
network: with get_locked_kernel or load_kernel.

examples:
  kernels download
  kernels download path/to/project --all-variants"""

_SHORT = 12


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "download",
        help="fetch the locked kernels of a project",
        description="Fetch the kernels that the kernels.lock of a project pins, in the build for this system.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "project_dir", metavar="PROJECT_DIR", nargs="?", type=Path, default=Path(), help="the project; . by default"
    )
    parser.add_argument("--all-variants", action="store_true", help="fetch every build, for other systems as well")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; one kernel that cannot be had does not keep the others from being fetched."""
    from kernels.hub import Client
    from kernels.lock import LOCK_NAME, read_lock
    from kernels.probe import probe_system

    locks = read_lock(arguments.project_dir / LOCK_NAME)
    client, system = Client(), probe_system()
    failures: list[tuple[str, Exception]] = []
    for number, lock in enumerate(locks.values(), 1):
        say(f"[{number}/{len(locks)}] {lock.repo_id} at {lock.sha[:_SHORT]}")
        try:
            variants = _download(lock, client, system, everything=arguments.all_variants)
        except (KernelsError, OSError) as error:
            failures.append((lock.repo_id, error))
        else:
            show(*(f"{lock.repo_id}: {variant}" for variant in variants))
    for repo_id, failure in failures:
        say(f"kernels: error: {explain(failure, repo_id)}")
    # That a kernel has no build for this system is what this command is there to find out: the check failed.
    return max(
        (1 if isinstance(failure, NoVariantError) else exit_status(failure) for _, failure in failures), default=0
    )


def _download(lock: "KernelLock", client: "Client", system: "System", *, everything: bool) -> list[str]:
    """Fetch the builds of a kernel; their names.

    Raises:
        KernelsError: as `kernels.get_locked_kernel` says.
    """
    from kernels.hub import install, list_variants
    from kernels.prepare import check_locked
    from kernels.resolve import VariantAccepted, explain_rejections, resolve

    decisions = resolve(list_variants(lock.repo_id, lock.sha, client), system)
    wanted = decisions if everything else decisions[:1]
    if not wanted or not (everything or isinstance(wanted[0], VariantAccepted)):
        remedy = "Lock a version that has a build for it, or download with --all-variants"
        raise NoVariantError(explain_rejections(f"the kernel {lock.repo_id} at {lock.sha}", decisions, system, remedy))
    names = [decision.variant.variant_str for decision in wanted]
    for name in names:
        _, receipt = install(lock.repo_id, lock.sha, name, client=client)
        check_locked(lock, name, receipt.oids)
    _note_trust(lock.repo_id, client)
    return names


def _note_trust(repo_id: str, client: "Client") -> None:
    """Find out whether the publisher is trusted, which loading wants to know, perhaps without a network."""
    from kernels.hub.cache import is_offline
    from kernels.hub.trust import check_trust

    if is_offline():
        return
    try:
        check_trust(repo_id, False, client, fresh=False)
    except UntrustedKernelError as error:
        say(f"kernels: warning: {error}")
