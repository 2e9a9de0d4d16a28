"""Whether a layer can stand in for another."""
# mypy: allow-subclassing-any

from typing import Any

import pytest
from torch import nn

from kernels.errors import LayerError
from kernels.layer.functions import layer_of
from kernels.layer.mode import Mode
from kernels.layer.validate import check_layer, check_registered_mode, lacking


class Adopting(nn.Module):
    """The layer of a model: it may have what it likes."""

    limit = 4

    def __init__(self, size: int = 1) -> None:
        super().__init__()
        self.size = size

    def forward(self, hidden: Any, mask: Any = None, *, scale: float = 1.0) -> Any:
        """Takes two arguments and an option."""
        return hidden, mask, scale

    def helper(self) -> int:
        """A method of its own."""
        return self.size


class Pure(nn.Module):
    """A layer as it should be."""

    can_torch_compile: bool = True
    has_backward: bool = False
    size: int
    weight: "nn.Parameter"

    def forward(self, x: Any, attention_mask: Any, *, factor: float = 2.0) -> Any:
        """The names, annotations and defaults of parameters do not matter."""
        return x, attention_mask, factor


def forward(_self: Any, x: Any, mask: Any = None, *, scale: float = 1.0) -> Any:
    """Take the parameters of `Adopting`."""
    return x, mask, scale


def layer(**members: Any) -> type[nn.Module]:
    """A layer with what is given."""
    return type("Impure", (nn.Module,), {"forward": forward, **members})


def test_a_pure_layer_is_taken() -> None:
    """Annotations, docstrings and the two documented variables are no state."""
    check_layer(Pure, Adopting, "layer Pure")
    check_layer(layer(), Adopting, "layer")


def test_a_layer_can_build_on_others() -> None:
    """What is inherited counts like what is its own."""

    class Inherited(Pure):
        has_backward = True

    check_layer(Inherited, Adopting, "layer Inherited")
    with pytest.raises(LayerError, match=r"Derived has members of its own \(helper\)"):
        check_layer(type("Derived", (layer(helper=len),), {}), Adopting, "layer Derived")


def test_a_function_is_a_pure_layer() -> None:
    """The layer that is made of a function has the parameters of the function."""

    def function(x: Any, mask: Any = None, *, scale: float = 1.0) -> Any:
        return x, mask, scale

    check_layer(layer_of(function), Adopting, "function")


@pytest.mark.parametrize("thing", [forward, Pure(), int, None, "Pure"])
def test_what_is_no_module_class_is_refused(thing: Any) -> None:
    """A function, an instance or another class is no layer."""
    with pytest.raises(
        LayerError, match=r"layer X of a/b cannot replace Adopting: .* is no subclass of torch\.nn\.Module"
    ):
        check_layer(thing, Adopting, "layer X of a/b")


def test_a_constructor_is_refused() -> None:
    """A layer's constructor never runs."""

    def __init__(self: Any) -> None:  # noqa: N807
        nn.Module.__init__(self)

    with pytest.raises(LayerError, match="layer X cannot replace Adopting: Impure has a constructor"):
        check_layer(layer(__init__=__init__), Adopting, "layer X")


@pytest.mark.parametrize(
    ("members", "names"),
    [
        ({"limit": 4}, "limit"),
        ({"helper": lambda self: self}, "helper"),
        ({"helper": property(id)}, "helper"),
        ({"helper": staticmethod(id), "another": classmethod(id)}, "another, helper"),
        ({"__len__": lambda _self: 0}, "__len__"),
        ({"kernel_layer_name": "X"}, "kernel_layer_name"),
    ],
)
def test_members_of_its_own_are_refused(members: dict[str, Any], names: str) -> None:
    """Methods and class variables would not be there in the layer of the model; each is named."""
    with pytest.raises(
        LayerError, match=rf"Impure has members of its own \({names}\); a layer must only define forward"
    ):
        check_layer(layer(**members), Adopting, "layer X")


def test_what_every_module_has_can_be_redefined() -> None:
    """Of `torch.nn.Module` a layer may redefine what it likes: it is never used."""
    check_layer(layer(extra_repr=lambda _self: "", dump_patches=True), Adopting, "layer X")


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ("x, mask=None", r"forward\(x, mask\), with 2 parameters instead of the 3 of \(hidden, mask, scale\)"),
        ("x, mask, more, *, scale", r"forward\(x, mask, more, scale\), with 4 parameters"),
        ("x, mask, scale", r"scale is positional or keyword and scale of \(hidden, mask, scale\) is keyword-only"),
        ("x, /, mask, *, scale", r"x is positional-only and hidden of .* is positional or keyword"),
        ("x, *mask, scale", r"forward\(x, \*mask, scale\), where mask is variadic positional"),
        ("x, mask, **scale", r"forward\(x, mask, \*\*scale\), where scale is variadic keyword"),
    ],
)
def test_the_parameters_have_to_agree(parameters: str, problem: str) -> None:
    """Number and kinds are compared one by one; the message has both lists."""
    names: dict[str, Any] = {}
    exec(f"def forward(self, {parameters}): ...", names)  # noqa: S102

    with pytest.raises(LayerError, match=f"layer X cannot replace Adopting: Impure has .*{problem}"):
        check_layer(layer(forward=names["forward"]), Adopting, "layer X")


def test_errors_are_those_of_other_loaders() -> None:
    """Clients catch a wrong type or a wrong value."""
    with pytest.raises(TypeError):
        check_layer(int, Adopting, "layer X")
    with pytest.raises(ValueError, match="no subclass"):
        check_layer(int, Adopting, "layer X")


@pytest.mark.parametrize(
    ("members", "unsupported"),
    [
        ({}, {"compile"}),
        ({"can_torch_compile": True}, set()),
        ({"has_backward": False}, {"compile", "backward"}),
        ({"has_backward": False, "can_torch_compile": True}, {"backward"}),
        ({"has_backward": True, "can_torch_compile": False}, {"compile"}),
    ],
)
def test_what_a_layer_supports(members: dict[str, bool], unsupported: set[str]) -> None:
    """A layer has a backward pass unless it says no, and can be compiled only if it says so."""
    checked = layer(**members)
    needs = {
        Mode.INFERENCE: set(),
        Mode.INFERENCE | Mode.TORCH_COMPILE: {"compile"},
        Mode.TRAINING: {"backward"},
        Mode.TRAINING | Mode.TORCH_COMPILE: {"backward", "compile"},
        Mode.FALLBACK: set(),
    }

    for mode, needed in needs.items():
        if needed & unsupported:
            assert lacking(checked, mode)
            with pytest.raises(LayerError, match=r"layer X is registered for Mode\..*, but Impure"):
                check_registered_mode(checked, mode, "layer X")
        else:
            assert lacking(checked, mode) is None
            check_registered_mode(checked, mode, "layer X")
