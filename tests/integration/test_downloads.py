"""Downloads that are cut off, damaged on their way, or made by many processes at once: whole kernels, or none."""

import collections
import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import hf_hub_download, snapshot_download
from support.builds import make_build
from support.hub import HubServer, faults
from support.published import VARIANT, PublishedKernel

import kernels
from kernels.digest import digest_tree
from kernels.errors import HubUnreachableError, IntegrityError, NotCachedError
from kernels.hub import trust

_REPO = "org/large"
_KILLS = 40
_PROCESSES = 8


@pytest.fixture
def large(hub: HubServer, tmp_path: Path) -> dict[str, str]:
    """A kernel of a dozen files, some of them large, that looks at all of its files: path → SHA-256."""
    chance = random.Random(0)  # noqa: S311 - not cryptography
    names = [*(f"part{number}" for number in range(6)), "nested.deep", "nested.deeper"]
    modules = {
        f"{name.replace('.', '/')}.py": f"value = 1\n# {chance.randbytes(1000 * 4**size).hex()}\n"
        for name, size in zip(names, (0, 1, 2, 3, 3, 3, 0, 4), strict=True)
    }
    natives = {f"native{number}.abi3.so": chance.randbytes(150_000).hex() for number in range(2)}
    init = (
        "import hashlib, importlib\nfrom pathlib import Path\n"
        f"for name in {names}:\n    importlib.import_module(f'.{{name}}', __name__)\n"
        "root = Path(__file__).parent\n"
        "seen = {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()\n"
        "        for path in root.rglob('*') if path.is_file()}\n"
    )
    build = make_build(
        tmp_path / "large" / "build" / VARIANT, {"__init__.py": init, **modules, **natives}, id="_large_kernel"
    )
    hub.publish(tmp_path / "large", _REPO)
    hub.trust("org")
    return {
        path.relative_to(build).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in build.rglob("*")
        if path.is_file()
    }


#: Torch takes seconds to import and has no part in this.
_LOAD = """
import json, sys
sys.modules["torch"] = None
from huggingface_hub import get_session, hf_hub_download
from kernels import get_kernel
from kernels.errors import KernelsError
from kernels.system import current_system
current_system()
print("ready", flush=True)
sys.stdin.readline()
try:
    print(json.dumps(get_kernel(sys.argv[1], version=1).seen))
except KernelsError as error:
    print(json.dumps(type(error).__name__))
"""


