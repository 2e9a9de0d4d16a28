"""Benchmark scripts: found, imported for as long as they run, and looked through for workloads."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from kernels.benchmark.base import Benchmark
from kernels.errors import BenchmarkFailedError, BenchmarkNotFoundError, BenchmarkScriptError
from kernels.sources import SourceLoader, find_submodule

__all__ = ["FOLDER", "PATTERN", "find_benchmarks", "find_scripts", "loaded_script", "workloads_of"]

#: Where in a kernel's repository its benchmark scripts are, and what they are called.
FOLDER = "benchmarks"
PATTERN = "benchmark*.py"

_MODULE = "benchmark_module"
_WORKLOAD = "benchmark_"


def find_scripts(root: Path) -> list[Path]:
    """The benchmark scripts of a kernel's repository, sorted by name.

    Raises:
        BenchmarkNotFoundError: when there are none.
    """
    folder = root / FOLDER
    scripts = sorted(path for path in folder.glob(PATTERN) if path.is_file())
    if not scripts:
        state = f"there is no {PATTERN} in {folder}" if folder.is_dir() else f"{root} has no folder {FOLDER}/"
        message = f"{state}: write a {FOLDER}/benchmark.py with a subclass of kernels.benchmark.Benchmark"
        raise BenchmarkNotFoundError(message)
    return scripts


@contextmanager
def loaded_script(script: Path, root: Path) -> Iterator[ModuleType]:
    """Import a script for the time of the context, with its repository as the working folder.

    The module is a package whose modules are the files beside the script, so that `from .helpers import x` works. When
    the context ends, the module and its submodules are gone from `sys.modules` and the working folder is what it was.

    Raises:
        BenchmarkFailedError: when the script raises an exception, or exits, while it is imported.
    """
    name, folder = _free_name(), Path.cwd()
    finder = _Finder(name, script)
    sys.meta_path.insert(0, finder)
    try:
        os.chdir(root)
        try:
            module = importlib.import_module(name)
        except (Exception, SystemExit) as error:
            message = f"{FOLDER}/{script.name} cannot be imported: {type(error).__name__}: {error}"
            raise BenchmarkFailedError(message) from error
        yield module
    finally:
        sys.meta_path.remove(finder)
        for key in [key for key in list(sys.modules) if key == name or key.startswith(f"{name}.")]:
            del sys.modules[key]
        os.chdir(folder)


def find_benchmarks(module: ModuleType, script: Path) -> list[type[Benchmark]]:
    """The benchmarks that a script defines itself, in the order of definition; imported ones do not count.

    Raises:
        BenchmarkScriptError: when it defines none, or only such as have no workloads.
    """
    values = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Benchmark)]
    found = [value for value in dict.fromkeys(values) if value.__module__ == module.__name__]
    if not found:
        message = f"{FOLDER}/{script.name} defines no subclass of kernels.benchmark.Benchmark"
        raise BenchmarkScriptError(message)
    with_workloads = [benchmark for benchmark in found if workloads_of(benchmark)]
    if not with_workloads:
        names = ", ".join(benchmark.__name__ for benchmark in found)
        message = f"{FOLDER}/{script.name}: {names} has no method benchmark_<workload>: there is nothing to time"
        raise BenchmarkScriptError(message)
    return with_workloads


def workloads_of(benchmark: type[Benchmark]) -> list[str]:
    """The workloads of a benchmark: those of its bases, then its own, each in the order of definition."""
    names = dict.fromkeys(name for base in reversed(benchmark.__mro__) for name in vars(base))
    return [
        name.removeprefix(_WORKLOAD)
        for name in names
        if name.startswith(_WORKLOAD) and name != _WORKLOAD and callable(getattr(benchmark, name))
    ]


def _free_name() -> str:
    """The usual name of the module, with underscores after it when another module has it."""
    name = _MODULE
    while name in sys.modules:
        name += "_"
    return name


class _Finder:
    """Finds a script under the name of its module, and the files beside it as its submodules; nothing else."""

    def __init__(self, name: str, script: Path) -> None:
        self._name = name
        self._script = script

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        if name == self._name:
            loader, folder = SourceLoader(name, str(self._script)), [str(self._script.parent)]
            return importlib.util.spec_from_file_location(
                name, self._script, loader=loader, submodule_search_locations=folder
            )
        if not name.startswith(f"{self._name}."):
            return None
        return find_submodule(name, path, self._script.parent)
