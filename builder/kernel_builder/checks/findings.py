"""What is to be said of a finished build, as values: what is wrong, where, and what to do about it."""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["CHECKS", "Finding"]

#: The checks of a build, in the order in which they run; the words that `--no-checks` takes.
CHECKS = ("layout", "metadata", "digest", "matrix", "python", "layers", "ops", "abi", "load")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to be said of a build.

    Attributes:
        check: which of `CHECKS` found it.
        code: what kind of thing it is, in words with hyphens, such as `manylinux-version`; stable, for scripts.
        message: what is wrong, in one sentence.
        file: the file, as a POSIX path within the build or as it was given; empty for the build as a whole.
        line: 1-based line in a Python file.
        severity: `"error"`; `"warning"`, which fails nothing; or `"note"`, which is no problem and says what was not
            checked, and why.
        symbol: the symbol of a library that it is about.
        needed: the version that the symbol is needed in.
        allowed: the newest version that is allowed.
        origin: the object file or library that it came from, where that can be told.
        remedy: what to do about it.
    """

    check: str
    code: str
    message: str
    file: str = ""
    line: int | None = None
    severity: str = "error"
    symbol: str | None = None
    needed: str | None = None
    allowed: str | None = None
    origin: str | None = None
    remedy: str | None = None

    @property
    def place(self) -> str:
        """The file, with the line where there is one."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.file else self.message

    def as_json(self) -> dict[str, Any]:
        """All that is known, for `--json`."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "")}
