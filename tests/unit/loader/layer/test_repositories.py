"""The kernels of a mapping."""

import copy
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from kernels import (
    FuncRepository,
    LayerRepository,
    LocalFuncRepository,
    LocalLayerRepository,
    LockedFuncRepository,
    LockedLayerRepository,
)
from kernels.errors import BackendError, KernelNotFoundError, LayerError, LockNotFoundError, RequestError
from kernels.layer.repositories import load_layer

HUB: list[Callable[..., Any]] = [
    lambda *given, **named: LayerRepository(*given, layer_name="Name", **named),
    lambda *given, **named: FuncRepository(*given, func_name="Name", **named),
]
LOCAL: list[Callable[..., Any]] = [
    lambda *given, **named: LocalLayerRepository(*given, layer_name="Name", **named),
    lambda *given, **named: LocalFuncRepository(*given, func_name="Name", **named),
]
LOCKED: list[Callable[..., Any]] = [
    lambda *given, **named: LockedLayerRepository(*given, layer_name="Name", **named),
    lambda *given, **named: LockedFuncRepository(*given, func_name="Name", **named),
]


@pytest.mark.parametrize("make", HUB)
def test_a_hub_repository_has_a_version_or_a_revision(make: Callable[..., Any]) -> None:
    """Neither and both are refused at once, with what to pass; `None` counts as not given."""
    assert (1, None) == (make("a/b", version=1).version, make("a/b", version=1).revision)
    assert (None, "main") == (make("a/b", revision="main", version=None).version, make("a/b", revision="main").revision)
    with pytest.raises(RequestError, match="A kernel version or revision must be specified"):
        make(repo_id="a/b")
    with pytest.raises(RequestError, match="Only one of `revision` or `version`"):
        make("a/b", version=1, revision="main")
    with pytest.raises(RequestError, match="whole number"):
        make("a/b", version=">=0.0.2 && <0.1.0")


@pytest.mark.parametrize("make", HUB)
def test_hub_repositories_are_values(make: Callable[..., Any]) -> None:
    """Two that name the same kernel are equal; what is said to the Hub makes no difference."""
    one = make("a/b", version=1, trust_remote_code=["x", "y"])
    same = make(repo_id="a/b", version=1, trust_remote_code=["y", "x"], user_agent={"program": "1.0"})

    assert one == same
    assert hash(one) == hash(same)
    assert one == pickle.loads(pickle.dumps(one)) == copy.deepcopy(one)  # noqa: S301
    for other in (make("a/c", version=1), make("a/b", version=2), make("a/b", revision="v1")):
        assert one != other
    assert one != make("a/b", version=1)
    assert make("a/b", version=1, trust_remote_code=True) != make("a/b", version=1)


def test_the_name_and_the_class_are_part_of_the_value(tmp_path: Path) -> None:
    """A layer and a function, and two layers of one kernel, differ."""
    layers = [LayerRepository("a/b", layer_name=name, version=1) for name in ("One", "Two")]
    others: list[Any] = [
        FuncRepository("a/b", func_name="One", version=1),
        LockedLayerRepository("a/b", layer_name="One", lockfile="kernels.lock"),
        LocalLayerRepository(tmp_path, layer_name="One"),
    ]

    assert len({*layers, *others}) == 5


@pytest.mark.parametrize("make", LOCAL)
def test_a_path_can_be_text(make: Callable[..., Any], tmp_path: Path) -> None:
    """Text and paths, by position and by name, with the documented `package_name` or without it, are the same."""
    same = [make(tmp_path), make(str(tmp_path)), make(repo_path=tmp_path), make(tmp_path, package_name="activation")]

    assert {same[0]} == set(same)
    assert tmp_path == same[1].repo_path


@pytest.mark.parametrize("make", LOCKED)
def test_locked_repositories_are_values(make: Callable[..., Any], tmp_path: Path) -> None:
    """The lock file counts, by whichever type it is given; without one, the code that makes the object does."""
    lock = tmp_path / "kernels.lock"

    assert make("a/b", lockfile=lock) == make("a/b", lockfile=str(lock))
    assert make("a/b", lockfile=lock) != make("a/b")
    assert make("a/b") == make("a/b") == pickle.loads(pickle.dumps(make("a/b")))  # noqa: S301


@pytest.mark.parametrize(
    ("repository", "text"),
    [
        (LayerRepository("a/b", layer_name="One", version=1), "layer One of a/b (version 1)"),
        (FuncRepository("a/b", func_name="one", revision="main"), "function one of a/b (revision main)"),
        (LocalLayerRepository(Path("here"), layer_name="One"), "layer One of here"),
        (LocalFuncRepository(Path("here"), func_name="one"), "function one of here"),
        (LockedLayerRepository("a/b", layer_name="One"), "layer One of a/b (locked)"),
        (LockedFuncRepository("a/b", func_name="one", lockfile="l"), "function one of a/b (locked)"),
    ],
)
def test_repositories_are_readable(repository: object, text: str) -> None:
    """A repository says in a few words what it names."""
    assert text == str(repository)


