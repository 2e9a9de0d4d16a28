"""Where a Torch may come from."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["TorchSources"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchSources:
    """Where the Torch of a build may come from, beside the cache.

    Attributes:
        python: the interpreter to ask for its Torch, in place of the running one.
        fetch: whether to download one into the cache.
        index: the address of a package index to download it from; by default the registry that pip is set up with.
    """

    python: Path | None = None
    fetch: bool = False
    index: str | None = None
