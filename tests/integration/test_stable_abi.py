"""One build on Torch's stable ABI serves the Torch of that ABI and every later one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.coverage import Covers
from support.cuda_builds import build_for_cuda
from support.projects import ROOT, contents, copy_example, kernel_builder, make_tiny, run_python, variant_name
from support.whole_torch import fetch_torch

from kernel_builder.config.model import TorchExtension
from kernel_builder.config.reader import load_config
from kernel_builder.matrix import host_platform
from kernel_builder.project.render import render
from kernel_builder.provenance import Provenance
from kernels.metadata import read_metadata

EXAMPLE = ROOT / "examples" / "relu-torch-stable-abi"
PROVENANCE = Provenance.of_commit("0123456789abcdef0123456789abcdef01234567", dirty=False)

#: What a program sees of a kernel, and of the Torch that it is loaded into.
PROBE = """
import sys, torch
from kernels import get_local_kernel
kernel = get_local_kernel(sys.argv[1], backend="cpu")
x = torch.tensor([-1.0, 2.0, float("nan"), float("-inf")])
print(torch.__version__.split("+")[0], kernel.relu(x).tolist(), kernel.layers.ReLU()(x.half()).tolist())
"""


def _abi() -> str:
    framework = load_config(EXAMPLE).framework
    assert isinstance(framework, TorchExtension)
    abi = framework.stable_abi_for("cpu")
    assert abi is not None
    return abi.text


@pytest.fixture(scope="module")
def built(build_example: Callable[[Path], Path]) -> Path:
    """The example, built once with the installed Torch."""
    return build_example(EXAMPLE)


@pytest.fixture(params=["oldest", "installed"])
def torch(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Mapping[str, str]:
    """The environment of a process with the Torch of the ABI, which is the oldest one that may load it, or ours."""
    if request.param == "installed":
        return {}
    return {"PYTHONPATH": str(fetch_torch(pytestconfig, f"{_abi()}.0"))}


@pytest.mark.heavy
def test_one_build_computes_under_several_releases(built: Path, torch: Mapping[str, str]) -> None:
    """The very same files load and compute under the oldest Torch and under the one that they were built with."""
    before = contents(built)
    version, found = run_python(PROBE, built, env=torch).strip().split(" ", 1)
    results = [0.0, 2.0, float("nan"), 0.0]
    assert f"{results} {results}" == found
    assert version.startswith(_abi()) is bool(torch)
    assert before == contents(built)


@pytest.mark.heavy
def test_its_tests_pass_under_several_releases(built: Path, torch: Mapping[str, str], tmp_path: Path) -> None:
    """All of the example's own tests pass under each Torch."""
    variant = built / "build" / f"torch-stable-abi{_abi().replace('.', '')}-cpu-{host_platform()}"
    shutil.copytree(variant, tmp_path / "relu_torch_stable_abi")
    path = os.pathsep.join(filter(None, [str(tmp_path), torch.get("PYTHONPATH")]))
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "-o", "markers=kernels_ci"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests"],
        cwd=built,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == result.returncode, result.stdout
    assert " passed" in result.stdout.splitlines()[-1]


@pytest.mark.heavy
def test_one_build_for_cuda_loads_under_several_releases(
    pytestconfig: pytest.Config, tmp_path: Path, covers: Covers
) -> None:
    """Built for CUDA with the installed release, the kernel registers its operator under it and under the oldest."""
    project, variant = build_for_cuda(EXAMPLE, tmp_path, f"torch-stable-abi{_abi().replace('.', '')}")
    code = """
import sys, torch
from pathlib import Path
from kernels import get_local_kernel
kernel = get_local_kernel(sys.argv[1])
print(torch.__version__, Path(kernel.__file__).parent.name, kernel._ops.ops.relu.default._schema.name)
"""
    name = f"{read_metadata(project / 'build' / variant).id}::relu"
    for torch, is_oldest in ((tmp_path / "torch-site", False), (fetch_torch(pytestconfig, f"{_abi()}.0"), True)):
        version, *found = run_python(code, project, env={"PYTHONPATH": str(torch)}).split()
        assert ([variant, name], is_oldest) == (found, version.startswith(_abi()))
    covers(EXAMPLE.name, "cuda", "compiles", "links", "ABI-clean", "loads")


@pytest.mark.heavy
def test_the_abi_check_holds_it_against_the_oldest_torch(built: Path) -> None:
    """Nothing of Torch is needed that the ABI does not have; an older ABI lacks what the example calls."""
    result = kernel_builder("check-abi", built, "--torch-stable-abi", _abi())
    assert (0, True) == (result.returncode, f"Torch stable ABI version {_abi()}" in result.stdout), result.stdout
    result = kernel_builder("check-abi", built, "--torch-stable-abi", "2.9")
    assert (8, True) == (result.returncode, "torch_parallel_for" in result.stdout), result.stdout


def test_headers_beyond_the_stable_abi_are_not_used() -> None:
    """The sources include headers of torch/csrc/stable, of torch/headeronly and of the C functions below them only."""
    stable = ("torch/csrc/stable/", "torch/headeronly/", "torch/csrc/inductor/aoti_torch/c/")
    lines = [
        line.split("<")[1].split(">")[0]
        for path in EXAMPLE.rglob("*")
        if path.suffix in {".cpp", ".cu", ".h"} and not {"build", ".kernel-builder"} & set(path.parts)
        for line in path.read_text("utf-8").splitlines()
        if line.startswith("#include <")
    ]
    assert [] == [
        name for name in lines if name.startswith(("ATen/", "c10/", "torch/")) and not name.startswith(stable)
    ]
    assert any(name.startswith(stable) for name in lines)


def test_each_backend_can_have_an_abi_of_its_own(tmp_path: Path) -> None:
    """As a table, `stable-abi` holds for the backends that it names: the build for the others is of one Torch."""
    project = copy_example(EXAMPLE, tmp_path / "relu")
    build_toml = project / "build.toml"
    text = build_toml.read_text("utf-8")
    build_toml.write_text(text.replace(f'stable-abi = "{_abi()}"', 'stable-abi = { cuda = "2.12" }'), "utf-8")
    rendered = render(load_config(project), PROVENANCE)["CMakeLists.txt"]
    calls = [line for line in rendered.splitlines() if line.startswith("kernel_stable_abi")]
    assert ['kernel_stable_abi(BACKEND "cuda" VERSION "2.12")'] == calls


@pytest.mark.parametrize(("stable_abi", "is_stable"), [('{ cpu = "2.11" }', True), ('{ cuda = "2.11" }', False)])
def test_a_build_is_on_the_abi_of_its_backend(tmp_path: Path, stable_abi: str, is_stable: bool) -> None:
    """The CPU's build is on the stable ABI where the table names the CPU, and of the installed Torch elsewhere."""
    project = make_tiny(tmp_path / "tiny")
    build_toml = project / "build.toml"
    text = build_toml.read_text("utf-8").replace('backends = ["cpu"]', 'edition = 5\nbackends = ["cpu", "cuda"]')
    text = text.replace("[torch]\n", f"[torch]\nstable-abi = {stable_abi}\n")
    cuda = '\n[kernel.tiny_cuda]\nbackend = "cuda"\ndepends = ["torch"]\nsrc = ["tiny_cpu/tiny.cpp"]\n'
    build_toml.write_text(text + cuda, "utf-8")
    result = kernel_builder("build", project, "--driver", "local")
    assert 0 == result.returncode, result.stderr
    variant = f"torch-stable-abi211-cpu-{host_platform()}" if is_stable else variant_name()
    assert [variant] == [path.name for path in (project / "build").iterdir()]
