"""Readers of libraries: bytes in, values out. They run nothing, and a hostile file ends in a `BinaryError`."""

__all__ = ["BinaryError"]


class BinaryError(ValueError):
    """The bytes are not what the file claims to be; the message names the file and what is wrong with it."""
