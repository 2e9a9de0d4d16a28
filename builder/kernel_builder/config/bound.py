"""Version bounds, as `build.toml` spells them."""

import re
from dataclasses import dataclass

__all__ = ["VERSION", "Bound"]

_NUMBER = "(?:0|[1-9][0-9]{0,5})"
#: The form of a version, as a regular expression.
VERSION = rf"{_NUMBER}(?:\.{_NUMBER}){{0,2}}"

_VERSION = re.compile(VERSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A version as the file spells it: `"13"` means every 13.x, `"13.0"` means 13.0.

    Attributes:
        text: the spelling of the file.
        parts: its numbers, one to three.
    """

    text: str
    parts: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> "Bound | None":
        """Read `"13"`, `"2.10"` or `"12.6.1"`, blanks around it left out; `None` when it is nothing of the kind.

        A number has no leading zero and at most six digits, so that every version has one spelling.
        """
        text = text.strip(" \t")
        if not _VERSION.fullmatch(text):
            return None
        return cls(text=text, parts=tuple(int(part) for part in text.split(".")))

    def excludes_to(self, upper: "Bound") -> bool:
        """Whether no version is both at or above this bound and at or below `upper`."""
        shared = min(len(self.parts), len(upper.parts))
        return self.parts[:shared] > upper.parts[:shared]

    def allows_from(self, version: tuple[int, ...]) -> bool:
        """Whether `version` is at or above this bound, compared on as many components as the bound names."""
        return version[: len(self.parts)] >= self.parts

    def allows_to(self, version: tuple[int, ...]) -> bool:
        """Whether `version` is at or below this bound, compared on as many components as the bound names."""
        return version[: len(self.parts)] <= self.parts

    def __str__(self) -> str:
        return self.text
