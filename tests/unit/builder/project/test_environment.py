"""A value from build.toml stays a value, in every language that is generated from it."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.configs import component, torch_config

from kernel_builder.errors import ConfigError
from kernel_builder.project.environment import cmake, cmake_flags, cmake_path, cmake_text, environment, python, toml
from kernel_builder.project.render import render
from kernel_builder.provenance import Provenance
from kernel_builder.toolchain.tools import find_tool

tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

FACTS = """\
set(KERNEL_FRAMEWORK_ROOT [[{root}]])
set(KERNEL_FRAMEWORK_VERSION [[2.13.0]])
set(KERNEL_TORCH_CXX11_ABI [[1]])
"""
PIECES = (
    '"', "'", "(", ")", ";", "$", "\n", "\r\n", "\t", "]]", "[[", "[=[", "[", "]", "${", "}", "\\", "$<", ">",
    "$ENV{PATH}", "${CMAKE_VERSION}", "@CMAKE_VERSION@", "$<1:evil>", "$<TARGET_FILE:x>", "SHELL:", "#", "#[[",
    " ", ",", "a", "é", "😀", "\ufeff", "\u2028", "\x7f", "\x01", '")\nfile(TOUCH canary)\nset(x "',
    "]]\nfile(TOUCH canary)\n#", "\\\\;", "\\n", "%", "`touch canary`", "$(touch canary)", "{{ 1 }}",
    "{% raw %}", '"""', "'''", "-DX=", "--", "",
)  # fmt: skip
VALUES = st.lists(st.sampled_from(PIECES) | st.characters(codec="utf-8", exclude_characters="\0"), max_size=8).map(
    "".join
)
FLAGS = [
    '-DX="a b;c"', "-DY=$<1:evil>", "-Xclang", "a", "-Xclang", "b", "-DZ='q'", '-DW=\\"s\\"',
    "-DV=$ENV{PATH}${CMAKE_VERSION}", "-DU=a\\b", "-DT=`touch canary`", "-DS=$(touch canary)", "SHELL:-DR",
    "-DQ=#", "-DP=%d", "-DO=é", "-DN=[;]", "", "-DM=$$<$<", "-DL=@CMAKE_VERSION@", "-DK=\t", "-DJ=a\\\\;b",
    "-DI=!", "-DH=*?~", "-DG=<>&|", "-DX=1", "-DX=1",
]  # fmt: skip


def _collect(count: int, values: st.SearchStrategy[str]) -> list[str]:
    """So many values of a strategy, so that one run of CMake can judge them all."""
    found: list[str] = []

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(values)
    def collect(value: str) -> None:
        found.append(value)

    collect()
    return found


def _fits(value: str, escape: Callable[[str], str] = cmake_text) -> bool:
    try:
        escape(value)
    except ConfigError:
        return False
    return True


def _run_script(folder: Path, script: str) -> None:
    (folder / "script.cmake").write_text("cmake_minimum_required(VERSION 3.22...4.0)\n" + script, "utf-8", newline="\n")
    subprocess.run([find_tool("cmake"), "-P", "script.cmake"], cwd=folder, check=True, capture_output=True)


def test_cmake_lists_hold_the_values(tmp_path: Path) -> None:
    """What CMake holds when it walks over a list of escaped values is the values, none split, joined or run."""
    values = [value for value in [*PIECES, *_collect(3000, VALUES)] if _fits(value)]
    assert len(values) > 1000
    groups = [values[start : start + 7] for start in range(0, len(values), 7)]
    script = "".join(
        f'set(list "first" {" ".join(map(cmake, group))} "last")\n'
        "foreach(value IN LISTS list)\n"
        '  string(HEX "${value}" hex)\n'
        '  file(APPEND values "${hex}\\n")\n'
        "endforeach()\n"
        for group in groups
    )
    _run_script(tmp_path, script)
    held = [bytes.fromhex(line).decode() for line in (tmp_path / "values").read_text().split("\n")[:-1]]
    assert [value for group in groups for value in ("first", *group, "last")] == held
    assert {"script.cmake", "values"} == {path.name for path in tmp_path.iterdir()}


