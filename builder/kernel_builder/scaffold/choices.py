"""Which framework and backends a new kernel has."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernel_builder.config.model import FRAMEWORKS
from kernel_builder.config.report import closest, shown
from kernel_builder.matrix import load_matrix
from kernels.backend import BACKENDS, COMPILED_BACKENDS

__all__ = ["ALL", "Choice", "ChoiceError", "backends_of", "choose", "parse_backends"]

#: Stands for every backend of the framework.
ALL = "all"

_PYTHON_ONLY = "torch-noarch"


class ChoiceError(Exception):
    """What was chosen does not go together, or does not exist.

    Attributes:
        option: the option that says it.
        hint: the remedy.
    """

    def __init__(self, message: str, *, option: str, hint: str) -> None:
        super().__init__(message)
        self.option = option
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a new kernel is made for.

    Attributes:
        framework: the name of the framework's table in `build.toml`.
        backends: its backends, in the order of the names.
        note: what was chosen without being asked for, as a sentence.
    """

    framework: str
    backends: tuple[str, ...]
    note: str | None = None


def backends_of(framework: str) -> tuple[str, ...]:
    """The backends that kernels of a framework are built for; of tvm-ffi, those that the build matrix has."""
    if framework == "torch":
        return COMPILED_BACKENDS
    if framework == _PYTHON_ONLY:
        return BACKENDS
    built = {row.compute.backend for row in load_matrix().rows if row.tvm_ffi}
    return tuple(backend for backend in COMPILED_BACKENDS if backend in built)


def parse_backends(texts: Sequence[str]) -> tuple[str, ...]:
    """The backends that were named, each once; a text may name several, divided by commas. Case does not count.

    Raises:
        ChoiceError: when there is no such backend.
    """
    words = [word.strip() for text in texts for word in text.split(",")]
    for word in words:
        if word.lower() not in (*BACKENDS, ALL):
            meant = closest(word, (*BACKENDS, ALL))
            remedy = f"perhaps {meant} is meant" if meant else "a PATH goes before --backends, or after --"
            message = f"{shown(word)} is not a backend: use {', '.join(BACKENDS)} or {ALL}"
            raise ChoiceError(message, option="--backends", hint=remedy)
    return tuple(dict.fromkeys(word.lower() for word in words))


def choose(named: Sequence[str], framework: str | None, *, system: str) -> Choice:
    """Settle the framework and the backends.

    Args:
        named: the backends that were named, or `ALL`; none for the system's usual one.
        framework: the framework that was named: `torch` when it is `None`, or `torch-noarch` when every backend that
            was named is Python only.
        system: the name of the operating system, as `platform.system()` gives it.

    Raises:
        ChoiceError: when the framework does not have a backend.
    """
    compiled = [backend for backend in named if backend in (*COMPILED_BACKENDS, ALL)]
    note = None
    if framework is None:
        framework = "torch" if compiled or not named else _PYTHON_ONLY
        if framework == _PYTHON_ONLY:
            note = f"kernels for {', '.join(named)} are Python only, so the framework is {_PYTHON_ONLY}"
    possible = backends_of(framework)
    for backend in named:
        if backend not in (*possible, ALL):
            raise _refusal(backend, framework, possible)
    wanted = set(named) if named else {_usual(possible, system)}
    if ALL in wanted:
        wanted = set(possible)
    return Choice(framework=framework, backends=tuple(one for one in BACKENDS if one in wanted), note=note)


def _usual(possible: tuple[str, ...], system: str) -> str:
    usual = ("metal" if system == "Darwin" else "cuda", "cpu")
    return next(backend for backend in usual if backend in possible)


def _refusal(backend: str, framework: str, possible: tuple[str, ...]) -> ChoiceError:
    others = [other for other in FRAMEWORKS if backend in backends_of(other)]
    message = f"{framework} kernels are not built for {backend}, only for {', '.join(possible)}"
    hint = f"leave {backend} out, or choose --framework {' or '.join(others)}"
    return ChoiceError(message, option="--backends", hint=hint)
