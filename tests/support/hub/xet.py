"""The Xet half of the Hub: a content store in a folder, which the Xet client reads and writes itself (`local://`).

Only one process at a time can have the folder open, so the server opens it within one request and not for longer.
"""

import importlib
import struct
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

__all__ = ["XetStore"]

_HEADER = 48
_RECORD = 48
_NAME = 32
_WITH_VERIFICATION = 1 << 31
_WITH_METADATA = 1 << 30
_END = b"\xff" * _NAME


def _text(name: bytes) -> str:
    """A hash as Xet writes it: four little-endian numbers of 64 bits, in hex."""
    return "".join(f"{number:016x}" for number in struct.unpack("<4Q", name))


def _files_of(shard: bytes) -> Iterator[tuple[str, str]]:
    """The sha256 and the Xet hash of the files that a shard describes.

    A header, then for each file: its hash, flags and number of segments; the segments; where flags say so, as many
    records of verification and one with the sha256. All records have 48 bytes; a hash of ones ends the list. Source:
    shards that hf-xet 1.8.0 wrote.
    """
    at = _HEADER
    while (name := shard[at : at + _NAME]) != _END:
        flags, segments = struct.unpack_from("<II", shard, at + _NAME)
        at += _RECORD * (1 + segments * (2 if flags & _WITH_VERIFICATION else 1))
        if flags & _WITH_METADATA:
            yield _text(shard[at : at + _NAME]), _text(name)
            at += _RECORD


class XetStore:
    """Files by content, in a folder; needs the package `hf_xet`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def _session(self) -> Any:
        # Made when it is used: Xet looks at HF_HOME, for its logs, once in a process.
        return importlib.import_module("hf_xet").XetSession()

    @property
    def url(self) -> str:
        """What the Xet client takes as the address of the store."""
        return f"local://{self.folder}"

    def add(self, content: bytes, sha256: str) -> None:
        """Keep a file."""
        with self._session.new_upload_commit(endpoint=self.url) as commit:
            commit.start_upload_bytes(content, sha256=sha256)

    def hash_of(self, sha256: str) -> str | None:
        """The Xet hash of a file that the store has."""
        for shard in (self.folder / "xet" / "xorbs" / "shards").glob("*.mdb"):
            known = dict(_files_of(shard.read_bytes()))
            if sha256 in known:
                return known[sha256]
        return None

    def read(self, sha256: str, size: int) -> bytes | None:
        """The content of a file that the store has."""
        name = self.hash_of(sha256)
        if name is None:
            return None
        info = importlib.import_module("hf_xet").XetFileInfo(name, size)
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "content"
            with self._session.new_file_download_group(endpoint=self.url) as group:
                group.start_download_file(info, str(target))
            return target.read_bytes()
