"""CUDA capabilities and ROCm architectures."""

import pytest

from kernel_builder.config.capabilities import (
    Capability,
    default_capabilities,
    family_cuda,
    known_capabilities,
    loose_intersection,
    oldest_capability,
    oldest_cudas,
    oldest_with_suffix,
    rocm_archs,
)

D126, D128, D13 = (12, 6), (12, 8), (13, 0)


def _parsed(text: str) -> list[Capability]:
    found = [Capability.parse(part) for part in text.split(";")]
    return [capability for capability in found if capability is not None]


def _texts(capabilities: tuple[Capability, ...]) -> str:
    return ";".join(map(str, capabilities))


@pytest.mark.parametrize(
    ("cuda", "expected"),
    [
        ((13, 2), "7.5;8.0;8.6;8.7;8.9;9.0;10.0;11.0;12.0;12.1+PTX"),
        ((13, 0), "7.5;8.0;8.6;8.7;8.9;9.0;10.0;11.0;12.0;12.1+PTX"),
        ((12, 9), "7.0;7.2;7.5;8.0;8.6;8.7;8.9;9.0;10.0;10.1;12.0+PTX"),
        ((12, 8), "7.0;7.2;7.5;8.0;8.6;8.7;8.9;9.0;10.0;10.1;12.0+PTX"),
        ((12, 6), "7.0;7.2;7.5;8.0;8.6;8.7;8.9;9.0+PTX"),
        ((11, 8), "7.0;7.2;7.5;8.0;8.6;8.7;8.9;9.0+PTX"),
    ],
)
def test_the_defaults_of_a_cuda_version(cuda: tuple[int, int], expected: str) -> None:
    """Each version of CUDA has the list of the newest row that is not above it."""
    assert expected == _texts(default_capabilities(cuda))


@pytest.mark.parametrize(
    ("requested", "targets", "expected"),
    [
        ("9.0a", D13, "9.0a"),
        ("8.0;9.0;9.0a", D13, "8.0;9.0a"),
        ("7.5;8.0;8.6;9.0;9.0a", "8.0;8.9;9.0", "8.0;8.6;9.0a"),
        ("8.0+PTX", D13, "8.0+PTX"),
        ("9.0a+PTX", D13, "9.0a+PTX"),
        ("8.0;8.6;8.9;9.0;10.0;12.0", D126, "8.0;8.6;8.9;9.0"),
        ("9.0a;10.0a;10.0f", D13, "9.0a;10.0a;10.0f"),
        ("12.0f", D13, "12.0f"),
        ("10.0", "9.0;10.1", "10.0"),
        ("8.0;10.3a", D13, "8.0"),
        ("10.3a", D13, ""),
        ("12.1", D128, ""),
        ("6.0", D13, ""),
        ("6.0+PTX", D13, "6.0+PTX"),
        ("5.0;7.5;8.0;9.0", D126, "7.5;8.0;9.0"),
        ("10.1", D128, "10.1"),
        ("10.1", D13, ""),
        ("", D13, ""),
    ],
)
def test_the_loose_intersection(requested: str, targets: str | tuple[int, int], expected: str) -> None:
    """What a component is compiled for, as the reference tool does it; the order is that of the numbers."""
    available = _parsed(targets) if isinstance(targets, str) else default_capabilities(targets)
    assert expected == _texts(loose_intersection(_parsed(requested), available))


@pytest.mark.parametrize("text", ["7.5", "9.0a", "10.0f", "8.0+PTX", "12.1a+PTX"])
def test_a_capability_is_written_as_it_was_read(text: str) -> None:
    """The spelling is part of the value."""
    assert text == str(Capability.parse(text))


@pytest.mark.parametrize("text", ["", "foo", "9", "90", "sm_90", "9.00", "09.0", "9.0b", "9.0ptx", "9.0+ptx", "9.0\n"])
def test_what_is_no_capability(text: str) -> None:
    """Anything else is nothing."""
    assert Capability.parse(text) is None


def test_capabilities_are_ordered_by_number() -> None:
    """10.0 comes after 9.0a, which comes after 9.0."""
    assert ["8.9", "9.0", "9.0a", "10.0"] == [str(it) for it in sorted(_parsed("10.0;9.0a;9.0;8.9"))]


def test_the_data_is_well_formed() -> None:
    """Every default is known, every list is in order, and no architecture is in two groups."""
    known = known_capabilities()
    assert list(known) == sorted(set(known))
    defaults = [target for cuda in oldest_cudas() for target in default_capabilities(cuda)]
    assert [] == [target for target in defaults if target._replace(ptx=False) not in known]
    assert [] == [cuda for cuda in oldest_cudas() if oldest_capability(cuda) > default_capabilities(cuda)[0]]
    assert list(oldest_cudas()) == sorted(oldest_cudas(), reverse=True)
    assert (0, 0) == oldest_cudas()[-1]
    assert {"a", "f"} == set(oldest_with_suffix())
    assert family_cuda() > oldest_cudas()[1]
    archs = rocm_archs()
    assert len(archs.known) == len(set(archs.known))
