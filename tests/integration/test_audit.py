"""What a process that loads a kernel does, in order, as Python's own audit events tell it (PEP 578)."""

import json
from pathlib import Path

import pytest
from support.builds import MODULE
from support.hub import HubServer
from support.published import PublishedKernel


@pytest.fixture
def kernel(hub_client: HubServer, tmp_path: Path) -> PublishedKernel:
    """A kernel that has been downloaded, and of which nothing has run."""
    return PublishedKernel(hub_client, tmp_path)


_AUDITED = """
import json, os, sys

def reader():
    frame, files = sys._getframe(2), []
    while frame is not None:
        files.append(frame.f_code.co_filename)
        frame = frame.f_back
    if any(file.endswith("integrity.py") for file in files):
        return "verify"
    return "import" if any("importlib._bootstrap" in file for file in files[:4]) else "other"

def see(event, arguments):
    if event.startswith("socket."):
        seen.append((event, ""))
    path = {"open": 0, "os.scandir": 0, "os.rename": 1, "compile": 1, "exec": 0}.get(event)
    if path is None:
        return
    path = getattr(arguments[path], "co_filename", arguments[path])
    path = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
    if path == receipt:
        seen.append((event, "receipt"))
    elif path == tree or path.startswith(tree + os.sep):
        seen.append((f"{event} {reader()}" if event in ("open", "os.scandir") else event, os.path.relpath(path, tree)))

repo_id, tree, receipt = sys.argv[1:]
seen, calls = [], []
sys.addaudithook(see)
import kernels
from kernels.errors import IntegrityError
for _ in range(2):
    try:
        kernels.get_kernel(repo_id, version=1)
    except IntegrityError:
        pass
    calls.append(list(seen))
    seen.clear()
print(json.dumps(calls))
"""


def _audit(hub: HubServer, kernel: PublishedKernel, *, offline: bool) -> list[list[list[str]]]:
    """What two calls that load a kernel do, one after the other, in a new process: sockets, and what of the build.

    The readers of a file are told apart by the stack: `verify` is `kernels.integrity`, `import` Python's own machinery.
    """
    arguments = (kernel.repo_id, str(kernel.tree), str(kernel.receipt))
    said = kernel.run(hub, _AUDITED, *arguments, HF_HUB_OFFLINE=str(int(offline)))
    calls: list[list[list[str]]] = json.loads(said)
    return calls


def _paths(events: list[list[str]], *kinds: str) -> set[str]:
    return {path for kind, path in events if kind in kinds}


_RUNS = ("open import", "compile", "exec")


def test_every_file_is_verified_before_one_is_imported(kernel: PublishedKernel, hub_client: HubServer) -> None:
    """Without a receipt: every file is read, the receipt is written, and then the first source is opened to be run."""
    kernel.restore("list")
    loading, again = _audit(hub_client, kernel, offline=True)
    kinds = [kind for kind, _ in loading]
    written = loading.index(["os.rename", "receipt"])
    assert set(kernel.files) == _paths(loading[:written], "open verify")
    assert set() == _paths(loading[:written], *_RUNS) | _paths(loading[written:], "open verify")
    modules = {path for path in kernel.files if path.endswith(".py")} - {f"{MODULE}/__init__.py"}
    assert [modules] * 3 == [_paths(loading[written:], kind) for kind in _RUNS]
    assert ([], []) == ([kind for kind in kinds if kind.startswith("socket.")], again)


def test_every_folder_is_looked_at_before_a_file_is_imported(kernel: PublishedKernel, hub_client: HubServer) -> None:
    """With a receipt: no file is read to verify it, and each folder is looked through before anything is run."""
    kernel.restore("receipt")
    loading, again = _audit(hub_client, kernel, offline=True)
    first = next(index for index, (kind, _) in enumerate(loading) if kind in _RUNS)
    assert {".", "nested", MODULE} == _paths(loading[:first], "os.scandir verify")
    assert {"metadata.json"} == _paths(loading[:first], "open verify", "open other")
    assert ([], []) == ([kind for kind, _ in loading if kind.startswith("socket.")], again)


def test_a_loaded_kernel_needs_no_network(kernel: PublishedKernel, hub_client: HubServer) -> None:
    """The first call asks the Hub which commit the version has; the second opens no socket and no file."""
    kernel.restore("receipt")
    loading, again = _audit(hub_client, kernel, offline=False)
    assert (True, []) == ("socket.connect" in {kind for kind, _ in loading}, again)


@pytest.mark.parametrize("state", ["receipt", "list"])
def test_nothing_of_a_damaged_kernel_is_opened_to_be_run(
    kernel: PublishedKernel, hub_client: HubServer, state: str
) -> None:
    """No source of a build with one changed file is read by the import system, compiled or executed."""
    kernel.restore(state)
    with (kernel.tree / "native.abi3.so").open("ab") as file:
        file.write(b"x")
    for events in _audit(hub_client, kernel, offline=True):
        assert (set(kernel.files), set()) == (_paths(events, "open verify"), _paths(events, *_RUNS))
