"""Checks the files that a `build.toml` names; the file itself is right by then."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from kernel_builder.config.findings import Finding
from kernel_builder.config.model import KernelConfig, NoarchExtension
from kernel_builder.config.positions import KeyPath, Positions
from kernel_builder.config.report import Report, shown

__all__ = ["check_project"]


def check_project(project_dir: Path, config: KernelConfig, positions: Positions) -> tuple[Finding, ...]:
    """Note every file that is listed but missing, no file, or outside of the project once links are followed.

    Args:
        project_dir: the top of the project.
        config: what its `build.toml` says.
        positions: where that says it.
    """
    report = Report(positions)
    for path, text in _listed(config, "src"):
        _check_source(project_dir, text, path, report)
    for path, text in _listed(config, "include"):
        _check_include(project_dir, text, path, report)
    _check_package(project_dir, config, report)
    return report.findings()


def _listed(config: KernelConfig, key: str) -> Iterator[tuple[KeyPath, str]]:
    """What the framework and the components list under a key, `src` or `include`, each with its place."""
    parts: list[tuple[KeyPath, object]] = [(("kernel", kernel.id), kernel) for kernel in config.kernels]
    if not isinstance(config.framework, NoarchExtension):
        parts.insert(0, ((config.framework_key,), config.framework))
    for path, part in parts:
        for index, text in enumerate(getattr(part, key)):
            yield (*path, key, index), text


def _check_source(project_dir: Path, text: str, path: KeyPath, report: Report) -> None:
    file = project_dir / text
    problem = _escape(project_dir, file)
    if problem:
        report.error(path, f"{shown(text)} {problem}")
    elif file.is_dir():
        report.error(path, f"{shown(text)} is a folder: list its files")
    elif not file.exists():
        problem = "is a link to nothing" if file.is_symlink() else "does not exist"
        report.error(path, f"{shown(text)} {problem}", suggestion=_neighbour(project_dir, text))
    elif not file.is_file():
        report.error(path, f"{shown(text)} is not a regular file")


def _check_include(project_dir: Path, text: str, path: KeyPath, report: Report) -> None:
    folder = project_dir / text
    problem = _escape(project_dir, folder)
    if problem:
        report.error(path, f"{shown(text)} {problem}")
    elif not folder.is_dir():
        report.warning(path, f"{shown(text)} is not a folder of the project")


def _check_package(project_dir: Path, config: KernelConfig, report: Report) -> None:
    text = f"{config.python_dir}/__init__.py"
    file = project_dir / text
    problem = _escape(project_dir, file)
    if problem is None and not file.is_file():
        problem = "does not exist"
    if problem:
        report.error(("general", "name"), f"the kernel's Python module {shown(text)} {problem}")


def _escape(project_dir: Path, file: Path) -> str | None:
    """Say why a path may not be used, or `None`: it stays within the project, also where links lead."""
    try:
        real = file.resolve()
        top = project_dir.resolve()
        file.exists()
    except (OSError, RuntimeError) as error:
        return f"cannot be followed: {getattr(error, 'strerror', None) or 'a link leads to itself'}"
    return None if real.is_relative_to(top) else "leads out of the project through a link"


def _neighbour(project_dir: Path, text: str) -> str | None:
    """A file of the same folder whose name is like that of a missing one."""
    folder, _, name = text.rpartition("/")
    try:
        names = [entry.name for entry in (project_dir / folder).iterdir() if entry.is_file()]
    except OSError:
        return None
    matches = get_close_matches(name, sorted(names), n=1)
    return f"{folder}/{matches[0]}" if matches and folder else next(iter(matches), None)
