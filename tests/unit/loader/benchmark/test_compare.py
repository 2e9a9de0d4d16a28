"""Comparing the output of a kernel with its reference."""

from typing import Any

import pytest

from kernels.benchmark.compare import find_difference

torch = pytest.importorskip("torch")
NAN = float("nan")
INFINITY = float("inf")


def _tensor(*values: float, dtype: Any = None) -> Any:
    return torch.tensor(values, dtype=dtype)


@pytest.mark.parametrize(
    ("out", "reference"),
    [
        (_tensor(1.0, 2.0), _tensor(1.009, 1.991)),
        (_tensor(1.0, NAN, INFINITY), _tensor(1.0, NAN, INFINITY)),
        (_tensor(10000.0), _tensor(10000.1)),
        (_tensor(1.0, dtype=torch.float16), _tensor(1.0, dtype=torch.float64)),
        (_tensor(1.0).to(torch.float8_e4m3fn), _tensor(1.0)),
        (_tensor(1, 0, dtype=torch.bool), _tensor(1, 0, dtype=torch.bool)),
        (_tensor(3, dtype=torch.int64), _tensor(3, dtype=torch.int32)),
        (_tensor(), _tensor()),
        (torch.tensor(2.0), 2.0),
        ((_tensor(1.0), _tensor(2.0)), [_tensor(1.0), _tensor(2.0)]),
        ({"a": _tensor(1.0), "b": (_tensor(2.0),)}, {"b": (_tensor(2.0),), "a": _tensor(1.0)}),
    ],
)
def test_the_same(out: Any, reference: Any) -> None:
    """Values within the tolerance agree in any dtype, NaN agrees with NaN, and collections item by item."""
    assert find_difference(out, reference) is None


@pytest.mark.parametrize(
    ("out", "reference", "words"),
    [
        (
            _tensor(1.0, 2.0),
            _tensor(1.0, 2.5),
            "1 of 2 elements of self.out differ from the reference; the first, at [1], is 2.0 and should be 2.5",
        ),
        (_tensor(NAN, 1.0), _tensor(1.0, 1.0), "the first, at [0], is nan and should be 1.0"),
        (_tensor(1.0), _tensor(NAN), "is 1.0 and should be nan"),
        (_tensor(INFINITY), _tensor(-INFINITY), "is inf and should be -inf"),
        (_tensor(1, dtype=torch.bool), _tensor(0, dtype=torch.bool), "is 1 and should be 0"),
        (torch.zeros(2, 3), torch.zeros(3), "self.out has the shape [2, 3], the reference has [3]"),
        (torch.zeros(2, 3), torch.tensor([[0, 0, 0], [0, 1.0, 0]]), "the first, at [1, 1], is 0.0"),
        ((_tensor(1.0),), _tensor(1.0), "self.out is a tuple of 1, the reference is a tensor"),
        (_tensor(1.0), (_tensor(1.0),), "self.out is a tensor, the reference is a tuple of 1"),
        ([_tensor(1.0)], (_tensor(1.0), _tensor(1.0)), "self.out is a list of 1, the reference is a tuple of 2"),
        ({"a": 1}, {"b": 1}, "a dictionary with the keys ['a'], the reference is a dictionary with the keys ['b']"),
        (
            {"a": (_tensor(1.0), _tensor(1.0)), "b": _tensor(1.0)},
            {"a": (_tensor(1.0), _tensor(2.0)), "b": _tensor(3.0)},
            "of self.out['a'][1] differ from the reference; the first, at [0], is 1.0 and should be 2.0; 1 of 1",
        ),
    ],
)
def test_what_differs(out: Any, reference: Any, words: str) -> None:
    """The sentence says what differs, where first, and what it should be; a shape is never broadcast."""
    assert words in (find_difference(out, reference) or "")


def test_what_is_no_tensor() -> None:
    """An output or reference that Torch cannot take is not compared."""
    for out, reference in ((_tensor(1.0), object()), (None, _tensor(1.0))):
        with pytest.raises((TypeError, RuntimeError)):
            find_difference(out, reference)
