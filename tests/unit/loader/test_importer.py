"""One build → one module."""

import importlib
import json
import pickle
import shutil
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from kernels.digest import digest_tree
from kernels.errors import KernelIdError, KernelNotFoundError
from kernels.importer import import_kernel, loaded_from, loaded_kernels
from kernels.loaded import RepoInfo
from kernels.metadata import read_metadata

MakeBuild = Callable[..., Path]
CountingBody = tuple[str, Callable[[], int]]
THREADS = 8


def _load(build: Path) -> ModuleType:
    return import_kernel(build, read_metadata(build))


def _id(build: Path) -> str:
    return read_metadata(build).id


def _traces(name: str) -> list[str]:
    """What the process still knows of an id."""
    modules = [key for key in sys.modules if key == name or key.startswith(f"{name}.")]
    return modules + [loaded.metadata.id for loaded in loaded_kernels() if loaded.metadata.id == name]


def _at_once(calls: list[Callable[[], ModuleType]]) -> list[ModuleType | Exception]:
    """The results of calls that start at the same moment, each in its own thread."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], ModuleType]) -> ModuleType | Exception:
        start.wait()
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - the result of the call
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_a_module_has_the_name_and_place_of_its_build(make_build: MakeBuild) -> None:
    """The module is a package under the id of the kernel, with its submodules beside it."""
    build = make_build("from . import part\nfrom .part import answer\n", files={"part.py": "answer = 42\n"})

    module = _load(build)

    assert (_id(build), str(build / "__init__.py"), [str(build)]) == (module.__name__, module.__file__, module.__path__)
    assert (42, f"{_id(build)}.part") == (module.answer, module.part.__name__)
    assert sys.modules[_id(build)] is module


def test_the_older_layout(make_build: MakeBuild) -> None:
    """A build whose package is in a folder with the name of the kernel is loaded from there."""
    build = make_build(
        "from .part import answer\n", package="test_kernel", files={"test_kernel/part.py": "answer = 42\n"}
    )

    module = _load(build)

    assert (42, str(build / "test_kernel" / "__init__.py")) == (module.answer, module.__file__)


def test_a_build_without_a_module(make_build: MakeBuild) -> None:
    """A folder with metadata alone is no build."""
    build = make_build()
    (build / "__init__.py").unlink()

    with pytest.raises(KernelNotFoundError, match=r"has neither __init__\.py nor test_kernel/__init__\.py"):
        _load(build)


def test_every_path_to_a_build_is_the_same_kernel(
    make_build: MakeBuild, counting_body: CountingBody, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Relative, absolute and linked paths of one folder give one module."""
    body, executions = counting_body
    build = make_build(body)
    (tmp_path / "link").symlink_to(build)
    monkeypatch.chdir(build.parent)

    paths = [build, Path(build.name), tmp_path / "link", build / ".." / build.name]

    assert len({id(_load(path)) for path in paths}) == 1
    assert executions() == 1


def test_files_may_be_links(make_build: MakeBuild, tmp_path: Path) -> None:
    """In the cache of the Hub client every file is a link to somewhere else; the module stays at its own path."""
    build = make_build("from .part import answer\n", files={"part.py": "answer = 42\n"})
    for index, name in enumerate(("__init__.py", "part.py", "metadata.json")):
        (build / name).rename(tmp_path / f"blob{index}")
        (build / name).symlink_to(tmp_path / f"blob{index}")

    module = _load(build)

    assert (42, str(build / "__init__.py")) == (module.answer, module.__file__)


def test_loaded_kernels_are_listed(make_build: MakeBuild) -> None:
    """A loaded kernel is listed once, with its metadata and its origin, in a list of the caller's own."""
    build = make_build()
    before = len(loaded_kernels())

    module = import_kernel(build, read_metadata(build), RepoInfo("o/r", "v1"))
    _load(build)
    listed = loaded_kernels()[before:]
    loaded_kernels().clear()

    assert [(read_metadata(build), module, RepoInfo("o/r", "v1"))] == [
        (one.metadata, one.module, one.repo_info) for one in listed
    ]
    assert loaded_from(build) is listed[0]
    assert len(loaded_kernels()) == before + 1


