"""Projects find their lock, whichever build system has installed them, and where none has."""

import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from support.projects import run_python

from kernels.lock import KernelLock, VariantLock, read_lock, write_lock

_MODULE = """\
from kernels.lock import find_lock


def where():
    return str(find_lock(globals()))
"""
_SETUPTOOLS = """\
[build-system]
requires = ["kernels", "setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "1"

[tool.setuptools.package-dir]
"" = "src"
"""
_HATCHLING = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "1"
license-files = ["kernels.lock"]

[tool.hatch.build]
dev-mode-dirs = ["src"]
"""
_SCIKIT_BUILD_CORE = """\
[build-system]
requires = ["scikit-build-core"]
build-backend = "scikit_build_core.build"

[project]
name = "{name}"
version = "1"
"""
_CMAKE = """\
cmake_minimum_required(VERSION 3.26)
project({name} LANGUAGES NONE)
install(FILES kernels.lock DESTINATION ${{SKBUILD_METADATA_DIR}})
"""
_SETUPTOOLS_FILES = {"pyproject.toml": _SETUPTOOLS, "src/{name}/__init__.py": "", "src/{name}/sub/mod.py": _MODULE}
_HATCHLING_FILES = {"pyproject.toml": _HATCHLING, "src/{name}/__init__.py": "", "src/{name}/sub/mod.py": _MODULE}
_SCIKIT_FILES = {
    "pyproject.toml": _SCIKIT_BUILD_CORE,
    "CMakeLists.txt": _CMAKE,
    "src/{name}/__init__.py": "",
    "src/{name}/sub/mod.py": _MODULE,
}
#: Project → the files that it is made of, and where below its installation the lock is expected.
_INSTALLED = {
    "by_setuptools": (_SETUPTOOLS_FILES, "by_setuptools-1.dist-info/kernels.lock"),
    "by_hatchling": (_HATCHLING_FILES, "by_hatchling-1.dist-info/licenses/kernels.lock"),
    "by_scikit_build_core": (_SCIKIT_FILES, "by_scikit_build_core-1.dist-info/kernels.lock"),
    "from_sdist": (_SETUPTOOLS_FILES, "from_sdist-1.dist-info/kernels.lock"),
}
_EDITABLE = {
    "editable_setuptools": _SETUPTOOLS_FILES,
    "editable_hatchling": _HATCHLING_FILES,
    "editable_scikit_build_core": _SCIKIT_FILES,
}


def _make(folder: Path, name: str, files: Mapping[str, str]) -> Path:
    """Write a project with a lock of its own."""
    project = folder / name
    for path, text in files.items():
        file = project / path.format(name=name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text if file.suffix == ".py" else text.format(name=name), "utf-8")
    write_lock(project / "kernels.lock", _lock(name))
    return project


def _lock(name: str) -> dict[str, KernelLock]:
    return {f"o/{name}": KernelLock(f"o/{name}", "0" * 40, {"torch-cpu": VariantLock(f"sha256-{'0' * 64}")})}


def _run(*arguments: str | Path, cwd: Path) -> str:
    result = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def _install(prefix: Path, *projects: str | Path) -> list[str]:
    """Install projects with pip, without the network, and return the folders that Python has to look in for them."""
    quiet = ("--quiet", "--disable-pip-version-check", "--no-warn-script-location", "--no-compile")
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed")
    _run("-m", "pip", "install", *quiet, *offline, "--prefix", prefix, *projects, cwd=prefix.parent)
    bases = {"base": str(prefix), "platbase": str(prefix)}
    return list(dict.fromkeys(sysconfig.get_path(kind, vars=bases) for kind in ("purelib", "platlib")))


def _found(sites: list[str], *names: str) -> dict[str, str]:
    """Project → where a module of it finds its lock, in a process that looks in these folders too."""
    code = """
import importlib, json, site, sys
sites, *names = sys.argv[1:]
for folder in json.loads(sites):
    site.addsitedir(folder)
print(json.dumps({name: importlib.import_module(f"{name}.sub.mod").where() for name in names}))
"""
    found: dict[str, str] = json.loads(run_python(code, json.dumps(sites), *names))
    return found


def test_an_installed_project_has_the_lock_in_its_metadata(tmp_path: Path) -> None:
    """With every build system, and by way of a source distribution, a module finds the lock of its own project."""
    projects = {name: _make(tmp_path, name, files) for name, (files, _) in _INSTALLED.items()}
    build = "import setuptools.build_meta as backend, sys; backend.build_sdist(sys.argv[1])"
    _run("-c", build, tmp_path, cwd=projects["from_sdist"])
    sources = [*(projects[name] for name in projects if name != "from_sdist"), tmp_path / "from_sdist-1.tar.gz"]

    sites = _install(tmp_path / "prefix", *sources)
    for project in projects.values():
        shutil.rmtree(project)
    found = _found(sites, *projects)

    assert {name: f"{sites[0]}/{place}" for name, (_, place) in _INSTALLED.items()} == found
    assert {name: _lock(name) for name in projects} == {name: read_lock(path) for name, path in found.items()}


def test_an_editable_project_has_the_lock_of_its_source_tree(tmp_path: Path) -> None:
    """With every build system, a module of an editable installation finds the lock as it is now, not as it was."""
    projects = {name: _make(tmp_path, name, files) for name, files in _EDITABLE.items()}

    sites = _install(tmp_path / "prefix", *(part for project in projects.values() for part in ("-e", project)))

    expected = {name: str(project / "kernels.lock") for name, project in projects.items()}
    assert expected == _found(sites, *projects)


def test_a_project_without_a_build_system_has_the_lock_beside_it(tmp_path: Path) -> None:
    """A script finds the lock of its folder, code without a file that of the folder where it is started."""
    project = _make(tmp_path, "plain", {"tools/script.py": f"{_MODULE}\n\nprint(where())\n"})
    code = f"{_MODULE}\n\nprint(where())\n"

    assert str(project / "kernels.lock") == _run(project / "tools" / "script.py", cwd=tmp_path).strip()
    assert str(project / "kernels.lock") == _run("-c", code, cwd=project / "tools").strip()
