"""Whatever happened to the files of a downloaded kernel: it runs as it was published, or not one line of it runs."""

import importlib.util
import itertools
import json
import os
import py_compile
import shutil
import stat
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest
from support.builds import MODULE
from support.hub import HubServer
from support.published import VARIANT, PublishedKernel

import kernels
from kernels.errors import KernelsError
from kernels.integrity import file_hashes


@pytest.fixture
def kernel(hub_client: HubServer, tmp_path: Path) -> PublishedKernel:
    """A kernel that has been downloaded, and of which nothing has run."""
    return PublishedKernel(hub_client, tmp_path)


LOADS: dict[str, Callable[[PublishedKernel], ModuleType]] = {
    "version": lambda kernel: kernels.get_kernel(kernel.repo_id, version=1),
    "commit": lambda kernel: kernels.get_kernel(kernel.repo_id, revision=kernel.commit),
    "locked": lambda kernel: kernels.get_locked_kernel(kernel.repo_id, lockfile=kernel.lockfile),
    "local": lambda kernel: kernels.load_kernel(kernel.repo_id, lockfile=kernel.lockfile),
}


def _flip(path: Path, _spare: Path) -> None:
    """One bit; the length and the time of modification stay."""
    status, contents = path.stat(), bytearray(path.read_bytes())
    contents[len(contents) // 2] ^= 1
    path.write_bytes(contents)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _append(path: Path, _spare: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\n")


def _link_to_an_equal_copy(path: Path, spare: Path) -> None:
    shutil.copy2(path, spare)
    path.unlink()
    path.symlink_to(spare)


def _replace(path: Path, _spare: Path) -> None:
    contents = path.read_bytes()
    path.unlink()
    path.write_bytes(contents.replace(b"value = ", b"value = 1"))
    _append(path, path)


def _swap_blob(path: Path, spare: Path) -> None:
    """The file behind the Hub client's link becomes a link to an equal copy."""
    _link_to_an_equal_copy(Path(os.path.realpath(path)), spare)


def _copy_folder(folder: Path, spare: Path) -> None:
    shutil.copytree(folder, spare)
    shutil.rmtree(folder)
    folder.symlink_to(spare)


def _move_folder(folder: Path, spare: Path) -> None:
    """The files stay the same ones, down to their inodes; where they have links, these still lead to them."""
    beside = folder.with_name("moved")
    folder.rename(beside)
    folder.symlink_to(beside)


def _add(path: Path, _spare: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("raise AssertionError\n", "utf-8")


def _damages(kernel: PublishedKernel) -> Iterator[tuple[Callable[[Path, Path], None], str]]:
    """Everything that is done to each file and each folder, and to what, by its path within the build."""
    changes = (_flip, _append, _link_to_an_equal_copy, _replace, _swap_blob)
    yield from itertools.product(changes, kernel.files)
    added = ("evil.py", "sub.abi3.so", "evil/__init__.py", ".hidden", "metadata.json.sigstore")
    yield from ((_add, f"{folder}/{name}") for folder, name in itertools.product((".", "nested", MODULE), added))
    yield from itertools.product((_copy_folder, _move_folder), ("nested", MODULE, ".", "..", "../.."))


def _outcome(load: Callable[[PublishedKernel], object], kernel: PublishedKernel) -> str:
    try:
        load(kernel)
    except KernelsError as error:
        return type(error).__name__
    return "loaded"


@pytest.mark.parametrize("state", ["receipt", "list", "nothing"])
@pytest.mark.parametrize("load", LOADS)
def test_a_damaged_kernel_is_refused(kernel: PublishedKernel, tmp_path: Path, load: str, state: str) -> None:
    """Each damage to each file is found, each time, before anything runs; the good build loads."""
    # Where nothing is known but what the build says of itself, damage looks like a download that did not end.
    refusals = {"IntegrityError"} if (load, state) != ("local", "nothing") else {"IntegrityError", "NotCachedError"}
    spares = tmp_path / "spares"
    spares.mkdir()
    for number, (damage, path) in enumerate(_damages(kernel)):
        kernel.restore(state)
        place = os.path.abspath(kernel.tree / path)  # noqa: PTH100 - without following links
        damage(Path(place), spares / str(number))
        outcomes = {_outcome(LOADS[load], kernel) for _ in range(2)}
        assert (set(), []) == (outcomes - refusals, kernel.take_marks()), f"{damage.__name__} {path}"
    kernel.restore(state)
    assert 3 == LOADS[load](kernel).value


@pytest.mark.parametrize("state", ["receipt", "list", "nothing"])
@pytest.mark.parametrize("load", LOADS)
def test_a_missing_file_is_noticed(kernel: PublishedKernel, load: str, state: str) -> None:
    """A build that was whole is refused; one that never was is downloaded to its end, where that is allowed."""
    for path in kernel.files:
        kernel.restore(state)
        (kernel.tree / path).unlink()
        if state == "receipt" or load == "local":
            refusal = "IntegrityError" if state == "receipt" else "NotCachedError"
            assert ([refusal] * 2, []) == ([_outcome(LOADS[load], kernel) for _ in range(2)], kernel.take_marks()), path
        else:
            kernels.install_kernel(kernel.repo_id, version=1)
            assert kernel.files[path] == (kernel.tree / path).read_bytes()
    kernel.restore(state)
    assert 3 == LOADS[load](kernel).value


@pytest.mark.parametrize("state", ["list", "nothing"])
@pytest.mark.parametrize("lost", ["sub.py", ""], ids=["file", "build"])
def test_a_local_load_never_asks_the_hub(kernel: PublishedKernel, hub_client: HubServer, lost: str, state: str) -> None:
    """What the cache does not know is not asked for, where only local files may be used."""
    loads = [
        LOADS["local"],
        lambda kernel: kernels.load_kernel(kernel.repo_id, revision=kernel.commit),
        lambda kernel: kernels.install_kernel(kernel.repo_id, version=1, local_files_only=True),
        lambda kernel: kernels.install_kernel(kernel.repo_id, "main", local_files_only=True),
        lambda kernel: kernels.get_locked_kernel(kernel.repo_id, local_files_only=True, lockfile=kernel.lockfile),
    ]
    kernel.restore(state)
    (kernel.tree / lost).rename(kernel.tree.parent.parent / "lost")
    hub_client.clear_requests()
    assert (["NotCachedError"] * 5, []) == ([_outcome(load, kernel) for load in loads], hub_client.requests)


def test_a_lock_holds_against_a_forged_list(hub_client: HubServer, tmp_path: Path) -> None:
    """Who changes a file and what the cache notes of it gets past neither of the two ways to load a locked kernel."""
    kernel = PublishedKernel(hub_client, tmp_path, None, digest=None)
    kernel.restore("list")
    (kernel.tree / "sub.py").write_text(kernel.marking("value = 10\n"), "utf-8")
    noted = kernel.receipt.with_name("files.json")
    files = json.loads(noted.read_text("utf-8"))
    forged = (kernel.tree / "sub.py").stat().st_size, file_hashes(kernel.tree / "sub.py")[0], False
    noted.write_text(json.dumps({**files, f"build/{VARIANT}/sub.py": forged}), "utf-8")
    outcomes = [_outcome(LOADS[load], kernel) for load in ("locked", "local") * 2]
    assert (["IntegrityError"] * 4, []) == (outcomes, kernel.take_marks())
    assert 12 == LOADS["commit"](kernel).value, "the forgery is none"


def _compile(source: str, target: Path, like: Path | None, mode: py_compile.PycInvalidationMode) -> None:
    """Bytecode of one source whose header says that it was made from another one."""
    spare = target.with_suffix(".evil")
    target.parent.mkdir(parents=True, exist_ok=True)
    spare.write_text(source, "utf-8")
    py_compile.compile(str(spare), str(target), doraise=True, invalidation_mode=mode)
    spare.unlink()
    if like is not None and mode is py_compile.PycInvalidationMode.TIMESTAMP:
        header = importlib.util.MAGIC_NUMBER + bytes(4)  # https://peps.python.org/pep-0552/
        for number in (int(like.stat().st_mtime), like.stat().st_size):
            header += (number & 0xFFFFFFFF).to_bytes(4, "little")
        target.write_bytes(header + target.read_bytes()[len(header) :])


@pytest.mark.parametrize(
    "mode", [py_compile.PycInvalidationMode.TIMESTAMP, py_compile.PycInvalidationMode.UNCHECKED_HASH]
)
@pytest.mark.parametrize("state", ["receipt", "list", "nothing"])
def test_added_bytecode_never_runs(
    hub_client: HubServer, tmp_path: Path, state: str, mode: py_compile.PycInvalidationMode
) -> None:
    """Bytecode in a build is neither executed, whatever it says that it was made from, nor found as a module."""
    optional = "".join(
        f"try:\n    from .{name} import value\nexcept ImportError:\n    pass\nelse:\n    raise AssertionError\n"
        for name in ("absent", "absent_package", "nested.absent")
    )
    init = (
        "import importlib.util\nfrom . import sub\nfrom .nested import deep\nfrom .folder import inside\n"
        f"{optional}"
        "found = importlib.util.find_spec(f'{__name__}.absent')\n"
        "value = sub.value + deep.value + inside.value\n"
    )
    modules = {
        "__init__.py": init,
        "sub.py": "value = 1\n",
        "nested/__init__.py": "",
        "nested/deep.py": "value = 2\n",
        "folder/inside.py": "value = 4\n",  # a folder without __init__.py is a package too
    }
    kernel = PublishedKernel(hub_client, tmp_path, modules)
    kernel.restore(state)
    evil = kernel.marking("raise AssertionError('bytecode ran')\n")
    for path in modules:
        source = kernel.tree / path
        _compile(evil, Path(importlib.util.cache_from_source(str(source))), source, mode)
        _compile(evil, source.with_suffix(".pyc"), source, mode)
    for path in ("absent.pyc", "absent_package/__init__.pyc", "nested/absent.pyc"):
        _compile(evil, kernel.tree / path, None, mode)
    # What Python itself would take for the code of these sources.
    codes = [SourceFileLoader("x", str(kernel.tree / path)).get_code("x") for path in modules]
    assert [True] * len(modules) == ["bytecode ran" in code.co_consts for code in codes if code is not None]
    loaded = kernels.load_kernel(kernel.repo_id, kernel.lockfile)
    assert (7, None) == (loaded.value, loaded.found)
    names = ["", ".folder.inside", ".nested", ".nested.deep", ".sub"]
    assert sorted(f"{kernel.id}{name}" for name in names) == kernel.take_marks()


def test_loading_leaves_the_build_as_it_is(kernel: PublishedKernel) -> None:
    """No bytecode, and nothing else, comes into a build that is loaded."""
    assert 3 == LOADS["version"](kernel).value
    found = {path.relative_to(kernel.tree).as_posix() for path in kernel.tree.rglob("*") if not path.is_dir()}
    assert set(kernel.files) == found


@pytest.mark.parametrize("links", [True, False], ids=["links", "contents"])
def test_a_copied_cache_loads(
    kernel: PublishedKernel, hub_client: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """The same bytes in other files are verified anew and load without the Hub, with and without the client's links."""
    kernel.restore("receipt")
    shutil.copytree(kernel.cache.root, tmp_path / "copy", symlinks=links)
    shutil.rmtree(kernel.cache.root)
    hub_client.stop()
    monkeypatch.setenv("KERNELS_CACHE", str(tmp_path / "copy"))
    receipt = tmp_path / "copy" / kernel.receipt.relative_to(kernel.cache.root)
    before = receipt.read_text("utf-8")
    assert 3 == LOADS["local"](kernel).value
    assert before != receipt.read_text("utf-8")
    hub_client.start()


def _without_writing(folder: Path) -> Iterator[Path]:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
            yield path


#: Nothing that a process of the superuser could not write to, unless it gives that up.
_AS_ANYBODY = ("setpriv", "--bounding-set=-dac_override") if os.name == "posix" and os.geteuid() == 0 else ()
_READ_ONLY = """
import os, sys, kernels
repo_id, lockfile, root = sys.argv[1:]
assert not os.access(root, os.W_OK)
kernels.install_kernel(repo_id, version=1)
print(kernels.load_kernel(repo_id, lockfile).value)
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.skipif(bool(_AS_ANYBODY) and not shutil.which("setpriv"), reason="nothing is read-only for this user")
@pytest.mark.parametrize("state", ["receipt", "list"])
def test_a_cache_that_cannot_be_written_to_loads(kernel: PublishedKernel, hub_client: HubServer, state: str) -> None:
    """With a receipt, or verified each time; nothing in the cache changes."""
    kernel.restore(state)
    paths = list(_without_writing(kernel.cache.root))
    before = {path: path.stat() for path in paths}
    try:
        arguments = (kernel.repo_id, str(kernel.lockfile), str(kernel.cache.root))
        said = kernel.run(hub_client, _READ_ONLY, *arguments, prefix=_AS_ANYBODY)
        after = {path: path.stat() for path in kernel.cache.root.rglob("*") if not path.is_symlink()}
    finally:
        for path in paths:
            path.chmod(stat.S_IRWXU)
    assert ("3\n", set(before)) == (said, {*after, kernel.cache.root})
    assert [] == [path for path, status in after.items() if status.st_mtime_ns != before[path].st_mtime_ns]
