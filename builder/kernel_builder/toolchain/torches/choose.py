"""Which Torch a build is made against."""

from pathlib import Path

from kernel_builder.cache import cache_dir
from kernel_builder.errors import TargetError, ToolchainError
from kernel_builder.toolchain.pip import Listener
from kernel_builder.toolchain.torch import TorchFacts, find_torch
from kernel_builder.toolchain.torches.fetch import fetch_torch
from kernel_builder.toolchain.torches.sources import TorchSources
from kernel_builder.toolchain.torches.store import stored_torches
from kernel_builder.toolchain.torches.wanted import WantedTorch, wanted_torch

__all__ = ["choose_torch"]


_ENVIRONMENT, _NOBODY = TorchSources(), Listener()


def choose_torch(variant: str | None, sources: TorchSources = _ENVIRONMENT, listener: Listener = _NOBODY) -> TorchFacts:
    """The Torch for a variant: that of the interpreter where it fits, else one of the cache, else one that is fetched.

    Args:
        variant: the name of the variant that is wanted, if it is one alone. Without, and for one that no Torch of this
            system could serve, it is the Torch of the interpreter.
        sources: where it may come from.
        listener: who is told while one is fetched.

    Raises:
        ToolchainError: when there is none, or one cannot be fetched.
        TargetError: when there is none that fits the variant; says which there are, and what to do.
        ProcessError: when pip fails.
        OSError: when the cache cannot be written.
    """
    wanted = wanted_torch(variant)
    if wanted is None:
        if sources.fetch:
            message = "--fetch-torch downloads the Torch of one variant"
            raise TargetError(message, hint="Name the variant with --variant; `kernel-builder list-variants` has them.")
        return find_torch(python=sources.python)
    own, problem = _own(sources.python)
    if own is not None and wanted.fits(own):
        return own
    cache = cache_dir("torch")
    stored = stored_torches(cache)
    if fitting := next((torch for torch in stored if wanted.fits(torch)), None):
        return fitting
    if not sources.fetch:
        raise _missing(str(variant), wanted, own, problem, stored)
    return find_torch(place=fetch_torch(wanted, cache, index=sources.index, listener=listener))


def _own(python: Path | None) -> tuple[TorchFacts | None, str]:
    """The Torch of the interpreter, or why there is none."""
    try:
        return find_torch(python=python), ""
    except ToolchainError as error:
        return None, str(error)


def _missing(
    variant: str, wanted: WantedTorch, own: TorchFacts | None, problem: str, stored: list[TorchFacts]
) -> TargetError:
    here = f"with Torch {own.version} of {own.python}" if own else f"({problem})"
    cached = ", ".join(f"Torch {torch.version}" for torch in stored) or "no Torch"
    message = f"{variant} cannot be built here {here}: it needs {wanted}; the cache has {cached}"
    hint = (
        "Pass --fetch-torch to download it into the cache, or --python PYTHON to name an interpreter that has it; or "
        "build with Nix."
    )
    return TargetError(message, hint=hint)
