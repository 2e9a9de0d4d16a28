"""Packages from the registry that the user's pip is configured for, into folders of our own."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.process import run

__all__ = ["Listener", "run_pip"]


def _ignore(text: str) -> None:
    del text


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who is told of a download.

    Attributes:
        on_stage: called with the name of each stage as it begins.
        on_line: called with each line that pip prints.
    """

    on_stage: Callable[[str], None] = _ignore
    on_line: Callable[[str], None] = _ignore

    def on_wait(self) -> None:
        """Another process is downloading."""
        self.on_stage("wait for another download")


#: Settings of pip that would put packages elsewhere, or leave some out.
_QUIET = ("PIP_CONSTRAINT", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PIP_TARGET", "PIP_USER")
#: The folder for temporary files, on every system.
_TEMPORARY = ("TEMP", "TMP", "TMPDIR")
_QUESTIONS = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def run_pip(
    arguments: Sequence[str | Path],
    *,
    what: str,
    scratch: Path,
    on_line: Callable[[str], None],
    env: Mapping[str, str | None] | None = None,
) -> None:
    """Run the pip of this interpreter.

    Args:
        arguments: its command and options.
        what: what it fetches, for messages.
        scratch: a folder that is there while it runs: pip leaves its downloads behind when it is interrupted.
        on_line: called with each line that it prints.
        env: variables to set beside those of this process; `None` takes one away.

    Raises:
        ToolchainError: when there is no pip, the registry cannot be reached or does not have it, or what came is not
            what it should be.
        ProcessError: when pip fails otherwise.
    """
    command = [sys.executable, "-m", "pip", *arguments]
    scratch.mkdir()
    places = dict.fromkeys(_TEMPORARY, str(scratch))
    try:
        run(command, env={**dict.fromkeys(_QUIET), **_QUESTIONS, **places, **(env or {})}, on_line=on_line)
    except ProcessError as error:
        raise _explained(error, what) or error from None
    finally:
        shutil.rmtree(scratch)


def _explained(error: ProcessError, what: str) -> ToolchainError | None:
    said = error.output
    if "No module named pip" in said:
        hint = f"Install it with: {sys.executable} -m ensurepip"
        return ToolchainError(f"{sys.executable} has no pip, which is to fetch {what}", hint=hint)
    last = "\n".join(line for line in said.splitlines() if line.startswith("ERROR:")) or said
    if "DO NOT MATCH THE HASHES" in said:
        message = f"what the registry has under the name of {what} is not what it should be; nothing was kept"
        return ToolchainError(f"{message}\n{said[said.index('DO NOT MATCH') :]}", hint=_hint("Try it once more."))
    if "No matching distribution" in said or "Could not find a version" in said:
        return ToolchainError(f"the registry has no {what}\n{last}", hint=_hint("See whether it can be reached."))
    if "No space left on device" in said:
        return ToolchainError(f"there is no room for {what}", hint="Make room, or set KERNEL_BUILDER_CACHE.")
    return None


def _hint(first: str) -> str:
    named = [name for name in ("PIP_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX") if os.environ.get(name)]
    return (
        f"{first} pip is set up with {', '.join(named)}; see `pip config list`."
        if named
        else f"{first} `pip config list` shows which registry pip asks."
    )
