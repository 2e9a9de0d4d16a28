"""Finding the lock of a module's project. How build systems install it is tested in `test_lock_projects.py`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernels.errors import LockNotFoundError
from kernels.lock import find_lock


def _touch(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def _module(file: Path, package: str = "") -> dict[str, object]:
    """The globals of a module, whose file is made."""
    return {"__file__": str(_touch(file)), "__package__": package}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, below a folder with a lock that is not theirs."""
    _touch(tmp_path / "kernels.lock")
    site = tmp_path / "lib" / "site-packages"
    site.mkdir(parents=True)
    monkeypatch.syspath_prepend(str(site))
    return site


@pytest.mark.parametrize("mark", ["pyproject.toml", "setup.py", "setup.cfg", ".git"])
def test_a_module_in_a_source_tree_has_the_lock_of_its_project(tmp_path: Path, mark: str) -> None:
    """From a module the search goes up to the root of its project, and no further."""
    lock = _touch(tmp_path / "project" / "kernels.lock")
    _touch(tmp_path / "kernels.lock")
    _touch(tmp_path / "project" / mark)
    module = _module(tmp_path / "project" / "src" / "pkg" / "sub" / "mod.py", "pkg.sub")

    assert lock == find_lock(module)

    lock.unlink()
    with pytest.raises(LockNotFoundError):
        find_lock(module)


def test_a_project_needs_no_build_system(tmp_path: Path) -> None:
    """A script finds the lock beside it, or in a folder above it."""
    lock = _touch(tmp_path / "kernels.lock")

    assert lock == find_lock(_module(tmp_path / "script.py"))
    assert lock == find_lock(_module(tmp_path / "tools" / "deep" / "script.py"))


def test_the_nearest_lock_counts(tmp_path: Path) -> None:
    """A package in a project may have a lock of its own."""
    _touch(tmp_path / "kernels.lock")
    lock = _touch(tmp_path / "pkg" / "kernels.lock")

    assert lock == find_lock(_module(tmp_path / "pkg" / "mod.py", "pkg"))


def test_a_folder_of_that_name_is_no_lock(tmp_path: Path) -> None:
    """Only a file can be a lock."""
    lock = _touch(tmp_path / "kernels.lock")
    (tmp_path / "pkg" / "kernels.lock").mkdir(parents=True)

    assert lock == find_lock(_module(tmp_path / "pkg" / "mod.py", "pkg"))


def test_a_link_to_a_module_leads_to_its_project(tmp_path: Path) -> None:
    """A script that is called through a link is still part of the project that it lies in."""
    lock = _touch(tmp_path / "project" / "kernels.lock")
    _module(tmp_path / "project" / "script.py")
    _touch(tmp_path / "bin" / "setup.cfg")
    (tmp_path / "bin" / "tool").symlink_to(tmp_path / "project" / "script.py")

    assert lock == find_lock({"__file__": str(tmp_path / "bin" / "tool"), "__package__": None})


def test_code_without_a_file_has_the_lock_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a notebook or the interactive interpreter the search starts in the working folder."""
    lock = _touch(tmp_path / "kernels.lock")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")

    assert lock == find_lock()
    assert lock == find_lock({"__name__": "__main__", "__package__": None})

    _touch(tmp_path / "notebooks" / "pyproject.toml")
    with pytest.raises(LockNotFoundError, match="of the project in the working folder"):
        find_lock()


@pytest.mark.parametrize("place", ["kernels.lock", "pkg/kernels.lock"])
def test_an_installed_module_never_has_a_lock_from_above(site: Path, place: str) -> None:
    """Above the folder of installed packages lies another project; in it, a lock would be nobody's."""
    module = _module(site / "pkg" / "sub" / "mod.py", "pkg.sub")
    lock = _touch(site / place)

    if place == "pkg/kernels.lock":
        assert lock == find_lock(module)
    else:
        with pytest.raises(LockNotFoundError):
            find_lock(module)


