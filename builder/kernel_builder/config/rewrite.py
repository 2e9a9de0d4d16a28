"""Brings the text of a `build.toml` to a newer edition: what has to change changes, all else stays as it is.

What the text has to say afterwards is what `kernel_builder.config.editions.lift` makes of it: this module compares the
data before and after, table by table, and edits the text by the differences. So there is one place that knows the
editions, and the result is checked against it before anybody sees it.
"""

import copy
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kernel_builder.config.document import ReadResult
from kernel_builder.config.editions.components import language_6
from kernel_builder.config.editions.detect import IMPLICIT_EDITION
from kernel_builder.config.editions.lift import lift
from kernel_builder.config.model import FRAMEWORKS
from kernel_builder.config.plain import table
from kernel_builder.config.positions import KeyPath, Positions, locate
from kernel_builder.config.reader import read_text, refusal
from kernel_builder.config.report import NEWEST_EDITION, Report
from kernel_builder.config.syntax import parse
from kernel_builder.config.toml_edit import TomlEditor, as_toml, comments
from kernel_builder.errors import ConfigError, InternalError

__all__ = ["TARGET_EDITIONS", "rewrite"]

#: The editions that a file can be brought to.
TARGET_EDITIONS = tuple(range(IMPLICIT_EDITION, NEWEST_EDITION + 1))

#: The keys that may have to be inserted in [general], each after the last of those before it that is there.
_ORDER = ("name", "version", "edition", "license", "backends")