class _Loader:
    """A new process that has imported everything, and loads the large kernel when it is told to."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LOAD, _REPO],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self) -> None:
        """Let it load."""
        assert self.process.stdout is not None
        assert self.process.stdin is not None
        assert "ready\n" == self.process.stdout.readline(), self.process.communicate()[1]
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def result(self) -> object:
        """What the kernel saw of itself, or the error of the loader."""
        output, errors = self.process.communicate()
        assert 0 == self.process.returncode, errors
        return json.loads(output)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_a_killed_download_never_leaves_half_a_kernel(
    client: dict[str, str], hub: HubServer, large: dict[str, str], tmp_path: Path
) -> None:
    """40 kills at random moments: without the Hub the kernel then loads whole or is refused, and with it it loads."""
    hub.latency = 0.005
    hub.fail("GET */resolve/*", faults.Slow(500_000), times=1_000_000)
    whole = _Loader({**client, **hub.env(tmp_path / "measured")})
    whole.start()
    started = time.monotonic()
    assert large == whole.result()
    duration = time.monotonic() - started
    seed = random.randrange(2**32)  # noqa: S311 - not cryptography
    chance = random.Random(seed)  # noqa: S311
    counts = collections.Counter[int]()
    for number in range(4 * _KILLS):
        where = f"seed {seed}, round {number}, {counts.total()} killed"
        home = tmp_path / f"round{number}"
        environment = {**client, **hub.env(home)}
        killed, offline, online = (
            _Loader({**environment, "HF_HUB_OFFLINE": is_offline}) for is_offline in ("0", "1", "0")
        )
        killed.start()
        time.sleep(chance.uniform(0, duration))
        killed.process.send_signal(signal.SIGKILL)
        killed.process.communicate()
        files = len(list((home / "hub").glob("kernels--*/snapshots/*/build/*/**/*.*")))
        counts[files] += killed.process.returncode == -signal.SIGKILL
        offline.start()
        assert offline.result() in (large, "NotCachedError"), where
        online.start()
        assert large == online.result(), where
        shutil.rmtree(home)
        if counts.total() == _KILLS:
            break
    assert _KILLS == counts.total(), "most downloads ended before they could be killed"
    assert len(counts) > 3, f"the kills came at few moments: files that were there → kills: {counts}"


@pytest.mark.heavy
def test_processes_that_start_together_download_once(
    client: dict[str, str], hub: HubServer, large: dict[str, str], tmp_path: Path
) -> None:
    """Eight processes, one empty cache: each loads the kernel, and each file is asked for once."""
    hub.latency = 0.005
    loaders = [_Loader({**client, **hub.env(tmp_path / "hf")}) for _ in range(_PROCESSES)]
    for loader in loaders:
        loader.start()
    assert [large] * _PROCESSES == [loader.result() for loader in loaders]
    asked = collections.Counter(
        record.path.partition(f"/{VARIANT}/")[2] for record in hub.requests_for("GET */resolve/*")
    )
    assert dict.fromkeys(large, 1) == asked


# One process, one small kernel


@pytest.fixture(autouse=True)
def nobody_vouched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test asks the Hub whom it trusts."""
    monkeypatch.setattr(trust, "_ANSWERS", {})


