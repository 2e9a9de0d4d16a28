"""What kind of binary a file is."""

import sys
from pathlib import Path

import pytest
from support.macho_files import MachOParts, make_fat, make_macho

from kernel_builder.binary.kind import binary_kind

_MACHO = [make_macho(MachOParts(bits=bits, endian=endian)) for bits in (32, 64) for endian in "<>"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x7fELF\x02\x01\x01", "elf"),
        (b"MZ\x90\x00\x03", "pe"),
        *((data, "macho") for data in _MACHO),
        (make_fat(*_MACHO), "macho"),
        (make_fat(*_MACHO, wide=True), "macho"),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x41\x00\x10", None),
        (b"\xcf\xfa\xed\xfe", None),
        (b"#!/bin/sh", None),
        (b"!<arch>\n", None),
        (b"", None),
    ],
)
def test_first_bytes(tmp_path: Path, data: bytes, kind: str | None) -> None:
    """The first bytes tell the kind, of a file and of its bytes alike; a class of Java is no fat file."""
    path = tmp_path / "file.so"
    path.write_bytes(data)
    assert kind == binary_kind(data)
    assert kind == binary_kind(path)


def test_the_interpreter() -> None:
    """The Python that runs this is a binary of its system."""
    kinds = {"linux": "elf", "darwin": "macho", "win32": "pe"}
    assert kinds.get(sys.platform) == binary_kind(Path(sys.executable))
