"""Small wheels of Torch, with all that a build asks of one, and little else."""

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["make_index", "make_wheel", "place_torch"]

_FILES = {
    "torch/__init__.py": "raise ImportError('a stand-in')\n",
    "torch/include/torch/library.h": "",
    "torch/lib/libtorch.so": "",
    "torch/bin/tool": "#!/bin/sh\n",
}


def make_wheel(
    folder: Path,
    version: str = "2.13.0",
    *,
    says: str | None = None,
    files: Mapping[str, bytes] | None = None,
    record: Mapping[str, str] | None = None,
) -> Path:
    """Make a wheel of Torch.

    Args:
        folder: where to make it.
        version: its version in the name of the file and in its metadata.
        says: the version in `torch/version.py`; by default the same. A local part such as `+cu130` says what it is for.
        files: more files, or others.
        record: contents of files as RECORD is to name them, where these are not what the wheel has.
    """
    folder.mkdir(parents=True, exist_ok=True)
    info = f"torch-{version}.dist-info"
    texts = {
        **_FILES,
        "torch/version.py": _version_py(says or version),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
    }
    contents = {**_encoded(texts), **(files or {})}
    listed = {**contents, **_encoded(record or {})}
    lines = [f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in listed.items()]
    path = folder / f"torch-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**contents, f"{info}/RECORD": "".join([*lines, f"{info}/RECORD,,\n"]).encode()}.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if name.startswith("torch/bin/") else 0o644) << 16
            archive.writestr(entry, data)
    return path


def make_index(folder: Path, *wheels: Path) -> str:
    """Make a package index of wheels in a folder, as PEP 503 has it; its address."""
    links = []
    (folder / "torch").mkdir(parents=True)
    for wheel in wheels:
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        links.append(f'<a href="{wheel.as_uri().replace("+", "%2B")}#sha256={digest}">{wheel.name}</a><br>')
    (folder / "torch" / "index.html").write_text(f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>", "utf-8")
    return folder.as_uri()


def place_torch(folder: Path, version: str) -> Path:
    """Make a folder with a Torch that cannot be imported, as it would be on a path for imports."""
    for name, text in {**_FILES, "torch/version.py": _version_py(version)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def _version_py(version: str) -> str:
    local = version.partition("+")[2]
    is_cuda = local.removeprefix("cu").isdigit()
    cuda = f"{local[2:-1]}.{local[-1]}" if is_cuda else None
    return f"__version__ = {version!r}\ncuda = {cuda!r}\nhip = None\nxpu = None\n"


def _encoded(texts: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in texts.items()}


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