def rewrite(text: str, edition: int, *, license_id: str | None = None) -> str:
    """Bring the text of a `build.toml` to an edition.

    Args:
        text: the file; it has no error.
        edition: one of `TARGET_EDITIONS`.
        license_id: the license of a kernel that names none.

    Returns:
        The new text; the same one when it is of that edition or a newer one.

    Raises:
        ConfigError: when the file has an error, or needs a license and `license_id` is `None`.
        InternalError: when the result would not say the same.
    """
    before = read_text(text)
    if before.config is None or before.edition is None:
        raise refusal(Path(), before)
    if before.edition >= edition:
        return text
    change = _change(text, before.edition, edition, license_id)
    editor = TomlEditor(text)
    _edit(editor, change)
    result = editor.text()
    general = replace(before.config.general, license=before.config.general.license or license_id)
    expected = replace(before, config=replace(before.config, general=general), edition=edition)
    _verify(read_text(result), expected, lost=Counter(comments(text)) - Counter(comments(result)))
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What a text says and what it has to say.

    Attributes:
        old: the data of the text.
        new: the data that it is to have.
        positions: know the old path of each new one.
    """

    old: dict[str, Any]
    new: dict[str, Any]
    positions: Positions

    def source(self, path: KeyPath) -> KeyPath:
        """The path in the text that the key of a new path was made from."""
        *start, key = path
        return self.positions.origin((*start, "backend") if key == "language" else path)


def _change(text: str, edition: int, target: int, license_id: str | None) -> _Change:
    old = parse(text)
    assert isinstance(old, dict)  # noqa: S101 - the text was read before
    report = Report(locate(text), edition)
    new = copy.deepcopy(lift(old, report))
    general = new["general"]
    if target > IMPLICIT_EDITION:
        general["edition"] = target
    if license_id is not None and "license" not in general:
        general["license"] = license_id
    if target > IMPLICIT_EDITION and "license" not in general:
        message = f"general.license is missing, which edition {target} requires"
        raise ConfigError(
            message, hint="Pass --license ID, such as `kernel-builder update-build --license Apache-2.0`."
        )
    if target == NEWEST_EDITION and "kernel" in new:
        new["kernel"] = {name: _with_language(component) for name, component in new["kernel"].items()}
    return _Change(old=old, new=new, positions=report.positions)


def _with_language(component: dict[str, Any]) -> dict[str, Any]:
    return {
        "language" if key == "backend" else key: language_6(value) if key == "backend" else value
        for key, value in component.items()
    }


def _edit(editor: TomlEditor, change: _Change) -> None:
    general = _edit_table(editor, change, ("general",), ("general",))
    for anchor, statements in _anchored(general, change).items():
        editor.insert_after(("general", anchor), statements)
    for framework in FRAMEWORKS:
        if framework in change.new:
            _edit_framework(editor, change, framework)
    _edit_components(editor, change)


def _edit_components(editor: TomlEditor, change: _Change) -> None:
    halves: dict[str, tuple[str, dict[str, str]]] = {}
    moved: dict[str, set[str]] = {}
    for name, component in table(change.new, "kernel").items():
        source = str(change.source(("kernel", name))[-1])
        if source != name:
            moved[source] = component.keys() - change.new["kernel"][source].keys()
            halves[source] = name, _half(editor, change, name, moved[source])
    for name in table(change.old, "kernel"):
        path: KeyPath = ("kernel", name)
        missing = _edit_table(editor, change, path, path, moved=moved.get(name, set()))
        if missing:
            editor.insert_first(path, missing)
        if name in halves:
            editor.copy_table(path, *halves[name])


def _edit_table(
    editor: TomlEditor, change: _Change, old_path: KeyPath, new_path: KeyPath, *, moved: Collection[str] = ()
) -> dict[str, str]:
    """Change, rename and remove keys of a table; give those that have to be inserted, key → TOML.

    The comments of the keys that have moved elsewhere have moved with them.
    """
    old, new = _at(change.old, old_path), _at(change.new, new_path)
    gone = old.keys() - new.keys()
    missing: dict[str, str] = {}
    for key, value in new.items():
        source = change.source((*new_path, key))
        if key in old:
            if value != old[key]:
                editor.set((*old_path, key), value)
        elif isinstance(value, dict):
            # A table of keys that stood in this one: each stays where it is, as a dotted key.
            sources = {inner: change.source((*new_path, key, inner)) for inner in value}
            for inner, place in sources.items():
                editor.rename(place, f"{key}.{inner}")
            gone -= {str(place[-1]) for place in sources.values()}
        elif source[:-1] == old_path and source[-1] in gone:
            editor.rename(source, key, None if value == old[source[-1]] else value)
            gone.discard(str(source[-1]))
        else:
            missing[key] = as_toml(value)
    for key in sorted(gone):
        editor.remove((*old_path, key), keep_comments=key not in moved)
    return missing


def _anchored(missing: dict[str, str], change: _Change) -> dict[str, dict[str, str]]:
    """Keys that are missing in [general], by the key that they are to follow."""
    found: dict[str, dict[str, str]] = {}
    anchor = _ORDER[0]
    for key in _ORDER:
        if key in missing:
            found.setdefault(anchor, {})[key] = missing[key]
        elif key in change.old["general"]:
            anchor = key
    return found


def _edit_framework(editor: TomlEditor, change: _Change, name: str) -> None:
    source = str(change.source((name,))[0])
    if source in FRAMEWORKS:
        _edit_table(editor, change, (source,), (name,))
        if source != name:
            editor.rename_table(source, name)
    if name not in editor:
        editor.append_table(name)


def _half(editor: TomlEditor, change: _Change, name: str, moved: Collection[str]) -> dict[str, str]:
    """The statements of the new one of the two components that one of edition 1 is divided into."""
    statements: dict[str, str] = {}
    for key, value in change.new["kernel"][name].items():
        place = change.source(("kernel", name, key))
        if _at(change.old, place) != value:
            statements[key] = as_toml(value)
        else:
            statements[key] = editor.spelled(place, with_comment=key in moved)
    return statements


def _at(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _verify(after: ReadResult, expected: ReadResult, *, lost: Counter[str]) -> None:
    """Make sure that a new text says the same.

    Raises:
        InternalError: when it does not.
    """
    known = {finding.message for finding in expected.findings}
    found = [str(it) for it in after.findings if it.severity != "note" and it.message not in known]
    if after.edition == expected.edition and after.config == expected.config and not found and not lost:
        return
    reasons = [f"comments would be lost: {', '.join(lost)}"] if lost else found or ["it would not say the same"]
    message = f"internal error: the file cannot be updated without harm, and stays as it is: {'; '.join(reasons)}"
    raise InternalError(message)
