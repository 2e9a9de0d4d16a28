"""Whether an ELF file defines a symbol: asked of its hash table, as the dynamic loader asks.

Source of the format: the GNU hash section as binutils writes it.
"""

from functools import cached_property

from kernel_builder.binary.elf import ElfFile

__all__ = ["Lookup"]

_DT_GNU_HASH = 0x6FFFFEF5
_SEED, _FACTOR, _MASK = 5381, 33, 0xFFFFFFFF
_GLOBAL_BINDINGS = (1, 2, 10)


class Lookup:
    """The symbols that a file defines for others.

    Args:
        elf: the file, which stays open meanwhile.
    """

    def __init__(self, elf: ElfFile) -> None:
        self._elf = elf
        address = elf.value(_DT_GNU_HASH)
        self._table = None if address is None else elf.offset_of(address)

    def defines(self, name: str) -> bool:
        """Whether the file defines a symbol, in any version.

        Raises:
            BinaryError: when its tables cannot be read.
        """
        if self._table is None:
            return name in self._names
        return self._in_table(name.encode("utf-8", "surrogateescape"), self._table)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(one.name for one in self._elf.symbols() if one.defined and one.binding != "local")

    def _in_table(self, name: bytes, table: int) -> bool:
        elf = self._elf
        buckets, first, bloom_words, _ = elf.unpack("IIII", table)
        if not buckets:
            return False
        value = _hash(name)
        start = table + 16 + bloom_words * (elf.bits // 8)
        index = elf.unpack("I", start + 4 * (value % buckets))[0]
        if index < first:
            return False
        chain = start + 4 * buckets - 4 * first
        for at in range(index, elf.symbol_table[1]):
            found = elf.unpack("I", chain + 4 * at)[0]
            if found | 1 == value | 1 and self._is_defined(at, name):
                return True
            if found & 1:
                return False
        return False

    def _is_defined(self, index: int, name: bytes) -> bool:
        elf = self._elf
        offset, _ = elf.symbol_table
        if elf.bits == 64:  # noqa: PLR2004 - the two classes of the format
            string, info, _, section = elf.unpack("IBBH", offset + 24 * index)
        else:
            string, _, _, info, _, section = elf.unpack("IIIBBH", offset + 16 * index)
        start = elf.string_table[0] + string
        return (
            bool(section) and info >> 4 in _GLOBAL_BINDINGS and elf.data[start : start + len(name) + 1] == name + b"\0"
        )


def _hash(name: bytes) -> int:
    value = _SEED
    for byte in name:
        value = value * _FACTOR + byte & _MASK
    return value
