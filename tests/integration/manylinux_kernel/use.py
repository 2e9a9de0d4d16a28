"""Loads the kernel, uses all that it has, and prints what came of it as JSON: python use.py LIBRARY [NAMESPACE]."""

import json
import sys
from collections.abc import Callable

import torch

WAYS = ("check", "index", "value", "type", "missing", "runtime", "range", "files", "system", "memory", "cast", "own")


def _outcome(operator: Callable[..., str], *arguments: object) -> str:
    """What a call returns, or which exception Python sees and what it says, without places in C++ sources."""
    try:
        return operator(*arguments)
    except Exception as error:  # noqa: BLE001 - which one comes is the question
        return f"{type(error).__name__}: {str(error).partition(chr(10) + 'Exception raised')[0]}"


def main() -> None:
    """Use the kernel."""
    torch.ops.load_library(sys.argv[1])
    kernel, tensor = getattr(torch.ops, (sys.argv[2:] or ["manylinux_kernel"])[0]), torch.zeros(3)
    found = {f"feature {name}": _outcome(kernel.feature, name) for name in kernel.features()}
    found |= {f"fail {way}": _outcome(kernel.fail, way, tensor) for way in (*WAYS, "not at all")}
    found |= {
        f"catch {way}": _outcome(kernel.catch_it, way, tensor) for way in (*WAYS, "not at all", "torch", "parser")
    }
    sys.stdout.write(json.dumps(found, indent=1))


main()
