"""The framework and the backends of a new kernel."""

import pytest

from kernel_builder.config.model import FRAMEWORKS
from kernel_builder.matrix import load_matrix
from kernel_builder.scaffold.choices import Choice, ChoiceError, backends_of, choose, parse_backends
from kernels.backend import BACKENDS, COMPILED_BACKENDS


def test_backends_are_divided_by_commas_or_given_alone() -> None:
    """Backends come as several values, in one with commas, in any case, and each counts once."""
    assert ("cuda", "xpu", "cpu", "all") == parse_backends(["CUDA", "xpu, cpu", "cuda", "All"])


@pytest.mark.parametrize(
    ("word", "hint"),
    [("cdua", "perhaps cuda is meant"), ("mydir", "a PATH goes before --backends, or after --"), ("", "a PATH goes")],
)
def test_unknown_backends(word: str, hint: str) -> None:
    """An unknown backend is refused, with the one that was meant, or with where a PATH goes."""
    with pytest.raises(ChoiceError, match="is not a backend: use cann, cpu, cuda") as caught:
        parse_backends([word])
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("system", "framework", "expected"),
    [
        ("Linux", None, Choice(framework="torch", backends=("cuda",))),
        ("Windows", "torch", Choice(framework="torch", backends=("cuda",))),
        ("Darwin", None, Choice(framework="torch", backends=("metal",))),
        ("Darwin", "torch-noarch", Choice(framework="torch-noarch", backends=("metal",))),
        ("Darwin", "tvm-ffi", Choice(framework="tvm-ffi", backends=("cpu",))),
    ],
)
def test_the_usual_backend(system: str, framework: str | None, expected: Choice) -> None:
    """Nothing named is CUDA, on macOS Metal, and the CPU where the framework does not have that."""
    assert expected == choose([], framework, system=system)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_all(framework: str) -> None:
    """`all` is every backend of the framework."""
    assert backends_of(framework) == choose(["all"], framework, system="Linux").backends


def test_backends_of_the_frameworks() -> None:
    """Torch has the backends that compile, Python-only kernels have all, tvm-ffi has those that the matrix builds."""
    assert (COMPILED_BACKENDS, BACKENDS) == (backends_of("torch"), backends_of("torch-noarch"))
    assert ("cpu", "cuda", "xpu") == backends_of("tvm-ffi")
    assert {*backends_of("tvm-ffi")} <= {row.compute.backend for row in load_matrix().rows if row.tvm_ffi}


def test_python_only_backends_choose_their_framework() -> None:
    """Where every backend is Python only, the kernel is so too, and a note says it."""
    choice = choose(["tpu", "neuron"], None, system="Linux")
    assert ("torch-noarch", ("neuron", "tpu"), True) == (choice.framework, choice.backends, choice.note is not None)


@pytest.mark.parametrize(
    ("named", "framework", "hint"),
    [
        (["cuda", "neuron"], None, "leave neuron out, or choose --framework torch-noarch"),
        (["all", "cann"], None, "leave cann out, or choose --framework torch-noarch"),
        (["tpu"], "torch", "leave tpu out, or choose --framework torch-noarch"),
        (["metal"], "tvm-ffi", "leave metal out, or choose --framework torch or torch-noarch"),
        (["cpu", "rocm"], "tvm-ffi", "leave rocm out, or choose --framework torch or torch-noarch"),
    ],
)
def test_backends_that_the_framework_does_not_have(named: list[str], framework: str | None, hint: str) -> None:
    """A backend that the framework is not built for is refused, with the remedy."""
    with pytest.raises(ChoiceError) as caught:
        choose(named, framework, system="Linux")
    assert ("--backends", hint) == (caught.value.option, caught.value.hint)
