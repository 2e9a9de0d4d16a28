"""Loading kernels from folders."""

import dataclasses
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import kernels
from kernels.backend import Compute, MajorMinor
from kernels.errors import (
    BackendError,
    KernelIdError,
    KernelNotFoundError,
    MetadataError,
    MissingDependencyError,
    NoVariantError,
    UnknownDependencyError,
    UnsupportedKernelError,
)
from kernels.load import get_loaded_kernels, get_local_kernel
from kernels.local import find_build
from kernels.metadata import read_metadata
from kernels.system import System, current_system
from kernels.variant import Platform, TorchVariant

MakeBuild = Callable[..., Path]
CountingBody = tuple[str, Callable[[], int]]
CPU = System(
    platform=Platform("x86_64", "linux"),
    compute=Compute("cpu"),
    torch=MajorMinor(2, 13),
    cxx_abi="cxx11",
    python=MajorMinor(3, 12),
)
CUDA = dataclasses.replace(CPU, compute=Compute("cuda", MajorMinor(13, 0)))
CPU_NAME = "torch213-cxx11-cpu-x86_64-linux"
CUDA_NAME = "torch213-cxx11-cu130-x86_64-linux"


def test_a_project_its_builds_and_one_build_are_paths(
    make_build: MakeBuild, counting_body: CountingBody, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Text and paths, relative and from the home folder, to the project, `build/` or the variant, give one module."""
    body, executions = counting_body
    build = make_build(body)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    paths: list[str | os.PathLike[str]] = [
        build,
        build.parent,
        build.parent.parent,
        str(build.parent.parent),
        "kernel",
        "./kernel/build/../build/",
        "~/kernel",
        Path("~/kernel"),
    ]

    modules = [get_local_kernel(path) for path in paths]
    modules += [get_local_kernel(repo_path=build), get_local_kernel(build, None), get_local_kernel(build, backend=None)]

    assert {id(sys.modules[read_metadata(build).id])} == {id(module) for module in modules}
    assert executions() == 1


def test_a_real_kernel_of_this_machine(make_build: MakeBuild) -> None:
    """A build with the name that fits this machine is loaded and computes with its Torch."""
    torch = pytest.importorskip("torch")
    here = current_system()
    assert here.torch is not None
    variant = TorchVariant(here.torch, here.compute, here.platform, here.cxx_abi)
    build = make_build(
        "import torch\n\n\ndef relu(x):\n    return torch.clamp(x, min=0)\n",
        variant=variant.variant_str,
        backend={"type": here.compute.backend},
    )
    values = torch.tensor([-1.0, 0.0, 2.0])

    kernel = get_local_kernel(build.parent.parent)

    assert torch.equal(torch.relu(values), kernel.relu(values))


def test_the_best_build_is_found(make_build: MakeBuild) -> None:
    """Among the builds that fit the best is taken, and other folders are passed over."""
    names = ["torch-cpu", CPU_NAME, "torch-stable-abi212-cpu-x86_64-linux", "torch-stable-abi214-cpu-x86_64-linux"]
    builds = {name: make_build(variant=name) for name in names}
    project = builds[CPU_NAME].parent.parent
    (project / "build" / "benchmarks").mkdir()
    (project / "build" / "torch-stable-abi213-cpu-x86_64-linux").write_text("a file", encoding="utf-8")

    best = []
    for name in (names[2], names[1], names[0]):
        best.append((name, find_build(project, CPU)[0]))
        shutil.rmtree(builds[name])

    assert [(name, builds[name]) for name in (names[2], names[1], names[0])] == best


@pytest.mark.parametrize(("backend", "name"), [(None, CUDA_NAME), ("cuda", CUDA_NAME), ("cpu", CPU_NAME)])
def test_the_backend_chooses(make_build: MakeBuild, backend: str | None, name: str) -> None:
    """The backend of the system is the default; the CPU can be asked for."""
    make_build(variant=CPU_NAME)
    project = make_build(variant=CUDA_NAME, backend={"type": "cuda"}).parent.parent

    build, metadata = find_build(project, CUDA, backend)

    assert (project / "build" / name, read_metadata(build)) == (build, metadata)


def test_another_backend_is_refused(make_build: MakeBuild, tmp_path: Path) -> None:
    """A backend that the system does not have is refused before anything is looked for."""
    for path in (make_build(), tmp_path / "nowhere"):
        with pytest.raises(BackendError, match="Invalid backend 'rocm', system supported backends: cpu, cuda"):
            find_build(path, CUDA, "rocm")
    with pytest.raises(BackendError, match="Invalid backend 'nonsense'"):
        get_local_kernel(tmp_path, "nonsense")


def test_no_kernel_at_the_path(make_build: MakeBuild, tmp_path: Path) -> None:
    """A path without a kernel is a missing file, and the error says what is missing."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    for name, state in (
        ("nowhere", "is no folder"),
        ("file", "is no folder"),
        ("loop", "is no folder"),
        (".", "has no builds in it or in build/"),
    ):
        with pytest.raises(KernelNotFoundError, match=state):
            get_local_kernel(tmp_path / name)