def test_a_local_layer_is_loaded(kernel: Path) -> None:
    """The layer is a class of the kernel's module, which its name leads to."""
    layer: Any = LocalLayerRepository(str(kernel), layer_name="Scale", package_name="anything").load()

    assert issubclass(layer, nn.Module)
    assert layer is sys.modules[layer.__module__].Scale
    assert layer is load_layer(LocalLayerRepository(kernel, layer_name="Scale"), "cpu")


def test_a_local_function_is_loaded_as_a_layer(kernel: Path) -> None:
    """A layer that calls the function and says what the function says of itself; one for each function."""
    repository = LocalFuncRepository(kernel, func_name="plus_ten")
    layer: Any = repository.load()

    assert issubclass(layer, nn.Module)
    assert torch.equal(torch.tensor([12.0]), layer()(torch.tensor([2.0])))
    assert layer is LocalFuncRepository(kernel, func_name="plus_ten").load()
    assert (True, None) == (layer.can_torch_compile, getattr(layer, "has_backward", None))
    assert LocalFuncRepository(kernel, func_name="plus_twenty").load().has_backward is False


@pytest.mark.parametrize(
    ("repository", "problem"),
    [
        (lambda path: LocalLayerRepository(path, layer_name="Scal"), "Scal is no layer of .*; did you mean Scale?"),
        (
            lambda path: LocalLayerRepository(path, layer_name="Other"),
            "Other is no layer of .*; there are Plus1, Plus2",
        ),
        (
            lambda path: LocalFuncRepository(path, func_name="plus_tin"),
            "plus_tin is no function of .*; did you mean plus_ten?",
        ),
    ],
)
def test_a_missing_member_is_named(kernel: Path, repository: Callable[[Path], Any], problem: str) -> None:
    """The message has what is missing, where, and what there is."""
    with pytest.raises(LayerError, match=problem):
        repository(kernel).load()


def test_a_kernel_without_layers_is_named(make_build: Callable[..., Path]) -> None:
    """A kernel has to import its layers."""
    build = make_build("value = 1\n", files={"layers.py": "class Scale: ...\n"})

    with pytest.raises(LayerError, match=r"the kernel has no `layers`; it must import them in its __init__\.py"):
        LocalLayerRepository(build, layer_name="Scale").load()


def test_the_backend_reaches_the_kernel(make_build: Callable[..., Path]) -> None:
    """`load` takes a backend, which this system has to have."""
    make_build("layers = None", variant="torch-cuda", backend={"type": "cuda"})
    project = make_build(
        variant="torch-cpu", files={"__init__.py": "class layers:\n    Scale = 'for the CPU'\n"}
    ).parents[1]
    repository: Any = LocalLayerRepository(project, layer_name="Scale")

    assert repository.load("cpu") == "for the CPU"
    assert load_layer(repository, "cpu") == "for the CPU"
    with pytest.raises(BackendError, match="Invalid backend 'tpu'"):
        repository.load(backend="tpu")


def test_a_repository_of_ones_own_has_no_backend() -> None:
    """Of another class, only `load()` is asked for."""

    class Own:
        def load(self) -> Any:
            return nn.Identity

    assert nn.Identity is load_layer(Own(), "cpu")


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """Nothing is looked for before the kernel is loaded."""
    repository = LocalLayerRepository(tmp_path / "nowhere", layer_name="Scale")

    with pytest.raises(KernelNotFoundError, match="nowhere"):
        repository.load()


@pytest.mark.parametrize("name", ["LockedLayerRepository", "LockedFuncRepository"])
def test_the_lock_is_that_of_the_code_that_makes_the_object(tmp_path: Path, name: str) -> None:
    """The project is that of the calling module, and is looked for when the kernel is loaded, not before."""
    (tmp_path / "pyproject.toml").touch()
    module = ModuleType("of_a_project")
    module.__file__ = str(tmp_path / "of_a_project.py")
    option = "layer_name" if "Layer" in name else "func_name"
    source = f"from kernels import {name}\nrepository = {name}('owner/name', {option}='Name')\n"
    exec(compile(source, module.__file__, "exec"), vars(module))  # noqa: S102

    assert module.repository != {"LockedLayerRepository": LOCKED[0], "LockedFuncRepository": LOCKED[1]}[name](
        "owner/name"
    )
    with pytest.raises(LockNotFoundError, match="of_a_project"):
        module.repository.load()