def test_cmake_functions_get_the_values(tmp_path: Path) -> None:
    """A value is one argument of the function that it is given to; only semicolons carry the mark of a list element."""
    values = [value for value in PIECES if _fits(value)]
    script = (
        "function(show)\n"
        "  math(EXPR last ${ARGC}-1)\n"
        "  foreach(index RANGE ${last})\n"
        '    string(HEX "${ARGV${index}}" hex)\n'
        '    file(APPEND values "${hex}\\n")\n'
        "  endforeach()\n"
        "endfunction()\n"
        f"show({' '.join(map(cmake, values))})\n"
    )
    _run_script(tmp_path, script)
    held = [bytes.fromhex(line).decode() for line in (tmp_path / "values").read_text().split("\n")[:-1]]
    assert [value.replace(";", "\\;") for value in values] == held


def test_cmake_text_stands_within_an_argument(tmp_path: Path) -> None:
    """Escaped text can follow CMake's own text in one argument."""
    script = f'set(here "from/")\nset(value "${{here}}{cmake_text("a $b/${c}")}")\nfile(WRITE value "${{value}}")\n'
    _run_script(tmp_path, script)
    assert "from/a $b/${c}" == (tmp_path / "value").read_text()


@pytest.mark.parametrize("value", ["a\\", "\\", "a[", "]", "][", "a]b[", "\0", "a\0b"])
def test_what_cmake_cannot_hold_is_refused(value: str) -> None:
    """A value that would change on its way through CMake is refused, with the value in the message."""
    with pytest.raises(ConfigError) as raised:
        cmake(value)
    assert str(raised.value).startswith(repr(value))


@pytest.mark.parametrize("value", ["-DX=a\nb", "-DX=\r"])
def test_flags_with_line_breaks_are_refused(value: str) -> None:
    """No build file can hold a flag with a line break."""
    with pytest.raises(ConfigError, match="has a line break"):
        cmake_flags(["-DA", value])


@pytest.mark.parametrize("value", ["<", ">", "<<", ">>", "|", "||", "&", "&&", "&>", "1>", "2>", "2>&1", "1>&2"])
def test_operators_of_the_shell_are_refused(value: str) -> None:
    """CMake passes a word that is an operator to the shell as it is, so none may come from build.toml."""
    with pytest.raises(ConfigError, match="operator of the shell"):
        cmake_flags([value, "touch", "canary"])


@pytest.mark.parametrize("value", ["a;b.cpp", "$<TARGET_FILE:x>.cpp"])
def test_file_names_that_cmake_takes_apart_are_refused(value: str) -> None:
    """A list or a generator expression is no name of a file."""
    with pytest.raises(ConfigError, match="cannot be the name of a file in CMake"):
        cmake_path(value)
    assert '"a$b \\${c}.cpp"' == cmake_path("a$b ${c}.cpp").replace("a\\$b", "a$b")


def test_flags_reach_the_compiler(tmp_path: Path) -> None:
    """The rendered project gives the compiler exactly the flags of build.toml, in order, repetitions included."""
    printable = VALUES.filter(str.isprintable).filter(lambda value: _fits(value, lambda flag: cmake_flags([flag])))
    config = torch_config(
        components=(component(cxx_flags=tuple(FLAGS)),),
        cxx_flags=tuple(_collect(300, printable)),
        include=("a$b c",),
    )
    compiled = _configure(tmp_path, render(config, Provenance("abc1234")))
    assert FLAGS == _between(compiled["demo_cpu.cpp"], FLAGS)
    flags = list(config.framework.cxx_flags)  # type: ignore[union-attr]
    assert flags == _between(compiled["torch_binding.cpp"], flags)
    assert f"-I{tmp_path}/project/a$b c" in compiled["torch_binding.cpp"]
    assert [] == list(tmp_path.rglob("canary"))


