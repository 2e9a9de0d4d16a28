"""What a new kernel is called, and where it is made: from what the command line says, and without the Hub."""

import re
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.config import names as known
from kernel_builder.config.report import shown
from kernel_builder.config.values import RULES
from kernel_builder.scaffold.choices import ChoiceError

__all__ = ["TAKEN", "Names", "Place", "choose_place"]

#: Names that the package of a new kernel uses itself, or that mean something to the loader: no function may have them.
TAKEN = ("add_op_namespace_prefix", "layers", "ops")

_REPO_FORM = re.compile(r"[^./\\~][^/\\]*/[^/\\]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of a kernel.

    The C++ of the templates speaks of what the kernel does, never of what it is called: a kernel may well be named
    `int` or `delete`.

    Attributes:
        name: as in `build.toml`, such as `my-kernel`.
        repo_id: the repository on the Hub, `OWNER/my-kernel`; `None` when nobody said whose it is.
    """

    name: str
    repo_id: str | None = None

    @property
    def module(self) -> str:
        """The Python package, such as `my_kernel`."""
        return self.name.replace("-", "_")

    @property
    def function(self) -> str:
        """The function that the package has: its own name, unless the package needs that for something else."""
        return f"{self.module}_kernel" if self.module in TAKEN else self.module

    @property
    def class_name(self) -> str:
        """The name in the form of a class, such as `MyKernel`."""
        return "".join(part.capitalize() for part in self.name.split("-"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is made, and where.

    Attributes:
        names: the names of the kernel.
        folder: the folder of the project; it need not exist.
        asked: the name as the person wrote it, which may have been mended.
    """

    names: Names
    folder: Path
    asked: str


def choose_place(path: str | None, name: str | None, cwd: Path) -> Place:
    """Find the names and the folder of a new kernel.

    ============  ============  =======================  ==================
    `path`        `name`        the folder               the name is that of
    ============  ============  =======================  ==================
    given         given         `path`                   `name`
    absent        given         a new one in `cwd`       `name`
    OWNER/NAME    absent        a new one in `cwd`       `path`
    a folder      absent        `path`                   the folder
    absent        absent        `cwd`                    the folder
    ============  ============  =======================  ==================

    Upper case and everything that is neither letter nor digit is mended: `My_Kernel` becomes `my-kernel`.

    Args:
        path: a folder, or OWNER/NAME.
        name: OWNER/NAME.
        cwd: the folder that the command runs in.

    Raises:
        ChoiceError: when a name cannot be used and cannot be mended either; says which one could.
    """
    option = "PATH" if name is None else "--name"
    if name is None and path is not None and _is_repository(path, cwd):
        path, name = None, path
    if name is not None:
        owner, _, asked = name.partition("/")
        if not owner or not asked or "/" in asked:
            message = f"{shown(name)} is not of the form OWNER/NAME"
            raise ChoiceError(message, option=option, hint="without an owner, give the name as PATH")
        mended = _mended(asked, option)
        return Place(names=_owned(owner, mended, option), folder=cwd / (mended if path is None else path), asked=asked)
    folder = cwd / (path or ".")
    asked = folder.resolve().name
    return Place(names=Names(name=_mended(asked, option)), folder=folder, asked=asked)


def _is_repository(path: str, cwd: Path) -> bool:
    """Whether PATH is OWNER/NAME: it looks like it, and there is no folder OWNER that it could lie in."""
    owner = path.partition("/")[0]
    return bool(_REPO_FORM.fullmatch(path)) and RULES["repo-id"](path) is None and not (cwd / owner).exists()


def _owned(owner: str, name: str, option: str) -> Names:
    repo_id = f"{owner}/{name}"
    if problem := RULES["repo-id"](repo_id):
        raise ChoiceError(problem.message, option=option, hint="letters, digits, `-`, `_` and `.` make an owner")
    return Names(name=name, repo_id=repo_id)


def _mended(asked: str, option: str) -> str:
    mended = re.sub(r"[^a-z0-9]+", "-", asked.lower()).strip("-")
    problem = _problem(mended if len(mended) > 1 else asked)
    if problem is None:
        return mended
    others = (f"kernel-{mended}", mended[:64].strip("-"), "my-kernel")
    good = next(other for other in others if _problem(other) is None)
    raise ChoiceError(problem, option=option, hint=f"what could be used is --name OWNER/{good}")


def _problem(name: str) -> str | None:
    """Why a name would be refused in `build.toml`, or noted as doubtful."""
    if problem := RULES["name"](name):
        return problem.message
    module = Names(name=name).module
    if module in known.taken_modules():
        return f"the module of a kernel named {name} would hide the module {module}"
    return None
