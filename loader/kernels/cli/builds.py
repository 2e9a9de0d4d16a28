"""The builds of a kernel, for people and for programs: which run here, and why the others do not."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kernels.resolve import Decision

__all__ = ["describe_builds", "list_builds"]


def describe_builds(decisions: "Iterable[Decision]") -> list[str]:
    """A line for each build: a mark and its place for one that runs here, else the reason why it does not."""
    return [_describe(build) for build in list_builds(decisions)]


def list_builds(decisions: "Iterable[Decision]") -> list[dict[str, Any]]:
    """The builds as JSON has them.

    Args:
        decisions: what `kernels.resolve.resolve` gives.

    Returns:
        An object for each build: its `variant`, whether it is `compatible` with this system, whether it is the
        `preferred` one, and the `reason` why it is not compatible, or `None`.
    """
    return [
        {
            "variant": decision.variant.variant_str,
            "compatible": reason is None,
            "preferred": reason is None and place == 0,
            "reason": reason,
        }
        for place, decision in enumerate(decisions)
        for reason in [getattr(decision, "reason", None)]
    ]


def _describe(build: Mapping[str, Any]) -> str:
    if build["compatible"]:
        return f"✅ {build['variant']} ({'preferred' if build['preferred'] else 'compatible'})"
    return f"   {build['variant']}: {build['reason']}"
