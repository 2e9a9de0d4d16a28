"""A small model with extensible layers, and the source of a kernel that has layers for it."""
# mypy: allow-subclassing-any

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from kernels import LayerRepository, Mode
from kernels.layer import use_kernel_forward_from_hub
from kernels.layer.finding import Registered, find_kernel
from kernels.layer.mapping import current_registry
from kernels.layer.target import Target

__all__ = ["CPU", "KERNEL", "Block", "Counter", "Plus", "Scale", "blocks", "found", "run", "scaled", "unloaded"]

CPU = Target("cpu")

#: What a kernel is made of: the layers `Plus1` to `Plus8` add their number, those that say so lack something.
KERNEL = {
    "__init__.py": (
        "from . import layers\n\n\n"
        "def plus_ten(x):\n    return x + 10\n\n\n"
        "plus_ten.can_torch_compile = True\n\n\n"
        "def plus_twenty(x):\n    return x + 20\n\n\n"
        "plus_twenty.has_backward = False\n"
    ),
    "layers.py": (
        "import torch\nfrom torch import nn\n\n\n"
        "class Scale(nn.Module):\n"
        "    '''Uses the weight of the layer that adopts it.'''\n\n"
        "    can_torch_compile: bool = True\n"
        "    weight: torch.Tensor\n\n"
        "    def forward(self, x: torch.Tensor) -> torch.Tensor:\n"
        "        '''Scale and shift.'''\n"
        "        return x * self.weight + 1.0\n"
        + "".join(
            f"\n\nclass Plus{number}(nn.Module):\n"
            f"    can_torch_compile = {number not in (6, 8)}\n"
            f"    has_backward = {number not in (7, 8)}\n\n"
            f"    def forward(self, x):\n        return x + {number}\n"
            for number in range(1, 9)
        )
    ),
}


@use_kernel_forward_from_hub("Scale")
class Scale(nn.Module):
    """Multiplies by a weight."""

    def __init__(self, features: int = 4) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((features,), 2.0))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Without a kernel: `hidden * weight`."""
        return hidden * self.weight


@use_kernel_forward_from_hub("Plus")
class Plus(nn.Module):
    """Adds nothing: what a result differs by tells which kernel has computed it."""

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Without a kernel: `hidden`."""
        return hidden


class Block(nn.Module):
    """A scale and a linear layer."""

    def __init__(self, features: int = 4) -> None:
        super().__init__()
        self.scale = Scale(features)
        self.linear = nn.Linear(features, features)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """The linear layer of the scaled input."""
        return self.linear(self.scale(hidden))


class Counter:
    """A repository of a program's own, which counts how often it is loaded."""

    def __init__(self, layer: Callable[[], Any]) -> None:
        self._layer = layer
        self.loads = 0

    def load(self) -> Any:
        """Give the layer, or raise what the given function does."""
        self.loads += 1
        return self._layer()


def blocks(count: int) -> nn.Sequential:
    """A model of blocks."""
    torch.manual_seed(0)
    return nn.Sequential(*(Block() for _ in range(count)))


def run(module: nn.Module, value: float = 0.0) -> float:
    """What a module makes of a number."""
    with torch.no_grad():
        return float(module(torch.full((4,), value))[0])


def unloaded(name: str) -> LayerRepository:
    """A repository that no test loads a kernel from."""
    return LayerRepository("owner/name", layer_name=name, version=1)


def found(layer: str = "Layer", target: Target = CPU, mode: Mode = Mode.INFERENCE) -> Any:
    """The repository that is found here and now; the kind of reason when there is none."""
    result = find_kernel(current_registry(), layer, target, mode)
    return result.repository if isinstance(result, Registered) else result.kind


def scaled(mode: Mode | None = None, **devices: Any) -> dict[str, dict[str, Any]]:
    """A mapping for `Scale`: type of device → repository."""
    return {"Scale": {kind: repository if mode is None else {mode: repository} for kind, repository in devices.items()}}
