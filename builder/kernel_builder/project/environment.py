"""The one jinja2 environment, with one escaping filter for each language that we generate.

A value from `build.toml` reaches a template only through a filter: it can never become code. What a language cannot
carry at all is refused with a `ConfigError`, never altered.
"""

import json
import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from kernel_builder.errors import ConfigError
from kernel_builder.resources import templates_dir

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["cmake", "cmake_flags", "cmake_path", "cmake_text", "environment", "python", "toml"]


def cmake_text(value: str) -> str:
    r"""Escape text for the inside of a quoted CMake argument, so that it also survives as one element of a list.

    Raises:
        ConfigError: for a trailing backslash or unbalanced square brackets, which no CMake list can hold, and for the
            character NUL, which no CMake file can.
    """
    text = str(value)
    if text.endswith("\\") or _unbalanced(text) or "\0" in text:
        message = (
            f"{text!r} cannot be passed through CMake: it ends in a backslash, has unbalanced square brackets, "
            "or holds the character NUL"
        )
        raise ConfigError(message, hint="Write the value in build.toml without them.")
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("$", "\\$"), (";", "\\;"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(plain, escaped)
    return text


def cmake(value: str) -> str:
    """A quoted CMake argument that is one element of whatever list it comes to stand in."""
    return f'"{cmake_text(value)}"'


def cmake_path(value: str) -> str:
    """A quoted CMake argument that names a file or folder, from the top of the project.

    A name that could be taken for one of the words that our functions divide their arguments by, such as `INCLUDES`,
    gets `./` in front.

    Raises:
        ConfigError: as `cmake_text`, and for what CMake would take apart in the properties of a target.
    """
    for mark, what in ((";", "is divided at a semicolon"), ("$<", "is evaluated as a generator expression")):
        if mark in str(value):
            message = f"{value!r} cannot be the name of a file in CMake: it {what}"
            raise ConfigError(message, hint="Give the file another name, also in build.toml.")
    return cmake(f"./{value}" if re.fullmatch(r"[A-Z_]+", str(value)) else value)


def cmake_flags(values: Iterable[str]) -> str:
    """Compiler flags as one `SHELL:` argument, which keeps their order and repetitions (CMake drops repeated flags).

    A generator expression in a flag would be evaluated; its opening and its end are written so that they stay text,
    also where the whole stands in a generator expression, such as one for a language.

    Raises:
        ConfigError: as `cmake_text`; for a line break, which the build files that CMake writes cannot hold; and for an
            operator of the shell, which CMake does not quote: `["&&", "rm"]` would run a program.
    """
    flags = list(values)
    for flag in flags:
        if re.fullmatch(r"[0-9<>|&]*[<>|&][0-9<>|&]*", flag):
            message = f"{flag!r} cannot be passed to a compiler: CMake takes it for an operator of the shell"
            raise ConfigError(message, hint="Take the flag out of build.toml.")
    words = " ".join(_shell_word(flag) for flag in flags)
    if "\n" in words or "\r" in words:
        message = f"{words!r} cannot be passed to a compiler: it has a line break"
        raise ConfigError(message, hint="Write the flag in build.toml without it.")
    text = re.sub(r"\\\$<|>", lambda found: r"$<1:\$>$<1:<>" if found[0] != ">" else "$<ANGLE-R>", cmake_text(words))
    return f'"SHELL:{text}"'


def toml(value: str) -> str:
    """A TOML basic string."""
    # JSON's strings are TOML's, but for DEL, which JSON leaves bare.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007F")


def python(value: str) -> str:
    """A Python string literal in ASCII."""
    # JSON's literals are not Python's: beyond U+FFFF they are written as two halves, which Python does not join.
    return '"' + str(value).encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'


@cache
def environment() -> "Environment":
    """The environment over `templates/`; an undefined variable is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Autoescape is for HTML; here every language has its filter.
    env = Environment(
        loader=FileSystemLoader(templates_dir(), encoding="utf-8"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        keep_trailing_newline=True,
        newline_sequence="\n",
    )
    env.filters.update(
        cmake=cmake,
        cmake_flags=cmake_flags,
        cmake_path=cmake_path,
        cmake_text=cmake_text,
        python=python,
        toml=toml,
        toml_key=toml,
    )
    return env


def _shell_word(value: str) -> str:
    """One word of a `SHELL:` argument; CMake reads backslashes within single quotes too, so those cannot be used."""
    if re.fullmatch(r"[A-Za-z0-9_@%+=:,./-]+", value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unbalanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += {"[": 1, "]": -1}.get(character, 0)
        if depth < 0:
            return True
    return depth != 0
