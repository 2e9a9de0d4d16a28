"""The command line: each command parses its arguments, calls one function, and shows the result.

Commands are imported when they are used, so that `--help` costs little more than a Python start.
"""

import gc
import sys
from typing import ClassVar

import click

from kernel_builder.cli._group import LazyGroup
from kernel_builder.cli._options import debug_option

__all__ = ["cli", "main"]


class _Commands(LazyGroup):
    """Every command: its module, and one line of help."""

    sections: ClassVar = {
        "Write a kernel": {
            "init": ("init", "Make a new kernel project."),
            "check-config": ("check_config", "Check build.toml and the files that it names."),
            "update-build": ("update_build", "Bring build.toml to the current edition of its format."),
            "schema": ("schema", "Print the JSON schema of build.toml, for editors."),
            "create-pyproject": ("create_pyproject", "Write the CMake and Python project files of a kernel."),
            "clean-pyproject": ("clean_pyproject", "Remove the files that create-pyproject wrote."),
        },
        "Build and check": {
            "list-variants": ("list_variants", "List the build variants of a kernel."),
            "build": ("build", "Build the kernel for this machine into build/."),
            "build-and-copy": ("build", "Build the kernel and copy the variants into build/ (the same as build)."),
            "devshell": ("shells", "Open a shell of Nix to develop the kernel in."),
            "testshell": ("shells", "Open a shell of Nix in which Python finds the kernel, to test it."),
            "check-abi": ("check_abi", "Check that the libraries of finished builds load wherever kernels do."),
            "check-builds": ("check_builds", "Check finished builds against the requirements of kernels."),
            "hash": ("hash_builds", "Write the digests of finished builds, or verify them."),
        },
        "Publish": {
            "upload": ("upload", "Upload builds to the Hub."),
            "build-and-upload": ("build", "Build the kernel and upload all of its builds to the Hub."),
            "fill-card": ("fill_card", "Fill the card of a kernel from its template, CARD.md."),
            "check-pr": ("check_pr", "Refuse a pull request that carries builds, binaries or generated files."),
            "sign": ("sign", "Sign finished builds, so that others can verify who made them."),
            "verify": ("verify", "Verify the digests and signatures of builds, or build them again and compare."),
        },
        "This tool": {
            "doctor": ("doctor", "Tell what this machine can build and load, and how to mend the rest."),
            "skills": ("skills", "Teach AI coding assistants to write kernels."),
            "completions": ("completions", "Print the script that completes commands in a shell."),
            "generate-docs": ("generate_docs", "Print the reference of this command line, as Markdown."),
        },
    }

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """List the exit codes."""
        from kernel_builder.errors import exit_codes

        if codes := [(str(code), meaning) for code, (_, meaning) in exit_codes().items()]:  # `python -OO` has none
            with formatter.section("Exit codes"):
                formatter.write_dl(codes)


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kernel-builder", prog_name="kernel-builder")
@debug_option
def cli() -> None:
    r"""Build, check and publish compute kernels for PyTorch.

    \b
    Examples:
      kernel-builder build                 build the kernel of this folder
      kernel-builder build --help          what a command takes
      kernel-builder --debug build         with a traceback when it fails
    """


def main() -> None:
    """Run the command line; every failure ends in a sentence and an exit code of `kernel_builder.errors`."""
    # Most commands live for a moment, an eighth of which went to looking for garbage in what they have just loaded.
    gc.disable()
    from kernel_builder.cli._run import run

    code = run(cli, sys.argv[1:])
    gc.freeze()
    sys.exit(code)
