"""The command as a whole: help, usage, exit statuses, errors and logs."""

import inspect
import logging
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from support.hub import HubServer, faults

import kernels
from kernels import cli, errors
from kernels.cli.failures import CLOSED_PIPE, FAILURES, INTERRUPTED, describe_statuses, exit_status, explain
from kernels.errors import KernelsError

Run = Callable[..., Any]
Publish = Callable[..., str]

HIDDEN = "the Hub does not have the kernel org/kernel, or does not show it"
LOG_IN = "and log in with `hf auth login`"
COMMANDS = ["versions", "info", "lock", "download", "verify", "cache", "benchmark", "check"]


def _added_modules(*arguments: str) -> set[str]:
    """What a command imports, in a process of its own."""
    code = (
        "import sys\nbefore = set(sys.modules)\n"
        "from kernels.cli import main\nmain(sys.argv[1:])\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, encoding="utf-8", check=True
    )
    return set(result.stdout.splitlines()[-1].split())


def test_the_help_lists_every_command(run: Run) -> None:
    """`--help` names each command and every exit status."""
    result = run("--help")

    assert (0, "") == (result.status, result.err)
    assert [] == [name for name in COMMANDS if f"\n    {name} " not in result.out]
    assert describe_statuses() in result.out
    assert result == run("-h")


@pytest.mark.parametrize("name", [*COMMANDS, "cache list", "cache verify", "cache prune"])
def test_a_command_has_help(run: Run, name: str) -> None:
    """The help of a command starts with its usage, and fits terminals and encodings."""
    result = run(*name.split(), "--help")

    assert (0, "") == (result.status, result.err)
    assert result.out.startswith(f"usage: kernels {name} ")
    assert result.out.isascii()
    assert [] == [line for line in result.out.splitlines() if len(line) > 120]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_commands_say(run: Run, name: str) -> None:
    """The help is the same whether or not the module of a command was imported."""
    assert run("--help") == run("--help", name)


def test_every_module_is_a_command() -> None:
    """A module of the package is a command, or is known here as none."""
    helpers = {"builds", "failures", "output", "source"}

    assert {*COMMANDS, *helpers} == {module.name for module in pkgutil.iter_modules(cli.__path__)}


def test_the_version(run: Run) -> None:
    """`--version` prints the name and the version of the distribution."""
    assert (0, f"kernels {kernels.__version__}\n", "") == run("--version")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["nope"], "argument COMMAND: invalid choice: 'nope'"),
        (["--json"], "the following arguments are required: COMMAND"),
        (["--json", "versions", "org/kernel"], "unrecognized arguments: --json"),
        (["versions"], "the following arguments are required: REPO"),
        (["versions", "org/kernel", "--nope"], "unrecognized arguments: --nope"),
        (["versions", "org/kernel", "--js"], "unrecognized arguments: --js"),
        (["cache"], "the following arguments are required: ACTION"),
        (["info", "org/kernel", "--version", "x"], "argument --version: 'x' is no version, such as 1"),
        (["info", "org/kernel", "--version", "1", "--revision", "main"], "not allowed with argument"),
    ],
)
def test_wrong_usage(run: Run, arguments: list[str], complaint: str) -> None:
    """Wrong usage is status 2; standard error has the usage, and one line with what is wrong."""
    result = run(*arguments)

    assert (2, "") == (result.status, result.out)
    usage, *_, last = result.err.splitlines()
    assert ["usage: kernels ", "kernels: error: "] == [usage[:15], last[:16]]
    assert complaint in last


@pytest.mark.parametrize("arguments", [["--help"], ["nope"]])
def test_help_imports_next_to_nothing(arguments: list[str]) -> None:
    """Help and usage need no module of a command, and none of the standard library that takes long to import."""
    added = _added_modules(*arguments)

    assert {"kernels", "kernels.cli", "kernels.cli.failures", "kernels.errors"} == {
        name for name in added if name.startswith("kernels")
    }
    assert set() == added & {"dataclasses", "importlib.metadata", "inspect", "json", "logging", "typing"}


@pytest.mark.parametrize("arguments", [["--version"], ["versions"], ["benchmark", "--nope"], ["verify", "--help"]])
def test_nothing_heavy_is_imported_before_a_command_runs(arguments: list[str]) -> None:
    """The version, and the help and usage of a command, need none of the packages that take long to import."""
    assert set() == _added_modules(*arguments) & {"huggingface_hub", "kernels.hub", "rich", "sigstore", "torch"}


def test_the_package_can_be_run() -> None:
    """`python -m kernels` is the command, and ends with its status."""
    result = subprocess.run([sys.executable, "-m", "kernels", "check"], capture_output=True, text=True, check=False)

    assert (1, "") == (result.returncode, result.stdout)
    assert result.stderr.startswith("kernels: error: ")


