"""Which driver builds a kernel, and why."""

import shutil
from pathlib import Path

from kernel_builder.drivers.base import Driver
from kernel_builder.drivers.local import LocalDriver
from kernel_builder.drivers.nix.driver import NixDriver

__all__ = ["DRIVERS", "choose_driver"]

DRIVERS = ("auto", "local", "nix")


def choose_driver(name: str, project_dir: Path) -> tuple[Driver, str]:
    """The driver and the reason for it, as the end of a sentence. Whether it can build, it says when it does."""
    has_nix, has_flake = shutil.which("nix") is not None, (project_dir / "flake.nix").is_file()
    if name == "local":
        return LocalDriver(), "asked for"
    if name == "nix":
        return NixDriver(), "asked for"
    if has_nix and has_flake:
        return NixDriver(), "nix and flake.nix are here"
    return LocalDriver(), "nix is not installed" if not has_nix else "the project has no flake.nix"
