"""`kernel-builder` with a real Nix: builds in its sandbox, what goes wrong, shells, other machines and caches."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.hub import HubServer
from support.nix import SYSTEM, NixWorld
from support.nix_projects import CPU, add_flake, build_with_nix, copy_cpu_relu
from support.projects import contents, git, kernel_builder, make_tiny, run_python

from kernel_builder.errors import INTERRUPTED, ConfigError, ProcessError, PublishError, TargetError, ToolchainError

pytestmark = pytest.mark.heavy

NEWEST = "2.13"


@pytest.fixture
def tiny(tmp_path: Path, nix: NixWorld) -> Path:
    """A kernel that compiles in a moment, for the one Torch that is here."""
    return add_flake(make_tiny(tmp_path / "tiny"), nix, NEWEST)


def _fails(project: Path, *arguments: str, error: type[Exception]) -> str:
    done = kernel_builder("build", project, "--driver", "nix", *arguments)
    assert getattr(error, "exit_code") == done.returncode, done.stderr  # noqa: B009 - of our errors
    return done.stderr


def _change(project: Path, name: str, text: str) -> None:
    (project / name).write_text(text, "utf-8")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Change")


def test_build(tiny: Path) -> None:
    """What Nix builds is copied, as files of the user's; a second build does nothing, and a third builds again."""
    (built,) = build_with_nix(tiny)["builds"]
    tree = tiny / "build" / CPU
    assert (CPU, str(tree), True) == (built["variant"], built["path"], built["changed"])
    metadata = json.loads((tree / "metadata.json").read_text("utf-8"))
    assert ("nix", git(tiny, "rev-parse", "HEAD")) == (
        metadata["provenance"]["driver"],
        metadata["provenance"]["kernel"]["commit"],
    )
    modes = {path.stat().st_mode & 0o777 for path in tree.rglob("*")}
    assert {0o644, 0o755} >= modes
    place = tree.stat().st_ino
    (again,) = build_with_nix(tiny, "--rebuild")["builds"]
    assert (False, True, place) == (again["changed"], again["reproduced"], tree.stat().st_ino)


def test_variants_that_fail(tmp_path: Path, nix: NixWorld) -> None:
    """What can be built is built and copied, also where other variants fail; which, and why, is said."""
    project = add_flake(make_tiny(tmp_path / "tiny"), nix)
    others = [f"torch211-cxx11-cpu-{SYSTEM}", f"torch212-cxx11-cpu-{SYSTEM}"]
    done = kernel_builder("build", project, "--driver", "nix", "--json")
    error = json.loads(done.stdout)["error"]
    assert (ProcessError.exit_code, f"2 of 3 variants could not be built: {', '.join(others)}") == (
        done.returncode,
        error["message"],
    )
    assert "wheels.json has no torch 2.11" in error["output"]
    assert f"note: {CPU} is built: {project / 'build' / CPU}" in done.stderr
    assert [CPU] == [path.name for path in (project / "build").iterdir()]


def test_compile_error(tiny: Path) -> None:
    """The compiler's words are shown, and what was there before stays."""
    build_with_nix(tiny)
    before = contents(tiny / "build")
    _change(tiny, "tiny_cpu/tiny.cpp", "this is not C++\n")
    said = _fails(tiny, error=ProcessError)
    assert "'this' does not name a type" in said or "error: expected unqualified-id" in said
    assert f"1 of 1 variants could not be built: {CPU}" in said
    assert before == contents(tiny / "build")


def test_failing_check(tiny: Path) -> None:
    """A build that does not meet the requirements of kernels fails in the sandbox, with the finding."""
    _change(tiny, "torch-ext/tiny/__init__.py", "import numpy\n")
    said = _fails(tiny, error=ProcessError)
    assert "numpy" in said
    assert not (tiny / "build").exists()


def test_missing_source(tiny: Path) -> None:
    """A source that is not there is an error of build.toml; one that git does not know is named before Nix runs."""
    (tiny / "tiny_cpu" / "tiny.cpp").rename(tiny / "tiny_cpu" / "other.cpp")
    assert "tiny_cpu/tiny.cpp" in _fails(tiny, error=ConfigError)
    text = (tiny / "build.toml").read_text("utf-8")
    (tiny / "build.toml").write_text(text.replace("tiny_cpu/tiny.cpp", "tiny_cpu/other.cpp"), "utf-8")
    assert "Nix does not see files that git does not know: tiny_cpu/other.cpp" in _fails(tiny, error=ToolchainError)


def test_dirty_tree(tiny: Path) -> None:
    """Changes that are not committed are built, and the metadata does not claim a commit."""
    (tiny / "tiny_cpu" / "tiny.cpp").write_text('extern "C" int tiny_value() { return 2; }\n', "utf-8")
    done = kernel_builder("build", tiny, "--driver", "nix")
    assert (0, True) == (done.returncode, "dirty" in done.stderr)
    kernel = json.loads((tiny / "build" / CPU / "metadata.json").read_text("utf-8"))["provenance"].get("kernel", {})
    assert kernel.get("commit") is None or kernel["dirty"] is True


