"""Modes."""

import copy
import itertools
import pickle

import pytest

from kernels.errors import ModeError
from kernels.layer.mode import SEARCH_ORDER, Mode, check_mode, describe_mode

COMPILED = Mode.TORCH_COMPILE


def test_the_members_are_those_of_other_loaders() -> None:
    """Names and values are part of the interface."""
    assert {"FALLBACK": 1, "TRAINING": 2, "INFERENCE": 4, "TORCH_COMPILE": 8} == {
        mode.name: mode.value for mode in (Mode.FALLBACK, Mode.TRAINING, Mode.INFERENCE, Mode.TORCH_COMPILE)
    }


@pytest.mark.parametrize("mode", [Mode.INFERENCE, Mode.TRAINING])
def test_modes_combine_with_compilation(mode: Mode) -> None:
    """A combination has both parts, in either order, and survives copying."""
    both = mode | COMPILED

    assert both is COMPILED | mode
    assert both is both | mode
    assert mode in both
    assert COMPILED in both
    assert both is pickle.loads(pickle.dumps(copy.deepcopy(both)))  # noqa: S301


@pytest.mark.parametrize(
    ("one", "other", "problem"),
    [
        (Mode.INFERENCE, Mode.TRAINING, "exclude each other"),
        (Mode.INFERENCE | COMPILED, Mode.TRAINING, "exclude each other"),
        *((Mode.FALLBACK, other, "cannot be combined") for other in (Mode.INFERENCE, Mode.TRAINING, COMPILED)),
    ],
)
def test_other_combinations_are_refused(one: Mode, other: Mode, problem: str) -> None:
    """Modes that exclude each other cannot be combined, in either order."""
    for first, second in ((one, other), (other, one)):
        with pytest.raises(ModeError, match=problem):
            _ = first | second


def test_what_is_no_mode_is_refused() -> None:
    """A mode combines with modes only."""
    with pytest.raises(TypeError, match="unsupported operand"):
        _ = Mode.INFERENCE | 8  # type: ignore[operator]


def test_the_search_order_is_the_documented_one() -> None:
    """The kernels that will do for a mode, the best one first."""
    inference, training = Mode.INFERENCE, Mode.TRAINING
    documented = {
        inference: (inference, inference | COMPILED, training, training | COMPILED, Mode.FALLBACK),
        inference | COMPILED: (inference | COMPILED, training | COMPILED, Mode.FALLBACK),
        training: (training, training | COMPILED, Mode.FALLBACK),
        training | COMPILED: (training | COMPILED, Mode.FALLBACK),
    }

    assert documented == dict(SEARCH_ORDER)
    assert list(documented) == [check_mode(mode) for mode in documented]


@pytest.mark.parametrize("mode", [Mode.FALLBACK, COMPILED, Mode(0), 4, "inference", None])
def test_a_model_is_for_inference_or_for_training(mode: object) -> None:
    """Other modes, and what is no mode, are refused with what to write instead."""
    with pytest.raises(ModeError, match=r"use Mode\.INFERENCE or Mode\.TRAINING"):
        check_mode(mode)


def test_modes_are_described_as_they_are_written() -> None:
    """The description is Python that gives the mode."""
    for mode in itertools.chain(SEARCH_ORDER, [Mode.FALLBACK, COMPILED]):
        assert mode is eval(describe_mode(mode), {"Mode": Mode})  # noqa: S307