@pytest.mark.parametrize("name", ["json", "this", "kernels", "pytest", "__main__", "builtins", "importlib", "nt"])
def test_ids_of_other_modules_are_refused(make_build: MakeBuild, counting_body: CountingBody, name: str) -> None:
    """A kernel cannot take the name of a loaded, installed or standard module, and nothing of it runs."""
    body, executions = counting_body
    before = sys.modules.get(name)

    with pytest.raises(KernelIdError, match=f"has the id '{name}', which would hide the module {name}"):
        _load(make_build(body, id=name))

    assert executions() == 0
    assert sys.modules.get(name) is before


def test_ids_of_torch_are_refused(make_build: MakeBuild, counting_body: CountingBody) -> None:
    """A kernel cannot pass itself off as Torch, whether Torch is loaded or only installed."""
    if importlib.util.find_spec("torch") is None:
        pytest.skip("Torch is not installed")
    body, executions = counting_body

    with pytest.raises(KernelIdError, match="would hide the module torch"):
        _load(make_build(body, id="torch"))

    assert executions() == 0


@pytest.mark.parametrize("path", ["{}.py", "{}/__init__.py", "{}/other.txt"])
def test_importable_modules_are_not_executed(
    make_build: MakeBuild, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fresh_id: str, path: str
) -> None:
    """A module, a package or a namespace of the same name is found and refused without being executed."""
    file = tmp_path / "site" / path.format(fresh_id)
    file.parent.mkdir(parents=True)
    file.write_text("raise RuntimeError", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "site")

    with pytest.raises(KernelIdError, match=f"is installed in .*{tmp_path.name}"):
        _load(make_build("raise RuntimeError", id=fresh_id))

    assert [] == _traces(fresh_id)


def test_a_build_does_not_hide_itself(make_build: MakeBuild, monkeypatch: pytest.MonkeyPatch, fresh_id: str) -> None:
    """Python that runs in the folder of a build sees its native module under the id of the kernel; that is no other."""
    build = make_build("answer = 42\n", id=fresh_id, files={f"{fresh_id}.py": "raise RuntimeError\n"})
    monkeypatch.syspath_prepend(build)

    assert _load(build).answer == 42


@pytest.mark.parametrize("failure", ["RuntimeError('no')", "SystemExit", "KeyboardInterrupt", "ImportError('no')"])
def test_a_failed_import_leaves_no_trace(make_build: MakeBuild, failure: str) -> None:
    """After a failure no module, no submodule and no entry is left, and the mended kernel loads."""
    build = make_build(f"from . import part, other\nraise {failure}\n", files={"part.py": "", "other.py": "x = 1\n"})
    before = loaded_kernels()

    with pytest.raises(BaseException, match=r"no|^$"):
        _load(build)

    assert [] == _traces(_id(build))
    assert before == loaded_kernels()
    assert importlib.util.find_spec(_id(build)) is None

    (build / "__init__.py").write_text("from .other import x\nmended = True\n", encoding="utf-8")
    assert _load(build).mended


def test_a_failed_id_is_free_again(make_build: MakeBuild, fresh_id: str) -> None:
    """Another build may have the id of one that failed."""
    broken = make_build("1 / 0\n", id=fresh_id, project="broken")
    good = make_build("answer = 42\n", id=fresh_id, project="good")

    with pytest.raises(ZeroDivisionError):
        _load(broken)

    assert _load(good).answer == 42


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions have no notes before Python 3.11")
def test_a_failure_names_the_kernel(make_build: MakeBuild) -> None:
    """The traceback says which kernel was being imported, and from where."""
    build = make_build("1 / 0\n")

    with pytest.raises(ZeroDivisionError) as caught:
        _load(build)

    assert [f"while importing the kernel test-kernel ({_id(build)}) from {build}"] == getattr(
        caught.value, "__notes__", []
    )


