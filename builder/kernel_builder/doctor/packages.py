"""The command that installs something on this system: with its package manager, or with pip."""

import json
import os
import shlex
import shutil
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from kernel_builder.doctor.model import Remedy
from kernels.variant import Platform

__all__ = ["as_root", "command_line", "install", "pip_install"]


def install(what: str, platform: Platform, *, otherwise: str) -> Remedy:
    """How to install something that a build needs.

    Args:
        what: a key of `packages` in packages.json, whose `doc` describes the format.
        platform: the system that it is installed on.
        otherwise: the step for a system without a package manager that is known to have it.
    """
    data = json.loads(Path(__file__).with_name("packages.json").read_text("utf-8"))
    names = data["packages"][what]
    for program, manager in data["managers"].items():
        if platform.os in manager["systems"] and program in names and shutil.which(program):
            return Remedy(commands=(_with_manager(manager, names[program]),))
    if platform.os in names:
        return Remedy(commands=(names[platform.os],))
    return Remedy(step=otherwise)


def pip_install(*requirements: str, options: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The commands that install packages into the environment of this process, with pip or, without it, with uv."""
    words = [*options, *requirements]
    # Not importlib.util.find_spec, which setuptools answers for pip with side effects.
    if PathFinder.find_spec("pip") is None:
        if shutil.which("uv"):
            return (command_line("uv", "pip", "install", "--python", sys.executable, *words),)
        return (command_line(sys.executable, "-m", "ensurepip"), *_pip(words))
    return _pip(words)


def as_root(command: str) -> str:
    """A command line that needs the rights of root, for the person who runs this process."""
    return command if not hasattr(os, "geteuid") or os.geteuid() == 0 else f"sudo {command}"


def command_line(*words: str) -> str:
    """Words as a command line that a person can paste."""
    if os.name == "nt":
        return " ".join(f'"{word}"' if set(word) & set(" <>|&") else word for word in words)
    return shlex.join(words)


def _pip(words: list[str]) -> tuple[str, ...]:
    return (command_line(sys.executable, "-m", "pip", "install", *words),)


def _with_manager(manager: dict[str, Any], names: str) -> str:
    version = "{}.{}".format(*sys.version_info[:2])
    command = f"{manager['command']} {names.format(python=version)}"
    return as_root(command) if manager["root"] else command
