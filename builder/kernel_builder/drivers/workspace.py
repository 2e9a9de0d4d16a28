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

__all__ = ["Workspace"]


class Workspace:
    """The folder `.kernel-builder/<variant>`.

    Attributes:
        project: the rendered project.
        cmake: CMake's build folder.
        facts: the file with the facts of Torch.
        configured: whether CMake need not run again.
    """

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.cmake = folder / "cmake"
        self.facts = folder / "torch-facts.cmake"
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
        last = self._read_stamp()
        hashes = {str(path): _hash(path.read_bytes()) for path in sources}
        self._current = {"base": base, "files": _hash(json.dumps(files).encode()), "sources": hashes}
        if last.get("base") != base or self._changed_silently(last.get("sources", {}), hashes):
            self._stamp.unlink(missing_ok=True)
            _remove(self.cmake)
            last = {}
        self.configured = last.get("files") == self._current["files"] and (self.cmake / "build.ninja").is_file()
        self._write_project(files)

    def mark_configured(self) -> None:
        """Record, before the compiler starts, that CMake ran to its end and what is about to be compiled."""
        temporary = self._stamp.with_suffix(".tmp")
        temporary.write_text(json.dumps(self._current), "utf-8")
        temporary.replace(self._stamp)

    def _changed_silently(self, last: dict[str, str], now: dict[str, str]) -> bool:
        changed = [Path(path) for path, digest in now.items() if path in last and last[path] != digest]
        if not changed:
            return False
        compiled_at = self._stamp.stat().st_mtime_ns
        return any(path.stat().st_mtime_ns <= compiled_at for path in changed)

    def _write_project(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.project / name
            if path.is_file() and path.read_text("utf-8") == text:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="\n")
        # Nobody needs to commit this folder, whatever their .gitignore says.
        (self.project.parent.parent / ".gitignore").write_text("*\n", "utf-8")

    def _read_stamp(self) -> dict[str, Any]:
        try:
            stamp = json.loads(self._stamp.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}


def _hash(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()


def _remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
