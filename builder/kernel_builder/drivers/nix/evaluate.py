"""Ask the project's flake for its variants: one evaluation for all that are wanted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel_builder.drivers.base import Report
from kernel_builder.drivers.nix.client import NixClient
from kernel_builder.drivers.nix.events import Listener
from kernel_builder.errors import ProcessError, TargetError
from kernel_builder.process import run

__all__ = ["Derivation", "evaluate", "list_names"]


@dataclass(frozen=True, slots=True)
class Derivation:
    """How Nix makes one variant.

    Attributes:
        variant: the name of the variant.
        path: the derivation, in the store.
        output: what it makes, in the store; it may not be there yet.
    """

    variant: str
    path: str
    output: str


def evaluate(nix: NixClient, project_dir: Path, variant: str | None, report: Report) -> list[Derivation]:
    """The derivations of one variant, or of all that the flake has on this system, by name.

    Only those that are wanted are evaluated.

    Args:
        nix: the Nix to ask.
        project_dir: the project.
        variant: the name of one variant, or `None` for all.
        report: told of what Nix warns of and fetches.

    Raises:
        ProcessError: when Nix fails; its own words are in the output.
        TargetError: when the flake has no such variant, or none at all.
    """
    wanted = "all" if variant is None else f"builtins.intersectAttrs {{ {json.dumps(variant)} = null; }} all"
    # An attribute named outPath would make Nix print that alone.
    function = (
        "all: { names = builtins.attrNames all; chosen = builtins.mapAttrs (_: one: { drv = one.drvPath; "
        f"out = builtins.unsafeDiscardStringContext (toString one); }}) ({wanted}); }}"
    )
    document = _ask(nix, project_dir, nix.system, function, report)
    names, chosen = document["names"], document["chosen"]
    if not names:
        message = f"the flake of {project_dir} has no variant for {nix.system}"
        raise TargetError(message, hint="`kernel-builder list-variants --all-systems` shows what build.toml has.")
    if not chosen:
        message = f"the flake of {project_dir} has no variant {variant} for {nix.system}"
        raise TargetError(message, hint=f"It has {', '.join(names)}.")
    return [Derivation(name, chosen[name]["drv"], chosen[name]["out"]) for name in sorted(chosen)]


def list_names(nix: NixClient, project_dir: Path, systems: Sequence[str], report: Report) -> dict[str, list[str]]:
    """System → the names of the variants that the flake has there, sorted.

    Raises:
        ProcessError: when Nix fails; its own words are in the output.
    """
    return {system: _ask(nix, project_dir, system, "builtins.attrNames", report) for system in systems}


def _ask(nix: NixClient, project_dir: Path, system: str, function: str, report: Report) -> Any:
    listener = Listener(report, {})
    attribute = f".#legacyPackages.{system}.redistributable"
    command = nix.command("eval", "--json", "--log-format", "internal-json", attribute, "--apply", function)
    try:
        run(command, cwd=project_dir, on_line=listener)
        return json.loads(listener.lines[-1])
    except ProcessError as error:
        error.output = listener.account
        raise
    except (IndexError, ValueError):
        message = f"the flake of {project_dir} gave no answer"
        said = "\n".join(listener.lines)
        raise ProcessError(message, command=command, returncode=0, output=said) from None
