"""What a person hands on to Nix."""

import os
import shlex
from dataclasses import dataclass

from kernel_builder.errors import ToolchainError

__all__ = ["ARGUMENTS_VARIABLE", "NixOptions"]

#: More arguments for every call of Nix, as words of a shell.
ARGUMENTS_VARIABLE = "KERNEL_BUILDER_NIX_ARGS"

#: Arguments that only what reads a flake takes → how many words follow each.
_OF_FLAKES = {
    "--commit-lock-file": 0,
    "--impure": 0,
    "--inputs-from": 1,
    "--no-update-lock-file": 0,
    "--no-write-lock-file": 0,
    "--override-flake": 2,
    "--override-input": 2,
    "--recreate-lock-file": 0,
    "--update-input": 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NixOptions:
    """What every call of Nix is given beside our own arguments.

    Attributes:
        settings: settings of nix.conf and their values.
        inputs: inputs of the flake, by their paths such as `builder/nixpkgs`, and what to take in their place.
        builders: the machines to build on, as nix.conf's `builders` has them, or `None` for those of nix.conf.
        store: the store to build in, or `None` for the machine's own.
    """

    settings: tuple[tuple[str, str], ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    builders: str | None = None
    store: str | None = None

    def for_any(self) -> list[str]:
        """The arguments for a program of Nix that reads no flake.

        Raises:
            ToolchainError: when the variable with more arguments cannot be split into words.
        """
        return [*self._own(), *_without_flakes(_from_environment())]

    def for_flakes(self) -> list[str]:
        """The arguments for what reads a flake, those of the environment last.

        Raises:
            ToolchainError: when the variable with more arguments cannot be split into words.
        """
        inputs = [word for name, value in self.inputs for word in ("--override-input", name, value)]
        return [*self._own(), *inputs, *_from_environment()]

    def _own(self) -> list[str]:
        words = [word for name, value in self.settings for word in ("--option", name, value)]
        for flag, value in (("--builders", self.builders), ("--store", self.store)):
            words += [] if value is None else [flag, value]
        return words


def _from_environment() -> list[str]:
    text = os.environ.get(ARGUMENTS_VARIABLE, "")
    try:
        return shlex.split(text)
    except ValueError as error:
        message = f"{ARGUMENTS_VARIABLE} is not a list of words for a shell ({error}): {text}"
        raise ToolchainError(message, hint=f"Close its quotes, or unset {ARGUMENTS_VARIABLE}.") from None


def _without_flakes(words: list[str]) -> list[str]:
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word not in _OF_FLAKES:
            kept.append(word)
        for _ in range(_OF_FLAKES.get(word, 0)):
            next(rest, None)
    return kept
