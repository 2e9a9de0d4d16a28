"""How the public names can be called: in every way in which other loaders of kernels let programs call them."""

import dataclasses
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.fresh import forget_kernels
from support.hub import HubServer

import kernels
from kernels.errors import (
    BackendError,
    KernelNotFoundError,
    MissingDependencyError,
    NotCachedError,
    NotImportingError,
    NotLockedError,
    NoVariantError,
    RequestError,
    UnknownDependencyError,
    UnsupportedKernelError,
    UntrustedKernelError,
    VersionNotFoundError,
)

LOCK = "kernels.lock"

#: Public name → generation of the loaders that have it → its parameters there, as its documentation has them.
SIGNATURES = {
    "get_kernel": {
        "0.15": "repo_id, revision=None, version=None, backend=None, user_agent=None, trust_remote_code=False",
        "0.17": (
            "repo_id, *, revision=None, version=None, backend=None, user_agent=None, trust_remote_code=False, "
            "check_arch=True"
        ),
    },
    "get_local_kernel": {
        "0.15": "repo_path, backend=None",
        "0.17": "repo_path, *, backend=None, trust_remote_code=False, user_agent=None",
    },
    "has_kernel": {
        "0.15": "repo_id, revision=None, version=None, backend=None",
        "0.17": "repo_id, *, revision=None, version=None, backend=None, trust_remote_code=False, check_arch=True",
    },
    "get_kernel_variants": {
        "0.15": "repo_id, revision=None, version=None, backend=None",
        "0.17": "repo_id, *, revision=None, version=None, backend=None",
    },
    "get_loaded_kernels": {"0.15": ""},
    "install_kernel": {
        "0.16": (
            "repo_id, *, revision, local_files_only=False, backend=None, user_agent=None, validate_dependencies=False"
        ),
        "0.17": (
            "repo_id, *, revision=None, version=None, backend=None, local_files_only=False, user_agent=None, "
            "trust_remote_code=False"
        ),
    },
    "get_kernel_dep": {"0.17": "repo_id"},
    "get_locked_kernel": {
        "0.15": "repo_id, local_files_only=False",
        "0.17": "repo_id, *, lockfile, trust_remote_code=False, user_agent=None",
    },
    "load_kernel": {
        "0.15": "repo_id, *, lockfile=None, backend=None, revision=None",
        "as sglang calls it": "repo_id, lockfile",
    },
    "kernelize": {"0.15": "model, *, mode, device=None, use_fallback=True"},
    "unkernelize": {"0.18": "model"},
    "register_kernel_mapping": {"0.15": "mapping, inherit_mapping=True"},
    "use_kernel_mapping": {"0.15": "mapping, *, inherit_mapping=True"},
    "use_kernel_forward_from_hub": {"0.15": "layer_name", "0.17": "layer_name, *, condition=None"},
    "replace_kernel_forward_from_hub": {"0.15": "cls, layer_name", "0.17": "cls, layer_name, *, condition=None"},
    "use_kernel_func_from_hub": {"0.15": "func_name"},
    "LayerRepository": {
        "0.15": "repo_id, *, layer_name, revision=None, version=None, trust_remote_code=False",
        "0.17": "repo_id, *, layer_name, revision=None, version=None, trust_remote_code=False, user_agent=None",
    },
    "FuncRepository": {"0.15": "repo_id, *, func_name, revision=None, version=None, trust_remote_code=False"},
    "LocalLayerRepository": {
        "0.15": "repo_path, *, layer_name",
        "as the documents call it": "repo_path, *, layer_name, package_name",
    },
    "LocalFuncRepository": {
        "0.15": "repo_path, *, func_name",
        "as the documents call it": "repo_path, *, func_name, package_name",
    },
    "LockedLayerRepository": {"0.15": "repo_id, *, lockfile=None, layer_name, trust_remote_code=False"},
    "LockedFuncRepository": {"0.15": "repo_id, *, lockfile=None, func_name, trust_remote_code=False"},
    "CUDAProperties": {"0.15": "min_capability, max_capability"},
    "ROCMProperties": {"0.15": "min_capability, max_capability"},
    "Device": {"0.15": "type, properties=None"},
    "RepoInfo": {"0.15": "repo_id, revision"},
    "LoadedKernel": {"0.15": "metadata, module, repo_info"},
    "VariantAccepted": {"0.15": "variant"},
    "VariantRejected": {"0.15": "variant, reason"},
    "Benchmark": {"0.15": ""},
    "PublisherPolicy": {"0.18": "publishers"},
    "verify_signature": {"0.18": "tree, policy=None, *, offline=True, trust_root=None"},
}

#: What nobody calls (the members of `Mode` and `KernelizeFallback` have tests beside the classes), or calls otherwise.
OTHERS = {"KernelizeFallback", "Metadata", "Mode", "__version__", "use_kernelized_func"}


def _parameters(text: str) -> inspect.Signature:
    return inspect.signature(eval(f"lambda {text}: None"))  # noqa: S307 - the texts above


def test_the_table_has_every_public_name() -> None:
    """A name that is added to the package is added here."""
    assert set(kernels.__all__) == OTHERS | SIGNATURES.keys()


