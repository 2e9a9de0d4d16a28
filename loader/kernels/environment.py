"""The environment variables that are this package's own, each read when it is needed."""

import os
import re
from pathlib import Path

from kernels.errors import EnvironmentVariableError

__all__ = ["flag", "local_kernels"]

_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
_FALSE = frozenset({"", "0", "false", "no", "off", "n", "f"})

#: An entry starts with `owner/name=`. Finding the starts, rather than splitting at a separator, leaves the drive letter
#: of a Windows path in peace.
_ENTRY_START = re.compile(r"(?:^|[:;])\s*([\w.-]+/[\w.-]+)=")
_DRIVE = re.compile(r"^[A-Za-z]:(?=[\\/])")


def flag(name: str) -> bool:
    """Whether a variable is switched on: `1`, `true`, `yes` and `on` are, in any case; an empty one is not.

    Raises:
        EnvironmentVariableError: when the value is neither for nor against.
    """
    value = os.environ.get(name, "")
    word = value.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    message = f"the environment variable {name} is {value!r}: set it to 1 or to 0"
    raise EnvironmentVariableError(message)


def local_kernels() -> dict[str, Path]:
    """`LOCAL_KERNELS`: repository → the folder of this machine to load it from instead of the Hub.

    The entries are of the form `owner/name=path`, with `:` (or `;`, as Windows prefers) between them; `~` is the home
    folder. An empty entry is passed over.

    Raises:
        EnvironmentVariableError: when an entry has another form.
    """
    text = os.environ.get("LOCAL_KERNELS", "")
    starts = list(_ENTRY_START.finditer(text))
    ends = [*(start.start() for start in starts[1:]), len(text)][: len(starts)]
    _refuse_rest(text[: starts[0].start()] if starts else text, text)
    found = {}
    for start, end in zip(starts, ends, strict=True):
        path = text[start.end() : end].strip().rstrip(":;")
        rest = _DRIVE.sub("", path)
        if not path or ":" in rest or ";" in rest:
            _refuse_rest(rest.partition(":")[2] or rest.partition(";")[2] or f"{start[1]}=", text)
        found[start[1]] = Path(os.path.expanduser(path))  # noqa: PTH111 - Path fails on an unknown user's ~
    return found


def _refuse_rest(entry: str, text: str) -> None:
    """Refuse what is left over between the entries, unless it is empty."""
    if entry.strip(" :;"):
        message = (
            f"Invalid LOCAL_KERNELS entry: {entry.strip(' :;')!r} in {text!r}; "
            f"write owner/name=path, with {os.pathsep!r} between the entries"
        )
        raise EnvironmentVariableError(message)
