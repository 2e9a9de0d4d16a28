"""Looks at plain TOML data that may have any shape."""

from collections.abc import Iterator
from typing import Any

__all__ = ["backends", "components", "table", "texts"]


def table(data: Any, *keys: str) -> dict[str, Any]:
    """The table at the end of `keys`; empty when there is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def texts(value: Any) -> Iterator[tuple[int, str]]:
    """The strings of an array, each with its index; none when the value is no array."""
    items = value if isinstance(value, list) else []
    return ((index, item) for index, item in enumerate(items) if isinstance(item, str))


def components(data: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tables `[kernel.<id>]`, each with its id, in the order of the file."""
    return ((name, value) for name, value in table(data, "kernel").items() if isinstance(value, dict))


def backends(data: Any) -> set[str]:
    """What `general.backends` lists."""
    return {backend for _, backend in texts(table(data, "general").get("backends"))}
