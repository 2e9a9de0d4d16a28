"""Kernels under `torch.compile`, `torch.export` and the other tracers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch._dynamo
import torch._dynamo.testing
from support.layers import Block, blocks, scaled
from torch import nn

from kernels.layer import LocalFuncRepository, LocalLayerRepository, Mode, kernelize, unkernelize, use_kernel_mapping

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # Torch uses what it has deprecated

INPUT = torch.arange(8.0).reshape(2, 4)
COMPILED = Mode.INFERENCE | Mode.TORCH_COMPILE


@pytest.fixture(autouse=True)
def fresh_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing that was compiled before counts."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "inductor"))
    torch._dynamo.reset()  # noqa: SLF001 - as Torch's own documentation tells
    yield
    torch._dynamo.reset()  # noqa: SLF001


@pytest.fixture
def mapped(kernel: Path) -> Iterator[None]:
    """The kernel `Scale` is registered."""
    with use_kernel_mapping(scaled(cpu=LocalLayerRepository(kernel, layer_name="Scale"))):
        yield


@pytest.mark.usefixtures("mapped")
@pytest.mark.parametrize("mode", [COMPILED, Mode.TRAINING | Mode.TORCH_COMPILE])
def test_a_model_is_compiled_whole(mode: Mode) -> None:
    """With the default compiler and without a graph break, results and gradients are those of the kernel."""
    model = kernelize(blocks(2), mode)
    expected = model(INPUT)
    expected.sum().backward()
    gradient = model[0].scale.weight.grad.clone()
    model.zero_grad()

    compiled = torch.compile(model, fullgraph=True)
    result = compiled(INPUT)
    result.sum().backward()

    torch.testing.assert_close(expected, result)
    torch.testing.assert_close(gradient, model[0].scale.weight.grad)
    assert not torch.allclose(unkernelize(model)(INPUT), result)


@pytest.mark.usefixtures("mapped")
def test_blocks_of_a_kind_are_compiled_once() -> None:
    """Compiling each block of a model by itself compiles the code of one, for any number of blocks."""
    model = kernelize(blocks(12), COMPILED)
    counter: Any = torch._dynamo.testing.CompileCounter()  # noqa: SLF001
    with torch.no_grad():
        expected = model(INPUT)
        for block in model:
            block.compile(backend=counter, fullgraph=True)
        result = model(INPUT)

    torch.testing.assert_close(expected, result)
    assert counter.frame_count == 1


def test_a_compiled_model_follows_its_kernels(kernel: Path) -> None:
    """Another kernel, none, and the same again: what was compiled is used only where it still holds."""
    block = Block()
    counter: Any = torch._dynamo.testing.CompileCounter()  # noqa: SLF001
    compiled = torch.compile(block.scale, fullgraph=True, backend=counter)
    compilations = []
    for layer in (None, "Scale", "Plus3", "Plus4", None, "Scale"):
        if layer is None:
            unkernelize(block)
        else:
            with use_kernel_mapping(scaled(cpu=LocalLayerRepository(kernel, layer_name=layer))):
                kernelize(block, COMPILED)
        torch.testing.assert_close(block.scale(INPUT), compiled(INPUT))
        compilations.append(counter.frame_count)

    assert [1, 2, 3, 4, 4, 4] == compilations


@pytest.mark.usefixtures("mapped")
def test_hooks_are_compiled() -> None:
    """A hook on a layer with a kernel is part of the graph."""
    block = kernelize(Block(), COMPILED)
    block.scale.register_forward_hook(lambda _module, _given, result: result + 100)
    compiled = torch.compile(block, fullgraph=True, backend="aot_eager")

    torch.testing.assert_close(block(INPUT), compiled(INPUT))


def test_a_function_is_compiled(kernel: Path) -> None:
    """A kernel that is a function is compiled like a layer."""
    block = Block()
    with use_kernel_mapping(scaled(cpu=LocalFuncRepository(kernel, func_name="plus_ten"))):
        kernelize(block, COMPILED)
    compiled = torch.compile(block.scale, fullgraph=True, backend="eager")

    assert torch.equal(INPUT + 10, compiled(INPUT))


@pytest.mark.usefixtures("mapped")
@pytest.mark.parametrize("strict", [False, True])
def test_a_model_is_exported(strict: bool) -> None:
    """`torch.export` takes the kernel in, with the names of the model's weights."""
    block = kernelize(Block(), COMPILED)
    program = torch.export.export(block, (INPUT,), strict=strict)

    torch.testing.assert_close(block(INPUT), program.module()(INPUT))
    assert ["scale.weight", "linear.weight", "linear.bias"] == list(program.state_dict)


@pytest.mark.usefixtures("mapped")
def test_a_model_is_traced() -> None:
    """`torch.fx` and checkpointing see the kernel."""
    block = kernelize(Block(), COMPILED)
    traced = torch.fx.symbolic_trace(block)

    torch.testing.assert_close(block(INPUT), traced(INPUT))
    torch.testing.assert_close(block(INPUT), torch.utils.checkpoint.checkpoint(block, INPUT, use_reentrant=False))
    assert isinstance(block, nn.Module)
