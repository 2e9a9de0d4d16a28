"""Where lifted data stands in the file."""

from collections.abc import Iterator, Mapping

from kernel_builder.config.positions import KeyPath, Position, Positions

__all__ = ["MovedPositions"]


class MovedPositions(Positions):
    """The places of data that was made from other data, for which there are positions.

    Args:
        inner: the places of that other data.
        moves: new path → old path, for each path that has moved with all that is below it.
    """

    def __init__(self, inner: Positions, moves: Mapping[KeyPath, KeyPath]) -> None:
        super().__init__()
        self._inner = inner
        self._moves = dict(moves)

    def key(self, path: KeyPath) -> Position:
        """Where the key stands that the key of `path` was made from."""
        return self._inner.key(self._old(path))

    def value(self, path: KeyPath) -> Position:
        """Where the value begins that the value of `path` was made from."""
        return self._inner.value(self._old(path))

    def origin(self, path: KeyPath) -> KeyPath:
        """The path of the file that `path` was made from."""
        return self._inner.origin(self._old(path))

    def _old(self, path: KeyPath) -> KeyPath:
        for length in range(len(path), 0, -1):
            if path[:length] in self._moves:
                return (*self._moves[path[:length]], *path[length:])
        return path

    def __iter__(self) -> Iterator[KeyPath]:
        return iter(self._inner)

    def __contains__(self, path: object) -> bool:
        return path in self._inner
