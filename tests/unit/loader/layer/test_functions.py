"""Functions as layers."""
# mypy: allow-subclassing-any

import copy
import functools
import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.layers import run
from torch import nn

from kernels.errors import LayerError
from kernels.layer import LocalFuncRepository, LocalLayerRepository, Mode, kernelize, unkernelize, use_kernel_mapping
from kernels.layer.extend import use_kernel_forward_from_hub, use_kernel_func_from_hub
from kernels.layer.functions import extensible_function, layer_of


@use_kernel_func_from_hub("plus_nothing")
def plus_nothing(x: torch.Tensor, *, by: float = 0.0) -> torch.Tensor:
    """Add nothing much."""
    return x + by


def undecorated(x: torch.Tensor) -> torch.Tensor:
    """Nothing at all."""
    return x


decorated_later: Any = use_kernel_func_from_hub("later")(undecorated)


class FeedForward(nn.Module):
    """Has a function as a member."""

    def __init__(self) -> None:
        super().__init__()
        self.activation: Callable[..., torch.Tensor] = plus_nothing

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the function makes of it."""
        return self.activation(x)


def test_a_function_is_a_module_that_looks_like_it() -> None:
    """Called the same, with the same name, documentation and signature, and with the function inside."""
    function: Any = plus_nothing

    assert isinstance(function, nn.Module)
    assert torch.equal(torch.tensor([3.0]), plus_nothing(torch.tensor([1.0]), by=2.0))
    assert ("plus_nothing", "Add nothing much.") == (function.__name__, inspect.getdoc(function))
    assert (__name__, "plus_nothing") == (function.__module__, function.__qualname__)
    assert "(x: torch.Tensor, *, by: float = 0.0) -> torch.Tensor" == str(inspect.signature(function))
    assert str(inspect.signature(function)) == str(inspect.signature(function.forward))
    assert inspect.signature(function) == inspect.signature(function.__wrapped__)
    assert repr(function) == "plus_nothing()"
    assert (type(function).kernel_layer_name, function.kernel_layer_name) == ("plus_nothing", "plus_nothing")


def test_a_function_as_a_member_is_kernelized(kernel: Path) -> None:
    """It is a layer of the model: one object for all models, and a kernel may be a function or a layer."""
    model, other = FeedForward(), FeedForward()
    assert ["activation"] == [name for name, _ in model.named_children()]
    assert [] == list(model.state_dict())

    @use_kernel_func_from_hub("plus")
    def plus(x: torch.Tensor) -> torch.Tensor:
        return x

    for feed_forward in (model, other):
        feed_forward.activation = plus
    for repository in (
        LocalFuncRepository(kernel, func_name="plus_ten"),
        LocalLayerRepository(kernel, layer_name="Plus1"),
    ):
        with use_kernel_mapping({"plus": {"cpu": repository}}):
            kernelize(model, Mode.INFERENCE, "cpu", use_fallback=False)
        assert run(other, 1.0) in (2.0, 11.0)
        assert run(other, 1.0) == run(model, 1.0) == run(plus, 1.0)
    unkernelize(other)
    assert [1.0, 1.0] == [run(model, 1.0), run(plus, 1.0)]


def test_the_parameters_of_a_function_are_validated(kernel: Path) -> None:
    """A kernel for a function has to have the function's parameters."""
    with (
        use_kernel_mapping({"plus_nothing": {"cpu": LocalLayerRepository(kernel, layer_name="Plus1")}}),
        pytest.raises(LayerError, match=r"cannot replace plus_nothing: Plus1 has forward\(x\), .* of \(x, by\)"),
    ):
        kernelize(FeedForward(), Mode.INFERENCE, "cpu")


def test_a_function_is_copied_and_pickled_as_a_function() -> None:
    """A copy is the same object, also within a model; it is pickled by its name."""
    function: Any = plus_nothing

    assert function is copy.copy(function)
    assert function is copy.deepcopy(function)
    assert function is copy.deepcopy(FeedForward()).activation
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert function is pickle.loads(pickle.dumps(function, protocol))  # noqa: S301
    assert b"kernels" not in pickle.dumps(function)
    assert function is pickle.loads(pickle.dumps(FeedForward())).activation  # noqa: S301


def test_a_function_under_another_name_is_pickled_with_it() -> None:
    """Where the name is that of the function itself, the module is made anew of it."""
    read = pickle.loads(pickle.dumps(decorated_later))  # noqa: S301

    assert read is not decorated_later
    assert (undecorated, "later") == (read.__wrapped__, read.kernel_layer_name)


def test_a_function_without_a_name_to_find_is_not_pickled() -> None:
    """As for any local function, `pickle` says so."""

    @use_kernel_func_from_hub("local")
    def local(x: Any) -> Any:
        return x

    with pytest.raises((pickle.PicklingError, AttributeError), match="local"):
        pickle.dumps(local)


def test_what_wraps_a_function_can_be_decorated() -> None:
    """A wrapper has the signature of what it wraps; a partial has no name of its own."""

    @use_kernel_forward_from_hub("wrapped", lambda module: module.training)
    @functools.wraps(undecorated)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return undecorated(*args, **kwargs)

    partial: Any = use_kernel_forward_from_hub("partial")(functools.partial(plus_nothing, by=2.0))
    wrapped: Any = wrapper

    assert "(x: torch.Tensor) -> torch.Tensor" == str(inspect.signature(wrapped.forward))
    assert (True, 2.0) == (type(wrapped).kernel_condition(wrapped), run(wrapped, 2.0))
    assert ("partial", 3.0) == (partial.kernel_layer_name, run(partial, 1.0))


def test_attributes_of_a_function_stay() -> None:
    """What somebody has noted on a function can be read from what it becomes."""

    def function(x: Any) -> Any:
        return x

    function.note = "a note"  # type: ignore[attr-defined]

    assert extensible_function(function, "name").note == "a note"


def test_a_callable_object_can_be_decorated() -> None:
    """Also one that is a module already: it becomes a part of the new one, and stays what it is."""
    inner = nn.Linear(4, 4)
    module: Any = use_kernel_forward_from_hub("outer")(inner)
    given = torch.ones(4)

    assert torch.equal(inner(given), module(given))
    assert ["weight", "bias"] == [name for name, _ in inner.named_parameters()]
    assert module.kernel_layer_name == "outer"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("x", "(_self, /, x)"),
        ("x, /, y=1, *z, **k", "(_self, x, /, y=1, *z, **k)"),
        ("self, *, b", "(_self, /, self, *, b)"),
    ],
)
def test_the_layer_of_a_function_has_its_parameters(parameters: str, expected: str) -> None:
    """After the layer itself, which cannot be given by name, come those of the function, whatever they are called."""
    names: dict[str, Any] = {}
    exec(f"def function({parameters}): return locals()", names)  # noqa: S102
    layer: Any = layer_of(names["function"])

    assert expected == str(inspect.signature(layer.forward))


def test_a_function_without_parameters_to_see_is_refused() -> None:
    """Nothing could be validated; the function is named."""
    for make in (layer_of, lambda function: extensible_function(function, "name")):
        with pytest.raises(LayerError, match="max cannot be used as a layer: Python does not know its parameters"):
            make(max)