def _cold(hub: HubServer, folder: Path, **metadata: object) -> PublishedKernel:
    """A kernel that is on the Hub and not in the cache."""
    kernel = PublishedKernel(hub, folder, None, **metadata)
    shutil.rmtree(kernel.cache.root)
    trust._ANSWERS.clear()  # noqa: SLF001 - no process asks twice
    hub.clear_requests()
    return kernel


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Switches the network of this process off and on, as its environment would have."""
    return lambda off: monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", off)


def _loads(kernel: PublishedKernel) -> Iterator[Callable[[], object]]:
    yield lambda: kernels.get_kernel(kernel.repo_id, version=1)
    yield lambda: kernels.get_kernel(kernel.repo_id, revision=kernel.commit)
    yield lambda: kernels.load_kernel(kernel.repo_id, revision="v1")


@pytest.mark.parametrize("metadata", [{}, {"digest": None}], ids=["digest", "no-digest"])
def test_half_a_snapshot_is_refused_and_completed(
    hub_client: HubServer, tmp_path: Path, offline: Callable[[bool], None], metadata: dict[str, object]
) -> None:
    """What another program left lacks one file: nothing of it runs without the Hub, and with it the file comes."""
    kernel = _cold(hub_client, tmp_path, **metadata)
    for lacking in kernel.files:
        for path in set(kernel.files) - {lacking}:
            hf_hub_download(kernel.repo_id, f"build/{VARIANT}/{path}", repo_type="kernel", revision="v1")
        offline(True)
        for load in [*_loads(kernel), *_loads(kernel)]:
            with pytest.raises(NotCachedError):
                load()
        offline(False)
        kernels.install_kernel(kernel.repo_id, version=1)
        assert kernel.files[lacking] == (kernel.tree / lacking).read_bytes()
        shutil.rmtree(kernel.cache.root)
    assert [] == kernel.take_marks()
    assert 3 == kernels.get_kernel(kernel.repo_id, version=1).value


def test_a_whole_snapshot_of_another_program_loads_by_its_digest(
    hub_client: HubServer, tmp_path: Path, offline: Callable[[bool], None]
) -> None:
    """Without the Hub, the digest of the build says that it is whole; a build without one is refused."""
    vouched, bare = (_cold(hub_client, tmp_path / name, **more) for name, more in (("a", {}), ("b", {"digest": None})))
    for kernel in (vouched, bare):
        snapshot_download(kernel.repo_id, repo_type="kernel", revision="v1")
    offline(True)
    assert 3 == kernels.get_kernel(vouched.repo_id, version=1).value
    for load in _loads(bare):
        with pytest.raises(NotCachedError, match="nothing says which files belong to it"):
            load()
    assert [] == bare.take_marks()


def test_a_snapshot_of_another_program_is_compared_with_the_hub_once_that_can_be_asked(
    hub_client: HubServer, tmp_path: Path, offline: Callable[[bool], None]
) -> None:
    """What a build says of itself is good for a load without the Hub, and leaves no receipt."""
    kernel = _cold(hub_client, tmp_path)
    snapshot_download(kernel.repo_id, repo_type="kernel", revision="v1")
    (kernel.tree / "sub.py").write_bytes(b"value = 10\n")
    metadata = json.loads((kernel.tree / "metadata.json").read_bytes())
    metadata["digest"]["files"] = digest_tree(kernel.tree).files
    (kernel.tree / "metadata.json").write_text(json.dumps(metadata), "utf-8")
    offline(True)
    assert kernel.tree == kernels.install_kernel(kernel.repo_id, version=1)
    offline(False)
    with pytest.raises(IntegrityError, match=r"metadata\.json is not what the Hub has; sub\.py is not"):
        kernels.get_kernel(kernel.repo_id, version=1)
    assert [] == kernel.take_marks()


_FILES = ("sub.py", "metadata.json", "native.abi3.so")


@pytest.mark.parametrize("name", _FILES)
def test_a_file_that_was_damaged_on_its_way_is_asked_for_again(
    hub_client: HubServer, tmp_path: Path, name: str
) -> None:
    """One wrong bit, once: the file is fetched a second time, and the kernel loads."""
    kernel = _cold(hub_client, tmp_path)
    hub_client.fail(f"GET */resolve/*/{name}", faults.WrongBytes())
    assert 3 == kernels.get_kernel(kernel.repo_id, version=1).value
    assert 2 == len(hub_client.requests_for(f"GET */resolve/*/{name}"))


@pytest.mark.parametrize("name", _FILES)
def test_a_file_that_is_always_damaged_is_never_kept(
    hub_client: HubServer, tmp_path: Path, offline: Callable[[bool], None], name: str
) -> None:
    """Each load is refused; nothing wrong stays in the cache; when the damage ends, the kernel loads."""
    kernel = _cold(hub_client, tmp_path)
    hub_client.fail(f"GET */resolve/*/{name}", faults.WrongBytes(), times=1000)
    for _ in range(2):
        with pytest.raises(IntegrityError, match=f"{name} of {kernel.repo_id} at {kernel.commit} does not arrive"):
            kernels.get_kernel(kernel.repo_id, version=1)
        assert not os.path.lexists(kernel.tree / name)
        assert not any(_is_wrong(blob) for blob in (kernel.cache.folder / "blobs").iterdir())
    offline(True)
    with pytest.raises(NotCachedError):
        kernels.get_kernel(kernel.repo_id, version=1)
    assert [] == kernel.take_marks()
    offline(False)
    hub_client.heal()
    assert 3 == kernels.get_kernel(kernel.repo_id, version=1).value


def _is_wrong(blob: Path) -> bool:
    """Whether what is in a blob is not what its name says, as git and LFS have it."""
    contents = blob.read_bytes()
    git = hashlib.sha1(b"blob %d\0%b" % (len(contents), contents)).hexdigest()  # noqa: S324 - as git does
    return blob.name not in (git, hashlib.sha256(contents).hexdigest())


_QUESTIONS = {
    "trust": "GET */overview",
    "versions": "GET */refs",
    "list": "GET */tree/*",
    "small": "GET */resolve/*/sub.py",
    "about": "HEAD */resolve/*/native.abi3.so",
    "large": "GET */resolve/*/native.abi3.so",
}
_FAULTS: dict[str, faults.Fault] = {
    "drop": faults.Drop(after=5),
    "close": faults.Close(),
    "error": faults.SERVER_ERROR,
    "pause": faults.too_many_requests(1),
    "noise": faults.WrongBytes(),
}
#: An answer to HEAD has no body, and what is in a file says nothing by itself.
_INVISIBLE = {("about", "drop"), *itertools.product(("about", "small", "large"), ("noise",))}


@pytest.mark.parametrize(("question", "fault"), sorted({*itertools.product(_QUESTIONS, _FAULTS)} - _INVISIBLE))
def test_what_goes_wrong_once_is_asked_again(hub_client: HubServer, tmp_path: Path, question: str, fault: str) -> None:
    """A cut connection, no JSON, an error of the Hub and its wish for a pause, at each step: the kernel loads."""
    kernel = _cold(hub_client, tmp_path)
    hub_client.fail(_QUESTIONS[question], _FAULTS[fault])
    assert 3 == kernels.get_kernel(kernel.repo_id, version=1).value
    assert 2 == len(hub_client.requests_for(_QUESTIONS[question]))


def test_a_captive_portal_is_no_hub(hub_client: HubServer, tmp_path: Path) -> None:
    """Where every answer is something else than the Hub's, the Hub is out of reach, and what is known is used."""
    kernel = PublishedKernel(hub_client, tmp_path)
    trust._ANSWERS.clear()  # noqa: SLF001 - no process asks twice
    hub_client.fail("GET */api/*", faults.WrongBytes(), times=1000)
    with pytest.raises(HubUnreachableError):
        kernels.install_kernel("org/unknown", version=1)
    assert 3 == kernels.get_kernel(kernel.repo_id, version=1).value