def test_a_folder_with_metadata_is_one_of_installed_packages(tmp_path: Path) -> None:
    """What `pip install --target` made is known by the metadata in it; a project may have some too."""
    lock = _touch(tmp_path / "kernels.lock")
    _touch(tmp_path / "vendor" / "pkg-1.dist-info" / "RECORD")
    module = _module(tmp_path / "vendor" / "pkg" / "mod.py", "pkg")

    with pytest.raises(LockNotFoundError):
        find_lock(module)

    lock = _touch(tmp_path / "vendor" / "kernels.lock")
    _touch(tmp_path / "vendor" / "pyproject.toml")
    assert lock == find_lock(module)


@pytest.mark.parametrize("place", ["", "licenses", "extra_metadata", "licenses/deep"])
def test_an_installed_module_has_the_lock_of_its_distribution(site: Path, place: str) -> None:
    """The distribution whose list of files has the module is the one that counts, wherever in it the lock is."""
    _touch(site / "aaa-1.dist-info" / "kernels.lock")
    _touch(site / "aaa-1.dist-info" / "RECORD", "aaa/sub/mod.py,,\npkg/sub/mod.pyc,,\n")
    lock = _touch(site / "pkg-1.dist-info" / place / "kernels.lock")
    _touch(site / "pkg-1.dist-info" / "RECORD", "pkg/__init__.py,sha256=abc,1\npkg/sub/mod.py,sha256=abc,1\n")

    assert lock == find_lock(_module(site / "pkg" / "sub" / "mod.py", "pkg.sub"))
    assert lock != find_lock(_module(site / "aaa" / "sub" / "mod.py", "aaa.sub"))
    with pytest.raises(LockNotFoundError):
        find_lock(_module(site / "other" / "mod.py", "other"))


def test_two_packages_of_one_namespace_have_locks_of_their_own(site: Path) -> None:
    """The names of packages do not tell distributions apart that share a namespace; their lists of files do."""
    for name in ("one", "two"):
        _touch(site / f"{name}-1.dist-info" / "kernels.lock")
        _touch(site / f"{name}-1.dist-info" / "top_level.txt", "ns\n")
        _touch(site / f"{name}-1.dist-info" / "RECORD", f'"ns/{name}/mod.py",,\n')

    for name in ("one", "two"):
        found = find_lock(_module(site / "ns" / name / "mod.py", f"ns.{name}"))
        assert site / f"{name}-1.dist-info" / "kernels.lock" == found


def test_a_script_of_a_distribution_has_its_lock(site: Path) -> None:
    """The list of files also has what is installed elsewhere."""
    lock = _touch(site / "pkg-1.dist-info" / "kernels.lock")
    _touch(site / "pkg-1.dist-info" / "RECORD", "../../bin/tool,,\n")
    _touch(site.parents[1] / "bin" / "setup.cfg")

    assert lock == find_lock(_module(site.parents[1] / "bin" / "tool"))


@pytest.mark.parametrize(
    ("names", "package", "found"), [("pkg", "pkg", True), ("mod", "", True), ("other", "pkg", False)]
)
def test_old_metadata_names_its_packages(site: Path, names: str, package: str, found: bool) -> None:
    """A distribution without a list of files owns the packages and modules that it names."""
    lock = _touch(site / "old-1-py3.11.egg-info" / "kernels.lock")
    _touch(site / "old-1-py3.11.egg-info" / "top_level.txt", f"first\n{names}\n")
    module = _module(site / package / "mod.py", package)

    if found:
        assert lock == find_lock(module)
    else:
        with pytest.raises(LockNotFoundError):
            find_lock(module)


def _editable(site: Path, name: str, project: Path, **dir_info: object) -> Path:
    metadata = site / f"{name}-1.dist-info"
    _touch(metadata / "RECORD", f"{name}.pth,,\n")
    _touch(metadata / "direct_url.json", json.dumps({"url": project.as_uri(), "dir_info": dir_info}))
    return _touch(metadata / "kernels.lock")


