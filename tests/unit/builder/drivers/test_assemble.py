"""The files of a build, in the layout that the loader expects."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.configs import torch_config

from kernel_builder.checks.digest import check_digest
from kernel_builder.checks.layout import check_layout
from kernel_builder.config.model import KernelConfig
from kernel_builder.drivers.assemble import assemble
from kernel_builder.errors import BuilderError
from kernel_builder.project.metadata import build_metadata
from kernel_builder.provenance import Provenance
from kernels.digest import digest_tree
from kernels.metadata import read_metadata

OPS_ID = "_demo_kernel_cpu_abc1234"
PACKAGE = "torch-ext/demo_kernel"
SOURCES = {
    f"{PACKAGE}/__init__.py": "from . import layers\nvalue = 42\n__all__ = ['value']\n",
    f"{PACKAGE}/layers/__init__.py": "",
    f"{PACKAGE}/py.typed": "",
    f"{PACKAGE}/stubs.pyi": "",
    f"{PACKAGE}/table.json": "{}",
    f"{PACKAGE}/_ops.py": "stale",
    f"{PACKAGE}/layers/_ops.py": "the author's own",
    f"{PACKAGE}/__pycache__/x.py": "",
    "torch-ext/binding.cpp": "",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with more files than belong into a build."""
    return _write(tmp_path / "project", SOURCES)


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def _assemble(tmp_path: Path, project: Path, config: KernelConfig | None = None) -> Path:
    config = config or torch_config()
    stage = tmp_path / "stage"
    stage.mkdir()
    native = _write(tmp_path / "cmake", {f"{OPS_ID}.abi3.so": "elf", "_ops.py": "fresh"})
    metadata = build_metadata(config, "cpu", OPS_ID, Provenance("abc1234"))
    paths = (native / f"{OPS_ID}.abi3.so", native / "_ops.py")
    assemble(stage, config=config, project_dir=project, made=paths, metadata=metadata)
    return stage


def _names(tree: Path) -> list[str]:
    return sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())


def _metadata(tree: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((tree / "metadata.json").read_text("utf-8"))
    return document


def test_layout(tmp_path: Path, project: Path) -> None:
    """A build has the Python files, what the compiler made, the metadata and the folder for older loaders."""
    stage = _assemble(tmp_path, project)
    expected = [
        "__init__.py",
        "_demo_kernel_cpu_abc1234.abi3.so",
        "_ops.py",
        "demo_kernel/__init__.py",
        "layers/__init__.py",
        "layers/_ops.py",
        "metadata.json",
        "stubs.pyi",
    ]
    assert expected == _names(stage)
    assert "fresh" == (stage / "_ops.py").read_text()
    assert [] == check_layout(stage, "demo_kernel") + check_digest(stage, read_metadata(stage))


def test_other_extensions(tmp_path: Path, project: Path) -> None:
    """build.toml says which files of the package belong to it."""
    names = _names(_assemble(tmp_path, project, torch_config(pyext=("py", "json"))))
    assert (True, False) == ("table.json" in names, "stubs.pyi" in names)


def test_digest(tmp_path: Path, project: Path) -> None:
    """The metadata lists the hash of every file but itself, and ends with the provenance."""
    stage = _assemble(tmp_path, project)
    document = _metadata(stage)
    assert {"algorithm": "sha256", "files": digest_tree(stage).files} == document["digest"]
    assert ["digest", "provenance"] == list(document)[-2:]
    assert sorted(set(_names(stage)) - {"metadata.json"}) == list(document["digest"]["files"])


def test_same_bytes(tmp_path: Path, project: Path) -> None:
    """Two builds of the same sources are the same."""
    trees = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        trees.append(_assemble(tmp_path / place, project))
    contents = [[(name, (tree / name).read_bytes()) for name in _names(tree)] for tree in trees]
    assert contents[0] == contents[1]


def test_older_loaders(tmp_path: Path, project: Path) -> None:
    """The folder for older loaders gives the very same module, imported once, under the id of the build."""
    stage = _assemble(tmp_path, project)
    _write(stage, {"__init__.py": "import sys\nprint(__name__)\nvalue = 42\n__all__ = ['value']\n"})
    script = "import sys; sys.path.insert(0, sys.argv[1]); import demo_kernel; print(demo_kernel.value)"
    for _ in range(2):
        done = subprocess.run([sys.executable, "-B", "-c", script, stage], capture_output=True, check=True, text=True)
        assert [OPS_ID, "42"] == done.stdout.split()


def test_failed_import_for_older_loaders_leaves_nothing(tmp_path: Path, project: Path) -> None:
    """When the kernel cannot be imported, its name is free again."""
    stage = _assemble(tmp_path, project)
    _write(stage, {"__init__.py": "raise RuntimeError\n"})
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\ntry: import demo_kernel\nexcept RuntimeError: pass\n"
        f"print({OPS_ID!r} in sys.modules, 'demo_kernel' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-B", "-c", script, stage], capture_output=True, check=True, text=True)
    assert "False False\n" == done.stdout


@pytest.mark.parametrize("target", ["/etc/hostname", "../../../outside.py"])
def test_links_out_of_the_project(tmp_path: Path, project: Path, target: str) -> None:
    """A link cannot carry another file of this machine into a build."""
    (tmp_path / "outside.py").write_text("secret = 1\n")
    (project / PACKAGE / "link.py").symlink_to(target)
    with pytest.raises(BuilderError, match=r"link\.py is a link that leads out of the project"):
        _assemble(tmp_path, project)


def test_links_within_the_project(tmp_path: Path, project: Path) -> None:
    """A link to another file of the project becomes that file."""
    _write(project, {"shared.py": "shared = 1\n"})
    (project / PACKAGE / "link.py").symlink_to("../../shared.py")
    stage = _assemble(tmp_path, project)
    assert ("shared = 1\n", False) == ((stage / "link.py").read_text(), (stage / "link.py").is_symlink())


@pytest.mark.parametrize("name", ["demo_kernel/__init__.py", "demo_kernel/code.py"])
def test_package_in_the_place_for_older_loaders(tmp_path: Path, project: Path, name: str) -> None:
    """A sub-package of the kernel's own name would be overwritten, so it is refused."""
    _write(project, {f"{PACKAGE}/{name}": "mine = 1\n"})
    with pytest.raises(BuilderError, match=r"torch-ext/demo_kernel holds demo_kernel/"):
        _assemble(tmp_path, project)


def test_linked_folders(tmp_path: Path, project: Path) -> None:
    """A folder of the package that is a link would be left out without a word; it is refused instead."""
    (project / PACKAGE / "shared").symlink_to(project / PACKAGE / "layers", target_is_directory=True)
    with pytest.raises(BuilderError, match="shared is a link to a folder"):
        _assemble(tmp_path, project)