def test_every_error_has_a_status() -> None:
    """Of the errors of the library, those that a command can meet have a status of their own kind."""
    others = {
        "BenchmarkMismatchError",  # what was checked is not well
        "DeviceError",
        "KernelizeError",
        "LayerError",
        "MappingError",
        "ModeError",
        "NotImportingError",
        "VariantNameError",
    }
    leaves = {
        name: error
        for name, error in inspect.getmembers(errors, inspect.isclass)
        if issubclass(error, KernelsError) and error is not KernelsError
    }

    assert others == {name for name, error in leaves.items() if exit_status(error("")) == 1}
    assert [] == [
        name
        for status, (_, kinds) in FAILURES.items()
        for kind in kinds
        for name, error in leaves.items()
        if issubclass(error, kind) and exit_status(error("")) != status
    ]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OSError(28, "No space left on device"), 1),
        (ImportError("libtorch.so: no such file"), 9),
        (errors.SignedFilesError(""), 6),
        (errors.LockNotFoundError(""), 8),
        (errors.MissingDependencyError(""), 9),
        (errors.NotCachedError(""), 7),
    ],
)
def test_the_status_is_that_of_the_most_telling_kind(error: Exception, status: int) -> None:
    """An error that is of several kinds, such as a file that is not found, has the status of what it means."""
    assert status == exit_status(error)


def test_an_error_without_words_is_named() -> None:
    """An error that says nothing is shown by the name of its class."""
    assert "MemoryError" == explain(MemoryError())


@pytest.mark.parametrize(
    ("fault", "status", "sentence"),
    [
        (
            faults.UNAUTHORIZED,
            3,
            f"{HIDDEN}: check the name, {LOG_IN} if it is private",
        ),
        (
            faults.GATED,
            3,
            f"the kernel org/kernel is gated: ask for access to it on the Hub, {LOG_IN}",
        ),
        (
            faults.Status(400, "No", "BadRequest"),
            1,
            "the Hub refused a request about the kernel org/kernel with the HTTP status 400: No",
        ),
    ],
)
def test_errors_of_the_hub_are_one_sentence(
    hub_client: HubServer, run: Run, fault: faults.Fault, status: int, sentence: str
) -> None:
    """What the Hub's client says in paragraphs about addresses is one sentence about the kernel."""
    hub_client.commit("org/kernel", "v1", {"build/torch-cpu/__init__.py": ""})
    hub_client.fail("GET */refs", fault, times=9)

    assert (status, "", f"kernels: error: {sentence}\n") == run("versions", "org/kernel")


def test_a_repository_that_is_not_there(hub_client: HubServer, run: Run) -> None:
    """A repository that the Hub does not have is status 3."""
    result = run("versions", "org/nothing")

    assert (3, "") == (result.status, result.out)
    assert result.err.startswith("kernels: error: the Hub does not have the kernel org/nothing, ")
    assert 1 == len(result.err.splitlines())


def test_a_revision_that_is_not_there(publish: Publish, run: Run) -> None:
    """A revision that the repository does not have is status 3."""
    publish()

    assert (3, "", "kernels: error: the kernel org/kernel has no such branch, tag or commit\n") == run(
        "info", "org/kernel", "--revision", "nope"
    )


def test_a_hub_out_of_reach(hub_client: HubServer, run: Run) -> None:
    """When the Hub does not answer, that is status 7."""
    hub_client.stop()
    result = run("versions", "org/kernel")

    assert (7, "") == (result.status, result.out)
    assert result.err.startswith("kernels: error: the Hub cannot be reached: ")
    assert 1 == len(result.err.splitlines())


def test_a_name_that_is_none(run: Run) -> None:
    """What is no name of a repository is wrong usage, and nobody is asked."""
    message = "'kernel' is not the name of a repository; it has the form owner/name"

    assert (2, "", f"kernels: error: {message}\n") == run("versions", "kernel")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupt(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a command with status 130 and without a traceback."""
    monkeypatch.setattr("kernels.cli.check.say", _interrupt)

    assert (INTERRUPTED, "", "kernels: interrupted\n") == run("check")


def test_an_error_that_is_none_of_ours_is_shown_whole(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the command itself is not dressed up as one of the person's."""

    def fail(_: object) -> None:
        message = "a fault"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("kernels.cli.check.say", fail)

    with pytest.raises(ZeroDivisionError, match="a fault"):
        run("check")


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a closed pipe is an error like any other")
def test_a_reader_that_has_gone(hub_client: HubServer, publish: Publish) -> None:
    """When nobody reads the output any more, the command ends without a word, with the status of SIGPIPE."""
    publish()
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [sys.executable, "-m", "kernels", "versions", "org/kernel"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)

    assert (CLOSED_PIPE, "") == (result.returncode, result.stderr)


def _log(_: object) -> int:
    logger = logging.getLogger("kernels.test")
    logger.info("the %s\nstep", "first")
    logger.warning("a warning")
    return 0


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["check"], ["kernels: warning: a warning"]),
        (["-v", "check"], ["kernels: info: the first step", "kernels: warning: a warning"]),
        (["check", "--verbose"], ["kernels: info: the first step", "kernels: warning: a warning"]),
    ],
)
def test_logs_go_to_standard_error(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], lines: list[str]
) -> None:
    """A log record is one line; those of single steps are shown when asked for. The logger is then as it was."""
    logger = logging.getLogger("kernels")
    before = (logger.level, list(logger.handlers))
    monkeypatch.setattr("kernels.cli.check.run", _log)

    assert (0, "", "".join(f"{line}\n" for line in lines)) == run(*arguments)
    assert before == (logger.level, logger.handlers)


def test_check_says_where_checking_has_gone(run: Run) -> None:
    """`kernels check` checks nothing, says so, and names what does."""
    plain, about = run("check"), run("check", "org/kernel")

    assert [(1, ""), (1, "")] == [(plain.status, plain.out), (about.status, about.out)]
    assert "`kernel-builder check-abi`" in plain.err
    assert plain.err.replace("owner/name", "org/kernel") == about.err
