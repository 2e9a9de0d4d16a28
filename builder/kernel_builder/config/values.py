"""The rules that single texts of `build.toml` obey, by name.

A rule takes a text and gives the problem with it, or `None`. The fields of `kernel_builder.config.model` name their
rule in their metadata.
"""

import keyword
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from kernel_builder.config import names
from kernel_builder.config.report import closest, shown
from kernels.backend import BACKENDS, COMPILED_BACKENDS

__all__ = ["RULES", "Problem", "has_control_characters"]

_CONTROLS = ("Cc", "Cf", "Cs", "Zl", "Zp")
_NAME = re.compile(r"[a-z][-a-z0-9]*[a-z0-9]")
_PYEXT = re.compile(r"[A-Za-z0-9_]+")
_DRIVE = re.compile(r"[A-Za-z]:")
_REPO_ID = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_LONGEST_REPO_ID = 96
_LONGEST_NAME = 96  # with backend and commit it becomes the name of a file
_NO_FILE_NAME = re.compile(r"[\";|`$<>&\[\]]")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+@#=-]*")
_GIT_SCHEMES = ("https", "http", "git", "ssh", "git+ssh", "git+https", "git+http")
_SCP_FORM = re.compile(r"[^\s/:@]+@[^\s/:@]+:[^\s/][^\s]*")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a text, and what may have been meant."""

    message: str
    suggestion: str | None = None


def _check_text(text: str) -> Problem | None:
    if not text.strip():
        return Problem("is empty")
    if has_control_characters(text):
        return Problem(f"has control characters: {shown(text)}")
    return None


def has_control_characters(text: str) -> bool:
    """Whether a text has characters that steer what shows it: controls, direction marks, other ends of line."""
    return any(unicodedata.category(char) in _CONTROLS for char in text)


def _check_name(text: str) -> Problem | None:
    if not _NAME.fullmatch(text):
        mended = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        message = f"{shown(text)} is not a name: use lower-case letters, digits and dashes, beginning with a letter"
        return Problem(message, mended if _NAME.fullmatch(mended) else None)
    if len(text) > _LONGEST_NAME:
        return Problem(f"{shown(text)} has more than {_LONGEST_NAME} characters")
    if keyword.iskeyword(text):
        return Problem(f"{shown(text)} is a word of the Python language, so that its module could not be imported")
    return None


def _one_of(known: Callable[[], tuple[str, ...]], what: str) -> Callable[[str], Problem | None]:
    def check(text: str) -> Problem | None:
        if text in known():
            return None
        return Problem(f"{shown(text)} is not {what}: use {', '.join(known())}", closest(text, known()))

    return check


def _check_component_backend(text: str) -> Problem | None:
    if text in BACKENDS and text not in COMPILED_BACKENDS:
        return Problem(f"kernels for {text} are Python only: a component's backend is {', '.join(COMPILED_BACKENDS)}")
    return _one_of(lambda: COMPILED_BACKENDS, "a backend that compiles")(text)


def _check_depend(text: str) -> Problem | None:
    known = tuple(names.component_depends())
    today = names.renamed_depends().get(text)
    if today is not None:
        return Problem(f"{shown(text)} has a new name", today)
    return _one_of(lambda: known, "a known dependency")(text)


def _check_path(text: str) -> Problem | None:
    if problem := _check_text(text):
        return problem
    if "\\" in text:
        return Problem(f"{shown(text)} has a backslash: folders are divided by /", text.replace("\\", "/"))
    if text.startswith("/") or _DRIVE.match(text):
        return Problem(f"{shown(text)} is absolute: paths are given from the project's top")
    if ".." in text.split("/"):
        return Problem(f"{shown(text)} has a '..': paths stay within the project")
    if found := _NO_FILE_NAME.search(text):
        return Problem(f"{shown(text)} has the character {found[0]}, which build tools do not take in names of files")
    return None


def _check_source(text: str) -> Problem | None:
    if problem := _check_path(text):
        return problem
    return Problem(f"{shown(text)} names a folder: list its files") if f"/{text}".endswith(("/", "/.")) else None


def _check_pyext(text: str) -> Problem | None:
    if _PYEXT.fullmatch(text):
        return None
    mended = text.lstrip("*.")
    message = f"{shown(text)} is not a file extension without its dot, such as 'py'"
    return Problem(message, mended if _PYEXT.fullmatch(mended) else None)


def _check_repo_id(text: str) -> Problem | None:
    parts = text.split("/")
    if (
        _REPO_ID.fullmatch(text)
        and len(text) <= _LONGEST_REPO_ID
        and not any(part[0] in "-." or part[-1] in "-." or ".." in part or "--" in part for part in parts)
    ):
        return None
    return Problem(f"{shown(text)} is not a Hub repository of the form OWNER/NAME")


def _check_revision(text: str) -> Problem | None:
    if _REVISION.fullmatch(text) and ".." not in text and "//" not in text and text[-1] not in "./":
        return None
    return Problem(f"{shown(text)} is not a branch, tag or commit")


def _check_git_url(text: str) -> Problem | None:
    wrong = Problem(
        f"{shown(text)} is not the URL of a Git repository: use one of the schemes {', '.join(_GIT_SCHEMES)}, "
        "or USER@HOST:PATH with a relative path"
    )
    if not text.isprintable() or " " in text:
        return wrong
    if "://" not in text:
        return None if _SCP_FORM.fullmatch(text) else wrong
    try:
        url = urlsplit(text)
        has_host = bool(url.hostname) and url.port != 0
    except ValueError:
        return wrong
    if url.scheme not in _GIT_SCHEMES or not has_host:
        return wrong
    return Problem("holds a password, which would be published with the kernel") if url.password else None


#: Every rule, by the name that the model uses.
RULES: Mapping[str, Callable[[str], Problem | None]] = {
    "backend": _one_of(lambda: BACKENDS, "a backend"),
    "compiled-backend": _check_component_backend,
    "depend": _check_depend,
    "folder": _check_path,
    "git-url": _check_git_url,
    "name": _check_name,
    "pyext": _check_pyext,
    "repo-id": _check_repo_id,
    "revision": _check_revision,
    "source": _check_source,
    "text": _check_text,
}
