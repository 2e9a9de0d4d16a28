"""The one jinja2 environment, with one escaping filter for each language that we generate.

A value from `build.toml` reaches a template only through a filter: it can never become code. What a language cannot
carry at all is refused with a `ConfigError`, never altered.
"""

import json
import shlex
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from kernel_builder.errors import ConfigError
from kernel_builder.resources import templates_dir

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["cmake", "cmake_flags", "cmake_text", "environment", "python", "toml"]


def cmake_text(value: str) -> str:
    r"""Escape text for the inside of a quoted CMake argument, so that it also survives as one element of a list.

    Raises:
        ConfigError: for a trailing backslash or unbalanced square brackets, which no CMake list can hold.
    """
    text = str(value)
    if text.endswith("\\") or _unbalanced(text):
        message = f"{text!r} cannot be passed through CMake: it ends in a backslash or has unbalanced square brackets"
        raise ConfigError(message, hint="Write the value in build.toml without them.")
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("$", "\\$"), (";", "\\;"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(plain, escaped)
    return text


def cmake(value: str) -> str:
    """A quoted CMake argument that is one element of whatever list it comes to stand in."""
    return f'"{cmake_text(value)}"'


def cmake_flags(values: Iterable[str]) -> str:
    """Compiler flags as one `SHELL:` argument, which keeps their order and repetitions (CMake drops repeated flags).

    A generator expression in a flag would be evaluated; its opening is written so that it stays text.
    """
    words = " ".join(shlex.quote(value) for value in values)
    return f'"SHELL:{cmake_text(words).replace(chr(92) + "$<", "$<1:" + chr(92) + "$>$<1:<>")}"'


def toml(value: str) -> str:
    """A TOML basic string."""
    # JSON's strings are TOML's, but for DEL, which JSON leaves bare.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007F")


def python(value: str) -> str:
    """A Python string literal in ASCII."""
    return json.dumps(str(value))


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
        cmake=cmake, cmake_text=cmake_text, cmake_flags=cmake_flags, toml=toml, toml_key=toml, python=python
    )
    return env


def _unbalanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += {"[": 1, "]": -1}.get(character, 0)
        if depth < 0:
            return True
    return depth != 0