def test_no_build_fits(make_build: MakeBuild) -> None:
    """The error names every build with the reason why it does not fit, and the next step."""
    make_build(variant="torch212-cxx11-cpu-x86_64-linux")
    project = make_build(variant=CUDA_NAME).parent.parent

    with pytest.raises(NoVariantError) as caught:
        find_build(project, CPU)

    assert (
        f"No build of the kernel in {project} fits this system (Torch 2.13, cpu, x86_64-linux):\n"
        "  torch213-cxx11-cu130-x86_64-linux: it is for the backend cuda, not for cpu\n"
        "  torch212-cxx11-cpu-x86_64-linux: it needs Torch 2.12, this system has 2.13\n"
        "Build it for this system with `kernel-builder build-and-copy`, or install what one of the builds needs."
    ) == str(caught.value)


@pytest.mark.parametrize(("name", "helps"), [(CPU_NAME, True), ("torch212-cxx11-cpu-x86_64-linux", False)])
def test_a_build_for_the_cpu_is_pointed_out(make_build: MakeBuild, name: str, helps: bool) -> None:
    """Where a build for the CPU would fit, the error says how to get it."""
    project = make_build(variant=name).parent.parent

    with pytest.raises(NoVariantError) as caught:
        find_build(project, CUDA)

    assert helps == str(caught.value).endswith("or load a build for the CPU with backend='cpu'.")


def test_a_path_to_one_build_that_does_not_fit(make_build: MakeBuild) -> None:
    """A build that is named outright must fit too."""
    build = make_build(variant="torch212-cxx11-cpu-x86_64-linux")

    with pytest.raises(NoVariantError, match=r"it needs Torch 2\.12, this system has none"):
        find_build(build, dataclasses.replace(CPU, torch=None))


def test_a_build_under_another_name(make_build: MakeBuild, tmp_path: Path) -> None:
    """A folder whose name says nothing is taken at the word of its metadata."""
    cuda = make_build(variant=CUDA_NAME, backend={"type": "cuda"}).rename(tmp_path / "unpacked")

    assert cuda == find_build(cuda, CUDA)[0]
    with pytest.raises(NoVariantError, match="is for the backend cuda, not for cpu"):
        find_build(cuda, CPU)


def test_a_link_to_a_build_has_the_name_of_the_build(make_build: MakeBuild, tmp_path: Path) -> None:
    """A link does not make a build fit."""
    (tmp_path / "current").symlink_to(make_build(variant="torch212-cxx11-cpu-x86_64-linux"))

    with pytest.raises(NoVariantError, match=r"torch212-cxx11-cpu-x86_64-linux: it needs Torch 2\.12"):
        find_build(tmp_path / "current", CPU)


def test_a_build_without_metadata(make_build: MakeBuild) -> None:
    """The error says that the metadata is missing, for a build and for a project."""
    build = make_build(variant=CPU_NAME)
    (build / "metadata.json").unlink()

    for path in (build, build.parent.parent):
        with pytest.raises(KernelNotFoundError, match=r"is not a build of a kernel: it has no metadata\.json"):
            find_build(path, CPU)


def test_metadata_of_another_backend(make_build: MakeBuild) -> None:
    """A folder whose name and metadata disagree is not trusted."""
    build = make_build(variant=CPU_NAME, backend={"type": "cuda"})

    with pytest.raises(MetadataError, match=r"`backend\.type` is cuda, but the folder is for cpu"):
        find_build(build, CPU)


@pytest.mark.parametrize("name", ["json", "os", "__main__", "../x", "class", "a.b", "", "\u0430bc"])
def test_ids_that_are_not_a_kernels_own(make_build: MakeBuild, counting_body: CountingBody, name: str) -> None:
    """An id that is no name, or the name of another module, is a wrong value; nothing of the kernel runs."""
    body, executions = counting_body
    before = {key: sys.modules.get(key) for key in ("json", "os", "__main__")}

    with pytest.raises((KernelIdError, MetadataError)) as caught:
        get_local_kernel(make_build(body, id=name))

    assert isinstance(caught.value, ValueError)
    assert executions() == 0
    assert before == {key: sys.modules.get(key) for key in before}


