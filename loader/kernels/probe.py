"""What this process would run on, found without importing Torch: for commands that load no kernel.

Importing Torch takes seconds. What it would say can be read from its `version.py`, which the build of every Torch
writes: assignments of literals to `__version__`, `cuda`, `hip` and `xpu`.
"""

import platform
import sys
from pathlib import Path

from kernels.backend import Compute, MajorMinor
from kernels.minimums import minimum
from kernels.system import System, TorchFacts, current_system, describe_system, find_torch, published_compute

__all__ = ["probe_system", "read_version_py"]


def probe_system() -> System:
    """Find out what this process runs on, as `current_system` does, and import Torch only where nothing else helps.

    That is where Torch is too old to be known from its files (`kernels.minimums`) or has a `version.py` of another
    form, where a package adds a backend to Torch as soon as that is imported, and on Macs with an Intel processor or
    an old macOS. A Torch that is imported already is asked itself.

    Raises:
        ImportError: when Torch has to be imported and cannot be.
    """
    if sys.modules.get("torch") is not None:
        return current_system()
    torch = find_torch()
    if torch is None:
        return describe_system(None)
    facts = None if _has_extensions() else _read_facts(torch)
    return current_system() if facts is None else describe_system(facts)


def read_version_py(source: bytes) -> dict[str, str | None]:
    """Read a `torch/version.py` without running it.

    Returns:
        The names to which it assigns a string or `None`, and what.

    Raises:
        SyntaxError, ValueError: when it is no Python.
    """
    import ast

    values: dict[str, ast.expr | None] = {}
    for node in ast.parse(source).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                values[target.id] = node.value
    return {
        name: value.value
        for name, value in values.items()
        if isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, str))
    }


def _has_extensions() -> bool:
    """Whether importing Torch imports more, which may add a backend (that for NPUs, TPUs or Neuron)."""
    from importlib.metadata import entry_points

    return bool(entry_points(group="torch.backends"))


def _read_facts(init: Path) -> TorchFacts | None:
    """What the files of a Torch say of it; `None` when that is not enough."""
    os = platform.system()
    try:
        versions = read_version_py(init.with_name("version.py").read_bytes())
        version = MajorMinor.parse(versions["__version__"] or "")
        if version < minimum("probed_torch") or not versions.keys() >= {"cuda", "hip", "xpu"}:
            return None
        if os == "Darwin" and not _is_new_mac():
            return None
        compute = published_compute(versions, has_metal=os == "Darwin") or Compute("cpu")
    except (OSError, SyntaxError, LookupError, ValueError):
        return None
    return TorchFacts(version, compute, "cxx11" if os == "Linux" else None)


def _is_new_mac() -> bool:
    return platform.machine() == "arm64" and MajorMinor.parse(platform.mac_ver()[0]) >= minimum("probed_macos")
