"""Refreshes what the checks of Python code know: `python39.json` and `torch.json` in `kernel_builder/checks/python`.

    python scripts/update_python_facts.py            writes both
    python scripts/update_python_facts.py --check    fails when one would change

It needs vermin (what came with which Python), stdlibs (which modules each Python has) and torch (the namespaces that it
registers), as they are installed. What nothing lists (names in `removed`, `not-new`, `registrations`, `aliases`,
`modules`) is kept by hand in the files themselves.
"""

import argparse
import json
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from kernel_builder.checks.python import facts
from kernel_builder.tree import install_text

_FOLDER = Path(facts.__file__).parent
#: What Torch registers only where it was built for an accelerator, or when a part of it is first used.
_LATE_NAMESPACES = (
    "_c10d_functional", "_inductor_debug", "_inductor_test", "_torch_testing", "bucketing", "c10d_functional",
    "device_mesh", "flex_lib", "fsdp", "higher_order", "mps", "onnx", "onnx_symbolic", "prim", "quantized_decomposed",
    "streams", "torch_attn", "tr_c10d", "xpu",
)  # fmt: skip


def main() -> int:
    """Write the files, or compare them with what would be written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file would change")
    is_check = parser.parse_args().check
    stale = []
    for name, update in (("python39.json", _update_python), ("torch.json", _update_torch)):
        path = _FOLDER / name
        old = path.read_text("utf-8")
        new = json.dumps(update(json.loads(old)), indent=1) + "\n"
        if new != old:
            stale.append(name)
            if not is_check:
                install_text(path, new)
    print(f"{'stale' if is_check else 'written'}: {', '.join(stale)}" if stale else "nothing has changed")
    return int(is_check and bool(stale))


def _update_python(document: dict[str, Any]) -> dict[str, Any]:
    stdlibs, vermin = import_module("stdlibs"), import_module("vermin")
    oldest, newest = (tuple(map(int, document[key].split("."))) for key in ("oldest", "newest"))
    versions = [f"3.{minor}" for minor in range(oldest[1], newest[1] + 1)]
    modules = {version: set(stdlibs.stdlib_module_names(version)) for version in versions}
    every = sorted(set().union(*modules.values()))
    document["modules"] = every
    added, removed = {}, {}
    for module in every:
        having = [version for version in versions if module in modules[version]]
        if having[0] != versions[0] and not module.startswith("_"):
            added[module] = having[0]
        if having[-1] != versions[-1] and not module.startswith("_"):
            removed[module] = versions[versions.index(having[-1]) + 1]
    not_new = {*document["not-new"]}
    config = vermin.Config()
    for table in (vermin.rules.MOD_REQS(config), vermin.rules.MOD_MEM_REQS(config)):
        for name, (_, version) in table.items():
            if version is not None and version > oldest and name not in not_new and not name.startswith("test."):
                added.setdefault(name, _show(version))
    keywords: dict[str, dict[str, str]] = {}
    for (function, keyword), (_, version) in sorted(vermin.rules.KWARGS_REQS(config).items()):
        if version is not None and version > oldest and f"{function}({keyword})" not in not_new:
            keywords.setdefault(function, {})[keyword] = _show(version)
    document["added"] = dict(sorted(added.items()))
    by_hand = {name: version for name, version in document["removed"].items() if "." in name}
    document["removed"] = dict(sorted({**removed, **by_hand}.items()))
    document["keywords"] = keywords
    return document


def _show(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _update_torch(document: dict[str, Any]) -> dict[str, Any]:
    names = {name.partition("::")[0] for name in torch._C._dispatch_get_all_op_names()}  # noqa: SLF001 no public list
    document["namespaces"] = sorted({*names, *_LATE_NAMESPACES})
    document["modules-without-state"] = sorted(f"torch.nn.{name}" for name in dir(torch.nn) if _is_pure(name))
    return document


def _is_pure(name: str) -> bool:
    """Whether a subclass of `torch.nn.Module` has neither a constructor nor other methods of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = getattr(torch.nn, name)
    module = torch.nn.Module
    if not isinstance(found, type) or not issubclass(found, module) or found is module:
        return False
    own = {member for base in found.__mro__ if not issubclass(module, base) for member in vars(base)}
    has_constructor = "__init__" in own
    return not has_constructor and own <= {*dir(module), "__annotations__", "__annotate_func__"}


if __name__ == "__main__":
    sys.exit(main())
