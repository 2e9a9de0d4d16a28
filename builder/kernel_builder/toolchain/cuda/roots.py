"""Toolkits that come as Python packages, made into what CMake and nvcc can link from.

The packages have `lib` where nvcc looks into `lib64`, and `libcudart.so.13` where linkers look for `libcudart.so`. The
folder that is made here has links to all that they have, under both names. Its `bin` is a folder of links and not a
link: nvcc finds its toolkit beside the folder that it was called from.
"""

from hashlib import sha256
from pathlib import Path

from kernel_builder.toolchain.made import make_once

__all__ = ["rooted"]

_FOLDER = "cuda-roots"


def rooted(root: Path, cache: Path) -> Path:
    """The root of a toolkit that can be linked from: its own, or one of links that is made once and kept.

    Args:
        root: the folder of a toolkit.
        cache: the folder for toolchains.

    Raises:
        OSError: when the cache cannot be written.
    """
    libraries = sorted((root / "lib").glob("libcudart.so.*"))
    if not libraries or (root / "lib" / "libcudart.so").exists():
        return root
    return make_once(cache / _FOLDER / _key(root), lambda stage: _link(root.absolute(), stage))


def _key(root: Path) -> str:
    """What the packages hold, as far as there are links to it."""
    digest = sha256(str(root.absolute()).encode())
    for path in sorted(path for name in ("bin", "lib", ".") for path in (root / name).iterdir()):
        facts = path.stat()
        digest.update(f"\n{path.relative_to(root)} {facts.st_size} {facts.st_mtime_ns}".encode())
    return digest.hexdigest()[:32]


def _link(root: Path, stage: Path) -> None:
    for path in root.iterdir():
        if path.name not in ("bin", "lib", "lib64"):
            (stage / path.name).symlink_to(path)
    for folder in ("bin", "lib"):
        (stage / folder).mkdir()
        for path in (root / folder).iterdir():
            (stage / folder / path.name).symlink_to(path)
    for library in sorted((root / "lib").glob("lib*.so.*")):
        link = stage / "lib" / f"{library.name.partition('.so.')[0]}.so"
        if not link.is_symlink():
            link.symlink_to(library.name)
    (stage / "lib" / "stubs").mkdir(exist_ok=True)
    (stage / "lib64").symlink_to("lib")
