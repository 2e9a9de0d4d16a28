"""What the headers of a library say."""

import struct
import subprocess
from pathlib import Path

import pytest
from support.libraries import link, module, needs_gcc

from kernel_builder.checks.abi import AbiLimits, check_abi
from kernels.variant import parse_variant

pytestmark = needs_gcc


def _codes(path: Path, variant: str | None = None) -> list[str]:
    limits = AbiLimits(manylinux=None, variant=parse_variant(variant) if variant else None)
    return [one.code for one in check_abi(path, limits).findings]


@pytest.mark.parametrize(
    ("flags", "codes"),
    [
        ((), []),
        (("-Wl,-rpath,/opt/lib", "-Wl,--disable-new-dtags"), ["rpath"]),
        (("-Wl,-rpath,$ORIGIN:/opt/lib", "-Wl,--enable-new-dtags"), ["rpath"]),
        (("-Wl,-z,execstack",), ["executable-stack"]),
    ],
)
def test_what_the_linker_was_told(tmp_path: Path, flags: tuple[str, ...], codes: list[str]) -> None:
    """RPATH, RUNPATH and an executable stack are errors."""
    assert codes == _codes(module(tmp_path / "kernel.abi3.so", "", *flags))


def test_the_folders_are_named(tmp_path: Path) -> None:
    """The finding names the folders and the tag."""
    path = module(tmp_path / "kernel.abi3.so", "", "-Wl,-rpath,/opt/lib", "-Wl,--enable-new-dtags")
    [finding] = check_abi(path, AbiLimits()).findings
    assert ("it has the RUNPATH /opt/lib", "/opt/lib") == (finding.message, finding.needed)


def test_text_relocations(tmp_path: Path) -> None:
    """Code that has to be written to when it is loaded is an error."""
    code = '__asm__(".text\\n.globl taken\\ntaken: .quad outer\\n.data\\n.globl outer\\nouter: .quad 1\\n.text");'
    assert ["text-relocations"] == _codes(module(tmp_path / "kernel.abi3.so", code, "-Wl,-z,notext"))


@pytest.mark.parametrize("kind", ["object", "program", "pie"])
def test_what_is_no_shared_library(tmp_path: Path, kind: str) -> None:
    """An object file and a program, also a position-independent one, are no shared libraries."""
    source = tmp_path / "main.c"
    source.write_text("int main(void) { return 0; }", "utf-8")
    flags = {"object": ["-c"], "program": ["-no-pie"], "pie": ["-pie", "-fPIE"]}[kind]
    subprocess.run(["gcc", *flags, "-o", str(tmp_path / "kernel.abi3.so"), str(source)], check=True)
    assert "not-shared" in _codes(tmp_path / "kernel.abi3.so")


def test_no_dynamic_section(tmp_path: Path) -> None:
    """A library without a dynamic section has nothing that could be checked, which is an error."""
    path = module(tmp_path / "kernel.abi3.so")
    data = bytearray(path.read_bytes())
    headers, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    for at in range(headers, headers + count * 56, 56):
        if struct.unpack_from("<I", data, at)[0] == 2:
            struct.pack_into("<I", data, at, 0)
    path.write_bytes(data)
    assert ["no-dynamic-section"] == _codes(path)


@pytest.mark.parametrize(
    ("variant", "codes"),
    [
        ("torch212-cxx11-cpu-{machine}-linux", []),
        ("torch212-cxx11-cpu-s390x-linux", ["wrong-machine"]),
        ("torch212-cpu-aarch64-darwin", ["wrong-system"]),
        ("torch212-cpu-x86_64-windows", ["wrong-system"]),
        ("torch-cuda", ["unexpected-library"]),
    ],
)
def test_the_name_of_the_variant(tmp_path: Path, variant: str, codes: list[str]) -> None:
    """The library is for the system and the processor that the variant is named after."""
    path = module(tmp_path / "kernel.abi3.so")
    machine = check_abi(path, AbiLimits()).machine
    assert codes == _codes(path, variant.format(machine=machine))


@pytest.mark.parametrize(("number", "codes"), [(0, []), (3, []), (9, ["wrong-system"])])
def test_other_systems_of_the_format(tmp_path: Path, number: int, codes: list[str]) -> None:
    """A file that says that it is for another system of the same format, such as FreeBSD, is told."""
    path = module(tmp_path / "kernel.abi3.so")
    data = bytearray(path.read_bytes())
    data[7] = number
    path.write_bytes(data)
    assert codes == _codes(path)


def test_32_bits(tmp_path: Path) -> None:
    """A library for 32 bits is told."""
    path = tmp_path / "kernel.abi3.so"
    made = subprocess.run(
        ["gcc", "-m32", "-shared", "-fPIC", "-nostdlib", "-x", "c", "/dev/null", "-o", str(path)],
        check=False, capture_output=True,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("this compiler makes nothing for 32 bits")
    assert "32-bit" in _codes(path)


def test_a_library_without_code(tmp_path: Path) -> None:
    """A library with nothing in it has no fault in its headers."""
    assert ["extra-exports"] == _codes(link(tmp_path / "libf.so"))
