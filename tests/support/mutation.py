"""Files damaged at random, but always in the same way: mutation of the parts that a reader goes by."""

import random
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from support.elf_edit import Place

__all__ = ["Seed", "mutations"]

_WIDTHS = {1: "B", 2: "H", 4: "I", 8: "Q"}
_MOST_CHANGES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A sound file.

    Attributes:
        name: what it is.
        data: its bytes.
        places: its parts by name; numbers are changed within them.
    """

    name: str
    data: bytes
    places: Mapping[str, Place]


def mutations(seeds: Sequence[Seed], count: int, start: int) -> Iterator[tuple[str, bytes]]:
    """Damaged files, of each seed in turn.

    Args:
        seeds: the files.
        count: how many.
        start: what decides all of them, and so which they are.

    Yields:
        What it is, with which it can be made again, and its bytes.
    """
    for number in range(count):
        seed = seeds[number % len(seeds)]
        # One random number after another would make a file depend on all before it.
        chance = random.Random(start * 1_000_003 + number)  # noqa: S311 - nothing is kept secret
        data = bytearray(seed.data)
        for _ in range(chance.randint(1, _MOST_CHANGES)):
            chance.choices((_number, _flip, _byte, _move, _cut), (12, 3, 2, 2, 1))[0](chance, data, seed)
        yield f"{seed.name} {start}/{number}", bytes(data)


def _spot(chance: random.Random, data: bytearray, seed: Seed, width: int) -> int:
    """A place for a number in one of the parts, which are hit equally often, however large they are."""
    place = chance.choice(list(seed.places.values()))
    at = place.start + chance.randrange(max(1, place.size)) // width * width
    return max(0, min(at, len(data) - width))


def _number(chance: random.Random, data: bytearray, seed: Seed) -> None:
    """One of the numbers that readers stumble over."""
    width = min(chance.choice(list(_WIDTHS)), max(1, len(data)).bit_length())
    width = max(one for one in _WIDTHS if one <= width)
    if len(data) < width:
        return
    layout = chance.choice("<>") + _WIDTHS[width]
    at = _spot(chance, data, seed, width)
    old = struct.unpack_from(layout, data, at)[0]
    most = (1 << 8 * width) - 1
    extremes = (0, 1, most, most >> 1, (most >> 1) + 1, most - 7, len(data), len(data) - 1, len(data) + 1, 1 << 16)
    near = (old + 1, old - 1, old * 2, old ^ 1 << chance.randrange(8 * width), chance.randrange(len(seed.data)))
    struct.pack_into(layout, data, at, chance.choice((*extremes, *near)) & most)


def _flip(chance: random.Random, data: bytearray, seed: Seed) -> None:
    if data:
        data[_spot(chance, data, seed, 1)] ^= 1 << chance.randrange(8)


def _byte(chance: random.Random, data: bytearray, _: Seed) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)


def _move(chance: random.Random, data: bytearray, seed: Seed) -> None:
    """Some bytes of one part take the place of those of another."""
    size = chance.choice((4, 8, 16, 24, 56))
    source, target = _spot(chance, data, seed, 1), _spot(chance, data, seed, 1)
    data[target : target + size] = data[source : source + min(size, len(data) - target)]


def _cut(chance: random.Random, data: bytearray, _: Seed) -> None:
    del data[chance.randrange(len(data) + 1) :]
