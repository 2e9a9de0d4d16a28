"""`kernels benchmark` as a person runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.hub import HubServer
from support.projects import RELU

from kernels.benchmark.source import Source
from kernels.cli import main
from kernels.cli.benchmark import parse_source
from kernels.cli.failures import INTERRUPTED, exit_status
from kernels.errors import (
    BenchmarkFailedError,
    BenchmarkMismatchError,
    BenchmarkNotFoundError,
    BenchmarkScriptError,
    KernelNotFoundError,
    MissingDependencyError,
    RequestError,
    UntrustedKernelError,
)

torch = pytest.importorskip("torch")

MakeKernel = Callable[..., Path]
Captured = pytest.CaptureFixture[str]
HEAD = "import torch\nfrom kernels.benchmark import Benchmark\n"
QUICK = ("--warmup", "1", "--iterations", "2")


def _command(*arguments: str | Path) -> int:
    return main(["benchmark", *map(str, arguments)])


@pytest.mark.parametrize(
    ("source", "name", "revision", "version"),
    [
        (("o/n", None, 3), "o/n@v3", None, 3),
        (("o/n", None, 0), "o/n@v0", None, 0),
        (("o/n@v3", None, None), "o/n@v3", None, 3),
        (("o/n", "main", None), "o/n@main", "main", None),
        (("o/n@main", None, None), "o/n@main", "main", None),
        (("o/n@feature/x@y", None, None), "o/n@feature/x@y", "feature/x@y", None),
        (("o/n@v01", None, None), "o/n@v01", "v01", None),
        (("o/n", "v3", None), "o/n@v3", "v3", None),
        (("o/n@", None, None), "o/n@", "", None),
    ],
)
def test_repositories(
    source: tuple[str, str | None, int | None], name: str, revision: str | None, version: int | None
) -> None:
    """A repository comes with a version or a branch, after an `@` or apart."""
    assert Source(name, repo_id="o/n", revision=revision, version=version) == parse_source(*source)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (("o/n", None, None), "o/n is a repository: say which revision to benchmark, as o/n@v1, o/n@main"),
        (("o/n@v1", "main", None), "name one revision only"),
        (("o/n@v1", None, 1), "name one revision only"),
        (("o/n", "main", 1), "name one revision only"),
    ],
)
def test_not_exactly_one_revision(source: tuple[str, str | None, int | None], words: str) -> None:
    """Without a revision for a repository, or with two, the error says how to name one."""
    with pytest.raises(RequestError) as caught:
        parse_source(*source)
    assert words in str(caught.value)


def test_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are folders, and so is the name of one that is there, unless a revision makes it a repository."""
    (tmp_path / "o" / "n").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    for text in ("o/n", "./o/n", str(tmp_path / "o"), "o", "nowhere", "./o/n@v1"):
        assert Source(text, path=Path(text)) == parse_source(text)
    assert ["o/n"] * 3 == [
        parse_source("o/n@v1").repo_id,
        parse_source("o/n", "main").repo_id,
        parse_source("o/n", None, 1).repo_id,
    ]


