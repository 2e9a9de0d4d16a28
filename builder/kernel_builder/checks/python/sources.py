"""The Python files of a build, read and parsed once for all checks."""

import ast
import io
import re
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.checks.entries import entries
from kernel_builder.checks.findings import Finding

__all__ = ["Source", "parse_source", "read_sources"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A Python file of a build.

    Attributes:
        file: its POSIX path within the build.
        text: what it says, with a line feed at the end of each line; empty when it cannot be decoded.
        tree: what the running Python reads in it, which may be newer than Python 3.9; `None` when it reads nothing.
        problem: why there is no tree.
    """

    file: str
    text: str
    tree: ast.Module | None
    problem: Finding | None = None

    @property
    def is_package(self) -> bool:
        """Whether it is the `__init__.py` of a package."""
        return self.file.rpartition("/")[2] == "__init__.py"

    @property
    def module(self) -> str:
        """Its dotted name below the kernel's package, such as `layers.norm`; empty for the package itself."""
        parts = self.file.removesuffix(".py").split("/")
        return ".".join(parts[:-1] if self.is_package else parts)


def read_sources(tree: Path) -> list[Source]:
    """Read every `*.py` of a build, in the order of their paths.

    Raises:
        OSError: when the build's folders cannot be read.
    """
    return [
        _read(tree / entry.name, entry.name)
        for entry in entries(tree)
        if entry.name.endswith(".py") and entry.kind in ("file", "link") and (tree / entry.name).is_file()
    ]


def _read(path: Path, file: str) -> Source:
    try:
        return parse_source(path.read_bytes(), file)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        return _unusable(file, "unreadable", message, None, "Give yourself the right to read it.")


def parse_source(data: bytes, file: str) -> Source:
    """Parse the bytes of a Python file; a file that is not Python gives a source with its problem."""
    if b"\0" in data:
        remedy = "Write the file anew as UTF-8 text; it may have been saved as UTF-16."
        return _unusable(file, "null-byte", "has a NUL byte", _line(data, data.index(b"\0")), remedy)
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        return _badly_encoded(data, file, f"is not {error.encoding}: byte {data[error.start]:#04x}", error.start)
    except (SyntaxError, LookupError, UnicodeError) as error:
        return _badly_encoded(data, file, f"has an encoding that cannot be used: {error}", 0)
    return _parse(re.sub("\r\n?", "\n", text), file)


def _badly_encoded(data: bytes, file: str, message: str, offset: int) -> Source:
    return _unusable(file, "encoding", message, _line(data, offset), "Save the file as UTF-8.")


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _parse(text: str, file: str) -> Source:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes are the business of linters
            tree = ast.parse(text, file)
            compile(tree, file, "exec", dont_inherit=True)  # sees what no grammar tells, such as a stray `return`
    except SyntaxError as error:
        return _wrong(text, file, error)
    except (MemoryError, RecursionError):
        remedy = "Split the expressions that are nested deepest, or read large tables from a file."
        return _unusable(file, "too-deep", "is nested too deeply for Python", None, remedy)
    except ValueError as error:
        return _unusable(file, "syntax", f"is no Python: {error}", None, "Write it as Python 3.9 reads it.")
    return Source(file=file, text=text, tree=tree)


#: What the running Python may not read because it is too old itself: by the line, or by what Python says of it.
_NEWER_LINES = (
    (re.compile(r"\s*match\b.*:\s*(#.*)?$"), "a `match` statement, which Python has since 3.10"),
    (re.compile(r"\s*except\s*\*"), "`except*`, which Python has since 3.11"),
    (re.compile(r"\s*type\s+\w+\s*(\[.*\]\s*)?="), "a `type` statement, which Python has since 3.12"),
    (re.compile(r"\s*(async\s+)?(def|class)\s+\w+\s*\["), "type parameters, which Python has since 3.12"),
    (re.compile(r"""(.*[^\w"'])?[tT][rR]?["']|(.*[^\w"'])?[rR][tT]["']"""), "a t-string, which Python has since 3.14"),
)
_NEWER_MESSAGES = (
    ("f-string", "an f-string that is broken, or that only Python 3.12 and later read"),
    ("multiple exception types must be parenthesized", "`except` without parentheses, which Python has since 3.14"),
)


def _wrong(text: str, file: str, error: SyntaxError) -> Source:
    line = max(error.lineno or 1, 1)
    lines = text.split("\n")
    shown = lines[line - 1] if line <= len(lines) else ""
    said = error.msg.removesuffix(".")
    known = [words for part, words in _NEWER_MESSAGES if part in said]
    known += [words for pattern, words in _NEWER_LINES if pattern.match(shown)]
    message = f"cannot be read as Python 3.9: {said}"
    if known:
        message = f"cannot be read as Python 3.9: it seems to have {known[0]} ({said})"
    return _unusable(file, "syntax", message, line, "Write it as Python 3.9 reads it.", text)


def _unusable(file: str, code: str, message: str, line: int | None, remedy: str, text: str = "") -> Source:
    problem = Finding(check="python", code=code, message=message, file=file, line=line or 1, remedy=remedy)
    return Source(file=file, text=text, tree=None, problem=problem)
