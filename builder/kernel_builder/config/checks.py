"""Checks the files that a `build.toml` names, and expands its patterns; the file itself is right by then."""

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from kernel_builder.config.components import NOTHING_COMPILED
from kernel_builder.config.findings import Finding
from kernel_builder.config.languages import is_compiled, refused_source
from kernel_builder.config.model import (
    KernelComponent,
    KernelConfig,
    NoarchExtension,
    TorchExtension,
    TvmFfiExtension,
)
from kernel_builder.config.positions import KeyPath, Positions
from kernel_builder.config.report import Report, shown
from kernel_builder.config.sources import expand, is_pattern, is_within
from kernel_builder.config.values import RULES

__all__ = ["check_project"]

#: The mode of no file.
_MISSING = 0

_Part = TypeVar("_Part", bound=TorchExtension | TvmFfiExtension | KernelComponent)


def check_project(
    project_dir: Path, config: KernelConfig, positions: Positions
) -> tuple[KernelConfig, tuple[Finding, ...]]:
    """Note every file that is listed but missing, no file, or outside of the project once links are followed.

    Args:
        project_dir: the top of the project.
        config: what its `build.toml` says.
        positions: where that says it.

    Returns:
        The config with the files that each pattern matches in the place of the pattern, and what was found.
    """
    checker = _Checker(project_dir, Report(positions))
    framework = config.framework
    if not isinstance(framework, NoarchExtension):
        framework = checker.check(framework, (config.framework_key,))
    kernels = tuple(checker.check(kernel, ("kernel", kernel.id)) for kernel in config.kernels)
    checker.check_package(config)
    return replace(config, framework=framework, kernels=kernels), checker.report.findings()


class _Checker:
    """Looks at the files of one project.

    Attributes:
        report: takes what is found.
    """

    def __init__(self, project_dir: Path, report: Report) -> None:
        self.report = report
        self._dir = project_dir
        self._top = os.path.realpath(project_dir)
        self._folders: dict[str, str | None] = {}
        self._names: dict[str, list[str]] = {}

    def check(self, part: _Part, path: KeyPath) -> _Part:
        """Check what a table lists, and give the table with its patterns expanded."""
        for index, folder in enumerate(part.include):
            self._check_include(folder, (*path, "include", index))
        files: list[str] = []
        for index, text in enumerate(part.src):
            at = (*path, "src", index)
            if is_pattern(text):
                files += self._expanded(text, at, part)
            else:
                self._check_source(text, at)
                files.append(text)
        if files == list(part.src):
            return part
        is_rust = isinstance(part, KernelComponent) and part.cargo_manifest
        if path[0] == "kernel" and not is_rust and not any(map(is_compiled, files)):
            self.report.warning((*path, "src"), NOTHING_COMPILED, at_key=True)
        return replace(part, src=tuple(dict.fromkeys(files)))

    def check_package(self, config: KernelConfig) -> None:
        """Check that the kernel has a Python module."""
        text = f"{config.python_dir}/__init__.py"
        file = self._dir / text
        problem = self._escape(file)
        if problem is None and not file.is_file():
            problem = "does not exist: it is what importing the kernel gives"
        if problem:
            self.report.error(("general", "name"), f"the kernel's Python module {shown(text)} {problem}")

    def _expanded(self, pattern: str, path: KeyPath, part: object) -> tuple[str, ...]:
        files = expand(self._dir, pattern)
        if not files:
            message = f"{shown(pattern)} matches no file of the project: mend the pattern, or leave it out"
            self.report.error(path, message)
        for file in files:
            problem = RULES["source"](file)
            reason = problem.message if problem else None
            if isinstance(part, KernelComponent):
                reason = reason or refused_source(part.backend, file)
            if reason:
                self.report.error(path, f"{shown(pattern)} matches a file that it should leave out: {reason}")
        return files

    def _check_source(self, text: str, path: KeyPath) -> None:
        mode = self._mode(text)
        if mode is not None and stat.S_ISREG(mode):
            return
        file = self._dir / text
        escape = None if mode == _MISSING else self._escape(file)
        if escape:
            self.report.error(path, f"{shown(text)} {escape}")
        elif mode == _MISSING:
            self.report.error(path, f"{shown(text)} does not exist", suggestion=self._neighbour(text))
        elif file.is_dir():
            self.report.error(path, f"{shown(text)} is a folder: list its files, or {shown(text + '/*')}")
        elif not file.exists():
            self.report.error(path, f"{shown(text)} is a link to nothing", suggestion=self._neighbour(text))
        elif not file.is_file():
            self.report.error(path, f"{shown(text)} is not a regular file")

    def _check_include(self, text: str, path: KeyPath) -> None:
        folder = self._dir / text
        problem = self._escape(folder)
        if problem:
            self.report.error(path, f"{shown(text)} {problem}")
        elif not folder.is_dir():
            self.report.warning(path, f"{shown(text)} is not a folder of the project: mend it, or leave it out")

    def _mode(self, text: str) -> int | None:
        """The type and mode of a path, a link not followed; `_MISSING`; or `None` where that cannot be told at once.

        Nearly all sources are files of a few folders, so that each folder is followed once.
        """
        folder, _, name = text.rpartition("/")
        if folder not in self._folders:
            real = os.path.realpath(f"{self._top}/{folder}")
            self._folders[folder] = real if is_within(real, self._top) else None
        real_folder = self._folders[folder]
        if real_folder is None:
            return None
        try:
            return os.lstat(f"{real_folder}/{name}").st_mode
        except FileNotFoundError:
            return _MISSING
        except OSError:
            return None

    def _escape(self, file: Path) -> str | None:
        """Say why a path may not be used, or `None`: it stays within the project, also where links lead."""
        try:
            real = file.resolve()
            file.exists()
        except (OSError, RuntimeError) as error:
            return f"cannot be followed: {getattr(error, 'strerror', None) or 'a link leads to itself'}"
        if real.is_relative_to(self._top):
            return None
        return "leads out of the project through a link: copy what it leads to into the project"

    def _neighbour(self, text: str) -> str | None:
        """A file of the same folder whose name is like that of a missing one."""
        from difflib import get_close_matches

        folder, _, name = text.rpartition("/")
        if folder not in self._names:
            self._names[folder] = _file_names(self._dir / folder)
        matches = get_close_matches(name, self._names[folder], n=1)
        return f"{folder}/{matches[0]}" if matches and folder else next(iter(matches), None)


def _file_names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError:
        return []
