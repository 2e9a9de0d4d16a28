"""What a build says of itself, against what it is."""

from pathlib import Path
from typing import Any

import pytest
from support.builds import MODULE, OPS_ID, make_build

from kernel_builder.checks.findings import CHECKS
from kernel_builder.checks.metadata import check_metadata
from kernels.metadata import read_metadata
from kernels.variant import parse_variant

NOARCH = "torch-cpu"
CPU = "torch213-cxx11-cpu-x86_64-linux"
CUDA = "torch213-cxx11-cu130-x86_64-linux"
ROCM = "torch213-cxx11-rocm72-x86_64-linux"
TVM_FFI = "tvm-ffi01-cpu-x86_64-linux"
LIBRARY = f"{OPS_ID}.abi3.so"


def _check(
    tree: Path, variant: str | None = NOARCH, files: dict[str, str] | None = None, **metadata: Any
) -> list[tuple[str, str, str]]:
    make_build(tree, files, **metadata)
    build = parse_variant(variant) if variant else None
    found = check_metadata(tree, read_metadata(tree), module=MODULE, variant=build)
    assert {"metadata"} >= {finding.check for finding in found}
    return [(finding.code, finding.severity, finding.file) for finding in found]


@pytest.mark.parametrize(
    ("variant", "files", "backend"),
    [
        (NOARCH, {}, {"type": "cpu"}),
        ("torch-universal", {}, {"type": "cuda"}),
        ("torch-cuda", {}, {"type": "cuda"}),
        (CPU, {LIBRARY: "elf", "_ops.py": f"import torch\nops = torch.ops.{OPS_ID}\n"}, {"type": "cpu"}),
        ("torch213-cxx11-cpu-x86_64-windows", {f"{OPS_ID}.pyd": "pe"}, {"type": "cpu"}),
        (CUDA, {LIBRARY: "elf"}, {"type": "cuda", "archs": ["8.0", "9.0a", "12.0+PTX"]}),
        (ROCM, {LIBRARY: "elf"}, {"type": "rocm", "archs": ["gfx942", "gfx90a:sramecc+", "gfx9-4-generic"]}),
        (TVM_FFI, {f"{OPS_ID}.so": "elf"}, {"type": "cpu"}),
        ("tvm-ffi01-cpu-aarch64-darwin", {f"{OPS_ID}.dylib": "macho"}, {"type": "cpu"}),
        (None, {}, {"type": "cpu"}),
        (None, {LIBRARY: "elf"}, {"type": "cpu"}),
    ],
)
def test_good_builds(tmp_path: Path, variant: str | None, files: dict[str, str], backend: dict[str, Any]) -> None:
    """A build that is what it says has no finding."""
    assert [] == _check(tmp_path / "b", variant, files, backend=backend)


@pytest.mark.parametrize(
    ("metadata", "code", "severity"),
    [
        ({"name": "other-kernel"}, "name", "error"),
        ({"id": "json"}, "id", "error"),
        ({"id": "torch"}, "id", "error"),
        ({"id": MODULE}, "id", "warning"),
        ({"license": ""}, "license", "warning"),
        ({"license": "unknown"}, "license", "warning"),
        ({"backend": {"type": "cuda"}}, "backend", "error"),
        ({"backend": {"type": "cpu", "archs": ["8.0"]}}, "archs", "warning"),
        ({"python-depends": ["numpy"]}, "python-depends", "error"),
        ({"python-depends-backends": {"cuda": ["onednn"]}}, "python-depends", "error"),
        ({"python-depends-backends": {"cuda": 1}}, "python-depends", "error"),
        ({"python-depends-backends": {"cuda": [{}]}}, "python-depends", "error"),
        ({"kernel-depends": [{"repo-id": "nobody", "version": 1}]}, "kernel-depends", "error"),
        ({"kernel-depends": [{"repo-id": "a/../b", "version": 1}]}, "kernel-depends", "error"),
        ({"x-mine": 1}, "unknown-key", "warning"),
        ({"backend": {"type": "cpu", "arch": []}}, "unknown-key", "warning"),
        ({"provenance": {"skipped-checks": ["abi"]}}, "skipped-checks", "note"),
    ],
)
def test_each_fault(tmp_path: Path, metadata: dict[str, Any], code: str, severity: str) -> None:
    """What is wrong in the metadata alone is one finding at that file."""
    assert [(code, severity, "metadata.json")] == _check(tmp_path / "b", **metadata)


@pytest.mark.parametrize(
    ("variant", "backend", "severities"),
    [
        (CUDA, {"type": "cuda"}, ["error"]),
        (ROCM, {"type": "rocm", "archs": []}, ["error"]),
        (CUDA, {"type": "cuda", "archs": ["gfx942"]}, ["warning"]),
        (ROCM, {"type": "rocm", "archs": ["9.0"]}, ["warning"]),
        ("torch-cuda", {"type": "cuda", "archs": ["nine"]}, ["warning"]),
    ],
)
def test_architectures(tmp_path: Path, variant: str, backend: dict[str, Any], severities: list[str]) -> None:
    """Compiled builds for CUDA and ROCm name what they were compiled for, in names that exist."""
    files = {} if variant == "torch-cuda" else {LIBRARY: "elf"}
    found = _check(tmp_path / "b", variant, files, backend=backend)
    assert [("archs", severity) for severity in severities] == [one[:2] for one in found]


@pytest.mark.parametrize(
    ("variant", "name"),
    [
        (CPU, "other.abi3.so"),
        (CPU, f"{OPS_ID}.so"),
        (CPU, f"sub/{LIBRARY}"),
        (TVM_FFI, LIBRARY),
        (None, "other.abi3.so"),
    ],
)
def test_library_of_another_name(tmp_path: Path, variant: str, name: str) -> None:
    """Python and tvm-ffi find a library by the name that the id gives it, at the top."""
    assert [("library-name", "error", name)] == _check(tmp_path / "b", variant, {name: "elf"})


def test_second_library(tmp_path: Path) -> None:
    """Beside the kernel's own, a library is not told apart from that of another version."""
    found = _check(tmp_path / "b", CPU, {LIBRARY: "elf", "helper.so": "elf"})
    assert [("second-library", "warning", "helper.so")] == found


def test_a_folder_is_no_library(tmp_path: Path) -> None:
    """Only a file is a library, whatever a folder is called."""
    assert [] == _check(tmp_path / "b", CPU, {LIBRARY: "elf", "helper.so/data.txt": "text"})


@pytest.mark.parametrize(
    "text",
    [
        "import torch\nops = torch.ops._other\n",
        f"import torch\nops = torch.ops._other\nNAME = '{OPS_ID}'\n",
        "import torch\nNAME = '_other'\nops = getattr(torch.ops, NAME)\n",
    ],
)
def test_operators_in_another_namespace(tmp_path: Path, text: str) -> None:
    """An `_ops.py` takes the operators from the namespace of the id, and from no other."""
    assert [("ops-namespace", "error", "_ops.py")] == _check(tmp_path / "b", files={"_ops.py": text})


@pytest.mark.parametrize("text", ["def f(:\n", "\0"])
def test_ops_that_are_no_python(tmp_path: Path, text: str) -> None:
    """What is no Python is for the check of the sources to tell."""
    assert [] == _check(tmp_path / "b", files={"_ops.py": text})


def test_skipped_checks_are_named(tmp_path: Path) -> None:
    """What a build was not checked for when it was made stays known."""
    tree = make_build(tmp_path / "b", provenance={"skipped-checks": list(CHECKS[:2])})
    (finding,) = check_metadata(tree, read_metadata(tree))
    assert "was built without the checks layout, metadata" == finding.message
