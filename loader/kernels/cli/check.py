"""`kernels check`: says where checking has gone."""

import argparse

from kernels.cli.output import say

__all__ = ["add_parser", "run"]


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "check",
        help="has moved to `kernel-builder check-abi`",
        description="Checking the native code of a kernel has moved to `kernel-builder check-abi`.",
    )
    parser.add_argument("kernel", metavar="REPO", nargs="?", help="the repository, owner/name")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command: it is there for those who knew it, and checks nothing."""
    say(
        "kernels: error: nothing was checked. Checking the native code of a kernel has moved to `kernel-builder "
        "check-abi`, which is run in its folder; install it with: pip install kernel-builder"
    )
    say(f"To check who signed a kernel: kernels verify {arguments.kernel or 'owner/name'}")
    return 1
