"""All checks of one build."""

import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from support.builds import MODULE, OPS_ID, make_build, rewrite_metadata
from support.libraries import module, needs_gcc

from kernel_builder.checks import check_build, raise_errors
from kernel_builder.checks.findings import CHECKS, Finding
from kernel_builder.errors import CheckError
from kernel_builder.matrix import host_platform
from kernel_builder.toolchain.manylinux.policy import DEFAULT_POLICY

PYTHON = Path(sys.executable)
NOARCH, COMPILED = "torch-cpu", f"torch213-cxx11-cpu-{host_platform()}"
LIBRARY, METADATA, INIT = f"{OPS_ID}.abi3.so", "metadata.json", "__init__.py"
OPS = f"""
import torch

ops = torch.ops.{OPS_ID}


def add_op_namespace_prefix(name):
    return "{OPS_ID}::" + name
"""
LAYER = """
import torch


class Silu(torch.nn.Module):
    def __init__(self):
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x
"""
_check = partial(check_build, manylinux=DEFAULT_POLICY, module=MODULE)


def _checked(tree: Path) -> list[Finding]:
    """All that is said of a build that may become visible."""
    found = _check(tree, python=PYTHON)
    raise_errors(found)
    return found


def _write(tree: Path, name: str, text: str) -> None:
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text(text, "utf-8")


def _add(name: str, text: str = "") -> Callable[[Path], None]:
    """A file that the digest knows."""

    def change(tree: Path) -> None:
        _write(tree, name, text)
        rewrite_metadata(tree)

    return change


def _remove(name: str) -> Callable[[Path], None]:
    """A file less, which the digest does not miss."""

    def change(tree: Path) -> None:
        (tree / name).unlink()
        rewrite_metadata(tree)

    return change


def _says(**metadata: object) -> Callable[[Path], None]:
    return lambda tree: rewrite_metadata(tree, **metadata)


def _renamed(kernel_id: str) -> Callable[[Path], None]:
    """Another id, and no `_ops.py` that would say so."""

    def change(tree: Path) -> None:
        (tree / "_ops.py").unlink()
        rewrite_metadata(tree, id=kernel_id)

    return change


def _library(code: str = "", *flags: str) -> Callable[[Path], None]:
    """Another library in the place of the build's own."""

    def change(tree: Path) -> None:
        path = module(tree.parent / "linked" / LIBRARY, code, *flags)
        shutil.copyfile(path, tree / LIBRARY)
        rewrite_metadata(tree)

    return change


#: What is done to a good build → the one error that it has then.
FAULTS: dict[str, tuple[str, Callable[[Path], None], str, str, str]] = {
    "no init": (NOARCH, _remove("__init__.py"), "layout", "missing-file", INIT),
    "no compat": (NOARCH, _remove(f"{MODULE}/__init__.py"), "layout", "missing-file", f"{MODULE}/__init__.py"),
    "compat code": (NOARCH, _add(f"{MODULE}/more.py"), "layout", "compat-folder", MODULE),
    "object file": (NOARCH, _add("kernel.o"), "layout", "leftover", "kernel.o"),
    "sourceless": (NOARCH, _add("secret.pyc"), "layout", "bytecode", "secret.pyc"),
    "reserved name": (NOARCH, _add("aux.py"), "layout", "file-name", "aux.py"),
    "two cases": (NOARCH, _add("__INIT__.py"), "layout", "case-clash", INIT),
    "library in Python only": (NOARCH, _add(LIBRARY, "elf"), "layout", "native-library", LIBRARY),
    "no metadata": (NOARCH, lambda tree: (tree / METADATA).unlink(), "metadata", "missing-file", METADATA),
    "broken metadata": (NOARCH, lambda tree: _write(tree, METADATA, "{"), "metadata", "unusable", METADATA),
    "version": (NOARCH, _says(version="one"), "metadata", "unusable", METADATA),
    "no license": (NOARCH, _says(license=None), "metadata", "unusable", METADATA),
    "backend": (NOARCH, _says(backend={"type": "cuda"}), "metadata", "backend", METADATA),
    "name": (NOARCH, _says(name="another"), "metadata", "name", METADATA),
    "id of the library": (NOARCH, _renamed("json"), "metadata", "id", METADATA),
    "python-depends": (NOARCH, _says(**{"python-depends": ["numpy"]}), "metadata", "python-depends", METADATA),
    "kernel-depends": (
        NOARCH, _says(**{"kernel-depends": [{"repo-id": "x", "version": 1}]}), "metadata", "kernel-depends", METADATA,
    ),
    "namespace": (
        NOARCH, _add("_ops.py", OPS.replace(OPS_ID, "_other")), "metadata", "ops-namespace", "_ops.py",
    ),
    "digest lost": (
        NOARCH,
        lambda tree: rewrite_metadata(tree, digest=None, provenance={"kernel-builder": {"version": "1"}}),
        "digest", "no-digest", METADATA,
    ),
    "file changed": (NOARCH, lambda tree: _write(tree, "__init__.py", "value = 2\n"), "digest", "file-changed", INIT),
    "file added": (NOARCH, lambda tree: _write(tree, "new.py", ""), "digest", "file-not-listed", "new.py"),
    "file lost": (NOARCH, lambda tree: (tree / "more.py").unlink(), "digest", "file-missing", "more.py"),
    "absolute import": (NOARCH, _add("more.py", f"import {MODULE}\n"), "python", "absolute-self-import", "more.py"),
    "no library": (COMPILED, _remove(LIBRARY), "layout", "no-library", ""),
    "library of another id": (COMPILED, _renamed("_other"), "metadata", "library-name", LIBRARY),
    "text for a library": (COMPILED, _add(LIBRARY, "elf"), "abi", "unreadable", LIBRARY),
    "search path": (COMPILED, _library("", "-Wl,-rpath,/opt/lib"), "abi", "rpath", LIBRARY),
    "executable stack": (COMPILED, _library("", "-Wl,-z,execstack"), "abi", "executable-stack", LIBRARY),
    "raises": (NOARCH, _add("__init__.py", "raise RuntimeError\n"), "load", "fails", INIT),
    "exits": (NOARCH, _add("__init__.py", "import os\nos._exit(0)\n"), "load", "crashes", ""),
}  # fmt: skip


