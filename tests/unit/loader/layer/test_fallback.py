"""The reasons to keep the original forward."""

import pytest

from kernels.layer.fallback import KernelizeFallback, fallback_of


def test_the_members_are_those_of_other_loaders() -> None:
    """The names are part of the interface; the default is everything but failures to load."""
    reasons = {"NO_LAYER", "NO_DEVICE", "NO_COMPATIBLE_PROPERTIES", "NO_COMPATIBLE_MODE", "CANNOT_LOAD"}

    assert reasons | {"NONE", "DEFAULT", "ALL"} == set(KernelizeFallback.__members__)
    assert all(KernelizeFallback[name] in KernelizeFallback.ALL for name in reasons)
    assert KernelizeFallback.ALL == KernelizeFallback.DEFAULT | KernelizeFallback.CANNOT_LOAD
    assert KernelizeFallback.NONE == KernelizeFallback.DEFAULT & KernelizeFallback.CANNOT_LOAD


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        (True, KernelizeFallback.DEFAULT),
        (False, KernelizeFallback.NONE),
        (KernelizeFallback.CANNOT_LOAD, KernelizeFallback.CANNOT_LOAD),
        (KernelizeFallback.NONE, KernelizeFallback.NONE),
    ],
)
def test_the_argument_of_kernelize(argument: bool | KernelizeFallback, expected: KernelizeFallback) -> None:
    """A boolean stands for the default reasons or for none."""
    assert expected is fallback_of(argument)
