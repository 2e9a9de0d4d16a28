"""The work folder of one variant's local builds, and what may be kept in it from one build to the next.

Ninja compiles again what is newer than its object. That is not enough where a file changed and did not become newer (a
copy that keeps times), or where the compiler or Torch changed in place; then the objects are thrown away.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kernel_builder.tree import check_places, install_text

__all__ = ["Workspace"]


class Workspace:
    """The folder `.kernel-builder/<variant>`.

    Attributes:
        project: the rendered project.
        cmake: CMake's build folder.
        configured: whether CMake need not run again.
    """

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.cmake = folder / "cmake"
        self.configured = False
        self._stamp = folder / "stamp.json"
        self._current: dict[str, Any] = {}

    def prepare(self, files: Mapping[str, str], *, base: list[str], sources: Iterable[Path]) -> None:
        """Write the rendered project and throw away what the last build left if it cannot be trusted.

        Args:
            files: the rendered project.
            base: everything that objects depend on beside the sources: tools, Torch, places.
            sources: the files that are compiled.
        """
        check_places(self.project.parent, self.project, self.cmake, *{(self.project / name).parent for name in files})
        last = self._read_stamp()
        hashes = _hash_files(sources)
        self._current = {"base": base, "files": _hash(json.dumps(files).encode()), "sources": hashes}
        if last.get("base") != base or self._changed_silently(last.get("sources", {}), hashes):
            self._stamp.unlink(missing_ok=True)
            if self.cmake.exists():
                shutil.rmtree(self.cmake)
            last = {}
        self.configured = last.get("files") == self._current["files"] and (self.cmake / "build.ninja").is_file()
        self._write_project(files)

    def mark_configured(self) -> None:
        """Record, before the compiler starts, that CMake ran to its end and what is about to be compiled."""
        install_text(self._stamp, json.dumps(self._current))

    def changed_meanwhile(self) -> list[str]:
        """The sources that are no longer what they were when the build began."""
        began: dict[str, str] = self._current["sources"]
        now = _hash_files(path for name in began if (path := Path(name)).is_file())
        return [name for name, digest in began.items() if now.get(name) != digest]

    def _changed_silently(self, last: dict[str, str], now: dict[str, str]) -> bool:
        changed = [Path(path) for path, digest in now.items() if path in last and last[path] != digest]
        if not changed:
            return False
        compiled_at = self._stamp.stat().st_mtime_ns
        return any(path.stat().st_mtime_ns <= compiled_at for path in changed)

    def _write_project(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.project / name
            if path.is_file() and not path.is_symlink() and path.read_text("utf-8") == text:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            install_text(path, text)
        # Nobody needs to commit this folder, whatever their .gitignore says.
        install_text(self.project.parent.parent / ".gitignore", "*\n")

    def _read_stamp(self) -> dict[str, Any]:
        try:
            stamp = json.loads(self._stamp.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}


def _hash_files(paths: Iterable[Path]) -> dict[str, str]:
    return {str(path): _hash(path.read_bytes()) for path in paths}


def _hash(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()
