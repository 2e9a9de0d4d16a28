"""Tells the edition of a file by its marks.

======= ==============================================================================================================
edition how a file shows it: the first line that holds decides
======= ==============================================================================================================
5, 6    `general.edition` says so
4       no `general.edition`, `general.backends`, and a key of edition 4: [torch-noarch], `general.source`, or
        `stable-abi` or `cxx-flags` in the framework's table
3       no `general.edition`, `general.backends`, and no `general.version`; or neither framework nor components
4       no `general.edition`, `general.backends`
1       none of the two; `torch.universal`, or `language` in a component
2       none of the two; `universal`, `cuda-minver` or `cuda-maxver` in [general]
2       none of the two, no `version` and no `license` in [general]; components, any of them with `backend`
1       none of the two, no `version` and no `license` in [general]; components, none of them with `backend`
4       anything else
======= ==============================================================================================================

A file is never tried as one edition after another: a mistake in a table stays a mistake of that table. A misspelled
mark is a mark; a mark with a value of the wrong type is one too. Without [general], which has most of the marks, the
edition cannot be told.
"""

from dataclasses import dataclass
from typing import Any

from kernel_builder.config.editions.keys import COMPONENT, GENERAL, TABLES, TORCH, meant
from kernel_builder.config.model import FRAMEWORKS
from kernel_builder.config.plain import table
from kernel_builder.config.positions import KeyPath
from kernel_builder.config.report import NEWEST_EDITION, WRITTEN_EDITION, Report

__all__ = ["IMPLICIT_EDITION", "detect_edition"]

#: What a file is that has no key `edition` and no mark of an older edition.
IMPLICIT_EDITION = 4

_OLD_GENERAL = ("universal", "cuda-minver", "cuda-maxver")
_NEW_FRAMEWORK = ("stable-abi", "cxx-flags")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """What tables and keys a file has: known name → name in the file.

    Attributes:
        tables: the tables.
        general: the keys of `[general]`.
        native: the table `[torch]`, or `[tvm-ffi]`, as it is spelled.
        framework: its keys.
        components: the path of each component, and its keys.
        broken: the paths of those of these tables that are none.
    """

    tables: dict[str, str]
    general: dict[str, str]
    native: str
    framework: dict[str, str]
    components: dict[KeyPath, dict[str, str]]
    broken: tuple[KeyPath, ...]

    @classmethod
    def of(cls, data: dict[str, Any]) -> "_Shape":
        tables = meant(data, TABLES)
        native = next((tables[key] for key in ("torch", "tvm-ffi") if key in tables), "torch")
        kernel = tables.get("kernel", "kernel")
        components: dict[KeyPath, Any] = {(kernel, name): value for name, value in table(data, kernel).items()}
        holders = {(native,): data.get(native, {}), (kernel,): data.get(kernel, {}), **components}
        return cls(
            tables=tables,
            general=meant(data.get(tables.get("general", "")), GENERAL),
            native=native,
            framework=meant(data.get(native), TORCH),
            components={path: meant(value, COMPONENT) for path, value in components.items()},
            broken=tuple(path for path, value in holders.items() if not isinstance(value, dict)),
        )

    @property
    def has_framework(self) -> bool:
        return any(key in self.tables for key in FRAMEWORKS)


def detect_edition(data: dict[str, Any], report: Report) -> int | None:
    """Tell the edition of a file, and note it where the file does not say it itself.

    Returns:
        The edition to read the file as, or `None` after an error: it cannot be told, or this version does not read it.
    """
    shape = _Shape.of(data)
    general = shape.tables.get("general")
    if general is None:
        report.error(("general",), "missing table")
        return None
    if not isinstance(data[general], dict):
        report.error((general,), "expected a table: it tells the edition of the file")
        return None
    if "edition" in shape.general:
        return _explicit(data[general], (general, shape.general["edition"]), shape, report)
    found = _marked_old(shape) if "backends" not in shape.general else _marked_new(shape, general)
    if found is None:
        report.error(shape.broken[0], "expected a table: it tells the edition of the file")
        return None
    edition, mark = found
    message = (
        f"read as edition {edition} of the format; `kernel-builder update-build` brings it to edition {WRITTEN_EDITION}"
    )
    report.note(mark, message, at_key=True)
    return edition


def _marked_new(shape: _Shape, general: str) -> tuple[int, KeyPath]:
    """The edition of a file with `general.backends`, and its mark."""
    is_newer = "torch-noarch" in shape.tables or "source" in shape.general
    if is_newer or any(key in shape.framework for key in _NEW_FRAMEWORK):
        return IMPLICIT_EDITION, (general,)
    is_bare = not shape.has_framework and not shape.components
    if is_bare or "version" not in shape.general:
        return 3, (general,)
    return IMPLICIT_EDITION, (general,)


def _marked_old(shape: _Shape) -> tuple[int, KeyPath] | None:
    """The edition of a file without `general.backends`, and its mark; `None` when a broken table had the marks."""
    general = shape.tables["general"]
    if "universal" in shape.framework:
        return 1, (shape.native, shape.framework["universal"])
    for path, keys in shape.components.items():
        if "language" in keys:
            return 1, (*path, keys["language"])
    for key in _OLD_GENERAL:
        if key in shape.general:
            return 2, (general, shape.general[key])
    readable = [path for path in shape.components if path not in shape.broken]
    if "version" in shape.general or "license" in shape.general or not (readable or shape.broken):
        return IMPLICIT_EDITION, (general,)
    if not readable:
        return None
    backends = [(*path, keys["backend"]) for path, keys in shape.components.items() if "backend" in keys]
    return (2, backends[0]) if backends else (1, readable[0])


def _explicit(general: dict[str, Any], path: KeyPath, shape: _Shape, report: Report) -> int | None:
    edition = general[str(path[-1])]
    if path[-1] != "edition":
        report.error(path, "unknown key", suggestion="edition", at_key=True)
    if isinstance(edition, bool) or not isinstance(edition, int):
        report.error(path, f"expected an integer, such as {WRITTEN_EDITION}")
        return _spelled(edition, shape, has_list=isinstance(general.get("upstream"), list))
    if IMPLICIT_EDITION < edition <= NEWEST_EDITION:
        return edition
    if edition > NEWEST_EDITION:
        message = f"edition {edition} is newer than this version of kernel-builder, which reads {_READ}: update it"
    elif edition > 0:
        message = (
            f"files of edition {edition} have no key `edition`: leave it out, and run `kernel-builder update-build`"
        )
    else:
        message = f"there is no such edition: use {WRITTEN_EDITION}"
    report.error(path, message)
    return None


_READ = f"the editions 1 to {NEWEST_EDITION}"


def _spelled(edition: Any, shape: _Shape, *, has_list: bool) -> int:
    """The edition to read on with after a value of the wrong type: what it spells, or what the file looks like."""
    for known in range(IMPLICIT_EDITION + 1, NEWEST_EDITION + 1):
        if str(edition).strip() in {f"{known}", f"{known}.0"}:
            return known
    looks_newest = has_list or any("language" in keys for keys in shape.components.values())
    return NEWEST_EDITION if looks_newest else WRITTEN_EDITION
