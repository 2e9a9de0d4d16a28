"""The packages that kernel-builder makes, and the kernels of this repository, have no faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.projects import RELU, ROOT, make_tiny, make_tiny_noarch, make_tiny_tvm_ffi
from support.python_corpus import MODULE, OPS_ID, check_files

from kernel_builder.checks.python import check_python
from kernel_builder.config.model import FRAMEWORKS
from kernel_builder.config.reader import load_config
from kernel_builder.project.environment import environment
from kernel_builder.project.render import render_ops
from kernel_builder.resources import templates_dir
from kernel_builder.scaffold.choices import Choice, backends_of
from kernel_builder.scaffold.names import Names
from kernel_builder.scaffold.render import render
from kernel_builder.scaffold.write import write_files
from kernel_builder.skills import list_skills, render_skill
from kernels.backend import BACKENDS
from kernels.metadata import BackendInfo, Metadata


def _metadata(backend: str = "cpu") -> Metadata:
    return Metadata(id=OPS_ID, name=MODULE, version=1, license="MIT", backend=BackendInfo(backend))


def _sources(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.py")}


@pytest.mark.parametrize("backend", ["cpu", "cuda"])
def test_example(tmp_path: Path, backend: str) -> None:
    """The example passes, with a folder for older loaders beside it."""
    compat = environment().get_template("tree/compat.py.jinja").render(ops_id=OPS_ID)
    files = {**_sources(RELU / "torch-ext" / "relu"), f"{MODULE}/__init__.py": compat}
    assert {"__init__.py", "layers/__init__.py"} < files.keys()
    assert [] == check_files(tmp_path, files, _metadata(backend))


def test_skills(tmp_path: Path) -> None:
    """So do the example kernels of the skills."""
    checked = 0
    for skill in list_skills():
        files = render_skill(skill.name)
        package = {path.split("/", 3)[3]: text for path, text in files.items() if "/torch-ext/rms_norm/" in path}
        sources = {path: text for path, text in package.items() if path.endswith(".py")}
        checked += bool(sources)
        assert [] == check_files(tmp_path / skill.name, sources, _metadata())
    assert checked > 0


def _scaffolds() -> Iterator[tuple[str, str]]:
    for framework in FRAMEWORKS:
        yield from ((framework, backend) for backend in backends_of(framework))


@pytest.mark.parametrize(("framework", "backend"), [*_scaffolds()])
def test_new_kernels(tmp_path: Path, framework: str, backend: str) -> None:
    """A new kernel passes, whatever it is made for, with the `_ops.py` that its build has."""
    names = Names(name="my-kernel", repo_id="me/my-kernel")
    write_files(render(names, Choice(framework=framework, backends=(backend,)), "MIT"), tmp_path / "project")
    folder = tmp_path / "project" / ("tvm-ffi-ext" if framework == "tvm-ffi" else "torch-ext") / "my_kernel"
    files = _sources(folder)
    if framework == "torch-noarch":
        config = load_config(tmp_path / "project")
        files["_ops.py"] = render_ops(config, backend, "abc").replace(f"_my_kernel_{backend}_abc", OPS_ID)
        assert OPS_ID in files["_ops.py"]
    elif framework == "tvm-ffi":
        text = (templates_dir() / "project" / "tvm-ffi" / "cmake" / "_ops.py.in").read_text("utf-8")
        files["_ops.py"] = text.replace("@KERNEL_OPS_ID@", OPS_ID)
    assert "__init__.py" in files
    assert [] == check_files(tmp_path / "build", files, _metadata(backend))


@pytest.mark.parametrize("make", [make_tiny, make_tiny_noarch, make_tiny_tvm_ffi])
def test_kernels_of_the_tests(tmp_path: Path, make: object) -> None:
    """The small kernels that other tests build pass."""
    assert callable(make)
    make(tmp_path / "project")
    (init,) = (tmp_path / "project").glob("*-ext/*/__init__.py")
    assert [] == check_files(tmp_path / "build", _sources(init.parent), _metadata())


def test_generated_ops_of_all_backends(tmp_path: Path) -> None:
    """The `_ops.py` of an installed kernel, which tells the backends apart, passes as well."""
    ids = {backend: f"_k_{backend}_abc" for backend in BACKENDS}
    template = environment().get_template("project/torch-noarch/torch-ext/MODULE/_ops.py.jinja")
    assert [] == check_files(tmp_path, {"__init__.py": "", "_ops.py": template.render(ops_ids=ids)}, _metadata())


def test_kernel_for_transformers(tmp_path: Path) -> None:
    """The layers that stand in for those of transformers pass, without what that kernel is tested with."""
    folder = ROOT / "tests" / "integration" / "transformers_kernel"
    files = {"__init__.py": "from . import layers\n", "layers.py": (folder / "layers.py").read_text("utf-8")}
    found = [one for one in check_files(tmp_path, files, _metadata()) if one.check == "layers"]
    assert [] == found


def test_without_metadata(tmp_path: Path) -> None:
    """Without metadata, every known dependency counts as declared, and no text is the kernel's namespace."""
    text = f'import einops\nimport kernels\nimport torch\n\ntorch.library.register_fake("{OPS_ID}::x")\n'
    found = check_files(tmp_path, {"__init__.py": text}, None)
    assert [("__init__.py", 5, "op-namespace")] == [(one.file, one.line, one.code) for one in found]


def test_empty_folder(tmp_path: Path) -> None:
    """A build without Python files has no findings of these checks."""
    assert [] == check_python(tmp_path, None, MODULE)
