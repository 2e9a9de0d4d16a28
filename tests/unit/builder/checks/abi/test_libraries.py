"""The libraries that a library needs, and the name that it gives itself."""

from pathlib import Path

import pytest
from support.libraries import link, module, needs_gcc

from kernel_builder.checks.abi import AbiLimits, check_abi
from kernel_builder.checks.findings import Finding
from kernels.variant import parse_variant

pytestmark = needs_gcc


def _found(
    tmp_path: Path, library: str, variant: str | None = None, manylinux: str | None = "manylinux_2_28"
) -> list[Finding]:
    soname = f"-Wl,-soname,{library}"
    needed = link(tmp_path / "needed" / library.rpartition("/")[2], "", soname)
    path = module(tmp_path / "kernel.abi3.so", "", needs=[needed])
    limits = AbiLimits(manylinux=manylinux, variant=parse_variant(variant) if variant else None)
    return [one for one in check_abi(path, limits).findings if one.code != "wrong-machine"]


@pytest.mark.parametrize(
    ("library", "variant"),
    [
        ("libc.so.6", None),
        ("ld-linux-x86-64.so.2", None),
        ("libz.so.1", None),
        ("libtorch_cpu.so", "torch212-cxx11-cpu-x86_64-linux"),
        ("libgomp.so.1", "torch212-cxx11-cpu-x86_64-linux"),
        ("libcudart.so.13", None),
        ("libcudart.so.13", "torch212-cxx11-cu130-x86_64-linux"),
        ("libcudnn_graph.so.9", "torch212-cxx11-cu126-x86_64-linux"),
        ("libcuda.so.1", "torch212-cxx11-cu126-x86_64-linux"),
        ("libamdhip64.so.7", "torch212-cxx11-rocm71-x86_64-linux"),
        ("libsycl.so.8", "torch212-cxx11-xpu20253-x86_64-linux"),
        ("libtvm_ffi.so", "tvm-ffi01-cpu-x86_64-linux"),
    ],
)
def test_what_may_be_needed(tmp_path: Path, library: str, variant: str | None) -> None:
    """The system's libraries, Torch's, and those that come with it for the backend are no finding."""
    codes = [one.code for one in _found(tmp_path, library, variant) if not one.code.startswith("module")]
    assert [] == codes


@pytest.mark.parametrize(
    ("library", "variant", "code"),
    [
        ("libfoo.so.1", None, "needed-library"),
        ("libopencv_core.so.4", "torch212-cxx11-cu130-x86_64-linux", "needed-library"),
        ("libc.so", None, "needed-library"),  # musl's
        ("libpython3.11.so.1.0", None, "needed-python"),
        ("libcudart.so.13", "torch212-cxx11-cpu-x86_64-linux", "needed-backend"),
        ("libtorch_cuda.so", "torch212-cxx11-cpu-x86_64-linux", "needed-backend"),
        ("libamdhip64.so.6", "torch212-cxx11-cu130-x86_64-linux", "needed-backend"),
        ("libtvm_ffi.so", "torch212-cxx11-cpu-x86_64-linux", "needed-backend"),
        ("libcudart.so.12", "torch212-cxx11-cu130-x86_64-linux", "needed-version"),
        ("libamdhip64.so.6", "torch212-cxx11-rocm71-x86_64-linux", "needed-version"),
        ("/opt/lib/libfoo.so", None, "needed-path"),
        ("./libtorch_cpu.so", None, "needed-path"),
    ],
)
def test_what_may_not_be_needed(tmp_path: Path, library: str, variant: str | None, code: str) -> None:
    """Another library, or one of another backend, framework or toolkit, is an error that names it."""
    [finding] = _found(tmp_path, library, variant)
    assert (code, library) == (finding.code, finding.needed)


def test_without_a_policy(tmp_path: Path) -> None:
    """Without a manylinux policy its list of libraries does not count, the system's own libraries do."""
    assert [] == _found(tmp_path, "libm.so.6", manylinux=None)
    assert ["needed-library"] == [one.code for one in _found(tmp_path, "libX11.so.6", manylinux=None)]


@pytest.mark.parametrize("flag", ["-Wl,-f,libfoo.so", "-Wl,-F,libfoo.so", "-Wl,--audit,libfoo.so"])
def test_libraries_that_are_named_otherwise(tmp_path: Path, flag: str) -> None:
    """Filters and auditors are loaded too, and are told as libraries that are needed."""
    path = module(tmp_path / "kernel.abi3.so", "", flag)
    assert [("needed-library", "libfoo.so")] == [
        (one.code, one.needed) for one in check_abi(path, AbiLimits()).findings
    ]


@pytest.mark.parametrize(("soname", "codes"), [("libc10.so", ["soname"]), ("libc.so.6", ["soname"]), ("kernel.so", [])])
def test_the_name_that_it_gives_itself(tmp_path: Path, soname: str, codes: list[str]) -> None:
    """The name of a library of the system or of Torch is an error, any other does no harm."""
    path = module(tmp_path / "kernel.abi3.so", "", f"-Wl,-soname,{soname}")
    assert codes == [one.code for one in check_abi(path, AbiLimits()).findings]
