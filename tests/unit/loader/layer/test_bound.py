"""A kernel's forward on a module."""
# mypy: allow-subclassing-any

import copy
import functools
import gc
import inspect
import io
import os
import pickle
import subprocess
import sys
import typing
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MethodType
from typing import Any

import pytest
import support.layers
import torch
from support.layers import Block, Counter, Plus, Scale, run, scaled
from torch import nn

from kernels.layer import KernelizeFallback, LocalLayerRepository, Mode, kernelize, unkernelize, use_kernel_mapping

Apply = Callable[[Any], Any]


@pytest.fixture
def apply(kernel: Path) -> Apply:
    """Put the kernel `Scale` in place."""

    def apply(model: Any) -> Any:
        with use_kernel_mapping(scaled(cpu=LocalLayerRepository(kernel, layer_name="Scale"))):
            return kernelize(model, Mode.INFERENCE)

    return apply


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Memory is freed by reference counts alone."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_the_instance_has_the_kernel_and_the_class_has_not(apply: Apply) -> None:
    """Only `forward` of the instance changes: type, weights, state and other instances stay what they were."""
    block, other = Block(), Block()
    weight, keys = block.scale.weight, list(block.state_dict())
    apply(block)

    assert type(block.scale) is Scale
    assert block.scale.weight is weight
    assert keys == list(block.state_dict())
    assert ["forward"] == [name for name in vars(block.scale) if name not in vars(other.scale)]
    assert (5.0, 4.0) == (run(block.scale, 2.0), run(other.scale, 2.0))


def test_the_forward_looks_like_a_method(apply: Apply) -> None:
    """Signature, name, documentation, annotations and code are to be had as from a bound method."""
    scale = apply(Block()).scale
    forward = scale.forward

    assert isinstance(forward, MethodType)
    assert str(inspect.signature(forward)) == "(x: torch.Tensor) -> torch.Tensor"
    assert ("forward", "Scale and shift.") == (forward.__name__, inspect.getdoc(forward))
    assert {"x": torch.Tensor, "return": torch.Tensor} == typing.get_type_hints(forward)
    assert forward.__code__ is not Scale.forward.__code__
    assert torch.equal(torch.full((4,), 5.0), forward(x=torch.full((4,), 2.0)))


def test_the_weights_are_those_of_the_module(apply: Apply) -> None:
    """A weight that is set, moved or swapped afterwards is used, also by `functional_call`; gradients reach it."""
    scale = apply(Block()).scale
    scale.weight = nn.Parameter(torch.full((4,), 3.0))
    assert run(scale, 2.0) == 7.0

    scale.double()
    assert scale(torch.ones(4, dtype=torch.float64)).dtype is torch.float64
    weights = {"weight": torch.full((4,), 5.0)}
    assert torch.equal(torch.full((4,), 6.0), torch.func.functional_call(scale, weights, (torch.ones(4),)))
    scale(torch.ones(4)).sum().backward()
    assert torch.equal(torch.ones(4), scale.weight.grad)


def test_hooks_run(apply: Apply) -> None:
    """Hooks of the module see its input and its output, those of the kernel, in order."""
    seen: list[float] = []

    def after(_module: nn.Module, _given: Any, result: torch.Tensor) -> torch.Tensor:
        seen.append(float(result[0]))
        return result + 1

    block = Block()
    block.scale.register_forward_pre_hook(lambda _module, given: seen.append(float(given[0][0])))
    apply(block)
    block.scale.register_forward_hook(after)

    assert run(block.scale, 2.0) == 6.0
    assert [2.0, 5.0] == seen


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("how", ["kernel", "kernel twice", "restored", "nothing registered", "cannot load", "no build"])
def test_deleted_models_are_freed_at_once(kernel: Path, tmp_path: Path, how: str) -> None:
    """There is no reference cycle, with a kernel or in any fallback: memory does not wait for a collection."""
    folder = {"cannot load": tmp_path / "nowhere", "no build": tmp_path / "kernel"}.get(how, kernel)
    if how == "no build":
        (kernel / "build" / "torch-universal").rename(kernel / "build" / "torch-tpu")
    block = Block()
    watched = [weakref.ref(thing) for thing in (block, block.scale, block.scale.weight)]
    mapping = {} if how == "nothing registered" else scaled(cpu=LocalLayerRepository(folder, layer_name="Scale"))
    with use_kernel_mapping(mapping):
        report = kernelize(block, Mode.INFERENCE, use_fallback=KernelizeFallback.ALL, report=True)[1]
        if how == "kernel twice":
            kernelize(block, Mode.TRAINING)
        if how == "restored":
            unkernelize(block)
    assert [how in ("kernel", "kernel twice", "restored")] == [decision.replaced for decision in report]
    run(block, 1.0)

    del block

    assert [None, None, None] == [reference() for reference in watched]


@pytest.mark.usefixtures("no_collector")
def test_a_forward_does_not_outlive_its_module(apply: Apply) -> None:
    """It does not keep the module, and says so when it is called without it."""
    forward = apply(Block()).scale.forward

    with pytest.raises(ReferenceError, match="the module of this forward has been deleted"):
        forward(torch.ones(4))


def test_a_copy_has_the_kernel_with_weights_of_its_own(apply: Apply) -> None:
    """`deepcopy` binds the kernel to the copy: the original and the copy go their own ways."""
    block = apply(Block())
    other = copy.deepcopy(block)
    with torch.no_grad():
        other.scale.weight.fill_(10.0)
    assert (5.0, 21.0) == (run(block.scale, 2.0), run(other.scale, 2.0))

    unkernelize(block)
    del block
    gc.collect()
    assert run(other.scale, 2.0) == 21.0
    assert run(unkernelize(other).scale, 2.0) == 20.0
    assert "forward" not in vars(other.scale)