def _make(folder: Path, name: str) -> Path:
    tree = make_build(folder / name, {"_ops.py": OPS, "more.py": "x = 1\n"})
    if name == COMPILED:
        shutil.copyfile(module(folder / "good" / LIBRARY), tree / LIBRARY)
        rewrite_metadata(tree)
    return tree


@needs_gcc
@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_builds(tmp_path: Path, fault: str) -> None:
    """One fault gives one error, with its check, its code and its place; and such a build is not made visible."""
    name, spoil, check, code, file = FAULTS[fault]
    tree = _make(tmp_path, name)
    spoil(tree)
    if fault == "two cases" and len(list(tree.glob("__[iI]*"))) == 1:
        pytest.skip("this file system takes the two for one")
    found = _check(tree, python=PYTHON if check == "load" else None)
    assert [(check, code, file)] == [(one.check, one.code, one.file) for one in found if one.severity == "error"]


@needs_gcc
@pytest.mark.parametrize("name", [NOARCH, COMPILED])
def test_good_builds(tmp_path: Path, name: str) -> None:
    """A good build has nothing to be said of it by any check that runs nothing of it."""
    assert [] == _check(_make(tmp_path, name))


def test_a_good_build_passes(tmp_path: Path) -> None:
    """A good build is loaded, and raises nothing."""
    assert [] == _checked(_make(tmp_path, NOARCH))


def test_every_finding_is_raised_and_nothing_is_run(tmp_path: Path) -> None:
    """The findings of every check come in one error, each with its place and remedy, and a faulty build is not run."""
    canary = tmp_path / "canary"
    tree = make_build(tmp_path / NOARCH, {"__init__.py": f"open({str(canary)!r}, 'w')\n", ".hidden": ""}, x=1)
    (tree / "new.py").write_text("")
    (tree / MODULE / "__init__.py").unlink()
    with pytest.raises(CheckError) as raised:
        _checked(tree)
    found = raised.value.findings
    codes = {"missing-file", "hidden-file", "unknown-key", "file-missing", "file-not-listed", "not-loaded"}
    assert codes == {finding.as_json()["code"] for finding in found}
    text = str(raised.value)
    assert "error: new.py: is not in the digest [digest: file-not-listed]" in text
    assert "kernel-builder hash" in text
    assert "warning:" not in text
    assert not canary.exists()


def test_warnings_and_notes_are_given_back(tmp_path: Path) -> None:
    """What fails nothing is given back, in the order of the checks."""
    tree = make_build(tmp_path / "torch-neuron", {".hidden": ""}, backend={"type": "neuron"}, license="unknown")
    assert ["hidden-file", "license", "not-loaded"] == [one.code for one in _checked(tree)]


def test_a_variant_can_be_told(tmp_path: Path) -> None:
    """A staged build has no name of a variant: it is what the driver says."""
    from kernels.variant import parse_variant  # noqa: PLC0415 - for one call

    tree = make_build(tmp_path / ".stage-1")
    assert [] == _check(tree)
    codes = [one.code for one in _check(tree, variant=parse_variant("torch-cuda"))]
    assert ["backend"] == codes


@pytest.mark.parametrize("check", [name for name in CHECKS if name not in ("matrix", "load")])
def test_a_check_can_be_left_out(tmp_path: Path, check: str) -> None:
    """What is left out finds nothing, and the others find what they did."""
    tree = make_build(
        tmp_path / COMPILED,
        {"__init__.py": "from . import layers\nimport numpy\n", "layers.py": LAYER, "x.o": "", LIBRARY: "elf"},
        id="json",
    )
    (tree / "new.py").write_text("import torch\n\n\n@torch.library.custom_op('a::b')\ndef f(): ...\n")
    everything = _check(tree)
    rest = [finding for finding in everything if finding.check != check]
    assert len(rest) < len(everything)
    assert rest == _check(tree, skip=frozenset({check}))


def test_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    """A build that is no folder at all is a finding, not a crash, and nothing that is left out hides it."""
    (tmp_path / "torch-cpu").touch()
    assert ["unreadable"] == [one.code for one in _check(tmp_path / "torch-cpu", skip=frozenset(CHECKS))]


def test_without_the_load_nothing_runs(tmp_path: Path) -> None:
    """`load` is left out like any other check."""
    tree = make_build(tmp_path / NOARCH, {"__init__.py": "raise RuntimeError\n"})
    assert [] == _check(tree, python=PYTHON, skip=frozenset({"load"}))


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_builds_of_other_systems(tmp_path: Path) -> None:
    """A build for another system is checked here as well, but for the load."""
    tree = make_build(tmp_path / "torch-metal", backend={"type": "metal"})
    (note,) = _check(tree, python=PYTHON)
    assert ("not-loaded", "note") == (note.code, note.severity)
