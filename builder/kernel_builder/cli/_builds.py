"""The builds that a command works on, and who signed them."""

from pathlib import Path
from typing import Any

from kernel_builder.errors import TargetError
from kernels.signature.signer import VerifiedSignature

__all__ = ["chosen_builds", "signer_as_json"]


def chosen_builds(folder: Path, variant: str | None) -> list[Path]:
    """The builds of a project, of a folder of variants, or the one that the folder is; or the one of them with a name.

    Raises:
        TargetError: when there is none.
    """
    from kernel_builder.checks.builds import find_builds

    trees = find_builds(folder)
    if variant is None:
        return trees
    chosen = [tree for tree in trees if tree.name == variant]
    if not chosen:
        message = f"{folder} has no build of {variant}; it has {', '.join(tree.name for tree in trees)}"
        raise TargetError(message, hint=f"Build it with `kernel-builder build --variant {variant}`.")
    return chosen


def signer_as_json(signature: VerifiedSignature | None) -> dict[str, Any] | None:
    """Who signed, as `kernels verify --json` has it."""
    if signature is None:
        return None
    names = ("identity", "issuer", "repository", "workflow", "ref")
    return {**{name: getattr(signature, name) for name in names}, "time": signature.time.isoformat()}
