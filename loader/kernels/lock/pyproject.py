"""The kernels that a project needs: `[tool.kernels.dependencies]` in its `pyproject.toml`.

Each key is a repository. Its value is a version (`1` or `"1"`), or a table with a `version` or a `revision`.
"""

import os
import sys
from pathlib import Path
from typing import Any

from kernels._fields import show
from kernels.errors import LockError, RequestError
from kernels.metadata import KernelDependency
from kernels.request import Request

__all__ = ["read_dependencies"]

_TABLE = ("tool", "kernels", "dependencies")
_EXAMPLE = '[tool.kernels.dependencies]\n"owner/name" = 1'


def read_dependencies(project_dir: str | os.PathLike[str]) -> list[KernelDependency]:
    """Read which kernels a project needs.

    Args:
        project_dir: the folder of the project.

    Returns:
        Its kernels, in the order of the file.

    Raises:
        LockError: when there is no `pyproject.toml`, or it has no table of kernels that can be used; has every problem
            with the key it is about (a `ValueError`).
    """
    path = Path(project_dir) / "pyproject.toml"
    table: Any = _load(path)
    for depth, key in enumerate(_TABLE):
        table = table.get(key)
        if table is None:
            message = (
                f"{path} has no table [{'.'.join(_TABLE)}]; say there which kernels the project needs:\n{_EXAMPLE}"
            )
            raise LockError(message)
        if not isinstance(table, dict):
            message = f"{path}: `{'.'.join(_TABLE[: depth + 1])}` is {_show(table)}, expected a table:\n{_EXAMPLE}"
            raise LockError(message)
    problems: list[str] = []
    dependencies = [_read(repo_id, value, problems) for repo_id, value in table.items()]
    if problems:
        message = f"{path}: {'; '.join(problems)}"
        raise LockError(message)
    return dependencies


def _load(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        message = f"{path} does not exist; a project says there which kernels it needs:\n{_EXAMPLE}"
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}"
    except (ValueError, RecursionError) as error:
        message = f"{path} is not valid TOML: {error}"
    raise LockError(message)


def _read(repo_id: str, value: object, problems: list[str]) -> KernelDependency:

    wanted: dict[str, Any] = value if isinstance(value, dict) else {"version": value}
    try:
        request = Request.check(repo_id, **_checked(wanted))
    except RequestError as error:
        problems.append(f"`{'.'.join(_TABLE)}.{show(repo_id)}` is {_show(value)}: {error}")
        return KernelDependency(repo_id)
    return KernelDependency(repo_id, request.version, wanted.get("revision"))


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    if len(wanted) != 1 or not wanted.keys() <= {"version", "revision"}:
        message = 'expected a version such as 1, or a table with a version or a revision such as { revision = "main" }'
        raise RequestError(message)
    return wanted


def _show(value: object) -> str:
    try:
        return show(value)
    except TypeError:  # JSON has no dates
        return str(value)
