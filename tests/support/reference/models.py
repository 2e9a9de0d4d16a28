"""The reader's models, and what is found out about their kernels."""
# mypy: allow-subclassing-any

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - as everywhere

from kernels import Mode, get_loaded_kernels, kernelize, unkernelize, use_kernel_func_from_hub, use_kernel_mapping

__all__ = ["DEVICE", "MyModel", "SiluAndMul", "WithFunction", "computed_by", "fits", "kernel_for", "silu_and_mul"]

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class SiluAndMul(nn.Module):
    """A layer of a library that knows nothing of kernels."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The first half of each row through the sigmoid linear unit, times the second half."""
        d = x.shape[-1] // 2
        return F.silu(x[..., :d]) * x[..., d:]


class _Extensible(SiluAndMul):
    kernel_layer_name = "SiluAndMul"


class _Attention(nn.Module):
    kernel_layer_name = "MultiHeadAttention"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class _RMSNorm(nn.Module):
    kernel_layer_name = "LlamaRMSNorm"
    variance_epsilon = 1e-6

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(0.5, 1.5, 8, device=DEVICE))

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        mean_square = hidden_states.pow(2).mean(-1, keepdim=True)
        return self.weight * hidden_states * torch.rsqrt(mean_square + self.variance_epsilon)


_LAYERS = {layer.kernel_layer_name: layer for layer in (_Attention, _Extensible, _RMSNorm)}


class MyModel(nn.Module):
    """A linear layer and an extensible one; whatever it is given to configure it is of no account."""

    def __init__(self, *_: object) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8, device=DEVICE)
        self.act = _Extensible()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Both, one after the other."""
        return self.act(self.linear(x))


def silu_and_mul(out: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """As `SiluAndMul`, into a tensor that is given."""
    return out.copy_(SiluAndMul()(x))


class WithFunction(MyModel):
    """As `MyModel`, and with an extensible function."""

    def __init__(self) -> None:
        super().__init__()
        self.function = use_kernel_func_from_hub("silu_and_mul")(silu_and_mul)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the layer and the function give, added up."""
        return super().forward(x) + self.function(x.new_empty(len(x), 4), self.linear(x))


def computed_by(model: nn.Module, width: int = 8) -> list[str]:
    """The names of the kernels that compute a model, whose result must be that of the model without them.

    Args:
        model: takes rows of numbers.
        width: how many numbers a row has.
    """
    loaded = [kernel for kernel in get_loaded_kernels() if hasattr(kernel.module, "calls")]
    for kernel in loaded:
        kernel.module.calls.clear()
    x = torch.randn(3, width, device=DEVICE)
    actual = model(x)
    names = [kernel.metadata.name for kernel in loaded if kernel.module.calls]
    torch.testing.assert_close(actual, unkernelize(copy.deepcopy(model))(x))
    return names


def kernel_for(layer_name: str, mode: Mode, mapping: Any = None, device: str = DEVICE) -> list[str]:
    """The names of the kernels that an extensible layer gets, from a mapping or from what is registered."""
    model = _LAYERS[layer_name]()
    with use_kernel_mapping(mapping or {}, inherit_mapping=mapping is None):
        return computed_by(kernelize(model, mode=mode, device=device))


@dataclass(frozen=True)
class _Given:
    """A repository that has a layer at hand."""

    layer: type[nn.Module]

    def load(self) -> type[nn.Module]:
        return self.layer


def fits(layer: type[nn.Module]) -> bool:
    """Whether a layer can take the place of one of the same name, and computes what that does."""
    model = _LAYERS[layer.__name__]()
    x = torch.randn(3, 8, device=DEVICE)
    expected = model(x)
    mapping = {layer.__name__: {DEVICE: _Given(layer)}}
    with use_kernel_mapping(mapping, inherit_mapping=False):
        kernelize(model, mode=Mode.INFERENCE, device=DEVICE, use_fallback=False)
    return bool(torch.allclose(expected, model(x), atol=1e-6))
