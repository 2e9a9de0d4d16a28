"""The rules that single texts of `build.toml` obey, by name.

A rule takes a text and gives the problem with it, or `None`. The fields of `kernel_builder.config.model` name their
rule in their metadata.
"""

import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kernel_builder.config import names
from kernel_builder.config.capabilities import CAPABILITY, ROCM_ARCH, Capability, known_capabilities, rocm_archs
from kernel_builder.config.report import closest, shown
from kernels.backend import BACKENDS, COMPILED_BACKENDS

__all__ = ["PATTERNS", "RULES", "VALUES", "Problem", "has_control_characters"]

_CONTROLS = ("Cc", "Cf", "Cs", "Zl", "Zp")
_NAME = re.compile(r"[a-z][-a-z0-9]*[a-z0-9]")
_PYEXT = re.compile(r"[A-Za-z0-9_]+")
_DRIVE = re.compile(r"[A-Za-z]:")
_REPO_ID = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_LONGEST_REPO_ID = 96
_LONGEST_NAME = 96  # with backend and commit it becomes the name of a file
_NO_FILE_NAME = re.compile(r"[\";|`$<>&\[\]]")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+@#=-]*")
_ROCM_ARCH = re.compile(ROCM_ARCH)
_ALMOST_CAPABILITY = re.compile(r"(?:(?:sm|compute)[_-]?)?([0-9]+)\.?([0-9]?)([af]?)(\+ptx)?")
_GIT_SCHEMES = ("https", "http", "git", "ssh", "git+ssh", "git+https", "git+http")
_SCP_FORM = re.compile(r"[^\s/:@]+@[^\s/:@]+:[^\s/][^\s]*")
_SOME_TEXT = r"[^\n]*[^\s][^\n]*"
_SOME_PATH = r"[^/\\\n][^\\\n]*"
_SOME_URL = r"[^\s]+:[^\s]+"


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
    if text.isprintable():
        return False
    from unicodedata import category

    return any(category(char) in _CONTROLS for char in text)


def _check_name(text: str) -> Problem | None:
    if not _NAME.fullmatch(text):
        mended = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        form = "two or more lower-case letters, digits and dashes, beginning with a letter"
        message = f"{shown(text)} is not a name: use {form}"
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


def _check_capability(text: str) -> Problem | None:
    if Capability.parse(text):
        return None
    message = f"{shown(text)} is not a CUDA capability such as '9.0', '9.0a' or '8.0+PTX'"
    almost = _ALMOST_CAPABILITY.fullmatch(text.strip().lower())
    if almost is None:
        return Problem(message)
    digits, ending = almost[1] + almost[2], almost[3] + (almost[4] or "").upper()
    readings = [Capability.parse(f"{number}{ending}") for number in (f"{digits}.0", f"{digits[:-1]}.{digits[-1]}")]
    known = {capability.number for capability in known_capabilities()}
    meant = next((reading for reading in readings if reading and reading.number in known), None)
    return Problem(message, str(meant) if meant else None)


def _check_rocm_arch(text: str) -> Problem | None:
    if _ROCM_ARCH.fullmatch(text):
        return None
    name = text.lower().partition(":")[0]
    meant = closest(f"gfx{name}" if name[:1].isdigit() else name, rocm_archs().known)
    return Problem(f"{shown(text)} is not a ROCm architecture such as 'gfx942'", meant)


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
    from urllib.parse import urlsplit

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
    "cuda-capability": _check_capability,
    "depend": _check_depend,
    "folder": _check_path,
    "git-url": _check_git_url,
    "name": _check_name,
    "pyext": _check_pyext,
    "repo-id": _check_repo_id,
    "revision": _check_revision,
    "rocm-arch": _check_rocm_arch,
    "source": _check_source,
    "text": _check_text,
}

#: Of the rules that take some words only, the words.
VALUES: Mapping[str, Callable[[], tuple[str, ...]]] = {
    "backend": lambda: BACKENDS,
    "compiled-backend": lambda: COMPILED_BACKENDS,
    "depend": lambda: tuple(names.component_depends()),
}

#: Of the other rules, what every text that they take has to match as a whole: less than the rule asks for, and enough
#: for an editor. Written so that Python and ECMAScript read the same.
PATTERNS: Mapping[str, str] = {
    "cuda-capability": CAPABILITY,
    "folder": _SOME_PATH,
    "git-url": _SOME_URL,
    "name": _NAME.pattern,
    "pyext": _PYEXT.pattern,
    "repo-id": _REPO_ID.pattern,
    "revision": _REVISION.pattern,
    "rocm-arch": ROCM_ARCH,
    "source": _SOME_PATH,
    "text": _SOME_TEXT,
}
