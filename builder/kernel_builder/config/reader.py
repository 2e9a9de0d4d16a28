"""Reads `build.toml`: all that is wrong with it at once, each with its place, or a `KernelConfig`."""

from dataclasses import replace
from pathlib import Path

from kernel_builder.config.checks import check_project
from kernel_builder.config.document import ReadResult, read_document
from kernel_builder.config.findings import Finding
from kernel_builder.config.model import KernelConfig
from kernel_builder.config.positions import locate
from kernel_builder.config.report import ordered
from kernel_builder.config.syntax import LARGEST_FILE, decode, parse
from kernel_builder.errors import ConfigError

__all__ = [
    "FILE_NAME",
    "ReadResult",
    "check_config",
    "load_config",
    "load_text",
    "read_bytes",
    "read_config",
    "read_text",
    "refusal",
]

#: The name of the file, at the top of a project.
FILE_NAME = "build.toml"

_ABSENT = "does not exist: name the folder of a kernel, or make one with `kernel-builder init`"


def load_config(project_dir: Path) -> KernelConfig:
    """Read the `build.toml` of a project that is expected to be right; warnings are passed over.

    Raises:
        ConfigError: when it has any error; carries all findings, as lines of text.
    """
    result = read_config(project_dir)
    if result.config is None:
        raise refusal(project_dir, result)
    return result.config


def refusal(project_dir: Path, result: ReadResult) -> ConfigError:
    """The error for a `build.toml` that is missing, or has errors; carries these and the warnings, as lines of text."""
    if result.errors == (_unread(project_dir / FILE_NAME, _ABSENT),):
        message = f"{project_dir / FILE_NAME} does not exist"
        return ConfigError(message, hint="Name the folder of a kernel; `kernel-builder init` makes a new one.")
    count = len(result.errors)
    message = f"{project_dir / FILE_NAME} has {count} {'error' if count == 1 else 'errors'}"
    return ConfigError(message, findings=[str(finding) for finding in result.findings if finding.severity != "note"])


def check_config(project_dir: Path) -> ReadResult:
    """Read the `build.toml` of a project, and check the files that it names if it has no error itself.

    In the config that this gives, the files that each pattern matches stand in the place of the pattern.
    """
    result = read_config(project_dir)
    if result.config is None:
        return result
    config, found = check_project(project_dir, result.config, result.positions)
    result = replace(result, config=config, findings=ordered((*result.findings, *found)))
    return replace(result, config=None) if result.errors else result


def read_config(project_dir: Path) -> ReadResult:
    """Read the `build.toml` of a project; looks at no other file, and raises nothing."""
    text = _text(project_dir / FILE_NAME)
    return read_text(text) if isinstance(text, str) else _failed(text)


def load_text(project_dir: Path) -> str:
    """The text of a project's `build.toml` as it stands, whatever it says; no end of line is translated.

    Raises:
        ConfigError: when there is no such file, or it is no text.
    """
    text = _text(project_dir / FILE_NAME)
    if isinstance(text, Finding):
        raise refusal(project_dir, _failed(text))
    return text


def _text(path: Path) -> str | Finding:
    raw = _read(path)
    if isinstance(raw, bytes):
        return decode(raw)
    return _unread(path, raw)


def _unread(path: Path, why: str) -> Finding:
    return Finding(line=1, column=1, severity="error", key="", message=f"{path} {why}")


def _read(path: Path) -> bytes | str:
    """The bytes of a file, or why there are none."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                return file.read(LARGEST_FILE + 1)
        return "is not a regular file" if path.exists() or path.is_symlink() else _ABSENT
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"


def read_bytes(raw: bytes) -> ReadResult:
    """Read the bytes of a `build.toml`."""
    text = decode(raw)
    return read_text(text) if isinstance(text, str) else _failed(text)


def read_text(text: str) -> ReadResult:
    """Read the text of a `build.toml`."""
    data = parse(text)
    return read_document(data, locate(text)) if isinstance(data, dict) else _failed(data)


def _failed(finding: Finding) -> ReadResult:
    return ReadResult(config=None, findings=(finding,))
