"""Findings of this check, each with the remedy of its kind."""

from typing import Any

from kernel_builder.checks.abi.codes import CODES
from kernel_builder.checks.findings import Finding

__all__ = ["found"]


def found(code: str, message: str, *, file: str, **fields: Any) -> Finding:
    """A finding of the kind that `codes.CODES` describes.

    Args:
        code: its kind.
        message: what is wrong with this file.
        file: the file.
        fields: what else a `Finding` has.
    """
    kind = CODES[code]
    return Finding(
        check="abi", code=code, message=message, file=file, severity=kind.severity, remedy=kind.remedy, **fields
    )
