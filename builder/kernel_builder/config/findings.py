"""What is to be said of a `build.toml`, as values with a place: what is wrong, what is doubtful, what was assumed."""

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One thing to be said of a file.

    Attributes:
        line: 1-based line of the key or value.
        column: 1-based column, in characters.
        severity: `"error"`; `"warning"`; or `"note"`, which says what was understood without being said, and is no
            problem.
        key: the path of the key, such as `kernel.relu.src[0]`; empty for the file as a whole.
        message: what is wrong and what was expected, or what was assumed.
        suggestion: what the author may have meant, or `None`.
        file: the name of the file.
    """

    line: int
    column: int
    severity: str
    key: str
    message: str
    suggestion: str | None = None
    file: str = "build.toml"

    def __str__(self) -> str:
        where = f"{self.key}: " if self.key else ""
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {where}{self.message}{hint}"