def test_an_override(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository that `LOCAL_KERNELS` lists is the folder given there, whatever the revision."""
    monkeypatch.setenv("LOCAL_KERNELS", f"o/n={tmp_path}")
    assert Source("o/n@v1", path=tmp_path) == parse_source("o/n@v1")
    assert Source("o/n", path=tmp_path) == parse_source("o/n")
    assert "o/m" == parse_source("o/m@v1").repo_id


def test_the_table(make_kernel: MakeKernel, capsys: Captured) -> None:
    """In a pipe the result is plain text on standard output, and progress is on standard error."""
    assert 0 == _command(make_kernel(), *QUICK)

    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert ["GPU", "CPU", "OS", "PyTorch", "Python"] == [line.split()[0] for line in lines[1:6]]
    assert "Benchmark  Workload  N  Speedup" in lines[7]
    assert [["Square", "half", "2"], ["Square", "small", "2"]] == [line.split()[:3] for line in lines[8:10]]
    assert lines[11].startswith("  small: ")
    assert lines[-1].startswith("Kernel: ")
    assert "Running benchmark.py...\n  Running Square on cpu\n" == err


def test_json_is_alone_on_standard_output(make_kernel: MakeKernel, capsys: Captured, tmp_path: Path) -> None:
    """What scripts and kernels print goes elsewhere; the document in the file is the same."""
    script = HEAD + "print('import')\nclass One(Benchmark):\n    def benchmark_x(self): print('call')\n"
    root = make_kernel(script, kernel="print('kernel')\n")
    assert 0 == _command(root, *QUICK, "--json", "--output", tmp_path / "out.json")

    out, err = capsys.readouterr()
    document = json.loads(out)
    assert [("One", "x", 2)] == [
        (result["benchmark"], result["workload"], result["timingResults"]["iterations"])
        for result in document["results"]
    ]
    assert document == json.loads((tmp_path / "out.json").read_text("utf-8"))
    for text in ("kernel", "import", "call"):
        assert f"{text}\n" in err


def test_numbers_of_calls(make_kernel: MakeKernel, tmp_path: Path) -> None:
    """The kernel is called once to verify it, `--warmup` times, and `--iterations` times."""
    log = tmp_path / "log"
    script = HEAD + (
        "class One(Benchmark):\n"
        "    def benchmark_x(self):\n"
        f"        with open({str(log)!r}, 'a') as file: file.write('x')\n"
    )
    assert 0 == _command(make_kernel(script), "--warmup", "4", "--iterations", "7")
    assert 1 + 4 + 7 == len(log.read_text("utf-8"))


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="matplotlib is not installed")
def test_pictures(make_kernel: MakeKernel, capsys: Captured, tmp_path: Path) -> None:
    """`--visual` draws next to the table and says what it wrote; `--rasterized` draws pixels."""
    root = make_kernel()
    assert 0 == _command(root, *QUICK, "--visual", tmp_path / "picture")
    assert 0 == _command(root, *QUICK, "--visual", tmp_path / "picture", "--rasterized")

    files = [tmp_path / f"picture_{theme}.{suffix}" for suffix in ("svg", "png") for theme in ("light", "dark")]
    assert [True] * 4 == [file.is_file() for file in files]
    assert [f"Wrote {file}" for file in files] == [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("Wrote")
    ]


def test_a_wrong_kernel(make_kernel: MakeKernel, capsys: Captured) -> None:
    """The table still comes, with the workload marked; the exit status is that of a mismatch."""
    script = HEAD + (
        "class Square(Benchmark):\n"
        "    def setup(self): self.x = torch.ones(4); self.out = torch.empty(4)\n"
        "    def benchmark_wrong(self): self.kernel.wrong(self.x, self.out)\n"
        "    def verify_wrong(self): return self.x**2\n"
    )
    assert exit_status(BenchmarkMismatchError()) == _command(make_kernel(script), *QUICK)

    out, err = capsys.readouterr()
    assert ["Square", "wrong", *["-"] * 9, "✗"] == out.splitlines()[8].split()
    assert "kernels: error: benchmarks/benchmark.py: Square.wrong: 1 of 4 elements of self.out differ" in err


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (None, BenchmarkNotFoundError, "has no folder benchmarks/"),
        ("x = 1\n", BenchmarkScriptError, "defines no subclass of kernels.benchmark.Benchmark"),
        (HEAD + "class One(Benchmark):\n    def benchmark_x(self): 1 / 0\n", BenchmarkFailedError, "ZeroDivisionError"),
        ("import no_such_module\n", BenchmarkFailedError, "No module named 'no_such_module'"),
    ],
)
def test_what_is_wrong_with_a_kernel(
    make_kernel: MakeKernel, capsys: Captured, script: str | None, error: type[Exception], words: str
) -> None:
    """Each failure has its exit status, a sentence, and nothing on standard output."""
    assert exit_status(error()) == _command(make_kernel(script), *QUICK)
    out, err = capsys.readouterr()
    assert ("", True) == (out, words in err.splitlines()[-1])


def test_the_traceback_of_a_script(make_kernel: MakeKernel, capsys: Captured) -> None:
    """It begins in the script: how the runner got there helps nobody."""
    script = HEAD + "class One(Benchmark):\n    def benchmark_x(self):\n        1 / 0\n"
    root = make_kernel(script)
    assert exit_status(BenchmarkFailedError()) == _command(root, *QUICK)
    lines = capsys.readouterr().err.splitlines()
    start = lines.index("Traceback (most recent call last):")
    assert f'  File "{root.resolve() / "benchmarks" / "benchmark.py"}", line 5, in benchmark_x' == lines[start + 1]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (["owner/name"], RequestError, "say which revision to benchmark"),
        (["owner/name@v1", "--branch", "main"], RequestError, "name one revision only"),
        (["./nowhere"], KernelNotFoundError, "there is no folder"),
        (["./nowhere", "--output", "no/such/file"], RequestError, "--output no/such/file: there is no folder no/such"),
        (["./nowhere", "--output", "."], RequestError, "--output .: that is a folder"),
        (["./nowhere", "--visual", "."], RequestError, "--visual .: that is a folder"),
    ],
)
def test_what_is_wrong_with_a_command(
    capsys: Captured,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    error: type[Exception],
    words: str,
) -> None:
    """It is refused before anything runs."""
    monkeypatch.chdir(tmp_path)
    assert exit_status(error()) == _command(*arguments)
    out, err = capsys.readouterr()
    assert ("", True) == (out, words in err)


def test_pictures_without_matplotlib(
    make_kernel: MakeKernel, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing is said before minutes are spent, with the command that installs it."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert exit_status(MissingDependencyError()) == _command(make_kernel(), *QUICK, "--visual", "x")
    out, err = capsys.readouterr()
    assert ("", True) == (out, err.endswith("not installed: pip install 'kernels[benchmark]'\n"))


@pytest.mark.parametrize(
    "arguments", [["--iterations", "0"], ["--warmup", "-1"], ["--version", "x"], ["--iterations", "1.5"]]
)
def test_numbers_that_are_none(capsys: Captured, arguments: list[str]) -> None:
    """The parser refuses them, as any wrong usage."""
    assert 2 == _command("o/n", *arguments)
    assert f"argument {arguments[0]}: " in capsys.readouterr().err


def test_an_interrupt(make_kernel: MakeKernel, capsys: Captured) -> None:
    """Ctrl-C ends the command with status 130, without a result, and in the folder where it began."""
    script = HEAD + (
        "import signal\nclass One(Benchmark):\n    def benchmark_x(self): signal.raise_signal(signal.SIGINT)\n"
    )
    before = Path.cwd()
    assert INTERRUPTED == _command(make_kernel(script), *QUICK)
    out, err = capsys.readouterr()
    assert ("", True, before) == (out, "interrupted" in err.splitlines()[-1], Path.cwd())


def test_a_kernel_of_the_hub(make_kernel: MakeKernel, hub_client: HubServer, capsys: Captured) -> None:
    """It is announced and benchmarked at its revision, when its publisher is trusted or the person says so."""
    root = make_kernel()
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    hub_client.commit("org/square", "v1", files)
    hub_client.trust("org", trusted=False)

    assert exit_status(UntrustedKernelError()) == _command("org/square@v1", *QUICK)
    assert "" == capsys.readouterr().out
    assert 0 == _command("org/square", "--version", "1", *QUICK, "--json", "--trust-remote-code")
    out, err = capsys.readouterr()
    assert ("org/square@v1", "Downloading org/square@v1...") == (json.loads(out)["kernel"], err.splitlines()[0])
    for unknown in ("org/nothing@v1", "org/square@nothing"):
        assert exit_status(KernelNotFoundError()) == _command(unknown, *QUICK)
        assert unknown in capsys.readouterr().err


def _in_a_process(*arguments: str | Path, **options: object) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "kernels", "benchmark", *map(str, arguments)]
    return subprocess.run(command, check=False, **{"capture_output": True, **options})  # type: ignore[call-overload,no-any-return]


def test_an_output_without_unicode(make_kernel: MakeKernel) -> None:
    """Where the output cannot show a check mark, it shows something else."""
    result = _in_a_process(make_kernel(), *QUICK, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert 0 == result.returncode, result.stderr
    assert any(line.rstrip().endswith(b"+") for line in result.stdout.splitlines() if b"small" in line)


@pytest.mark.skipif(sys.platform == "win32" or find_spec("rich") is None, reason="needs a pseudo-terminal and rich")
def test_on_a_terminal(make_kernel: MakeKernel) -> None:
    """The table has boxes there and fits into the width of the terminal."""
    import pty  # noqa: PLC0415 - not on every system

    near, far = pty.openpty()
    env = {**os.environ, "COLUMNS": "70", "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    result = _in_a_process(make_kernel(), *QUICK, env=env, stdout=far, stderr=subprocess.PIPE, capture_output=False)
    os.close(far)
    text = b""
    with os.fdopen(near, "rb", buffering=0) as terminal:
        try:
            while chunk := terminal.read(4096):
                text += chunk
        except OSError:
            pass  # how Linux says that the other end is closed
    assert 0 == result.returncode, result.stderr
    boxed = [line for line in text.decode().splitlines() if "│" in line]
    assert 3 == len(boxed)


@pytest.mark.skipif(not list(RELU.glob("build/*/metadata.json")), reason="the example is not built")
def test_the_example(capsys: Captured) -> None:
    """The benchmarks of the relu example run unchanged, and its kernel computes what Torch does."""
    assert 0 == _command(RELU, *QUICK, "--json")
    document = json.loads(capsys.readouterr().out)
    assert [("large", True), ("large_bfloat16", True), ("small", True)] == [
        (result["workload"], result["verified"]) for result in document["results"]
    ]
