"""The Nix of this machine: whether it can be used, and how it is called."""

import json
import re
import shutil
from dataclasses import dataclass
from typing import Any

from kernel_builder.drivers.nix.options import NixOptions
from kernel_builder.errors import ProcessError, ToolchainError
from kernel_builder.process import run

__all__ = ["NixClient", "find_nix"]

#: The oldest Nix that the driver and the library are tested with.
_OLDEST = (2, 8)
#: From then on the settings are shown by `nix config show`.
_CONFIG_SHOW = (2, 20)
#: From then on a derivation is named with the outputs that are wanted; by its path alone it stands for its own file.
_OUTPUTS = (2, 15)
#: The setting `store` of those whose paths are where files are.
_PLAIN_STORES = ("auto", "daemon", "local")
_FEATURES = ("--extra-experimental-features", "nix-command flakes")


@dataclass(frozen=True, slots=True, kw_only=True)
class NixClient:
    """A Nix that can be used.

    Attributes:
        version: the first two numbers of its version.
        system: the system that it builds for, such as `x86_64-linux`.
        has_plain_store: whether what is in its store lies where its path says.
        options: what a person hands on to it.
    """

    version: tuple[int, int]
    system: str
    has_plain_store: bool
    options: NixOptions

    def command(self, *words: str) -> list[str]:
        """A command that reads a flake, with everything that is handed on."""
        return ["nix", *_FEATURES, *words, *self.options.for_flakes()]

    def command_on_store(self, *words: str) -> list[str]:
        """A command of the group `nix store`."""
        return ["nix", *_FEATURES, "store", *words, *self.options.for_any()]

    def old_command(self, *words: str) -> list[str]:
        """A command of `nix-store`, for what its successors say differently in every release."""
        return ["nix-store", *words, *self.options.for_any()]

    def built(self, derivation: str) -> str:
        """How the outputs of a derivation are asked for."""
        return f"{derivation}^*" if self.version >= _OUTPUTS else derivation


def find_nix(options: NixOptions, *, builds: bool = True) -> NixClient:
    """Find Nix and make sure that it can be used.

    Args:
        options: what a person hands on to it.
        builds: whether derivations of the kernel are to be built, for which there has to be a sandbox.

    Raises:
        ToolchainError: when it is missing or too old, or builds without a sandbox.
        ProcessError: when it cannot say how it is set up; its own words are in the output.
    """
    if shutil.which("nix") is None:
        message = "nix was not found"
        raise ToolchainError(
            message, hint="Install it with `sh install.sh` of this project, or build with --driver local."
        )
    version = _version()
    if version < _OLDEST:
        message = f"Nix {'.'.join(map(str, version))} is too old; {'.'.join(map(str, _OLDEST))} or later is needed"
        raise ToolchainError(message, hint="Update Nix, or build with --driver local.")
    settings = _settings(version, options)
    if builds:
        _check_sandbox(str(settings["sandbox"]).lower(), str(settings["system"]))
    return NixClient(
        version=version,
        system=str(settings["system"]),
        has_plain_store=settings["store"] in _PLAIN_STORES,
        options=options,
    )


def _version() -> tuple[int, int]:
    said = run(["nix", "--version"])
    found = re.search(r"(\d+)\.(\d+)", said)
    if found is None:
        message = f"`nix --version` says {said!r}, which names no version"
        raise ToolchainError(message, hint="Find out what `nix` is on the PATH, or build with --driver local.")
    return int(found[1]), int(found[2])


def _settings(version: tuple[int, int], options: NixOptions) -> dict[str, Any]:
    words = ["config", "show"] if version >= _CONFIG_SHOW else ["show-config"]
    command = ["nix", *_FEATURES, *words, "--json", *options.for_any()]
    output = run(command)
    try:
        document = json.loads(output)
        return {name: document[name]["value"] for name in ("sandbox", "store", "system")}
    except (ValueError, KeyError, TypeError):
        message = f"`{' '.join(command)}` did not say how Nix is set up"
        raise ProcessError(message, command=command, returncode=0, output=output) from None


def _check_sandbox(sandbox: str, system: str) -> None:
    """Xcode can be in no sandbox, so that macOS may let single derivations out of it."""
    fit = ("true", "relaxed") if system.endswith("-darwin") else ("true",)
    if sandbox not in fit:
        message = f"Nix is set up to build with sandbox = {sandbox}, so that a build may take anything of this machine"
        wanted = " or ".join(f"`sandbox = {value}`" for value in fit)
        hint = f"Write {wanted} into /etc/nix/nix.conf and restart the daemon, if there is one; or pass"
        raise ToolchainError(message, hint=f"{hint} `--nix-option sandbox {fit[0]}`; or build with --driver local.")