def test_an_editable_installation_owns_its_source_tree(site: Path, tmp_path: Path) -> None:
    """A module belongs to the innermost source tree that was installed to be edited."""
    project = tmp_path / "a project"
    outer = _editable(site, "outer", project, editable=True)
    inner = _editable(site, "inner", project / "inner", editable=True)
    _editable(site, "regular", project / "inner" / "pkg")
    _touch(project / "inner" / "pyproject.toml")
    _touch(project / "pyproject.toml")

    assert inner == find_lock(_module(project / "inner" / "pkg" / "mod.py", "pkg"))
    assert outer == find_lock(_module(project / "pkg" / "mod.py", "pkg"))


@pytest.mark.parametrize(
    "files",
    [
        {"RECORD": ""},
        {"RECORD": "", "direct_url.json": "{"},
        {"RECORD": "", "direct_url.json": "[]"},
        {"RECORD": "", "direct_url.json": '{"dir_info": {"editable": true}}'},
        {"top_level.txt": ""},
        {},
    ],
)
def test_metadata_that_says_nothing_owns_nothing(site: Path, files: dict[str, str]) -> None:
    """A lock in metadata that does not tell whose it is, or cannot be read, is not taken."""
    _touch(site / "pkg-1.dist-info" / "kernels.lock")
    for name, text in files.items():
        _touch(site / "pkg-1.dist-info" / name, text)

    with pytest.raises(LockNotFoundError):
        find_lock(_module(site / "pkg" / "mod.py", "pkg"))


def test_entries_of_the_path_that_are_no_folder_are_passed_over(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's path may name archives and folders that do not exist."""
    monkeypatch.setattr(sys, "path", [str(tmp_path / "none"), str(_touch(tmp_path / "archive.zip")), *sys.path])
    lock = _touch(site / "pkg-1.dist-info" / "kernels.lock")
    _touch(site / "pkg-1.dist-info" / "RECORD", "pkg/mod.py,,\n")

    assert lock == find_lock(_module(site / "pkg" / "mod.py", "pkg"))


def test_the_error_says_where_the_lock_was_looked_for_and_what_to_do(tmp_path: Path) -> None:
    """A person sees every folder, the command that writes a lock, and the argument that names one."""
    _touch(tmp_path / "pyproject.toml")
    module = _module(tmp_path / "src" / "pkg" / "mod.py", "pkg")

    with pytest.raises(LockNotFoundError) as caught:
        find_lock(module)

    folders = ", ".join(str(tmp_path / folder) for folder in ("src/pkg", "src", "."))
    assert (
        f"Could not find the kernels.lock of the project that {module['__file__']} belongs to. It was looked for in: "
        f"{folders}, the metadata of the installed packages. Write one with `kernels lock` in the project and, if that "
        "is installed, install it anew so that its metadata has the file; or say where it is with `lockfile`."
    ) == str(caught.value)


def test_the_search_needs_no_inventory_of_the_environment(tmp_path: Path) -> None:
    """Neither the metadata library nor the Hub client is imported: each costs more than the whole search."""
    script = _touch(
        tmp_path / "script.py",
        "import sys\n"
        "from kernels.lock import find_lock\n"
        "try:\n"
        "    find_lock(globals())\n"
        "except FileNotFoundError:\n"
        "    print(*({'importlib.metadata', 'huggingface_hub', 'torch'} & set(sys.modules)))\n",
    )
    _touch(tmp_path / "setup.cfg")

    result = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True, cwd=os.sep)
    assert "" == result.stdout.strip()
    assert "" == result.stderr


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything may be read")
def test_folders_that_may_not_be_entered_have_no_lock(tmp_path: Path) -> None:
    """A folder above that may not be entered is passed over."""
    lock = _touch(tmp_path / "kernels.lock")
    module = _module(tmp_path / "closed" / "pkg" / "mod.py", "pkg")
    (tmp_path / "closed").chmod(0)
    try:
        assert lock == find_lock(module)
    finally:
        (tmp_path / "closed").chmod(0o700)
