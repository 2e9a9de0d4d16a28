"""Looking at data of any shape."""

from typing import Any

import pytest

from kernel_builder.config.plain import backends, components, table, texts


@pytest.mark.parametrize("data", [{}, {"general": 1}, {"general": {"backends": 1}}, {"kernel": []}, 7, None])
def test_any_shape_is_survived(data: Any) -> None:
    """What is not there or has another type is empty."""
    found = (table(data, "general", "cuda"), list(components(data)), backends(data))
    assert ({}, [], set()) == found


def test_what_is_there_is_found() -> None:
    """Tables and strings are found between values of other types."""
    data: dict[str, Any] = {"general": {"backends": ["cpu", 1, "cuda"]}, "kernel": {"a": {"x": 1}, "b": 2}}
    assert {"cpu", "cuda"} == backends(data)
    assert list(components(data)) == [("a", {"x": 1})]
    assert list(texts(data["general"]["backends"])) == [(0, "cpu"), (2, "cuda")]