def test_unknown_variants(tiny: Path) -> None:
    """A variant that the flake lacks is named with those that it has; what is no name never reaches Nix."""
    said = _fails(tiny, "--variant", f"torch213-cxx11-cu130-{SYSTEM}", error=TargetError)
    assert f"has no variant torch213-cxx11-cu130-{SYSTEM} for {SYSTEM}" in said
    assert f"It has {CPU}." in said
    assert "is not a build variant" in _fails(tiny, "--variant", "x; y", error=TargetError)


def test_words_of_nix(tiny: Path) -> None:
    """What Nix says of a flake that cannot be evaluated is shown as it is."""
    _change(tiny, "flake.nix", "{ outputs = _: throw ''the words of the flake''; }\n")
    assert "the words of the flake" in _fails(tiny, error=ProcessError)


def test_without_a_sandbox(tiny: Path) -> None:
    """A Nix that builds without a sandbox is refused, with what to write where."""
    said = _fails(tiny, "--nix-option", "sandbox", "false", error=ToolchainError)
    assert "sandbox = false" in said
    assert "`sandbox = true`" in said


def test_list_variants(tiny: Path) -> None:
    """The flake tells its variants, also those of other systems."""
    done = kernel_builder("list-variants", tiny, "--nix", "--json", "--all-systems")
    assert 0 == done.returncode, done.stderr
    listed = json.loads(done.stdout)
    assert [CPU] == listed[SYSTEM]
    assert {"aarch64-darwin", "aarch64-linux", "x86_64-linux"} == listed.keys()


