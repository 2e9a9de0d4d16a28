"""Put what Nix built into `build/`."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kernel_builder.checks.digest import SIGNATURE
from kernel_builder.drivers.nix.client import NixClient
from kernel_builder.process import run_bytes
from kernel_builder.tree import install_tree, same_trees, staging_dir

__all__ = ["install", "take_from_store"]


def install(tree: Path, target: Path) -> bool:
    """Copy one variant into its place in one step, if it differs from what is there; the caller holds the build lock.

    Returns:
        Whether it differed.

    Raises:
        OSError: when the disk is full or the folder cannot be written; what was there stays.
    """
    if same_trees(tree, target, besides=(SIGNATURE,)):
        return False
    with staging_dir(target) as stage:
        shutil.copytree(tree, stage, dirs_exist_ok=True, copy_function=shutil.copyfile)
        install_tree(stage, target)
    return True


@contextmanager
def take_from_store(nix: NixClient, output: str) -> Iterator[Path]:
    """A folder with what an output holds, wherever the store is: in another folder, or on another machine.

    Raises:
        ProcessError: when Nix cannot read it.
    """
    if nix.has_plain_store:
        yield Path(output)
        return
    with tempfile.TemporaryDirectory(prefix="kernel-builder-") as folder:
        unpacked = Path(folder, "tree")
        archive = run_bytes(nix.command_on_store("dump-path", output))
        run_bytes(["nix-store", "--restore", unpacked], archive)
        yield unpacked
