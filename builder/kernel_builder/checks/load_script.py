"""Loads one build in a process of its own and says what came of it; run as a program by `kernel_builder.checks.load`.

    python load_script.py RESULT load SECONDS TREE [BACKEND]
    python load_script.py RESULT import SECONDS      imports the modules that RESULT names, as a JSON list
    python load_script.py                            imports Torch, then reads the above from its input, as a JSON list

The answer is a JSON document in the file RESULT: what a kernel prints cannot spoil it, and a kernel that ends the
process leaves none. Beside Python's own library this needs the loader alone, so that any interpreter that has it can
run it.
"""

import sys
from typing import Any

__all__: list[str] = []


def main(result: str, mode: str, seconds: str, *arguments: str) -> None:
    """Do what the mode says, and write the answer."""
    import faulthandler
    import json
    from pathlib import Path

    place = Path(result)
    broken = _import_torch()
    # Where it hangs is what the author wants to know, and only this process can tell.
    faulthandler.dump_traceback_later(float(seconds), exit=True)
    if broken:
        answer: dict[str, Any] = broken
    elif mode == "load":
        answer = _load(*arguments)
    else:
        answer = _import(json.loads(place.read_text("utf-8")))
    faulthandler.cancel_dump_traceback_later()
    place.write_text(json.dumps(answer), "utf-8")


def _wait() -> list[str]:
    """Get ready for a load, and be told which; compilers are at work meanwhile, and go first."""
    import json

    _import_torch()
    arguments: list[str] = json.loads(sys.stdin.read())
    return arguments


def _import_torch() -> dict[str, str]:
    """Import Torch, where there is one, as the loader does.

    Returns:
        What is wrong, if anything is: with the `loader`, which another interpreter may not have, or with `torch`, which
        may lack the libraries of its accelerator.
    """
    try:
        from kernels.system import current_system
    except ImportError as error:
        return {"loader": str(error)}
    try:
        current_system()
    except (ImportError, OSError, ValueError) as error:
        return {"torch": str(error)}
    return {}


def _load(tree: str, *backend: str) -> dict[str, Any]:
    """Load a build.

    Returns:
        `foreign`: the operators that came with it and are in no loaded kernel's namespace; `modules`: what else was
        imported meanwhile. Or, when it does not load, `error` with the exception's type and words, `file` and `line` of
        the innermost place of the build that it came through, if any.
    """
    from kernels import get_loaded_kernels, get_local_kernel

    operators, modules = _operators(), set(sys.modules)
    try:
        get_local_kernel(tree, *backend)
    except BaseException as error:  # noqa: BLE001 - a kernel may raise anything, SystemExit too
        return {"error": [type(error).__name__, str(error)], **_place(tree, error)}
    own = tuple(f"{kernel.metadata.id}{mark}" for kernel in get_loaded_kernels() for mark in ("::", "."))
    return {
        "foreign": sorted(name for name in _operators() - operators if not name.startswith(own)),
        "modules": sorted(name for name in set(sys.modules) - modules if not f"{name}.".startswith(own)),
    }


def _import(names: list[str]) -> dict[str, Any]:
    """Import modules without the build; `operators`: all that there are then."""
    import contextlib
    import importlib

    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    return {"operators": sorted(_operators())}


def _operators() -> set[str]:
    """Every operator that this process has, as `namespace::name`; none where there is no Torch that can say so."""
    torch = sys.modules.get("torch")
    # Torch has no public list of all operators; its own tests and tools use this one.
    names = getattr(getattr(torch, "_C", None), "_dispatch_get_all_op_names", None)
    return set(names()) if names else set()


def _place(tree: str, error: BaseException) -> dict[str, Any]:
    import os
    import traceback

    root = os.path.join(os.path.realpath(tree), "")  # noqa: PTH118 - a prefix of texts
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(root)]
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(root):
        return {"file": (error.filename or "")[len(root) :].replace(os.sep, "/"), "line": error.lineno}
    return {"file": frames[-1].filename[len(root) :].replace(os.sep, "/"), "line": frames[-1].lineno} if frames else {}


if __name__ == "__main__":
    # The folder of this file and the one that we are called from are no places to import from: the first has our own
    # modules, and a project may have a json.py of its own.
    sys.path[:] = [place for place in sys.path[1:] if place]
    main(*(sys.argv[1:] or _wait()))
