"""Undefined symbols without a version."""

from pathlib import Path

from support.libraries import link, module, needs_gcc

from kernel_builder.checks.abi import AbiLimits, AbiReport, check_abi

pytestmark = needs_gcc


def _check(tmp_path: Path, *names: str, needs: tuple[Path, ...] = (), search: tuple[Path, ...] = ()) -> AbiReport:
    """Check a module that needs these symbols, and a C library that has nothing."""
    standard = link(tmp_path / "c" / "libc.so.6", "", "-Wl,-soname,libc.so.6")
    code = "".join(f"extern int {name}(void); void *keep_{number} = {name};" for number, name in enumerate(names))
    return check_abi(module(tmp_path / "kernel.abi3.so", code, needs=[standard, *needs]), AbiLimits(search=search))


def _codes(report: AbiReport) -> list[tuple[str, str | None]]:
    return [(one.code, one.symbol) for one in report.findings]


def test_a_newer_function_of_the_c_library(tmp_path: Path) -> None:
    """A function that the C library has only since a newer version is told, though nothing in the file says so."""
    report = _check(tmp_path, "close_range", "__tls_get_addr")
    [finding] = report.findings
    assert ("unversioned-newer", "close_range", "GLIBC_2.34", "GLIBC_2.28") == (
        finding.code, finding.symbol, finding.needed, finding.allowed
    )  # fmt: skip


def test_it_may_be_missing(tmp_path: Path) -> None:
    """A weak symbol may stay undefined: its user asks whether it is there."""
    path = module(
        tmp_path / "kernel.abi3.so", "extern int close_range(void) __attribute__((weak)); void *k = close_range;"
    )
    assert () == check_abi(path, AbiLimits()).findings


def test_symbols_of_the_cxx_library(tmp_path: Path) -> None:
    """A symbol of `std` without a version is an error; not so one that Torch alone can define, of its own types."""
    torch = link(tmp_path / "libtorch_cpu.so", "", "-Wl,-soname,libtorch_cpu.so")
    names = ("_ZNSt10filesystem6statusERKNS_7__cxx114pathE", "_ZNSt6vectorIN2at6TensorESaIS1_EE9push_backERKS1_")
    assert [("unversioned-cxx", names[0])] == _codes(_check(tmp_path, *names, needs=(torch,)))


def test_a_symbol_that_nobody_defines(tmp_path: Path) -> None:
    """A symbol that is in none of the needed libraries, nor in those that they need, is an error."""
    far = link(tmp_path / "lib" / "libc10.so", "int far(void) { return 1; }", "-Wl,-soname,libc10.so")
    near = link(
        tmp_path / "lib" / "libtorch_cpu.so", "int near(void) { return 1; }", "-Wl,-soname,libtorch_cpu.so",
        needs=[far],
    )  # fmt: skip
    report = _check(tmp_path, "near", "far", "nowhere", needs=(near,), search=(tmp_path / "lib",))
    assert [("undefined-symbol", "nowhere")] == _codes(report)


def test_without_any_library(tmp_path: Path) -> None:
    """What no library is there for is an error; Python is always there."""
    assert [("undefined-symbol", "nowhere")] == _codes(_check(tmp_path, "nowhere", "PyObject_Call"))


def test_the_c_library_is_always_there(tmp_path: Path) -> None:
    """Where the C library is not listed, nothing is said of names that it may define; C++ names are not its."""
    code = "extern int memcpy(void), _Z7nowherev(void); void *keep = memcpy, *keep_2 = _Z7nowherev;"
    report = check_abi(module(tmp_path / "kernel.abi3.so", code), AbiLimits())
    assert [("undefined-symbol", "_Z7nowherev")] == _codes(report)
    assert ("whether memcpy can be found in libc.so.6",) == report.unchecked


def test_a_library_that_is_not_at_hand(tmp_path: Path) -> None:
    """Nothing is said of symbols that a library which is not at hand may define; that is noted."""
    torch = link(tmp_path / "elsewhere" / "libtorch_cpu.so", "", "-Wl,-soname,libtorch_cpu.so")
    report = _check(tmp_path, "somewhere", needs=(torch,), search=(tmp_path,))
    assert () == report.findings
    assert ("whether somewhere can be found in libtorch_cpu.so",) == report.unchecked


def test_the_run_time_of_cxx(tmp_path: Path) -> None:
    """What libstdc++ and libgcc_s define is there when they are needed, and otherwise it is not."""
    standard = link(tmp_path / "libstdc++.so.6", "", "-Wl,-soname,libstdc++.so.6")
    assert [] == _codes(_check(tmp_path, "_Znwm", "__cxa_throw", needs=(standard,)))
    assert ["undefined-symbol"] * 2 == [one.code for one in _check(tmp_path, "_Znwm", "__cxa_throw").findings]


def test_a_library_that_cannot_be_read(tmp_path: Path) -> None:
    """A damaged library is as one that is not at hand."""
    torch = link(tmp_path / "lib" / "libtorch_cpu.so", "", "-Wl,-soname,libtorch_cpu.so")
    folders = (tmp_path / "lib",)
    assert ["undefined-symbol"] == [
        one.code for one in _check(tmp_path, "nowhere", needs=(torch,), search=folders).findings
    ]
    torch.write_bytes(torch.read_bytes()[:200])
    assert () == check_abi(tmp_path / "kernel.abi3.so", AbiLimits(search=folders)).findings


def test_what_every_process_has(tmp_path: Path) -> None:
    """What the loader itself defines is no finding."""
    assert [] == _codes(_check(tmp_path, "__tls_get_addr"))
