"""Which backends each driver can build at all, whatever is installed."""

from kernel_builder.doctor.here import Here
from kernel_builder.doctor.model import Diagnosis, Question, uses
from kernel_builder.matrix import load_matrix

__all__ = ["examine_drivers"]

_TOPIC = "Drivers"


def examine_drivers(here: Here, backends: tuple[str, ...]) -> list[Diagnosis]:
    """What the drivers of this version build on this system.

    Args:
        here: this machine.
        backends: the backends that are asked about.
    """
    asked = [backend for backend in backends if backend in here.backends]
    elsewhere = tuple(backend for backend in backends if backend not in here.backends)
    return [*_local(asked, elsewhere), *_nix(here, asked, elsewhere)]


def _local(asked: list[str], elsewhere: tuple[str, ...]) -> list[Diagnosis]:
    found = []
    if asked:
        question = Question(
            id="driver-local", topic=_TOPIC, text="builds without Nix", needed_for=uses("local", *asked)
        )
        found.append(question.yes(f"for {', '.join(asked)}"))
    if elsewhere:
        needed_for = (*uses("local", *elsewhere), *uses("load", *elsewhere))
        question = Question(id="system", topic=_TOPIC, text="other systems", needed_for=needed_for)
        found.append(question.elsewhere(f"kernels for {', '.join(elsewhere)}"))
    return found


def _nix(here: Here, asked: list[str], elsewhere: tuple[str, ...]) -> list[Diagnosis]:
    worlds = {row.compute.backend for row in load_matrix().on(here.platform)}
    able = tuple(backend for backend in asked if backend in worlds)
    unable = tuple(backend for backend in asked if backend not in worlds) + elsewhere
    found = []
    if able:
        question = Question(id="driver-nix", topic=_TOPIC, text="builds with Nix", needed_for=uses("nix", *able))
        found.append(question.yes(f"for {', '.join(able)}"))
    if unable:
        question = Question(id="driver-nix-not", topic=_TOPIC, text="builds with Nix", needed_for=uses("nix", *unable))
        found.append(question.elsewhere(f"the build matrix of {here.platform} has no {', '.join(unable)}"))
    return found
