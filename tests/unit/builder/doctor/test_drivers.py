"""What the drivers of this version build at all."""

import pytest
from support.machines import LINUX, MAC, WINDOWS, by_id, machine

from kernel_builder.doctor.drivers import examine_drivers
from kernel_builder.doctor.model import Status, verdict
from kernels.backend import COMPILED_BACKENDS
from kernels.variant import Platform


def test_every_use_has_an_answer() -> None:
    """For each backend and each driver there is exactly one answer, whatever the system."""
    for platform in (LINUX, MAC, WINDOWS):
        found = examine_drivers(machine(platform=platform), COMPILED_BACKENDS)
        needs = sorted(use for one in found for use in one.question.needed_for if not use.startswith("load:"))
        assert sorted(f"{way}:{backend}" for way in ("local", "nix") for backend in COMPILED_BACKENDS) == needs


def test_the_local_driver() -> None:
    """The local driver builds for every backend that this system can have."""
    found = by_id(examine_drivers(machine(), COMPILED_BACKENDS))
    assert ("local:cpu", "local:cuda", "local:rocm", "local:xpu") == found["driver-local"].question.needed_for


@pytest.mark.parametrize(
    ("platform", "use", "status"),
    [
        (LINUX, "nix:cuda", Status.YES),
        (LINUX, "nix:metal", Status.ELSEWHERE),
        (LINUX, "load:metal", Status.ELSEWHERE),
        (MAC, "nix:metal", Status.YES),
        (MAC, "local:cuda", Status.ELSEWHERE),
        (WINDOWS, "nix:cpu", Status.ELSEWHERE),
        (Platform("aarch64", "linux"), "nix:rocm", Status.ELSEWHERE),
    ],
)
def test_systems(platform: Platform, use: str, status: Status) -> None:
    """What the build matrix does not have for a system is not made on it."""
    found = tuple(examine_drivers(machine(platform=platform), COMPILED_BACKENDS))
    assert status is verdict(use, found).status
