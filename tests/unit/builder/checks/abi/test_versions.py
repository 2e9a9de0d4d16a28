"""Versions of the system's libraries, held against a manylinux policy."""

from pathlib import Path

import pytest
from support.libraries import link, module, needs_gcc

from kernel_builder.checks.abi import AbiLimits, check_abi
from kernel_builder.checks.findings import Finding

pytestmark = needs_gcc

_LIMITS = AbiLimits(manylinux="manylinux_2_28")


def _kernel(tmp_path: Path, version: str, *flags: str, library: str = "libc.so.6", weak: bool = False) -> Path:
    """A module that needs `fresh` in a version of a library."""
    stub = link(
        tmp_path / "stubs" / library,
        "int fresh(void) { return 1; }",
        f"-Wl,-soname,{library}",
        versions=f"{version} {{ global: fresh; local: *; }};",
    )
    attribute = "__attribute__((weak))" if weak else ""
    code = f"extern int fresh(void) {attribute}; int use(void) {{ return fresh(); }}"
    return module(tmp_path / "kernel.abi3.so", f"{code} void *keep = use;", *flags, needs=[stub])


def _found(path: Path, limits: AbiLimits = _LIMITS) -> list[Finding]:
    return [one for one in check_abi(path, limits).findings if one.code.startswith("manylinux")]


@pytest.mark.parametrize(
    ("version", "library"),
    [
        ("GLIBC_2.2.5", "libc.so.6"),
        ("GLIBC_2.28", "libm.so.6"),
        ("GLIBCXX_3.4.24", "libstdc++.so.6"),
        ("CXXABI_1.3.11", "libstdc++.so.6"),
        ("CXXABI_FLOAT128", "libstdc++.so.6"),
        ("CXXABI_TM_1", "libstdc++.so.6"),
        ("GCC_7.0.0", "libgcc_s.so.1"),
    ],
)
def test_what_the_policy_allows(tmp_path: Path, version: str, library: str) -> None:
    """The newest versions of the policy, and those that are no numbers, are no finding."""
    assert [] == _found(_kernel(tmp_path, version, library=library))


@pytest.mark.parametrize(
    ("version", "allowed", "library"),
    [
        ("GLIBC_2.29", "GLIBC_2.28", "libc.so.6"),
        ("GLIBC_2.34", "GLIBC_2.28", "libm.so.6"),
        ("GLIBCXX_3.4.25", "GLIBCXX_3.4.24", "libstdc++.so.6"),
        ("CXXABI_1.3.13", "CXXABI_1.3.11", "libstdc++.so.6"),
        ("GCC_12.0.0", "GCC_7.0.0", "libgcc_s.so.1"),
    ],
)
@pytest.mark.parametrize("flags", [(), ("-s",)], ids=["whole", "stripped"])
def test_what_is_newer(tmp_path: Path, version: str, allowed: str, library: str, flags: tuple[str, ...]) -> None:
    """A newer version is told with its symbol, both versions, the library and a remedy, also of a stripped file."""
    [finding] = _found(_kernel(tmp_path, version, *flags, library=library))
    expected = ("manylinux-version", "fresh", version, allowed, library, "error")
    assert expected == (
        finding.code, finding.symbol, finding.needed, finding.allowed, finding.origin, finding.severity
    )  # fmt: skip
    assert finding.remedy


def test_without_section_headers(tmp_path: Path) -> None:
    """The loader does not look at the table of sections, and neither does the check."""
    path = _kernel(tmp_path, "GLIBC_2.34", "-s")
    data = bytearray(path.read_bytes())
    data[40:48], data[58:64] = bytes(8), bytes(6)  # e_shoff; e_shentsize, e_shnum and e_shstrndx
    path.write_bytes(data)
    assert [("manylinux-version", "fresh")] == [(one.code, one.symbol) for one in _found(path)]


def test_a_weak_symbol_counts(tmp_path: Path) -> None:
    """A weak symbol is held to the policy too, as auditwheel does."""
    assert ["manylinux-version"] == [one.code for one in _found(_kernel(tmp_path, "GLIBC_2.35", weak=True))]


def test_another_policy(tmp_path: Path) -> None:
    """A newer policy allows what an older one does not, and without a policy nothing is said."""
    path = _kernel(tmp_path, "GLIBC_2.34")
    assert [] == _found(path, AbiLimits(manylinux="manylinux_2_34"))
    assert [] == _found(path, AbiLimits(manylinux=None))
    assert 1 == len(_found(path, AbiLimits(manylinux="manylinux_2_31")))


@pytest.mark.parametrize(
    ("version", "code"), [("GLIBC_PRIVATE", "manylinux-private"), ("MUSL_1", "manylinux-unknown-version")]
)
def test_versions_that_are_no_numbers(tmp_path: Path, version: str, code: str) -> None:
    """What the C library keeps to itself, and what it does not have on any system, are findings of their own."""
    [finding] = _found(_kernel(tmp_path, version))
    assert (code, "fresh", version) == (finding.code, finding.symbol, finding.needed)


def test_the_versions_of_others(tmp_path: Path) -> None:
    """Libraries that are not the system's count their versions as they like."""
    assert [] == _found(_kernel(tmp_path, "libcudart.so.13", library="libcudart.so.13"))


def test_packed_relocations(tmp_path: Path) -> None:
    """Packed relocations need glibc 2.36; the linker's flag against them is the remedy."""
    code = "int one = 1; int *table[] = {&one, &one, &one, &one, &one, &one, &one, &one}; void *keep = table;"
    path = module(tmp_path / "kernel.abi3.so", code, "-Wl,-z,pack-relative-relocs")
    [finding] = _found(path)
    assert ("manylinux-relr", "GLIBC_ABI_DT_RELR") == (finding.code, finding.needed)
    assert "-Wl,-z,nopack-relative-relocs" in (finding.remedy or "")


def test_a_processor_that_the_policy_does_not_know(tmp_path: Path) -> None:
    """No policy for the processor is a finding, so that nothing passes unchecked."""
    path = _kernel(tmp_path, "GLIBC_2.28")
    data = bytearray(path.read_bytes())
    data[18:20] = (8).to_bytes(2, "little")  # e_machine: MIPS
    path.write_bytes(data)
    assert ["manylinux-machine"] == [one.code for one in _found(path)]
