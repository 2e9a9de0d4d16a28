"""What is measured, and what we promise of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from benchmarks.loading.hub import MANY
from benchmarks.loading.projects import KERNEL, LAYERS

__all__ = ["NO_SLOWER", "Measurement", "Row", "measurements"]

#: Nothing that we do takes longer than at the peer, but for what chance does to a median.
NO_SLOWER = 0.95
Clock: TypeAlias = Literal["processor", "wall"]
_LATENCY = 0.05
_MODEL = 1000
_MAPPING = 320


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        title: what is done.
        clock: whether the time of the processor counts or, where waiting is part of it, that on the wall.
        promise: how many times the peer's our speed is at least; `None` for a line that is there to compare with.
        step: which step of the measurement it is.
    """

    title: str
    clock: Clock = "processor"
    promise: float | None = NO_SLOWER
    step: str = "process"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One process, and the lines that it gives.

    Attributes:
        rows: the lines.
        python: options and arguments of the interpreter, where the whole process is timed.
        kernels: arguments of the command `kernels`, where that is timed.
        scenario: a scenario of the driver, which times its steps itself.
        arguments: what the scenario needs to know.
        latency: seconds that each answer of the Hub takes.
        cold: whether the cache is empty; else it has `KERNEL`.
        offline: whether the Hub must not be asked.
    """

    rows: tuple[Row, ...]
    python: tuple[str, ...] = ()
    kernels: tuple[str, ...] = ()
    scenario: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    latency: float = 0.0
    cold: bool = False
    offline: bool = False


def measurements(project: str, commit: str, lockfile: str, callers: str) -> Sequence[Measurement]:
    """Everything that is measured.

    Args:
        project: the project of `KERNEL`, built.
        commit: the commit of its version 1.
        lockfile: a lock file for it.
        callers: a folder with an installed package that has a lock file for it.
    """
    return (*_starting(), *_loading(project, commit, lockfile, callers), *_layers(project))


def _starting() -> Sequence[Measurement]:
    ms = f"{1000 * _LATENCY:.0f} ms"
    return (
        Measurement((Row("python -c pass", promise=None),), python=("-c", "pass")),
        Measurement((Row("import kernels", promise=6),), python=("-c", "import kernels")),
        Measurement((Row("import kernels, after Torch", step="first"),), scenario="import"),
        Measurement((Row("from kernels import …, after Torch", step="first"),), scenario="import names"),
        Measurement((Row("kernels --help", promise=6),), kernels=("--help",)),
        Measurement(
            (Row(f"kernels versions, 10 x 36 builds, {ms}", "wall"),),
            kernels=("versions", MANY),
            latency=_LATENCY,
            cold=True,
        ),
        Measurement((Row(f"kernels info, {ms}", "wall"),), kernels=("info", KERNEL), latency=_LATENCY, cold=True),
    )


def _loading(project: str, commit: str, lockfile: str, callers: str) -> Sequence[Measurement]:
    found: list[Measurement] = [
        Measurement(_first_and_again("get_local_kernel"), scenario="local", arguments={"project": project})
    ]
    for latency in (0.0, _LATENCY):
        ms = f"{1000 * latency:.0f} ms"
        clock: Clock = "wall" if latency else "processor"
        promise = 50 if latency else NO_SLOWER
        for how, which in (("version", {"version": 1}), ("commit", {"revision": commit})):
            rows = _first_and_again(f"get_kernel by {how}, {ms}", clock, promise)
            arguments = {"repo_id": KERNEL, **which}
            found.append(Measurement(rows, scenario="hub", arguments=arguments, latency=latency))
    version = {"repo_id": KERNEL, "version": 1}
    cold = Row(f"get_kernel, empty cache, {1000 * _LATENCY:.0f} ms", "wall", step="first")
    locked = {"repo_id": KERNEL, "lockfile": lockfile}
    caller = {"repo_id": KERNEL, "folder": callers}
    return (
        *found,
        Measurement((cold,), scenario="hub", arguments=version, latency=_LATENCY, cold=True),
        Measurement(_first_and_again("get_kernel offline"), scenario="hub", arguments=version, offline=True),
        Measurement(_first_and_again("get_locked_kernel, lockfile="), scenario="locked", arguments=locked),
        Measurement(_first_and_again("get_locked_kernel, the caller's"), scenario="caller", arguments=caller),
    )


def _layers(project: str) -> Sequence[Measurement]:
    ms = f"{1000 * _LATENCY:.0f} ms"
    return (
        Measurement(
            _first_and_again(f"kernelize {_MODEL} layers, local"),
            scenario="many layers",
            arguments={"project": project, "count": _MODEL},
        ),
        Measurement(
            (
                Row(f"kernelize {LAYERS} layers of one kernel, {ms}", "wall", 8, "first"),
                Row(f"kernelize {LAYERS} layers again", step="again"),
            ),
            scenario="ten layers",
            arguments={"repo_id": KERNEL, "count": LAYERS},
            latency=_LATENCY,
        ),
        Measurement(
            (Row(f"use_kernel_mapping, {_MAPPING} registered", step="again"),),
            scenario="mapping",
            arguments={"count": _MAPPING},
        ),
    )


def _first_and_again(title: str, clock: Clock = "processor", again: float = NO_SLOWER) -> tuple[Row, Row]:
    return Row(title, clock, step="first"), Row(f"{title}, again", clock, again, "again")
