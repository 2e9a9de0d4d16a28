"""The rendered project as people use it while they write a kernel."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from support.projects import contents, copy_relu, git, kernel_builder, make_tiny


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
    assert ["build-ext"] == [path.name for path in target.iterdir()]


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


def test_rendering_is_the_same_from_run_to_run(tmp_path: Path) -> None:
    """Two runs with different hash seeds write the same bytes."""
    project = copy_relu(tmp_path / "relu")
    trees = []
    for seed in ("1", "2"):
        target = tmp_path / seed
        result = kernel_builder("create-pyproject", project, target, env={"PYTHONHASHSEED": seed})
        assert 0 == result.returncode
        trees.append(contents(target))
    assert trees[0] == trees[1]


def test_a_kernel_compiles_without_the_headers_of_python(tmp_path: Path, python: Path) -> None:
    """Where Python's headers are not installed, registration.h declares the little that a module needs."""
    project = make_tiny(tmp_path / "tiny")
    assert 0 == kernel_builder("create-pyproject", project, "--unique-id", "bare").returncode
    _run(python, "cmake", "-B", "build-ext", cwd=project)
    facts = (project / "build-ext" / "torch-facts.cmake").read_text("utf-8")
    without = [line for line in facts.splitlines() if not line.startswith("set(KERNEL_PYTHON_INCLUDE ")]
    assert len(facts.splitlines()) - 1 == len(without)
    (tmp_path / "facts.cmake").write_text("\n".join(without), "utf-8")
    _run(python, "cmake", "-B", "bare", f"-DKERNEL_TORCH_FACTS={tmp_path / 'facts.cmake'}", cwd=project)
    _run(python, "cmake", "--build", "bare", cwd=project)
    probe = "import _tiny_cpu_bare as m; print([m.__name__, [n for n in dir(m) if not n.startswith('__')]])"
    assert "['_tiny_cpu_bare', []]" == _run(python, str(python), "-c", probe, cwd=project / "bare").strip()