def test_dependencies_are_checked_before_the_import(
    make_build: MakeBuild, counting_body: CountingBody, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel whose packages are unknown or missing does not run."""
    body, executions = counting_body
    monkeypatch.setitem(sys.modules, "einops", None)

    with pytest.raises(UnknownDependencyError):
        get_local_kernel(make_build(body, project="one", **{"python-depends": ["requests"]}))
    with pytest.raises(MissingDependencyError):
        get_local_kernel(make_build(body, project="two", **{"python-depends": ["einops"]}))

    assert executions() == 0


def test_dependencies_of_other_backends_do_not_matter(make_build: MakeBuild) -> None:
    """Only the packages for the backend of the build are looked for."""
    build = make_build("answer = 42\n", **{"python-depends-backends": {"cuda": ["nvidia-cutlass-dsl"]}})

    assert get_local_kernel(build).answer == 42


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"kernels-minver": "99.0.0"}, "needs kernels 99.0.0 or later"),
    ],
)
def test_a_kernel_that_asks_for_more_is_refused(
    make_build: MakeBuild, counting_body: CountingBody, keys: dict[str, object], words: str
) -> None:
    """What says that this loader cannot run it is not run; the error says what it needs."""
    body, executions = counting_body
    build = make_build(body, **keys)
    with pytest.raises(UnsupportedKernelError) as caught:
        get_local_kernel(build)
    assert (True, 0) == (words in str(caught.value), executions())
    assert isinstance(caught.value, RuntimeError)


def test_a_kernel_for_this_loader_or_an_older_one_loads(make_build: MakeBuild) -> None:
    """`kernels-minver` at or below the installed version is no obstacle."""
    assert 1 == get_local_kernel(make_build("x = 1\n", **{"kernels-minver": "0.15.2"})).x


def test_two_builds_of_a_kernel_in_one_process(make_build: MakeBuild) -> None:
    """The same kernel from two commits loads twice, and both work."""
    old = make_build("def answer():\n    return 'old'\n", project="old")
    new = make_build("def answer():\n    return 'new'\n", project="new")

    assert ["old", "new"] == [get_local_kernel(build).answer() for build in (old, new)]


def test_loaded_kernels_are_known(make_build: MakeBuild) -> None:
    """A kernel is listed after it has been loaded, with no origin on the Hub."""
    build = make_build()
    before = get_loaded_kernels()

    module = get_local_kernel(build)
    get_local_kernel(build.parent)
    (loaded,) = get_loaded_kernels()[len(before) :]

    assert (read_metadata(build), module, None, None, "test_kernel") == (
        loaded.metadata,
        loaded.module,
        loaded.repo_info,
        loaded.repo_infos,
        loaded.package_name,
    )
    assert isinstance(loaded, kernels.LoadedKernel)


def test_a_failed_load_can_be_repeated(make_build: MakeBuild) -> None:
    """A kernel that failed is not remembered, and loads when it has been mended."""
    build = make_build("1 / 0\n")
    before = get_loaded_kernels()

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            get_local_kernel(build.parent.parent)
    assert before == get_loaded_kernels()

    (build / "__init__.py").write_text("answer = 42\n", encoding="utf-8")
    assert get_local_kernel(build.parent.parent).answer == 42


def test_a_rebuilt_kernel_stays_what_it_was(make_build: MakeBuild) -> None:
    """A process keeps the module that it has when the folder is built anew, or has gone."""
    build = make_build("answer = 'old'\n")
    module = get_local_kernel(build.parent.parent)
    shutil.rmtree(build)
    make_build("answer = 'new'\n")

    assert get_local_kernel(build.parent.parent) is module
    shutil.rmtree(build)
    assert get_local_kernel(build.parent.parent) is module


def test_threads_load_once(make_build: MakeBuild, counting_body: CountingBody) -> None:
    """Eight threads in fifty rounds, each with a fresh kernel, execute its body once a round."""
    body, executions = counting_body

    for number in range(50):
        project = make_build(body, project=f"round{number}").parent.parent
        start = threading.Barrier(8)

        def load(project: Path = project, start: threading.Barrier = start) -> int:
            start.wait()
            return id(get_local_kernel(project))

        with ThreadPoolExecutor(8) as pool:
            modules = [future.result() for future in [pool.submit(load) for _ in range(8)]]
        assert len(set(modules)) == 1
        assert number + 1 == executions()


def test_the_metadata_of_a_loaded_kernel_is_not_read_again(make_build: MakeBuild) -> None:
    """The second load looks at nothing in the build."""
    build = make_build()
    module = get_local_kernel(build)
    (build / "metadata.json").write_text(json.dumps({}), encoding="utf-8")

    assert get_local_kernel(build) is module
