"""Unpack a wheel: `wheel.py SITE_PACKAGES WHEEL`; its scripts go to `bin` beside `lib`, where they are programs."""

import stat
import sys
import zipfile
from pathlib import Path


def unpack(site: Path, wheel: Path) -> None:
    """Unpack a wheel; the installed files have the modes of the archive."""
    prefix = site.parents[2]
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if member.is_dir():
                continue
            path = _place(site, prefix, member.filename)
            if path is None:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(member))
            if (member.external_attr >> 16) & stat.S_IXUSR or path.parent == prefix / "bin":
                path.chmod(0o755)


def _place(site: Path, prefix: Path, name: str) -> "Path | None":
    top, _, rest = name.partition("/")
    if not top.endswith(".data"):
        return site / name
    kind, _, rest = rest.partition("/")
    folders = {"purelib": site, "platlib": site, "scripts": prefix / "bin", "data": prefix}
    return folders[kind] / rest if kind in folders else None


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