def test_interrupt(tiny: Path) -> None:
    """Ctrl-C ends the compiler in the sandbox, nothing is installed, and the exit code is that of an interrupt."""
    marker = f"endless{os.getpid()}"
    text = (tiny / "build.toml").read_text("utf-8")
    flags = '"-fconstexpr-ops-limit=1000000000000", "-fconstexpr-loop-limit=2147483647"'
    text = text.replace("[kernel.tiny_cpu]\n", f"[kernel.tiny_cpu]\ncxx-flags = [{flags}]\n").replace(
        "tiny.cpp", f"{marker}.cpp"
    )
    (tiny / "tiny_cpu" / "tiny.cpp").unlink()
    (tiny / "build.toml").write_text(text, "utf-8")
    loop = "constexpr long loop() { long n = 0; for (long i = 0; i < 2000000000; ++i) n += i; return n; }"
    _change(
        tiny,
        f"tiny_cpu/{marker}.cpp",
        f'{loop}\nextern "C" int tiny_value() {{ constexpr long n = loop(); return n; }}\n',
    )
    command = [sys.executable, "-m", "kernel_builder", "build", str(tiny), "--driver", "nix"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr is not None
    try:
        _wait_for(lambda: _running(marker))
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert (INTERRUPTED, True) == (process.returncode, "Interrupted." in said)
    _wait_for(lambda: not _running(marker))
    assert not (tiny / "build").exists()


def _running(marker: str) -> bool:
    """Whether a compiler works on the file."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"cc1plus" in words.split(b"\0")[0] and marker.encode() in words:
            return True
    return False


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in two minutes"
        time.sleep(0.1)


def test_shells(tmp_path: Path, nix: NixWorld) -> None:
    """In the shell for tests the tests of relu pass; the one to develop in has what builds it, and enters `.venv`."""
    project = add_flake(copy_cpu_relu(tmp_path / "relu"), nix, NEWEST)
    tests = ["python", "-m", "pytest", "-q", "tests"]
    done = subprocess.run(
        [sys.executable, "-m", "kernel_builder", "testshell", "--", *tests],
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stdout + done.stderr
    assert " passed" in done.stdout
    script = 'command -v python cmake ninja kernel-builder; echo "$LOCAL_KERNELS"; python -c "import torch"; exit 3'
    done = kernel_builder("devshell", project, "--variant", CPU, "--", "bash", "-c", script)
    assert 3 == done.returncode, done.stderr
    python, cmake, ninja, builder, local = done.stdout.splitlines()
    assert (str(project / ".venv" / "bin" / "python"), f"example-org/relu={project / 'build'}") == (python, local)
    assert {"cmake", "ninja", "kernel-builder"} == {Path(path).name for path in (cmake, ninja, builder)}


def test_binary_cache(tiny: Path, tmp_path: Path, nix: NixWorld) -> None:
    """What one machine has built, another takes from a cache: nothing is built there, and the bytes are the same."""
    build_with_nix(tiny)
    first = contents(tiny / "build")
    cache = tmp_path / "cache"
    copied = nix.run("nix", "copy", "--to", f"file://{cache}", f".#redistributable.{CPU}", cwd=tiny)
    assert copied.returncode == 0, copied.stderr
    shutil.rmtree(tiny / "build")
    options = ["--nix-option", "substituters", f"file://{cache}", "--nix-option", "require-sigs", "false"]
    done = kernel_builder("build", tiny, "--driver", "nix", *options, "--store", tmp_path / "other-store")
    assert 0 == done.returncode, done.stderr
    assert f"tiny-{CPU}: fetch from file://{cache}" in done.stderr
    assert ": build" not in done.stderr
    assert first == contents(tiny / "build")


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nix: NixWorld) -> Iterator[str]:
    """Another machine, as far as Nix can tell: it is reached over ssh, and has a store of its own."""
    if shutil.which("sshd") is None:
        pytest.skip("sshd is not installed (Debian: apt-get install openssh-server)")
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    store = f"NIX_REMOTE={tmp_path / 'remote'} NIX_CONF_DIR={nix.environment['NIX_CONF_DIR']}"
    serve = f'command="{store} {shutil.which("nix-store")} --serve --write"'
    (folder / "authorized").write_text(f"{serve} {(folder / 'user.pub').read_text('utf-8')}", "utf-8")
    port = _free_port()
    settings = {
        "ListenAddress": f"127.0.0.1:{port}",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "authorized",
        "PermitRootLogin": "yes",
        "StrictModes": "no",
        "UsePAM": "no",
        "PidFile": "none",
    }
    (folder / "config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()), "utf-8")
    Path("/run/sshd").mkdir(exist_ok=True)  # where Debian's sshd leaves its rights behind
    program = shutil.which("sshd")
    server = subprocess.Popen([str(program), "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL)
    known = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    monkeypatch.setenv("NIX_SSHOPTS", f"-p {port} -i {folder / 'user'} {known}")
    _wait_for(lambda: _answers(port))
    yield f"ssh://root@127.0.0.1 {SYSTEM} - 2"
    server.terminate()
    server.wait(10)


def _free_port() -> int:
    import socket  # noqa: PLC0415 - for one test

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _answers(port: int) -> bool:
    import socket  # noqa: PLC0415 - for one test

    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_remote_builder(tiny: Path, remote: str) -> None:
    """With `--builders` a variant is built on another machine, and comes back as it would be built here."""
    done = kernel_builder("build", tiny, "--driver", "nix", "--builders", remote, "--nix-option", "max-jobs", "0")
    assert 0 == done.returncode, done.stderr
    assert f"{CPU}: build on ssh://root@127.0.0.1" in done.stderr
    there = contents(tiny / "build")
    shutil.rmtree(tiny / "build")
    build_with_nix(tiny, "--rebuild")
    assert there == contents(tiny / "build")


def test_what_nix_built_loads(tmp_path: Path, nix: NixWorld) -> None:
    """The kernel that Nix has built computes in a process that knows nothing of Nix, and passes every check."""
    project = add_flake(copy_cpu_relu(tmp_path / "relu"), nix, NEWEST)
    build_with_nix(project)
    code = """
import sys, torch
from pathlib import Path
from kernels import get_local_kernel
x = torch.randn(1000)
print(torch.equal(get_local_kernel(Path(sys.argv[1])).relu(x), torch.relu(x)))
"""
    assert "True\n" == run_python(code, project / "build")
    checked = kernel_builder("check-builds", project, "--no-checks", "matrix")
    assert 0 == checked.returncode, checked.stdout + checked.stderr


def test_build_and_upload(tmp_path: Path, nix: NixWorld, hub: HubServer) -> None:
    """What Nix has built goes to the Hub, whose readers it computes for; what the local driver has built is refused."""
    hub.trust("org")
    project = add_flake(copy_cpu_relu(tmp_path / "relu"), nix, NEWEST)
    env = hub.env(tmp_path / "there", token=hub.token)
    upload = ("build-and-upload", project, "--repo-id", "org/relu", "--require-nix")
    refused = kernel_builder(*upload, "--driver", "local", env=env)
    assert (PublishError.exit_code, True) == (refused.returncode, "Nix is required" in refused.stderr), refused.stderr
    shutil.rmtree(project / "build")
    done = kernel_builder(*upload, "--driver", "nix", env=env)
    assert (0, f"{hub.endpoint}/kernels/org/relu/tree/v1\n") == (done.returncode, done.stdout), done.stderr
    code = """
import torch
from kernels import get_kernel
x = torch.randn(1000)
print(torch.equal(get_kernel("org/relu", version=1).relu(x), torch.relu(x)))
"""
    assert "True\n" == run_python(code, env=hub.env(tmp_path / "back"))


def test_the_trees_of_both_drivers(tmp_path: Path, nix: NixWorld) -> None:
    """For the same variant and sources, Nix and the local driver make the same files and the same keys of metadata."""
    project = add_flake(copy_cpu_relu(tmp_path / "relu"), nix, NEWEST)
    build_with_nix(project)
    tree = project / "build" / CPU
    by_nix, keys = sorted(contents(tree)), _keys(json.loads((tree / "metadata.json").read_text("utf-8")))
    shutil.rmtree(project / "build")
    done = kernel_builder("build", project, "--driver", "local")
    assert 0 == done.returncode, done.stderr
    assert (sorted(contents(tree)), _keys(json.loads((tree / "metadata.json").read_text("utf-8")))) == (by_nix, keys)


def _keys(document: dict[str, object], prefix: str = "") -> set[str]:
    found = set()
    for key, value in document.items():
        found.add(f"{prefix}{key}")
        if isinstance(value, dict):
            found |= _keys(value, f"{prefix}{key}.")
    return found