def test_two_versions_live_side_by_side(make_build: MakeBuild) -> None:
    """Two builds of one kernel with different ids are two modules, each with its own submodules."""
    source = "from .part import answer\n"
    old = make_build(source, project="old", files={"part.py": "answer = 'old'\n"})
    new = make_build(source, project="new", files={"part.py": "answer = 'new'\n"}, version=2)

    assert ["old", "new"] == [_load(old).answer, _load(new).answer]
    assert ["old", "new"] == [sys.modules[f"{_id(build)}.part"].answer for build in (old, new)]


@pytest.mark.parametrize("with_digest", [False, True])
def test_a_copy_is_the_same_kernel(make_build: MakeBuild, tmp_path: Path, with_digest: bool) -> None:
    """A build with the id and the contents of a loaded one is that one."""
    build = make_build("answer = 42\n")
    if with_digest:
        digest = digest_tree(build)
        document = json.loads((build / "metadata.json").read_bytes())
        document["digest"] = {"algorithm": digest.algorithm, "files": digest.files}
        (build / "metadata.json").write_text(json.dumps(document), encoding="utf-8")
    shutil.copytree(build, tmp_path / "copy")
    module = _load(build)
    count = len(loaded_kernels())

    assert _load(tmp_path / "copy") is module
    assert loaded_from(tmp_path / "copy") is loaded_from(build)
    assert count == len(loaded_kernels())


def test_a_copy_that_was_changed_is_another_kernel(make_build: MakeBuild, tmp_path: Path) -> None:
    """A copy that still has the digest of the original, but no longer its contents, is not taken for it."""
    build = make_build("answer = 42\n")
    digest = digest_tree(build)
    document = json.loads((build / "metadata.json").read_bytes())
    document["digest"] = {"algorithm": digest.algorithm, "files": digest.files}
    (build / "metadata.json").write_text(json.dumps(document), encoding="utf-8")
    copy = Path(shutil.copytree(build, tmp_path / "copy"))
    (copy / "__init__.py").write_text("answer = 43\n", encoding="utf-8")
    _load(build)

    with pytest.raises(KernelIdError):
        _load(copy)


def test_a_different_build_with_the_same_id_is_refused(make_build: MakeBuild, fresh_id: str) -> None:
    """The error says where the loaded build came from and what to do."""
    old = make_build("answer = 'old'\n", id=fresh_id, project="old")
    new = make_build("answer = 'new'\n", id=fresh_id, project="new")
    _load(old)

    with pytest.raises(KernelIdError) as caught:
        _load(new)

    assert (
        f"the kernel in {new} has the id '{fresh_id}', under which another build was loaded from {old}; start a new "
        "process to load this one instead, or build it from a clean commit, which gives it an id of its own"
    ) == str(caught.value)
    assert _load(old).answer == "old"


def test_a_build_that_has_gone_is_different(make_build: MakeBuild, fresh_id: str) -> None:
    """Nothing shows that a build is the same as one that is no longer there."""
    old = make_build(id=fresh_id, project="old")
    new = make_build(id=fresh_id, project="new")
    _load(old)
    shutil.rmtree(old)

    with pytest.raises(KernelIdError):
        _load(new)


def test_threads_share_one_import(make_build: MakeBuild, counting_body: CountingBody) -> None:
    """Threads that race for fresh builds execute each once and all get the same module."""
    body, executions = counting_body

    for number in range(50):
        build = make_build(body, project=f"round{number}")
        modules = _at_once([lambda build=build: _load(build)] * THREADS)  # type: ignore[misc]
        assert [id(sys.modules[_id(build)])] * THREADS == [id(module) for module in modules]
        assert number + 1 == executions()


