"""All topics, one after the other, and what follows from them."""

import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kernel_builder.doctor.compilers import examine_compilers
from kernel_builder.doctor.cuda import examine_cuda
from kernel_builder.doctor.drivers import examine_drivers
from kernel_builder.doctor.here import Here, look_around
from kernel_builder.doctor.hub import examine_hub
from kernel_builder.doctor.metal import examine_metal
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, Verdict, uses, verdict
from kernel_builder.doctor.nix import examine_nix
from kernel_builder.doctor.oneapi import examine_oneapi
from kernel_builder.doctor.project import Project, examine_project
from kernel_builder.doctor.python import examine_loader, examine_packages, examine_python, examine_torch
from kernel_builder.doctor.rocm import examine_rocm
from kernels.backend import COMPILED_BACKENDS
from kernels.variant import Platform

__all__ = ["WAYS", "Report", "examine"]

#: What can be done with a kernel here: build it with this machine's toolchain, build it with Nix, and load it.
WAYS = ("local", "nix", "load")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What this machine can build and load.

    Attributes:
        version: of kernel-builder.
        platform: the system.
        diagnoses: every answer, by topic.
        backends: backend → way (`WAYS`) → whether that can be done.
        project: the kernel project that was asked about, if any.
    """

    version: str
    platform: Platform
    diagnoses: tuple[Diagnosis, ...]
    backends: Mapping[str, Mapping[str, Verdict]]
    project: Project | None


def examine(backends: tuple[str, ...] = (), *, project: Path | None = None, online: bool = False) -> Report:
    """Look at this machine; takes about a second, and some more for each program that does not answer.

    Args:
        backends: the backends to look for; empty for all that are compiled.
        project: a folder with a `build.toml` to look at too.
        online: whether to ask the Hub who the login belongs to; otherwise nothing is sent over a network.

    Returns:
        The report; a topic whose examination failed is in it as one unknown answer.
    """
    here = look_around()
    wanted = backends or COMPILED_BACKENDS
    diagnoses = tuple(one for topic in _topics(here, wanted, online=online) for one in _safely(topic))
    found = {backend: {way: verdict(f"{way}:{backend}", diagnoses) for way in WAYS} for backend in wanted}
    return Report(
        version=importlib.metadata.version("kernel-builder"),
        platform=here.platform,
        diagnoses=diagnoses,
        backends=found,
        project=None if project is None else _project(project, here, found),
    )


@dataclass(frozen=True, slots=True)
class _Topic:
    """A topic, how it is examined, and what cannot be known when that fails."""

    name: str
    examine: Callable[[], list[Diagnosis]]
    needed_for: tuple[str, ...] = ()


def _topics(here: Here, wanted: tuple[str, ...], *, online: bool) -> list[_Topic]:
    build, nix, load = (uses(way, *wanted) for way in WAYS)
    accelerators = {"cuda": examine_cuda, "rocm": examine_rocm, "xpu": examine_oneapi, "metal": examine_metal}
    return [
        _Topic("Python", lambda: [*examine_packages(), *examine_python(here)], (*build, *load)),
        _Topic("Torch", lambda: [*examine_torch(here), *examine_loader(here, wanted)], (*build, *load)),
        _Topic("Compilers", lambda: examine_compilers(here), build),
        *(
            _Topic(backend, partial(probe, here), (*uses("local", backend), *uses("load", backend)))
            for backend, probe in accelerators.items()
            if backend in wanted and backend in here.backends
        ),
        _Topic("Nix", lambda: examine_nix(here), nix),
        _Topic("Drivers", lambda: examine_drivers(here, wanted), (*build, *nix)),
        _Topic("Hub", lambda: examine_hub(online=online)),
    ]


def _safely(topic: _Topic) -> list[Diagnosis]:
    try:
        return topic.examine()
    except Exception as error:  # noqa: BLE001 - one topic that fails must not hide the others
        return [_failed(topic, error)]


def _project(path: Path, here: Here, ways: Mapping[str, Mapping[str, Verdict]]) -> Project:
    try:
        return examine_project(path, here, ways)
    except Exception as error:  # noqa: BLE001 - as above
        return Project(path=path, diagnoses=(_failed(_Topic("Project", list), error),), variants=())


def _failed(topic: _Topic, error: Exception) -> Diagnosis:
    name = f"{topic.name.lower()}-examination"
    question = Question(id=name, topic=topic.name, text="examination", needed_for=topic.needed_for)
    remedy = Remedy(step="This is a fault of kernel-builder; report it with what stands here.")
    return question.unknown(f"failed: {type(error).__name__}: {error}", remedy)