def _configure(folder: Path, files: dict[str, str]) -> dict[str, list[str]]:
    """Configure a rendered project against a Torch that is only a shape; source → the words that compile it."""
    torch = folder / "torch"
    for name in ("version.py", "lib/libc10.so", "lib/libtorch_cpu.so", "lib/libtorch.so", "include/torch.h"):
        files |= {f"../torch/{name}": ""}
    files |= {"demo_cpu.cpp": "", "torch-ext/torch_binding.cpp": "", "../facts.cmake": FACTS.format(root=torch)}
    for name, text in files.items():
        path = folder / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    command = [
        str(find_tool("cmake")),
        "-S",
        "project",
        "-B",
        "build",
        "-G",
        "Ninja",
        "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
    ]
    command += [f"-DCMAKE_MAKE_PROGRAM={find_tool('ninja')}", f"-DKERNEL_FACTS={folder / 'facts.cmake'}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    # compile_commands.json writes `$` twice (a fault of CMake's); Ninja's own words are what the shell will get.
    show = [str(find_tool("ninja")), "-C", "build", "-t", "commands"]
    commands = subprocess.run(show, cwd=folder, capture_output=True, check=True).stdout.decode()
    words = [_words(line, folder) for line in commands.split("\n") if " -c " in line]
    return {Path(line[-1]).name: line for line in words}


def _words(line: str, folder: Path) -> list[str]:
    """What the shell makes of a command (Python's shlex keeps the backslash of an escaped dollar)."""
    done = subprocess.run(["sh", "-c", f"printf '%s\\0' {line}"], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().split("\0")[:-1]


def _between(words: list[str], flags: list[str]) -> list[str]:
    """The words of a command in the place of the flags: those in front of the compiler's dependencies and seed."""
    end = next(index for index, word in enumerate(words) if word == "-MD" or word.startswith("-frandom-seed="))
    return words[end - len(flags) : end]


@given(VALUES | st.text(st.characters(codec="utf-8")))
@settings(database=None, deadline=None)
@example("\0\x7f\x80\u2028")
def test_toml_round_trip(value: str) -> None:
    """A TOML parser reads the value, as a value and as a key."""
    assert {value: value} == tomllib.loads(f"{toml(value)} = {toml(value)}\n")


@given(VALUES | st.text())
@settings(database=None, deadline=None)
@example("😀")
@example("\ud800")
def test_python_round_trip(value: str) -> None:
    """Python reads the value, from plain ASCII in one line."""
    literal = python(value)
    assert (value, True, 1) == (ast.literal_eval(literal), literal.isascii(), len(literal.splitlines()))


def test_undefined_variables_are_errors() -> None:
    """A template that names what does not exist fails, and never writes an empty text."""
    with pytest.raises(jinja2.UndefinedError, match="'missing' is undefined"):
        environment().from_string("{{ missing }}").render()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ x | cmake }}", '"a\\"b"'),
        ("{{ x | cmake_path }}", '"a\\"b"'),
        ("{{ x | cmake_text }}", 'a\\"b'),
        ("{{ [x] | cmake_flags }}", '"SHELL:\\"a\\\\\\"b\\""'),
        ("{{ x | toml }}", '"a\\"b"'),
        ("{{ x | toml_key }}", '"a\\"b"'),
        ("{{ x | python }}", '"a\\"b"'),
    ],
)
def test_filters_are_in_the_environment(template: str, expected: str) -> None:
    """Templates know each filter by its name."""
    assert expected == environment().from_string(template).render(x='a"b')


def test_line_ends_are_kept() -> None:
    """The last end of line of a template is kept, and every one is a line feed."""
    assert "a\nb\n" == environment().from_string("a\r\nb\r\n").render()
