"""What `kernelize` decided, for people and programs."""

from collections.abc import Iterator
from dataclasses import dataclass

from kernels.layer.mode import Mode, describe_mode

__all__ = ["KernelizeReport", "LayerDecision"]


@dataclass(frozen=True, slots=True)
class LayerDecision:
    """What became of one extensible layer of a model.

    Attributes:
        module: its place in the model, as in `named_modules()`; empty for the model itself. A function of
            `use_kernelized_func` has the name that its kernels are looked up by after that of the module.
        class_name: the name of its class.
        layer_name: the name that its kernels are looked up by.
        kernel: the kernel that it has now; `None` when it has its original forward.
        mode: the mode that the kernel is registered for; `None` without a kernel.
        reason: why it has its original forward; empty with a kernel.
    """

    module: str
    class_name: str
    layer_name: str
    kernel: str | None
    mode: Mode | None
    reason: str

    @property
    def replaced(self) -> bool:
        """Whether the layer has a kernel."""
        return self.kernel is not None

    def __str__(self) -> str:
        subject = f"{self.module or 'the model'} ({self.class_name}, layer {self.layer_name})"
        if self.mode is None:
            return f"{subject} keeps its original forward: {self.reason}"
        return f"{subject} uses {self.kernel}, registered for {describe_mode(self.mode)}"


@dataclass(frozen=True, slots=True)
class KernelizeReport:
    """What became of each extensible layer of a model, in the order of the model.

    Attributes:
        decisions: one for each layer.
    """

    decisions: tuple[LayerDecision, ...] = ()

    @property
    def replaced(self) -> tuple[LayerDecision, ...]:
        """The layers that have a kernel."""
        return tuple(decision for decision in self.decisions if decision.replaced)

    @property
    def kept(self) -> tuple[LayerDecision, ...]:
        """The layers that have their original forward."""
        return tuple(decision for decision in self.decisions if not decision.replaced)

    def __iter__(self) -> Iterator[LayerDecision]:
        return iter(self.decisions)

    def __str__(self) -> str:
        return "\n".join(map(str, self.decisions)) or "no extensible layers"
