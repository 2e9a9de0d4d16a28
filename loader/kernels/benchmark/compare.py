"""Whether the output of a kernel is that of its reference."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ABSOLUTE_TOLERANCE", "find_difference"]

#: By how much an element may differ, besides Torch's own relative tolerance.
ABSOLUTE_TOLERANCE = 1e-2


def find_difference(out: Any, reference: Any, name: str = "self.out") -> str | None:
    """Say where an output differs from its reference; `None` when it does not.

    Tensors agree when they have one shape and `torch.allclose(out, reference, atol=1e-2, equal_nan=True)` holds, after
    both have been brought to one dtype and device. Tuples and lists agree when their items do, and dictionaries when
    they have the same keys and their values do.

    Args:
        out: what the kernel computed.
        reference: what it should have computed: a tensor, anything that `torch.as_tensor` takes, or a tuple, list or
            dictionary of these.
        name: what to call the output.

    Raises:
        TypeError: when something in there is no tensor.
    """
    if isinstance(reference, Mapping):
        if not isinstance(out, Mapping) or out.keys() != reference.keys():
            return f"{name} is {_describe(out)}, the reference is {_describe(reference)}"
        pairs = [(out[key], value, f"{name}[{key!r}]") for key, value in reference.items()]
    elif isinstance(reference, (list, tuple)):
        if not isinstance(out, (list, tuple)) or len(out) != len(reference):
            return f"{name} is {_describe(out)}, the reference is {_describe(reference)}"
        pairs = [(out[index], value, f"{name}[{index}]") for index, value in enumerate(reference)]
    else:
        return _find_tensor_difference(out, reference, name)
    differences = [find_difference(*pair) for pair in pairs]
    return "; ".join(filter(None, differences)) or None


def _find_tensor_difference(out: Any, reference: Any, name: str) -> str | None:
    import torch

    if isinstance(out, (Mapping, list, tuple)):
        return f"{name} is {_describe(out)}, the reference is a tensor"
    got, wanted = torch.as_tensor(out), torch.as_tensor(reference)
    if got.shape != wanted.shape:
        return f"{name} has the shape {list(got.shape)}, the reference has {list(wanted.shape)}"
    got, wanted = _comparable(got), _comparable(wanted.to(got.device))
    dtype = torch.promote_types(got.dtype, wanted.dtype)
    close = torch.isclose(got.to(dtype), wanted.to(dtype), atol=ABSOLUTE_TOLERANCE, equal_nan=True)
    if close.all():
        return None
    different = (~close).nonzero()
    place = tuple(different[0].tolist())
    return (
        f"{len(different)} of {got.numel()} elements of {name} differ from the reference; "
        f"the first, at {list(place)}, is {got[place].item()} and should be {wanted[place].item()}"
    )


def _comparable(tensor: "Tensor") -> "Tensor":
    """A tensor that Torch can compare: it cannot subtract booleans, and has no arithmetic for 8-bit floats."""
    import torch

    if tensor.dtype is torch.bool:
        return tensor.to(torch.uint8)
    if tensor.dtype.is_floating_point and tensor.dtype.itemsize == 1:
        return tensor.to(torch.float32)
    return tensor


def _describe(value: Mapping[Any, Any] | Sequence[Any] | object) -> str:
    if isinstance(value, Mapping):
        return f"a dictionary with the keys {list(value)}"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    return "a tensor" if hasattr(value, "shape") else f"of the type {type(value).__name__}"
