"""The Python packages that kernels may need."""

import importlib.machinery
import importlib.util
import json
import sys
from pathlib import Path

import pytest

import kernels.dependencies
from kernels.backend import BACKENDS
from kernels.dependencies import PythonDependency, allowed_dependencies, check_dependencies
from kernels.errors import MissingDependencyError, UnknownDependencyError
from kernels.metadata import BackendInfo, Metadata


def _kernel(backend: str, *needs: str) -> Metadata:
    return Metadata("_k", "my-kernel", 1, "MIT", BackendInfo(backend), python_depends=needs)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The modules that can be found; a test adds to them."""
    modules: set[str] = set()

    def find_spec(name: str) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, None) if name in modules else None

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    return modules


def test_the_table_is_well_formed() -> None:
    """The data file has general packages and packages of known backends, each with a module and what to install."""
    table = json.loads(Path(kernels.dependencies.__file__).with_name("python_depends.json").read_bytes())

    assert {"general", *BACKENDS} >= set(table)
    for entries in table.values():
        assert sorted(entries) == list(entries)
        for entry in entries.values():
            assert {"module", "package"} == set(entry)
            assert isinstance(entry["package"], str)
            assert entry["module"] is None or entry["module"].isidentifier()


def test_a_backend_has_its_own_and_the_general_packages() -> None:
    """What a kernel may need depends on its backend."""
    assert ["einops", "helion", "tvm-ffi"] == sorted(allowed_dependencies("cpu"))
    assert PythonDependency("cutlass", "nvidia-cutlass-dsl") == allowed_dependencies("cuda")["nvidia-cutlass-dsl"]


def test_installed_packages_pass(installed: set[str]) -> None:
    """A kernel whose packages can be found passes, and none of them is imported."""
    installed |= {"einops", "cutlass"}

    check_dependencies(_kernel("cuda", "einops", "nvidia-cutlass-dsl"))

    assert "cutlass" not in sys.modules


def test_loaded_packages_pass(installed: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that is already there need not be found."""
    monkeypatch.setitem(sys.modules, "tvm_ffi", sys)

    check_dependencies(_kernel("cpu", "tvm-ffi"))


def test_a_blocked_module_is_missing(installed: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that `sys.modules` blocks cannot be imported."""
    monkeypatch.setitem(sys.modules, "einops", None)

    with pytest.raises(MissingDependencyError):
        check_dependencies(_kernel("cpu", "einops"))


def test_libraries_are_not_looked_for(installed: set[str]) -> None:
    """A package without a Python module cannot be checked."""
    check_dependencies(_kernel("xpu", "onednn"))


def test_missing_packages_are_named(installed: set[str]) -> None:
    """The error says what to install, for all that is missing."""
    with pytest.raises(MissingDependencyError) as one:
        check_dependencies(_kernel("cpu", "einops"))
    with pytest.raises(MissingDependencyError) as two:
        check_dependencies(_kernel("cpu", "einops", "tvm-ffi"))

    assert (
        "Kernel module `my-kernel` requires Python dependency `einops`. Please install with: pip install einops"
        == str(one.value)
    )
    assert (
        "Kernel module `my-kernel` requires Python dependencies `einops`, `tvm-ffi`. "
        "Please install with: pip install einops apache-tvm-ffi"
    ) == str(two.value)


@pytest.mark.parametrize(("backend", "need"), [("cpu", "requests"), ("cpu", "nvidia-cutlass-dsl"), ("cuda", "onednn")])
def test_other_packages_are_refused(backend: str, need: str) -> None:
    """A package that is not on the list of the backend is refused, installed or not; the list is in the error."""
    with pytest.raises(UnknownDependencyError) as caught:
        check_dependencies(_kernel(backend, need))

    allowed = ", ".join(sorted(allowed_dependencies(backend)))
    assert (
        f"Kernel module `my-kernel` uses unsupported kernel dependency: {need} "
        f"(kernels for {backend} may use {allowed})"
    ) == str(caught.value)
