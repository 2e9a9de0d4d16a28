"""`kernel-builder check-abi`."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.builds import OPS_ID, make_build
from support.libraries import link, module, needs_gcc
from support.projects import kernel_builder

from kernel_builder.cli import cli


def _variant(backend: str = "cpu") -> str:
    return f"torch29-cxx11-{backend}-{os.uname().machine}-linux"


def _build(project: Path, code: str = "", *flags: str, variant: str = "") -> Path:
    """A build with a library; of a Torch that is not the one of the tests."""
    tree = make_build(project / "build" / (variant or _variant()))
    return module(tree / f"{OPS_ID}.abi3.so", code, *flags)


def _check(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["check-abi", *map(str, arguments)])


@needs_gcc
def test_a_project_without_fault(tmp_path: Path) -> None:
    """Each library has a line that says what it is held against, and one that says that nothing was found."""
    path = _build(tmp_path)
    (path.parent / f"{path.name}.c").unlink()
    expected = [
        f"🐍 Checking for compatibility with manylinux_2_28 and Python ABI version 3.9: {path}",
        "✅ No compatibility issues found",
    ]
    result = _check(tmp_path)
    assert (0, expected) == (result.exit_code, result.stdout.splitlines())


@needs_gcc
@pytest.mark.parametrize("place", [".", "build", f"build/{_variant()}", f"build/{_variant()}/{OPS_ID}.abi3.so"])
def test_every_kind_of_place(tmp_path: Path, place: str) -> None:
    """A project, a folder of builds, a build and a library are places to check, with the same answer."""
    _build(tmp_path, "", "-Wl,-z,execstack")
    result = _check(tmp_path / place)
    assert 8 == result.exit_code
    assert "❌ it asks for an executable stack (executable-stack)" in result.stdout.splitlines()


@needs_gcc
def test_a_finding_as_text(tmp_path: Path) -> None:
    """A finding is a block: what, and below it the symbol, the versions, where it comes from and what to do."""
    stub = link(
        tmp_path / "libc.so.6",
        "int fresh(void) { return 1; }",
        "-Wl,-soname,libc.so.6",
        versions="GLIBC_2.34 { fresh; };",
    )
    path = module(tmp_path / "kernel.abi3.so", "extern int fresh(void); void *keep = fresh;", needs=[stub])
    result = _check(path)
    lines = result.stdout.splitlines()
    assert 8 == result.exit_code
    assert lines[1].startswith("❌ fresh is needed, which libc.so.6 has since GLIBC_2.34")
    assert ["symbol:", "needed:", "allowed:", "origin:", "remedy:"] == [line.split()[0] for line in lines[2:]]
    assert ["fresh", "GLIBC_2.34", "GLIBC_2.28", "libc.so.6"] == [line.split()[1] for line in lines[2:6]]


@needs_gcc
def test_a_remedy_is_said_once(tmp_path: Path) -> None:
    """Findings that follow one another and have the same remedy share its line."""
    path = module(tmp_path / "kernel.abi3.so", "extern int _PyX1(void), _PyX2(void); void *a = _PyX1, *b = _PyX2;")
    lines = _check(path).stdout.splitlines()
    assert (2, 1) == (sum(line.startswith("❌") for line in lines), sum("remedy:" in line for line in lines))
    assert lines[-1].startswith("   remedy:")


@needs_gcc
def test_options(tmp_path: Path) -> None:
    """Each option is a limit; `off` is none."""
    code = (
        "extern int close_range(void), PyModule_AddObjectRef(void); void *a = close_range, *b = PyModule_AddObjectRef;"
    )
    path = module(tmp_path / "kernel.abi3.so", code)
    for arguments, codes in (
        ((), ["python-too-new", "unversioned-newer"]),
        (("--manylinux", "manylinux_2_34"), ["python-too-new"]),
        (("--manylinux", "manylinux2014"), ["python-too-new", "unversioned-newer"]),
        (("-m", "2_34", "-p", "3.10"), []),
        (("-m", "off", "--python-abi", "3.10"), []),
        (("--torch-stable-abi", "2.10", "-m", "off"), ["python-too-new"]),
    ):
        document = json.loads(_check(path, "--json", *arguments).stdout)
        assert codes == [one["code"] for one in document["files"][0]["findings"]], arguments


@pytest.mark.parametrize(
    "arguments",
    [("--manylinux", "manylinux_9_99"), ("--manylinux", "nonsense"), ("-p", "three"), ("--macos", "15.0.0.0")],
)
def test_wrong_values(tmp_path: Path, arguments: tuple[str, str]) -> None:
    """A policy or a version that there is not is wrong usage."""
    assert 2 == _check(tmp_path, *arguments).exit_code


@needs_gcc
def test_what_a_build_is_held_against(tmp_path: Path) -> None:
    """The line of a library says its own limits: the stable ABI by its name, and Python's for every framework."""
    stable, tvm_ffi = (f"{name}-cpu-{os.uname().machine}-linux" for name in ("torch-stable-abi211", "tvm-ffi01"))
    _build(tmp_path, variant=stable)
    code = "extern int PyModule_AddObjectRef(void); void *keep = PyModule_AddObjectRef;"
    module(make_build(tmp_path / "build" / tvm_ffi) / f"{OPS_ID}.so", code)
    result = _check(tmp_path)
    limits = [line.partition(" with ")[2].partition(":")[0] for line in result.stdout.splitlines() if "🐍" in line]
    assert "manylinux_2_28 and Python ABI version 3.9 and Torch stable ABI version 2.11" == limits[0]
    assert {"manylinux_2_28 and Python ABI version 3.9"} == set(limits[1:])
    assert "python-too-new" in result.stdout


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_library_that_is_not_looked_into(tmp_path: Path, as_json: list[str]) -> None:
    """Where no library could be checked, that is a failure, and nothing says that all is well."""
    (tmp_path / "kernel.pyd").write_bytes(b"MZ")
    result = _check(tmp_path / "kernel.pyd", *as_json)
    assert (8, False) == (result.exit_code, "✅" in result.stdout)
    if as_json:
        assert (False, []) == ((document := json.loads(result.stdout))["ok"], document["files"][0]["checked"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_place_that_is_no_file(tmp_path: Path) -> None:
    """A pipe is wrong usage; it is not waited for."""
    os.mkfifo(tmp_path / "kernel.so")
    result = _check(tmp_path / "kernel.so")
    assert (2, True) == (result.exit_code, "is neither a file nor a folder" in result.stderr)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everywhere, and modes are of POSIX")
def test_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    """It is a finding of its build, and the other builds are checked."""
    (make_build(tmp_path / "build" / "torch-cpu") / "sub").mkdir(mode=0)
    make_build(tmp_path / "build" / "torch212-cxx11-cpu-x86_64-linux")
    document = json.loads(_check(tmp_path, "--json").stdout)
    assert ["unreadable", "no-library"] == [one["findings"][0]["code"] for one in document["files"]]


@needs_gcc
def test_json(tmp_path: Path) -> None:
    """As JSON, each library has its format, processor, what was looked at, and all findings."""
    path = _build(
        tmp_path, "".join(f"extern int _PyX{number}(void); void *k{number} = _PyX{number};" for number in range(30))
    )
    result = _check(tmp_path, "--json")
    document = json.loads(result.stdout)
    [file] = document["files"]
    assert (8, False, str(path), "elf", os.uname().machine) == (
        result.exit_code, document["ok"], file["file"], file["kind"], file["machine"]
    )  # fmt: skip
    assert [f"_PyX{number}" for number in range(30)] == sorted(
        (one["symbol"] for one in file["findings"]), key=lambda name: int(name[4:])
    )
    assert "limited API: Python 3.9" in file["checked"]


@needs_gcc
def test_long_lists_are_cut(tmp_path: Path) -> None:
    """As text, the first twenty findings of a library are shown, and how many more there are."""
    _build(tmp_path, "".join(f"extern int _PyX{number}(void); void *k{number} = _PyX{number};" for number in range(30)))
    lines = _check(tmp_path).stdout.splitlines()
    assert 20 == len([line for line in lines if line.startswith("❌")])
    assert "   and 10 more, which --json lists" == lines[-1]


@needs_gcc
def test_one_bad_library_does_not_hide_the_others(tmp_path: Path) -> None:
    """A library that cannot be read is a finding, and the next one is checked."""
    _build(tmp_path, variant=_variant("cu130")).write_bytes(b"\x7fELF")
    _build(tmp_path, "", "-Wl,-z,execstack")
    result = _check(tmp_path, "--json")
    found = {
        Path(one["file"]).parent.name: [finding["code"] for finding in one["findings"]]
        for one in json.loads(result.stdout)["files"]
        if one["file"].endswith(".so")
    }
    assert {_variant("cu130"): ["unreadable"], _variant(): ["executable-stack"]} == found


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_nothing_to_check(tmp_path: Path, as_json: list[str]) -> None:
    """Builds without any library are a failure, with words."""
    make_build(tmp_path / "build" / "torch-cpu")
    result = kernel_builder("check-abi", str(tmp_path), *as_json)
    assert 8 == result.returncode
    assert "holds no library: nothing was checked" in result.stderr


def test_a_compiled_build_without_a_library(tmp_path: Path) -> None:
    """A build that must have a library and has none is an error, whatever the others have."""
    make_build(tmp_path / "build" / "torch212-cxx11-cpu-x86_64-linux")
    result = _check(tmp_path)
    assert 8 == result.exit_code
    assert "❌ it has no library (no-library)" in result.stdout.splitlines()


def test_no_builds(tmp_path: Path) -> None:
    """A folder without builds is told as every command tells it."""
    result = kernel_builder("check-abi", str(tmp_path))
    assert (4, True) == (result.returncode, "holds no builds" in result.stderr)


@needs_gcc
def test_any_terminal(tmp_path: Path) -> None:
    """Neither an encoding without the signs nor names with control characters break the output."""
    path = module(
        tmp_path / "kernel.abi3.so",
        '__asm__(".globl \\"_Py\\\\033[31m\\"\\n.data\\n.quad \\"_Py\\\\033[31m\\"\\n.text");',
    )
    result = kernel_builder("check-abi", str(path), env={"PYTHONIOENCODING": "latin-1"})
    assert 8 == result.returncode
    assert "\\U0001f40d Checking" in result.stdout
    assert "\x1b" not in result.stdout
    assert "_Py\\x1b[31m" in result.stdout
