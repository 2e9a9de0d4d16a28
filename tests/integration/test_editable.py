"""The rendered project as people use it while they write a kernel."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import contents, copy_relu, git, kernel_builder, make_tiny, make_tiny_noarch, make_tiny_tvm_ffi

from kernel_builder.toolchain.tools import find_tool


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of a fresh environment that sees what ours has installed, so that nothing is downloaded."""
    venv.create(tmp_path / "env", with_pip=True)
    scripts = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / Path(sys.executable).name
    where = [
        sys.executable.replace(sys.executable, str(python)),
        "-c",
        "import sysconfig; print(sysconfig.get_path('purelib'))",
    ]
    site = subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()
    (Path(site) / "outer.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return python


def _run(python: Path, *arguments: str, cwd: Path) -> str:
    # The environment is active: its programs, then ours, come first on PATH.
    path = os.pathsep.join([str(python.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(python.parent.parent)}
    result = subprocess.run(arguments, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_an_edited_source_is_compiled_on_import(tmp_path: Path, python: Path) -> None:
    """After `pip install --no-build-isolation -e .`, changing a .cpp changes what the next import computes."""
    project = copy_relu(tmp_path / "relu")
    assert 0 == kernel_builder("create-pyproject", project).returncode
    _run(python, str(python), "-m", "pip", "install", "--quiet", "--no-build-isolation", "-e", ".", cwd=project)
    probe = "import torch, relu; print(relu.relu(torch.tensor([-1.0, 0.0, 2.0])).tolist())"
    assert [0.0, 0.0, 2.0] == json.loads(_run(python, str(python), "-c", probe, cwd=tmp_path))

    binding = project / "torch-ext" / "torch_binding.cpp"
    text = binding.read_text("utf-8")
    changed = text.replace("void relu(at::Tensor &out", "void relu_before(at::Tensor &out").replace(
        "TORCH_LIBRARY_EXPAND",
        "void relu(at::Tensor &out, at::Tensor const &input) { relu_before(out, input); out.add_(1); }\n"
        "TORCH_LIBRARY_EXPAND",
        1,
    )
    assert changed != text
    changed = changed.replace("#include", "#include <ATen/ops/add.h>\n#include", 1)
    binding.write_text(changed, "utf-8")
    assert [1.0, 1.0, 3.0] == json.loads(_run(python, str(python), "-c", probe, cwd=tmp_path))


def test_the_examples_own_tests_pass_against_the_editable_package(tmp_path: Path, python: Path) -> None:
    """The tests that the relu example ships, marked for continuous integration, pass on this machine."""
    project = copy_relu(tmp_path / "relu")
    assert 0 == kernel_builder("create-pyproject", project).returncode
    _run(python, str(python), "-m", "pip", "install", "--quiet", "--no-build-isolation", "-e", ".", cwd=project)
    options = ["-q", "-m", "kernels_ci", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"]
    output = _run(python, str(python), "-m", "pytest", *options, "tests", cwd=project)
    assert " passed" in output.splitlines()[-1]


def test_a_bare_cmake_finds_torch_by_itself(tmp_path: Path, python: Path) -> None:
    """`cmake -B build-ext` needs no argument, and writes compile_commands.json when asked to."""
    project = copy_relu(tmp_path / "relu")
    assert 0 == kernel_builder("create-pyproject", project).returncode
    _run(python, "cmake", "-B", "build-ext", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", cwd=project)
    commands = json.loads((project / "build-ext" / "compile_commands.json").read_text("utf-8"))
    assert {"relu_cpu.cpp", "torch_binding.cpp"} == {Path(command["file"]).name for command in commands}


def test_the_project_can_be_written_to_another_folder(tmp_path: Path, python: Path) -> None:
    """With TARGET_DIR, the files go there, point back with a relative path, and configure."""
    project = copy_relu(tmp_path / "relu")
    target = tmp_path / "elsewhere" / "project"
    assert 0 == kernel_builder("create-pyproject", project, target).returncode
    assert str(tmp_path) not in (target / "CMakeLists.txt").read_text("utf-8")
    _run(python, "cmake", "-B", "build-ext", cwd=target)
    assert 0 == kernel_builder("clean-pyproject", project, target, "--force").returncode
    assert [] == list(target.iterdir())


def test_clean_leaves_a_project_as_it_was(tmp_path: Path) -> None:
    """create-pyproject and clean-pyproject are each other's inverse, wherever they are called from."""
    project = copy_relu(tmp_path / "relu")
    (project / ".gitignore").unlink()
    git(project, "init", "--quiet")
    git(project, "add", ".")
    assert 0 == kernel_builder("create-pyproject", project, cwd=tmp_path).returncode
    assert git(project, "status", "--porcelain", "--untracked-files=all") != ""
    refused = kernel_builder("create-pyproject", project, cwd=tmp_path)
    assert (7, True) == (refused.returncode, "--force" in refused.stderr)
    dry = kernel_builder("clean-pyproject", project, "--dry-run", cwd=tmp_path)
    assert (0, True) == (dry.returncode, "would remove" in dry.stdout)
    assert 0 == kernel_builder("clean-pyproject", project, "--force", cwd=tmp_path).returncode
    assert git(project, "diff", "--name-only") == ""
    assert git(project, "ls-files", "--others") == ""


MAKERS = pytest.mark.parametrize("make", [copy_relu, make_tiny_noarch, make_tiny_tvm_ffi])


@MAKERS
def test_rendering_is_the_same_from_run_to_run(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """Runs with four hash seeds, in two folders, write the same bytes."""
    trees = []
    for seed, name in (("1", "a"), ("2", "a"), ("3", "b"), ("4", "b")):
        project = make(tmp_path / name / "kernel") if not (tmp_path / name).exists() else tmp_path / name / "kernel"
        target = tmp_path / name / seed
        result = kernel_builder("create-pyproject", project, target, env={"PYTHONHASHSEED": seed})
        assert 0 == result.returncode, result.stderr
        trees.append(contents(target))
    assert [trees[0]] * 3 == trees[1:]


@MAKERS
def test_clean_after_everything_was_used(tmp_path: Path, python: Path, make: Callable[[Path], Path]) -> None:
    """After an editable install, an import and a build by CMake, cleaning leaves the folder as it was, byte by byte."""
    project = make(tmp_path / "kernel")
    before = contents(project)
    module = next(path.parent.name for path in project.glob("*-ext/*/__init__.py"))
    assert 0 == kernel_builder("create-pyproject", project).returncode
    _run(python, str(python), "-m", "pip", "install", "--quiet", "--no-build-isolation", "-e", ".", cwd=project)
    _run(python, str(python), "-c", f"import {module}", cwd=tmp_path)
    if make is not make_tiny_noarch:
        _run(python, "cmake", "-B", "build-ext", cwd=project)
    cleaned = kernel_builder("clean-pyproject", project, "--force")
    assert (0, "") == (cleaned.returncode, cleaned.stderr)
    assert before == contents(project)
    assert not (project / "build-ext").exists()


def test_a_python_only_kernel_is_an_editable_package(tmp_path: Path, python: Path) -> None:
    """A kernel with a dash in its name and an `_ops.py` that git ignores is imported from where it is edited."""
    project = make_tiny_noarch(tmp_path / "tiny")
    git(project, "init", "--quiet")
    (project / ".gitignore").write_text("/torch-ext/tiny_noarch/_ops.py\n", "utf-8")
    target = tmp_path / "elsewhere"
    probe = "import torch, tiny_noarch; print(tiny_noarch.same(torch.ones(1)).tolist(), tiny_noarch._ops._OPS_ID)"
    for folder in (project, target):
        assert 0 == kernel_builder("create-pyproject", project, folder, "--unique-id", "edit").returncode
        _run(python, str(python), "-m", "pip", "install", "--quiet", "--no-build-isolation", "-e", ".", cwd=folder)
        assert "[1.0] _tiny_noarch_cpu_edit" == _run(python, str(python), "-c", probe, cwd=tmp_path).strip()
    init = project / "torch-ext/tiny_noarch/__init__.py"
    init.write_text(init.read_text("utf-8").replace("x.clone()", "x + 1"), "utf-8")
    assert "[2.0] _tiny_noarch_cpu_edit" == _run(python, str(python), "-c", probe, cwd=tmp_path).strip()


def test_a_tvm_ffi_kernel_is_an_editable_package(tmp_path: Path, python: Path) -> None:
    """A source that was edited is compiled on import, for tvm-ffi as for Torch."""
    project = make_tiny_tvm_ffi(tmp_path / "tiny")
    assert 0 == kernel_builder("create-pyproject", project).returncode
    _run(python, str(python), "-m", "pip", "install", "--quiet", "--no-build-isolation", "-e", ".", cwd=project)
    probe = "import torch, tiny_ffi; x = torch.ones(1); tiny_ffi.twice(x); print(x.item())"
    assert "2.0" == _run(python, str(python), "-c", probe, cwd=tmp_path).strip()
    source = project / "tiny_cpu/tiny.cpp"
    source.write_text(source.read_text("utf-8").replace("*= 2", "*= 3"), "utf-8")
    assert "3.0" == _run(python, str(python), "-c", probe, cwd=tmp_path).strip()


def test_a_backend_that_the_kernel_does_not_have_is_refused(tmp_path: Path, python: Path) -> None:
    """CMake says which backends there are, before it looks for a compiler."""
    project = make_tiny_tvm_ffi(tmp_path / "tiny")
    assert 0 == kernel_builder("create-pyproject", project).returncode
    assert "KERNEL_BACKEND is 'cuda'; the kernel is for cpu." in _configure_badly(project, "-DKERNEL_BACKEND=cuda")


def test_a_kernel_for_another_backend_than_that_of_torch_is_refused(tmp_path: Path, python: Path) -> None:
    """A kernel for CUDA alone is not compiled against a Torch for the CPU, and the sentence names both."""
    project = make_tiny(tmp_path / "tiny")
    build_toml = project / "build.toml"
    build_toml.write_text(build_toml.read_text("utf-8").replace('"cpu"', '"cuda"'), "utf-8")
    assert 0 == kernel_builder("create-pyproject", project).returncode
    said = _configure_badly(project)
    assert "The kernel is for cuda; what is installed in " in said
    assert " is for cpu. Install the build for one of these, or choose one with -DKERNEL_BACKEND=" in said


def _configure_badly(project: Path, *options: str) -> str:
    """What CMake says when it refuses a project, on one line."""
    command: list[str | Path] = [
        find_tool("cmake"),
        "-B",
        "build-ext",
        f"-DPython_EXECUTABLE={sys.executable}",
        *options,
    ]
    result = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    return " ".join(result.stderr.split())


def test_a_kernel_compiles_without_the_headers_of_python(tmp_path: Path, python: Path) -> None:
    """Where Python's headers are not installed, registration.h declares the little that a module needs."""
    project = make_tiny(tmp_path / "tiny")
    assert 0 == kernel_builder("create-pyproject", project, "--unique-id", "bare").returncode
    _run(python, "cmake", "-B", "build-ext", cwd=project)
    facts = (project / "build-ext" / "facts.cmake").read_text("utf-8")
    without = [line for line in facts.splitlines() if not line.startswith("set(KERNEL_PYTHON_INCLUDE ")]
    assert len(facts.splitlines()) - 1 == len(without)
    (tmp_path / "facts.cmake").write_text("\n".join(without), "utf-8")
    _run(python, "cmake", "-B", "bare", f"-DKERNEL_FACTS={tmp_path / 'facts.cmake'}", cwd=project)
    _run(python, "cmake", "--build", "bare", cwd=project)
    probe = "import _tiny_cpu_bare as m; print([m.__name__, [n for n in dir(m) if not n.startswith('__')]])"
    assert "['_tiny_cpu_bare', []]" == _run(python, str(python), "-c", probe, cwd=project / "bare").strip()
