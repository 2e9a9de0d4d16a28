"""Downloads Torches into our cache, and never into an environment.

`wheels.json` names the wheels of the registry with the digests of their files. A wheel that is not among them is taken
as its index gives it, with the digest that the index has. In either case each file has to be the one that the wheel's
own RECORD names, and what Torch says of itself has to be what was asked for.
"""

import json
import platform
import shutil
from collections.abc import Callable
from functools import cache as cached
from pathlib import Path

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.made import make_once
from kernel_builder.toolchain.pip import Listener, run_pip
from kernel_builder.toolchain.torch import find_torch
from kernel_builder.toolchain.torches.store import python_tag, torch_folder
from kernel_builder.toolchain.torches.unpack import unpack_wheel
from kernel_builder.toolchain.torches.wanted import WantedTorch
from kernel_builder.tree import install_text
from kernels.variant import Platform

__all__ = ["fetch_torch"]

#: What would let another wheel of the same version go before that of an index that is named.
_OTHER_PLACES = ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX")
_DOWNLOADS = "downloads"
_NOBODY = Listener()


def fetch_torch(wanted: WantedTorch, cache: Path, *, index: str | None = None, listener: Listener = _NOBODY) -> Path:
    """Download a Torch without what it depends on (0.2 to 0.9 GB), and unpack it into the cache.

    Args:
        wanted: what it has to be.
        cache: the folder for Torches.
        index: the address of a package index; by default the registry that pip is set up with.
        listener: who is told.

    Returns:
        The folder that has it, to be put on PYTHONPATH.

    Raises:
        ToolchainError: when it cannot be had, or what came is not what was asked for.
        ProcessError: when pip fails.
        OSError: when the cache cannot be written.
    """

    def make(stage: Path) -> None:
        listener.on_stage(f"download {wanted}")
        wheel = _download(wanted, stage / _DOWNLOADS, index, listener.on_line)
        listener.on_stage(f"unpack {wheel.name}")
        unpack_wheel(wheel, stage)
        shutil.rmtree(stage / _DOWNLOADS)
        _verify(wanted, stage, wheel.name)

    return make_once(torch_folder(cache, wanted), make, listener.on_wait)


def _download(wanted: WantedTorch, folder: Path, index: str | None, on_line: Callable[[str], None]) -> Path:
    folder.mkdir()
    known = None if index else _known(wanted)
    requirements = folder / "requirements.txt"
    # "===" leaves out wheels of the same version that are for something else, such as 2.13.0+cpu in a folder of wheels.
    line = f"torch==={known['version']} --hash=sha256:{known['sha256']}" if known else f"torch=={wanted.release}.*"
    install_text(requirements, f"{line}\n")
    run_pip(
        [
            "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--dest", folder,
            *(["--index-url", index] if index else []), "--requirement", requirements,
        ],
        what=str(wanted),
        scratch=folder / "scratch",
        on_line=on_line,
        env=dict.fromkeys(_OTHER_PLACES) if index else None,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    return wheel


def _known(wanted: WantedTorch) -> dict[str, str] | None:
    """The wheel of the registry that is wanted; `None` when it is not known to have one."""
    host = str(Platform.of(platform.machine(), platform.system()))
    for wheel in _table():
        is_here = wheel["python"] == python_tag() and wheel["platform"] == host
        is_it = wheel["version"].startswith(f"{wanted.release}.") and wheel["compute"] == wanted.compute.tag
        if is_here and is_it:
            return wheel
    return None


@cached
def _table() -> tuple[dict[str, str], ...]:
    document = json.loads(Path(__file__).with_name("wheels.json").read_text("utf-8"))
    return tuple(document["wheels"])


def _verify(wanted: WantedTorch, place: Path, wheel: str) -> None:
    found = find_torch(place=place)
    if not wanted.fits(found):
        message = f"{wheel} came for {wanted}, and is Torch {found.version} for {found.compute}; it was not kept"
        hint = (
            "Name the package index that has it with --torch-index, or an interpreter that has it with --python. "
            "`pip config list` shows where pip looks by default."
        )
        raise ToolchainError(message, hint=hint)
