"""Every error that a person can meet, with its exit code and its next step.

::

    BuilderError             1   anything else that was foreseen
    ├── ConfigError          3   build.toml has errors (each listed with its place)
    ├── TargetError          4   the kernel has no such variant, or none for this machine
    ├── ToolchainError       5   a compiler, Torch or another tool is missing or unfit
    ├── ProcessError         6   a program that we ran failed
    ├── ExistingFilesError   7   files are in the way, and overwriting was not asked for
    ├── CheckError           8   a build does not meet the requirements of kernels
    ├── CardError            9   the card template cannot be filled
    ├── PublishError        10   what was to be published was refused, by us or by the Hub
    └── InternalError       70   a mistake of kernel-builder itself

Beside these::

    0    done; there may have been warnings
    2    the command line is wrong: a command, option or value that is not known
    130  interrupted
    141  whoever read the output has gone

This list is the one place for exit codes: the help and the page of the reference are made from it.
"""

import re
from collections.abc import Sequence
from typing import Any, Protocol

__all__ = [
    "CLOSED_PIPE",
    "INTERRUPTED",
    "BuilderError",
    "CardError",
    "CheckError",
    "ConfigError",
    "ExistingFilesError",
    "InternalError",
    "ProcessError",
    "PublishError",
    "TargetError",
    "ToolchainError",
    "exit_codes",
]

#: What a shell reports of a program that SIGINT, or SIGPIPE, has ended.
INTERRUPTED = 130
CLOSED_PIPE = 141


class _Reportable(Protocol):
    """What a check found, which this module need not know more closely."""

    def as_json(self) -> dict[str, Any]: ...


class BuilderError(Exception):
    """The base of every foreseen failure.

    Attributes:
        exit_code: what the command line exits with; unique per class.
        hint: the next step for the person who meets the error.
    """

    exit_code = 1
    hint = "Run the command again with --help to see what it takes."

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint

    @property
    def details(self) -> dict[str, Any]:
        """What the error carries beside its message, for a program: the hint, and lists of findings."""
        return {"hint": self.hint, **{name: value for name, value in vars(self).items() if name != "hint"}}


class ConfigError(BuilderError):
    """`build.toml` cannot be used.

    Attributes:
        findings: each problem as one line of text, in the order of the file; empty when the file could not be read.
    """

    exit_code = 3
    hint = "Mend build.toml and run `kernel-builder check-config`."

    def __init__(self, message: str, *, findings: Sequence[str] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.findings = tuple(findings)


class TargetError(BuilderError):
    """The kernel has no such variant, or no variant that can be built here."""

    exit_code = 4
    hint = "`kernel-builder list-variants` shows the variants of the kernel."


class ToolchainError(BuilderError):
    """Something that a build needs is missing on this machine, or does not fit."""

    exit_code = 5
    hint = "Install what is missing and run the command again."


class ProcessError(BuilderError):
    """A program that we ran did not succeed.

    Attributes:
        command: the program and its arguments.
        returncode: its exit status; negative for a signal.
        output: what it printed last.
    """

    exit_code = 6
    hint = "The output above is the program's own; mend what it names and run the command again."

    def __init__(self, message: str, *, command: Sequence[str], returncode: int, output: str) -> None:
        super().__init__(message)
        self.command = tuple(command)
        self.returncode = returncode
        self.output = output


class ExistingFilesError(BuilderError):
    """Files exist that would be overwritten."""

    exit_code = 7
    hint = "Pass --force to overwrite them."


class _FindingsError(BuilderError):
    """Something has faults that are listed."""

    def __init__(self, message: str, *, findings: Sequence[_Reportable] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.findings = tuple(findings)

    @property
    def details(self) -> dict[str, Any]:
        """The hint, and each finding as an object."""
        return {"hint": self.hint, "findings": [finding.as_json() for finding in self.findings]}


class CheckError(_FindingsError):
    """A finished build does not meet the requirements of kernels.

    Attributes:
        findings: everything that was found, warnings and notes too (`kernel_builder.checks.findings.Finding`).
    """

    exit_code = 8
    hint = "The build was not installed; mend the kernel's sources and build again."


class CardError(BuilderError):
    """The card template of a kernel cannot be filled."""

    exit_code = 9
    hint = (
        "Mend CARD.md: it is a jinja2 template with the variables repo_id, version, functions, layers, has_benchmark, "
        "upstream, source, license, backends, variants and python_name."
    )


class PublishError(_FindingsError):
    """What was to be published was refused, by us or by the Hub.

    Attributes:
        findings: everything that speaks against it, warnings and notes too (`kernel_builder.checks.findings.Finding`);
            empty when the Hub refused it.
    """

    exit_code = 10
    hint = "Nothing was published; mend what is named above and run the command again."


class InternalError(BuilderError):
    """A mistake of kernel-builder itself."""

    exit_code = 70
    hint = (
        "Run it again as `kernel-builder --debug …`, and report the traceback with the command, the build.toml and "
        "what `kernel-builder --version` and `python --version` say."
    )


def exit_codes() -> dict[int, tuple[str, str]]:
    """Exit code → the class of errors that ends with it (or nothing) and what it means, as listed above, by number."""
    lines = re.findall(r"^[ │├└─]*(\w+Error)? *([0-9]+)  +(.+)$", __doc__ or "", re.MULTILINE)
    return {int(code): (name, meaning) for name, code, meaning in sorted(lines, key=lambda line: int(line[1]))}
