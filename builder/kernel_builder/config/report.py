"""Where the reader puts what it finds: every problem, each with its place."""

from collections.abc import Iterable
from functools import lru_cache

from kernel_builder.config.findings import Finding
from kernel_builder.config.positions import KeyPath, Position, Positions, dotted

__all__ = ["NEWEST_EDITION", "WRITTEN_EDITION", "Report", "closest", "ordered", "shown"]

#: The newest edition of the format that is read; the model is that of this edition.
NEWEST_EDITION = 6

#: The edition that new and updated files are written in.
WRITTEN_EDITION = 5

#: The severities, the gravest first.
_SEVERITIES = ("error", "warning", "note")

#: How alike two words must be for one to be suggested for the other; `gpu` and `xpu` are not.
_LIKENESS = 0.7
_LONGEST_SHOWN = 60


class Report:
    """Collects the findings of one file.

    Attributes:
        edition: the edition that the file is read as.
        positions: where the paths stand that findings are noted at.
    """

    def __init__(self, positions: Positions, edition: int = WRITTEN_EDITION) -> None:
        self.edition = edition
        self.positions = positions
        self._findings: list[Finding] = []
        self._mute: set[KeyPath] = set()

    def error(self, path: KeyPath, message: str, *, suggestion: str | None = None, at_key: bool = False) -> None:
        """Note an error at the value of `path`, or at its key."""
        self._add("error", path, message, suggestion, at_key=at_key)

    def warning(self, path: KeyPath, message: str, *, suggestion: str | None = None, at_key: bool = False) -> None:
        """Note something doubtful at the value of `path`, or at its key."""
        self._add("warning", path, message, suggestion, at_key=at_key)

    def note(self, path: KeyPath, message: str, *, at_key: bool = False) -> None:
        """Say what was understood at the value of `path`, or at its key, without being said there; no problem."""
        self._add("note", path, message, None, at_key=at_key)

    def mute(self, path: KeyPath) -> None:
        """Leave out what is found from now on at a path or below it: why its value is none of the file was said."""
        self._mute.add(path)

    @property
    def has_errors(self) -> bool:
        """Whether any error was noted."""
        return any(finding.severity == "error" for finding in self._findings)

    def findings(self) -> tuple[Finding, ...]:
        """What was noted, in the order of the file."""
        return ordered(self._findings)

    def _add(self, severity: str, path: KeyPath, message: str, suggestion: str | None, *, at_key: bool) -> None:
        if any(path[:length] in self._mute for length in range(len(path) + 1)):
            return
        place: Position = self.positions.key(path) if at_key else self.positions.value(path)
        self._findings.append(
            Finding(
                line=place.line,
                column=place.column,
                severity=severity,
                key=dotted(self.positions.origin(path)),
                message=message,
                suggestion=suggestion,
            )
        )


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of the file, each once; of those at one place, the gravest first."""

    def rank(it: Finding) -> tuple[int, int, int, str, str, str]:
        return it.line, it.column, _SEVERITIES.index(it.severity), it.key, it.message, it.suggestion or ""

    return tuple(sorted(set(findings), key=rank))


@lru_cache(maxsize=1024)
def closest(word: str, known: tuple[str, ...]) -> str | None:
    """The known word that `word` was probably meant to be, if any; case and `_` for `-` do not count.

    It is one like it in its letters, or the only one whose last part it is: `noarch` stands for `torch-noarch`.
    """
    if len(word) > 2 * max(map(len, known), default=0):
        return None
    from difflib import get_close_matches

    plain = {name.lower().replace("_", "-"): name for name in reversed(known)}
    meant = word.lower().replace("_", "-")
    matches = [name for name in plain if name.endswith(f"-{meant}")]
    if len(matches) != 1:
        matches = get_close_matches(meant, list(plain), n=1, cutoff=_LIKENESS)
    return plain[matches[0]] if matches else None


def shown(text: str) -> str:
    """A text of the file in quotes, shortened, with nothing in it that a terminal would obey."""
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…")
