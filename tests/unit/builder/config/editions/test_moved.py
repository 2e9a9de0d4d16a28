"""Places of data that was made from other data."""

from kernel_builder.config.editions.moved import MovedPositions
from kernel_builder.config.positions import KeyPath, Position, locate

_TEXT = 'a = "x"\n[b]\nc = ["y"]\n'


def test_what_has_moved_keeps_its_place() -> None:
    """With all that is below it, also when it moves again; the longest path that has moved counts."""
    once = MovedPositions(locate(_TEXT), {("n",): ("b",), ("n", "a"): ("a",)})
    twice = MovedPositions(once, {("m", "d"): ("n",)})
    paths: list[KeyPath] = [("m", "d", "c", 0), ("m", "d", "a"), ("b", "c"), ("n", "new")]
    assert [("b", "c", 0), ("a",), ("b", "c"), ("b", "new")] == [twice.origin(path) for path in paths]
    assert [Position(3, 6), Position(1, 1), Position(3, 1), Position(2, 1)] == [twice.key(path) for path in paths]
    assert [Position(3, 6), Position(1, 5), Position(3, 5), Position(2, 1)] == [twice.value(path) for path in paths]


def test_the_paths_are_those_of_the_file() -> None:
    """What has moved is no other key of the file."""
    moved = MovedPositions(locate(_TEXT), {("n",): ("b",)})
    assert (list(locate(_TEXT)), True, False) == (list(moved), ("b",) in moved, ("n",) in moved)
