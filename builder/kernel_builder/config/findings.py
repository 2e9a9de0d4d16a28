"""What is wrong or doubtful in a `build.toml`, as values with a place."""

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One problem of a file.

    Attributes:
        line: 1-based line of the key or value.
        column: 1-based column, in characters.
        severity: `"error"` or `"warning"`.
        key: the path of the key, such as `kernel.relu.src[0]`; empty for the file as a whole.
        message: what is wrong and what was expected.
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