def test_a_copied_forward_has_the_same_module(apply: Apply) -> None:
    """A forward that is copied without its module is the module's, as with a function."""
    scale = apply(Block()).scale

    assert torch.equal(scale(torch.ones(4)), copy.deepcopy(scale.forward)(torch.ones(4)))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_an_unpickled_model_has_the_kernel_again(apply: Apply, protocol: int) -> None:
    """The kernel is loaded from its repository and computes with the weights that were read."""
    block = apply(Block())
    other = pickle.loads(pickle.dumps(block, protocol))  # noqa: S301
    with torch.no_grad():
        other.scale.weight.fill_(10.0)

    assert (5.0, 21.0) == (run(block.scale, 2.0), run(other.scale, 2.0))
    assert run(unkernelize(other).scale, 2.0) == 20.0


def test_a_saved_model_can_be_read(apply: Apply) -> None:
    """`torch.save` of a whole model keeps the kernel, too."""
    file = io.BytesIO()
    torch.save(apply(Block()), file)
    file.seek(0)

    assert run(torch.load(file, weights_only=False).scale, 2.0) == 5.0


@pytest.mark.parametrize("state", ["as it was", "gone", "changed"])
def test_a_model_can_be_read_without_its_kernel(apply: Apply, kernel: Path, tmp_path: Path, state: str) -> None:
    """In another process the kernel is loaded and checked; where that fails, a warning says why the original runs."""
    file = tmp_path / "model.pickle"
    file.write_bytes(pickle.dumps(apply(Block())))
    if state == "gone":
        kernel.rename(tmp_path / "elsewhere")
    if state == "changed":
        layers = kernel / "build" / "torch-universal" / "layers.py"
        layers.write_text(layers.read_text("utf-8").replace("(self, x: ", "(self, y, x: "), "utf-8")

    code = (
        "import logging, pickle, sys\n"
        "logging.basicConfig(format='%(name)s %(levelname)s %(message)s')\n"
        "from support.layers import run\n"
        "from kernels import unkernelize\n"
        "model = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(run(model.scale, 2.0), 'forward' in vars(unkernelize(model).scale))\n"
    )
    tests = str(Path(support.layers.__file__).parents[1])
    result = subprocess.run(
        [sys.executable, "-c", code, file],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": tests},
    )

    problem = {"gone": "Could not find a kernel", "changed": "with 2 parameters instead of the 1"}.get(state)
    assert ("5.0 False" if problem is None else "4.0 False") == result.stdout.strip()
    warning = (
        "kernels.layer WARNING a Scale was pickled with a kernel and has its original forward again: layer Scale of "
    )
    assert [problem is not None] * 2 == [text in result.stderr for text in (warning, problem or warning)]


def test_a_repository_of_ones_own_need_not_be_picklable(kernel: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The model can be pickled all the same, and has its original forward when it is read."""
    own = Counter(LocalLayerRepository(kernel, layer_name="Scale").load)
    block = Block()
    with use_kernel_mapping(scaled(cpu=own)):
        kernelize(block, Mode.INFERENCE)
    read = pickle.loads(pickle.dumps(block))  # noqa: S301

    assert (5.0, 4.0) == (run(block.scale, 2.0), run(read.scale, 2.0))
    assert own.loads == 1
    assert "its repository is of a class of its own" in caplog.text


def test_a_forward_of_the_instance_comes_back(apply: Apply) -> None:
    """What somebody has put on the instance is replaced like the class's, and restored exactly."""
    block: Any = Block()
    patched = functools.partial(torch.add, torch.ones(4))
    block.scale.forward = patched
    for _ in range(2):
        apply(block)
        assert run(block.scale, 2.0) == 5.0
    other = copy.deepcopy(block)

    assert vars(unkernelize(block).scale)["forward"] is patched
    assert run(unkernelize(other).scale, 2.0) == 3.0


def test_a_later_wrapper_stays(apply: Apply) -> None:
    """A wrapper that another library has put around the kernel is not taken for a kernel."""
    block = apply(Block())
    inner = block.scale.forward
    block.scale.forward = wrapper = functools.partial(lambda *given: inner(*given) + 100)

    assert vars(unkernelize(block).scale)["forward"] is wrapper
    assert run(block.scale, 2.0) == 105.0


def test_a_function_of_the_kernel_can_be_bound_again(apply: Apply) -> None:
    """Libraries wrap `forward.__func__` and bind it to the module."""
    scale = apply(Block()).scale
    function = scale.forward.__func__
    scale.forward = MethodType(lambda *given: function(*given) * 10, scale)

    assert run(scale, 2.0) == 50.0


def test_any_kind_of_forward_can_be_bound(kernel: Path) -> None:
    """A layer's forward need not be a plain function, or be named so."""

    def named_otherwise(_self: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return x + 7

    layer = type("Layer", (nn.Module,), {"forward": named_otherwise})
    plus = Plus()
    with use_kernel_mapping({"Plus": {"cpu": Counter(lambda: layer)}}):
        kernelize(plus, Mode.INFERENCE, "cpu")

    assert run(plus, 1.0) == 8.0
    assert plus.forward.__name__ == "forward"
    assert run(copy.deepcopy(plus), 1.0) == 8.0