@pytest.mark.parametrize(
    ("name", "documented"),
    [
        pytest.param(name, documented, id=f"{name} {generation}")
        for name, generations in SIGNATURES.items()
        for generation, documented in generations.items()
    ],
)
def test_every_call_of_every_generation_is_understood(name: str, documented: str) -> None:
    """With all arguments by name, with as many as possible by position, and with those alone that are needed."""
    ours, theirs = inspect.signature(getattr(kernels, name)), _parameters(documented).parameters
    by_position = [each.name for each in theirs.values() if each.kind is each.POSITIONAL_OR_KEYWORD]
    needed = [each.name for each in theirs.values() if each.default is each.empty]
    calls = [
        ([], list(theirs)),
        (by_position, [each for each in theirs if each not in by_position]),
        ([each for each in by_position if each in needed], [each for each in needed if each not in by_position]),
    ]
    for given, named in calls:
        bound = ours.bind(*given, **{each: each for each in named})
        assert {each: each for each in (*given, *named)} == bound.arguments
    defaults = {each.name: each.default for each in theirs.values() if each.name not in needed}
    assert defaults == {each: ours.parameters[each].default for each in defaults}


def test_functions_of_a_class_are_given_one_after_another() -> None:
    """`use_kernelized_func` takes any number of functions."""
    signature = inspect.signature(kernels.use_kernelized_func)

    for functions in ((), ("one",), ("one", "two")):
        assert functions == signature.bind(*functions).args


@pytest.mark.parametrize("name", ["RepoInfo", "LoadedKernel", "VariantAccepted", "VariantRejected"])
def test_records_are_taken_apart_by_position(name: str) -> None:
    """A record has its fields in the documented order, also for `match`, and cannot be changed."""
    cls: Any = getattr(kernels, name)
    documented = tuple(_parameters(SIGNATURES[name]["0.15"]).parameters)

    assert documented == tuple(field.name for field in dataclasses.fields(cls)) == cls.__match_args__
    record = cls(*documented)
    assert documented == tuple(getattr(record, each) for each in documented)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, documented[0], None)


def test_the_documented_facts_about_a_kernel_are_there() -> None:
    """`LoadedKernel.metadata` has each of them."""
    documented = {"id", "name", "version", "license", "upstream", "python_depends", "backend"}

    assert documented - {field.name for field in dataclasses.fields(kernels.Metadata)} == set()


@pytest.fixture
def place(
    publish: Callable[..., str],
    hub_client: HubServer,
    make_build: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A Hub with kernels that load and such that do not, and a folder with more of them and a lock without any."""
    forget_kernels(monkeypatch)
    monkeypatch.setitem(sys.modules, "einops", None)  # as if it were not installed
    publish("org/kernel")
    publish("org/elsewhere", variants=("torch-tpu",))
    publish("stranger/kernel")
    hub_client.trust("stranger", trusted=False)
    (tmp_path / LOCK).write_text("[]", "utf-8")
    make_build(project="unknown-package", **{"python-depends": ["left-pad"]})
    make_build(project="missing-package", **{"python-depends": ["einops"]})
    make_build(project="for-a-newer-loader", **{"kernels-minver": "99.0.0"})
    return tmp_path


@pytest.mark.parametrize(
    ("error", "caught", "call"),
    [
        (RequestError, ValueError, lambda _: kernels.get_kernel("org/kernel")),
        (RequestError, ValueError, lambda _: kernels.get_kernel("org/kernel", version=1, revision="main")),
        (BackendError, ValueError, lambda _: kernels.get_kernel("org/kernel", version=1, backend="nonsense")),
        (VersionNotFoundError, ValueError, lambda _: kernels.get_kernel("org/kernel", version=7)),
        (UntrustedKernelError, ValueError, lambda _: kernels.get_kernel("stranger/kernel", version=1)),
        (NotLockedError, ValueError, lambda place: kernels.get_locked_kernel("org/kernel", lockfile=place / LOCK)),
        (UnknownDependencyError, ValueError, lambda place: kernels.get_local_kernel(place / "unknown-package")),
        (MissingDependencyError, ImportError, lambda place: kernels.get_local_kernel(place / "missing-package")),
        (UnsupportedKernelError, RuntimeError, lambda place: kernels.get_local_kernel(place / "for-a-newer-loader")),
        (NotImportingError, RuntimeError, lambda _: kernels.get_kernel_dep("org/kernel")),
        (NoVariantError, FileNotFoundError, lambda _: kernels.get_kernel("org/elsewhere", version=1, backend="cpu")),
        (NotCachedError, FileNotFoundError, lambda _: kernels.load_kernel("org/kernel", revision="v1")),
        (KernelNotFoundError, FileNotFoundError, lambda place: kernels.get_local_kernel(place / "nowhere")),
    ],
)
def test_programs_catch_pythons_own_exceptions(
    place: Path, error: type[Exception], caught: type[Exception], call: Callable[[Path], object]
) -> None:
    """What a program catches for each thing that can be wrong is what it catches of other loaders."""
    with pytest.raises(caught) as raised:
        call(place)
    assert error is raised.type