@pytest.mark.parametrize("target", ["nowhere", "sub.py"], ids=["nothing", "itself"])
@pytest.mark.parametrize("name", _FILES)
def test_a_link_to_nothing_is_a_file_that_is_missing(
    hub_client: HubServer, tmp_path: Path, name: str, target: str
) -> None:
    """A build that was never verified is completed, whatever was in the place of a file."""
    kernel = PublishedKernel(hub_client, tmp_path)
    kernel.restore("list")
    (kernel.tree / name).unlink()
    (kernel.tree / name).symlink_to(target if target == "nowhere" else name)
    assert 3 == kernels.get_kernel(kernel.repo_id, version=1).value


_WITHOUT_LINKS = """
import os, sys, kernels
repo_id, snapshots, allowed = sys.argv[1], sys.argv[2], int(sys.argv[3])
replace = os.replace

def no_link(*arguments, **keywords):
    raise OSError(1, "no links here")

def crash(source, target, *more, **keywords):
    global allowed
    allowed -= str(target).startswith(snapshots)
    if allowed < 0:
        os._exit(0)
    replace(source, target, *more, **keywords)

os.symlink, os.replace = no_link, crash
print(os.path.relpath(kernels.install_kernel(repo_id, version=1), snapshots))
"""


def test_a_crash_on_a_file_system_without_links_leaves_nothing_behind(hub_client: HubServer, tmp_path: Path) -> None:
    """Files are put in their places whole there too; the next load finds nothing that does not belong to the build."""
    kernel = _cold(hub_client, tmp_path)
    arguments = (kernel.repo_id, str(kernel.cache.folder / "snapshots"))
    said = [kernel.run(hub_client, _WITHOUT_LINKS, *arguments, str(allowed)) for allowed in (0, 3, 1000)]
    assert ["", "", f"{kernel.commit}/build/{VARIANT}\n"] == said
    assert kernel.files == {path: (kernel.tree / path).read_bytes() for path in kernel.files}
    assert [] == [path for path in kernel.tree.rglob("*") if path.is_symlink()]
    assert 3 == kernels.get_kernel(kernel.repo_id, version=1).value
