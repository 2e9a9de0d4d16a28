"""Releases of small files, and a client that does not wait."""

import time
from collections.abc import Mapping
from hashlib import sha1, sha256
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub.utils import _http
from support.builds import make_build

from kernel_builder.publish import failures, upload
from kernel_builder.publish.model import LocalFile, Release, UploadProgress
from kernels.metadata import read_metadata

__all__ = ["VARIANT", "Reports", "impatient", "make_release"]

VARIANT = "torch-cpu"


class Reports(list[UploadProgress]):
    """Keeps what an upload reports."""

    def __call__(self, progress: UploadProgress) -> None:
        """Keep it."""
        self.append(progress)


def make_release(
    folder: Path, files: Mapping[str, bytes], *, card: str | None = None, variant: str = VARIANT, version: int = 1
) -> Release:
    """A release with one build.

    Args:
        folder: a place for its files.
        files: path within the build → contents, beside what each build has.
        card: the text of the card.
        variant: the name of the build.
        version: that of the kernel.
    """
    tree = folder / "build" / variant
    for path, contents in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(contents)
    make_build(tree, version=version)
    if card is not None:
        (folder / "CARD.md").write_text(card, "utf-8")
    paths = sorted(path for path in tree.rglob("*") if path.is_file())
    return Release(
        builds={variant: tree},
        metadata={variant: read_metadata(tree)},
        version=version,
        files=tuple(_local(path, f"build/{variant}/{path.relative_to(tree).as_posix()}") for path in paths),
        card=_local(folder / "CARD.md", "README.md") if card is not None else None,
    )


def _local(source: Path, path: str) -> LocalFile:
    contents = source.read_bytes()
    return LocalFile(
        path=path,
        source=source,
        size=len(contents),
        sha256=sha256(contents).hexdigest(),
        blob_id=sha1(b"blob %d\0%b" % (len(contents), contents)).hexdigest(),  # noqa: S324 - as git does
    )


def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let neither the builder nor the client wait before they ask again; gives the seconds that it would have been.

    Those of the client are not among them.
    """
    waits: list[float] = []
    for module in (failures, upload):
        monkeypatch.setattr(module, "wait", waits.append)
    monkeypatch.setattr(_http, "time", SimpleNamespace(**{**vars(time), "sleep": lambda seconds: None}))
    return waits
