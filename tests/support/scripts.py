"""The scripts of the repository, as modules."""

import importlib.util
import sys
from types import ModuleType

from support.projects import ROOT

__all__ = ["load_script"]


def load_script(name: str) -> ModuleType:
    """Read a script of the repository anew, so that a test can change what is in it."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look for their module there
    spec.loader.exec_module(module)
    return module
