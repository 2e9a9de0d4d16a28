"""Unpacks a wheel, and holds each file against the wheel's own list of digests (RECORD, as PEP 427 has it)."""

import base64
import csv
import hashlib
import io
import zipfile
from pathlib import Path, PurePosixPath

from kernel_builder.errors import ToolchainError

__all__ = ["unpack_wheel"]

_CHUNK = 1 << 20
#: Are not in the list, or have no digest there: the list itself, and signatures of it.
_UNLISTED = ("RECORD", "RECORD.jws", "RECORD.p7s")


def unpack_wheel(wheel: Path, folder: Path) -> None:
    """Unpack the files of a wheel into a folder.

    Raises:
        ToolchainError: when the wheel is no archive, or a file is missing in its RECORD or differs from it.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            digests = _read_record(archive)
            for entry in archive.infolist():
                if not entry.is_dir():
                    _unpack(archive, entry, folder, digests)
    except (zipfile.BadZipFile, ValueError) as error:
        raise _damaged(wheel.name, str(error)) from None


def _read_record(archive: zipfile.ZipFile) -> dict[str, str]:
    """File → `sha256=…`, as the wheel lists it."""
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/RECORD") and name.count("/") == 1]
    rows = csv.reader(io.StringIO(archive.read(name).decode("utf-8"), newline=""))
    return {row[0]: row[1] for row in rows if row}


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, digests: dict[str, str]) -> None:
    name = PurePosixPath(entry.filename)
    if name.is_absolute() or ".." in name.parts or "\\" in entry.filename or ":" in entry.filename:
        raise _damaged(str(archive.filename), f"{entry.filename} is no path within it")
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with archive.open(entry) as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
    if name.name in _UNLISTED and name.parent.name.endswith(".dist-info"):
        return
    expected = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode("ascii")
    if digests.get(entry.filename) != f"sha256={expected}":
        raise _damaged(str(archive.filename), f"{entry.filename} is not what its RECORD names")
    if entry.external_attr >> 16 & 0o111:
        target.chmod(0o755)


def _damaged(wheel: str, why: str) -> ToolchainError:
    message = f"{Path(wheel).name} is damaged: {why}; it was not kept"
    return ToolchainError(message, hint="Try it once more; if it stays so, tell whoever runs the package index.")
