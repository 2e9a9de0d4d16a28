"""The editions of the format: which one a file is, and what differs between those that are read.

====== ============================================================================== ========
edition how a file shows it                                                            read
====== ============================================================================== ========
1      `universal` in `[torch]`, or `language` in a component; no `general.backends`   not yet
2      `universal`, `cuda-minver` or `cuda-maxver` in `[general]`; no `backends` there not yet
3      no framework table                                                              not yet
4      no `edition`; exactly one framework table                                       yes
5      `general.edition = 5`                                                           yes
6      `general.edition = 6`                                                           not yet
====== ============================================================================== ========

A reader of another edition belongs here: it turns that edition's data into data of the next one, before the model is
read. A file is never tried as one edition after another: its marks decide, and a mistake in a table stays a mistake.
Keys that only edition 5 has are marked `since=5` in the model.
"""

from collections.abc import Iterator
from typing import Any

from kernel_builder.config.plain import table
from kernel_builder.config.positions import KeyPath
from kernel_builder.config.report import NEWEST_EDITION, Report, closest

__all__ = ["IMPLICIT_EDITION", "check_edition", "detect_edition", "missing_framework"]

#: What a file without the key `edition` is.
IMPLICIT_EDITION = 4

_UNREAD = 6
_READ = f"it reads edition {NEWEST_EDITION}, and files without the key `edition`"


def detect_edition(data: dict[str, Any], report: Report) -> int | None:
    """Tell the edition of a file by its marks.

    Returns:
        The edition to read the file as, or `None` after an error that says which edition it seems to be and that this
        version does not read it.
    """
    general = table(data, "general")
    if "edition" in general:
        return _explicit_edition(general["edition"], report)
    if "backends" not in general:
        marks = sorted(_legacy_marks(data, general))
        if marks:
            edition, path = marks[0]
            message = f"this key is of edition {edition} of the format, which this version does not read; {_READ}"
            report.error(path, message, at_key=True)
            return None
    return IMPLICIT_EDITION


def check_edition(data: dict[str, Any], report: Report) -> None:
    """Note what the file's edition asks for beyond the model: a license."""
    general = data.get("general")
    if not isinstance(general, dict) or any(closest(key, ("license",)) for key in general):
        return
    if report.edition > IMPLICIT_EDITION:
        report.error(("general", "license"), "missing key")
    else:
        report.warning(("general", "license"), "a kernel needs a license to be published")


def missing_framework(edition: int) -> str:
    """What to say of a file that has no framework table."""
    message = "one of the tables [torch], [torch-noarch] and [tvm-ffi] is needed"
    if edition == IMPLICIT_EDITION:
        message += "; only edition 3 of the format does without, and a Python-only kernel now has [torch-noarch]"
    return message


def _explicit_edition(edition: Any, report: Report) -> int | None:
    path = ("general", "edition")
    if isinstance(edition, bool) or not isinstance(edition, int):
        report.error(path, f"expected the integer {NEWEST_EDITION}")
        return NEWEST_EDITION
    if edition == NEWEST_EDITION:
        return edition
    if edition == _UNREAD:
        message = f"edition {edition} is newer than this version of kernel-builder; {_READ}"
    elif edition == IMPLICIT_EDITION:
        message = f"edition {edition} has no key `edition`: leave it out, or move to edition {NEWEST_EDITION}"
    else:
        message = f"this version does not know such an edition; {_READ}"
    report.error(path, message)
    return None


def _legacy_marks(data: dict[str, Any], general: dict[str, Any]) -> Iterator[tuple[int, KeyPath]]:
    if "universal" in table(data, "torch"):
        yield 1, ("torch", "universal")
    for name, component in table(data, "kernel").items():
        if "language" in table(component) and "backend" not in component:
            yield 1, ("kernel", name, "language")
    for key in ("universal", "cuda-minver", "cuda-maxver"):
        if key in general:
            yield 2, ("general", key)