def test_threads_share_one_import_of_copies(make_build: MakeBuild, counting_body: CountingBody, tmp_path: Path) -> None:
    """Copies of one build in several folders are one kernel, from any thread."""
    body, executions = counting_body

    for number in range(20):
        build = make_build(body, project=f"round{number}")
        copies = [build, *(tmp_path / f"copy{number}-{index}" for index in range(THREADS - 1))]
        for copy in copies[1:]:
            shutil.copytree(build, copy)
        modules = _at_once([lambda copy=copy: _load(copy) for copy in copies])  # type: ignore[misc]
        assert [id(sys.modules[_id(build)])] * THREADS == [id(module) for module in modules]
        assert number + 1 == executions()


def test_threads_survive_failures(make_build: MakeBuild, counting_body: CountingBody, tmp_path: Path) -> None:
    """While a kernel fails, each failure is raised in one thread; from its first success on all get one module."""
    body, executions = counting_body

    for number in range(20):
        first = executions()
        build = make_build(
            body
            + f"if os.path.getsize({str(tmp_path / 'executions')!r}) < {first + 4}: raise RuntimeError('not yet')\n",
            project=f"round{number}",
        )
        results = _at_once([lambda build=build: _load(build)] * THREADS)  # type: ignore[misc]
        failures = [str(result) for result in results if isinstance(result, Exception)]
        modules = [result for result in results if isinstance(result, ModuleType)]
        assert ["not yet"] * 3 == failures
        assert [id(sys.modules[_id(build)])] * (THREADS - 3) == [id(module) for module in modules]
        assert first + 4 == executions()


def test_threads_leave_no_trace_of_a_failure(make_build: MakeBuild) -> None:
    """When every thread fails, nothing is left of the kernel."""
    build = make_build("from . import part\n1 / 0\n", files={"part.py": ""})

    results = _at_once([lambda: _load(build)] * THREADS)

    assert [ZeroDivisionError] * THREADS == [type(result) for result in results]
    assert [] == _traces(_id(build))


def test_kernels_that_load_each_other(make_build: MakeBuild, tmp_path: Path) -> None:
    """Two kernels that load each other from two threads at once do not wait for each other for ever."""
    source = (
        "import time\nfrom pathlib import Path\nfrom kernels.importer import import_kernel\n"
        "from kernels.metadata import read_metadata\ntime.sleep(0.05)\n"
        "other = Path({!r})\nother = import_kernel(other, read_metadata(other))\n"
    )
    builds = [tmp_path / name / "build" / "torch-universal" for name in ("one", "two")]
    for build, other in zip(builds, reversed(builds), strict=True):
        make_build(source.format(str(other)), project=build.parent.parent.name)

    one, two = _at_once([lambda build=build: _load(build) for build in builds])  # type: ignore[misc]

    assert isinstance(one, ModuleType)
    assert isinstance(two, ModuleType)
    assert (two, one) == (one.other, two.other)


def test_a_kernel_may_load_itself(make_build: MakeBuild, tmp_path: Path) -> None:
    """A kernel that loads itself while it is imported gets the module that is being made."""
    path = tmp_path / "kernel" / "build" / "torch-universal"
    build = make_build(
        "from pathlib import Path\nfrom kernels.importer import import_kernel\n"
        "from kernels.metadata import read_metadata\n"
        f"me = import_kernel(Path({str(path)!r}), read_metadata(Path({str(path)!r})))\n"
    )

    module = _load(build)

    assert module.me is module
    assert loaded_from(build) is not None


def test_a_loaded_kernel_is_an_ordinary_module(make_build: MakeBuild) -> None:
    """It can be imported by name, reloaded, and its classes pickled."""
    build = make_build("class Thing:\n    pass\n")
    module = _load(build)

    thing = pickle.loads(pickle.dumps(module.Thing()))  # noqa: S301 - our own bytes

    assert isinstance(thing, module.Thing)
    assert importlib.import_module(_id(build)) is module
    assert importlib.reload(module) is module
    assert [build] == [Path(str(one.module.__file__)).parent for one in loaded_kernels() if one.module is module]
