"""The `kernels` command.

Each command is a module here with two functions: `add_parser` says what it takes, and `run` asks the library and shows
the answer. The result goes to standard output; progress, warnings and errors go to standard error. The exit statuses
are those of `kernels.cli.failures`, and `kernels --help` lists them.

Only the standard library is imported before a command runs.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from kernels.cli.failures import CLOSED_PIPE, INTERRUPTED, describe_statuses, exit_status, explain
from kernels.errors import KernelsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = ["main"]

#: Command, which is also the name of its module → what it does.
_COMMANDS = {
    "versions": "list the versions of a kernel, and which of their builds run here",
    "info": "show what a kernel says of itself",
    "lock": "pin the kernels of a project to commits",
    "download": "fetch the locked kernels of a project",
    "verify": "check who signed a kernel, and that its files are the signed ones",
    "cache": "list, verify or remove the kernels on this machine",
    "benchmark": "time a kernel, and check it against its reference",
    "check": "has moved to `kernel-builder check-abi`",
}
_ALIASES = {"verify-signature": "verify"}
_EXAMPLES = """\
examples:
  kernels versions my-org/my-kernel           which versions there are, and which builds run here
  kernels info my-org/my-kernel --version 1   what a kernel says of itself
  kernels lock                                pin the kernels of the project in this folder
  kernels download                            fetch the pinned kernels
  kernels verify my-org/my-kernel 1           who signed a kernel
  kernels cache list                          what is on this machine"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: what follows `kernels` on the command line; that of this process by default.

    Returns:
        The exit status.
    """
    try:
        status = _run(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has gone, as in `kernels versions … | head`; nobody is there to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    return status


def _run(argv: Sequence[str] | None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    try:
        arguments = _parser(argv).parse_args(argv)
    except SystemExit as stop:  # how argparse ends after `--help` and after wrong usage
        return int(stop.code or 0)
    from kernels.cli.output import logs_on_stderr, say

    try:
        with logs_on_stderr(verbose=getattr(arguments, "verbose", False)):
            return int(arguments.run(arguments))
    except KeyboardInterrupt:
        say("kernels: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except (KernelsError, OSError, ImportError) as error:
        say(f"kernels: error: {explain(error, getattr(arguments, 'kernel', None))}")
        return exit_status(error)


class _Parser(argparse.ArgumentParser):
    """A parser with what every command has, whose errors look like all others."""

    def __init__(self, **options: "Any") -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**{**options, "allow_abbrev": False})
        self.add_argument(
            "-v", "--verbose", action="store_true", default=argparse.SUPPRESS, help="say more on standard error"
        )

    def error(self, message: str) -> "NoReturn":
        self.print_usage(sys.stderr)
        self.exit(2, f"kernels: error: {message}\n")


class _Version(argparse.Action):
    """Prints the version, which takes a while to find out."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> "NoReturn":
        import kernels

        sys.stdout.write(f"kernels {kernels.__version__}\n")
        parser.exit()


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of a command line. Of the commands, only the one that is used is imported."""
    parser = _Parser(
        prog="kernels",
        description="Find, lock, download, verify and time compute kernels.",
        epilog=f"{_EXAMPLES}\n\n{describe_statuses()}",
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, dest=argparse.SUPPRESS, help="print the version of kernels and exit"
    )
    # Without `prog`, argparse formats the usage to find it out.
    subparsers = parser.add_subparsers(prog="kernels", metavar="COMMAND", dest="command", required=True)
    word = next((word for word in argv if not word.startswith("-")), "")
    used = _ALIASES.get(word, word)
    for name, text in _COMMANDS.items():
        if name == used:
            import_module(f"kernels.cli.{name}").add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=text, aliases=[alias for alias in _ALIASES if _ALIASES[alias] == name])
    return parser
