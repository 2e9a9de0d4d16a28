"""Mistakes in files of every edition: each is found where it is, and never makes the file one of another edition."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from support.editions import LATEST, data_of, seeded, written

from kernel_builder.config.findings import Finding
from kernel_builder.config.positions import KeyPath, dotted, locate
from kernel_builder.config.reader import read_text

_EDITIONS = range(1, LATEST + 1)
_FILES = 250

#: Tables whose keys are names that the author has chosen.
_FREE = (("kernel",),)


def _keys(data: dict[str, Any], path: KeyPath = ()) -> Iterator[KeyPath]:
    for key, value in data.items():
        if path not in _FREE:
            yield (*path, key)
        if isinstance(value, dict):
            yield from _keys(value, (*path, key))


def _at(data: dict[str, Any], path: KeyPath) -> Any:
    for part in path:
        data = data[str(part)]
    return data


def _replace(data: dict[str, Any], path: KeyPath, key: str, value: Any) -> None:
    """Put another key and value in the place of those of a path, at the same place of its table."""
    table = _at(data, path[:-1])
    items = [(key, value) if old == path[-1] else (old, kept) for old, kept in table.items()]
    table.clear()
    table.update(items)


def _misspelled(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    return rng.choice(
        [word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:], word + "x", word[:at] + "q" + word[at:]]
    )


def _errors(text: str, *editions: int | None) -> list[Finding]:
    """The errors of a file that cannot be used, and is of one of some editions."""
    result = read_text(text)
    assert result.config is None
    assert result.edition in editions, text
    return [finding for finding in result.findings if finding.severity == "error"]


@pytest.mark.parametrize("edition", _EDITIONS)
def test_a_misspelled_key_is_found_where_it_stands(edition: int) -> None:
    """In a key or the name of a table, a letter too few or too many is one error there, with what was meant."""
    for rng in seeded(_FILES):
        data = data_of(edition, rng)
        path = rng.choice([path for path in _keys(data) if len(str(path[-1])) > 3])
        misspelled = _misspelled(str(path[-1]), rng)
        _replace(data, path, misspelled, _at(data, path))
        text = written(data, rng)
        at = (*path[:-1], misspelled)
        place = locate(text).key(at)
        found = {(it.key, it.line, it.column, it.suggestion) for it in _errors(text, edition)}
        assert {(dotted(at), *place, path[-1])} == found, text


@pytest.mark.parametrize("edition", _EDITIONS)
def test_a_value_of_the_wrong_type_is_found_where_it_stands(edition: int) -> None:
    """No key takes a float: one in the place of any value, also of a table, is one error there."""
    for rng in seeded(_FILES):
        data = data_of(edition, rng)
        path = rng.choice(list(_keys(data)))
        # A table may have had the only marks of an old edition: then nothing is said but that it is no table.
        untold = None if isinstance(_at(data, path), dict) else edition
        _replace(data, path, str(path[-1]), 1.5)
        text = written(data, rng)
        place = locate(text).value(path)
        found = {(it.key, it.line, it.column) for it in _errors(text, edition, untold)}
        assert {(dotted(path), *place)} == found, text


def _without(table: str, edition: int) -> Iterator[tuple[dict[str, Any], str]]:
    """Files of an edition that have lost a table: the data that they had, and what is left of them."""
    for rng in seeded(_FILES):
        data = data_of(edition, rng)
        lost = next((key for key in data if key not in {"general", "kernel"}), None) if table == "framework" else table
        if lost in data:
            yield data, written({key: value for key, value in data.items() if key != lost}, rng)


@pytest.mark.parametrize("edition", _EDITIONS)
def test_a_file_without_general_is_told_so_and_nothing_else(edition: int) -> None:
    """The table has the marks of the editions, so that the rest is not judged by the rules of one."""
    for _, text in _without("general", edition):
        assert ["1:1 general: missing table"] == [
            f"{it.line}:{it.column} {it.key}: {it.message}" for it in _errors(text, None)
        ]


def _is_whole_without_framework(edition: int, data: dict[str, Any]) -> bool:
    """Whether a Python-only file has lost nothing that would show: the older editions did without a framework."""
    if "kernel" in data:
        return False
    return edition in {1, 2} or (edition == 4 and "source" not in data["general"])


@pytest.mark.parametrize("edition", _EDITIONS)
def test_a_file_without_framework_is_told_so_and_never_taken_for_python_only(edition: int) -> None:
    """A lost `[torch]` leaves the file what it was, and is asked for at the file as a whole."""
    count = 0
    for data, text in _without("framework", edition):
        if not _is_whole_without_framework(edition, data):
            count += 1
            assert [(1, 1, "")] == [(it.line, it.column, it.key) for it in _errors(text, edition)], text
    assert count > 100


@pytest.mark.parametrize("edition", range(3, LATEST + 1))
def test_a_file_without_components_is_told_what_is_not_built(edition: int) -> None:
    """Each backend that has lost its component is named, at its place, and the framework stays."""
    for data, text in _without("kernel", edition):
        result = read_text(text)
        assert result.config is not None
        expected = [f"general.backends[{index}]" for index, _ in enumerate(data["general"]["backends"])]
        found = [it.key for it in result.findings if "nothing is built for it" in it.message]
        assert (edition, expected, True) == (result.edition, found, result.config.framework_key in data)
