"""The loader loads a build, in a process of its own."""

import contextlib
import os
import sys
from pathlib import Path

import pytest
from support.builds import OPS_ID, make_build

from kernel_builder.checks.findings import Finding
from kernel_builder.checks.load import check_load, not_loaded, ready_to_load, why_not_here
from kernel_builder.matrix import host_platform
from kernels.metadata import read_metadata
from kernels.variant import parse_variant

PYTHON = Path(sys.executable)
LIBRARY = """
import torch
_LIBRARY = torch.library.Library({namespace!r}, "DEF")
_LIBRARY.define("f(Tensor x) -> Tensor")
_LIBRARY.define("g(Tensor x) -> Tensor")
"""


def _load(folder: Path, text: str = "value = 1\n", other: str = "", *, seconds: float = 60) -> list[Finding]:
    tree = make_build(folder / "torch-cpu", {"__init__.py": text, "other.py": other})
    return check_load(tree, read_metadata(tree), PYTHON, seconds=seconds)


def test_good_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that loads has no finding, whatever it prints, is not loaded here, and stays as it was built."""
    # Another test of this process may have loaded a module of this name.
    monkeypatch.delitem(sys.modules, OPS_ID, raising=False)
    assert [] == _load(tmp_path, "from . import other\nprint('{', end='')\n")
    assert [] == list((tmp_path / "torch-cpu").rglob("__pycache__"))
    assert OPS_ID not in sys.modules


def test_build_that_fails(tmp_path: Path) -> None:
    """The exception's own words are the finding, at the innermost line of the build."""
    other = "def f():\n    raise RuntimeError('no such instruction')\n"
    (finding,) = _load(tmp_path, "from . import other\n\nother.f()\n", other)
    assert ("fails", "other.py", 2) == (finding.code, finding.file, finding.line)
    assert "the build does not load: RuntimeError: no such instruction" == finding.message


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("raise ValueError\n", "ValueError", 1),
        ("raise SystemExit(3)\n", "SystemExit: 3", 1),
        ("\nx = (\n", "SyntaxError", 2),
        ("from . import nothing\n", "ImportError", 1),
    ],
)
def test_every_way_to_fail(tmp_path: Path, text: str, words: str, line: int) -> None:
    """Whatever is raised while the build is imported is named with its place."""
    (finding,) = _load(tmp_path, text)
    assert ("fails", "__init__.py", line, True) == (finding.code, finding.file, finding.line, words in finding.message)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_build_that_kills_the_process(tmp_path: Path) -> None:
    """A crash is told by the name of its signal and the line that it came through."""
    (finding,) = _load(tmp_path, "import os\n\nos.abort()\n")
    assert ("crashes", "__init__.py", 3) == (finding.code, finding.file, finding.line)
    assert "the build crashes the process that loads it: SIGABRT" == finding.message


def test_build_that_ends_the_process(tmp_path: Path) -> None:
    """A build that ends the process with success has not loaded."""
    (finding,) = _load(tmp_path, "import os\nos._exit(0)\n")
    assert ("crashes", True) == (finding.code, "ends the process that loads it" in finding.message)


def test_build_that_hangs(tmp_path: Path) -> None:
    """A build that does not end is stopped, and the line at which it hangs is named."""
    (finding,) = _load(tmp_path, "import threading\nthreading.Event().wait()\n", seconds=1)
    assert ("hangs", "__init__.py", 2) == (finding.code, finding.file, finding.line)
    assert "the build does not end within 1 s" == finding.message


def test_operators_outside_of_the_namespace(tmp_path: Path) -> None:
    """Operators that the load registers elsewhere are named, however they were registered; those of its own are not."""
    pytest.importorskip("torch")
    own, other = LIBRARY.format(namespace=OPS_ID), LIBRARY.format(namespace="elsewhere")
    assert [] == _load(tmp_path / "own", own)
    (finding,) = _load(tmp_path / "other", own + other.replace("_LIBRARY", "_OTHER"))
    expected = ("ops", "foreign-namespace", "elsewhere::f", OPS_ID)
    assert expected == (finding.check, finding.code, finding.symbol, finding.allowed)
    assert "elsewhere::f, elsewhere::g" in finding.message


def test_operators_of_what_is_imported(tmp_path: Path) -> None:
    """What other modules register when they are imported is not the build's doing."""
    pytest.importorskip("torch")
    assert [] == _load(tmp_path, "import torch.distributed._functional_collectives\n")


def test_what_this_machine_lacks(tmp_path: Path) -> None:
    """A package that is not installed is no fault of the build, and nothing of it runs."""
    tree = make_build(
        tmp_path / "torch-cuda",
        {"__init__.py": "raise RuntimeError\n"},
        **{"backend": {"type": "cuda"}, "python-depends": ["nvidia-cutlass-dsl"]},
    )
    (finding,) = check_load(tree, read_metadata(tree), PYTHON)
    assert ("load", "not-loaded", "note") == (finding.check, finding.code, finding.severity)


def test_torch_that_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Torch that cannot be imported is no fault of the build either."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise ImportError('no such library')\n", "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (finding,) = _load(tmp_path)
    assert "not loaded: the Torch of this machine cannot be imported (no such library)" == finding.message


@pytest.mark.parametrize("error", ["OSError", "ValueError"])
def test_the_torch_of_another_folder(tmp_path: Path, error: str) -> None:
    """A build is loaded under the Torch that it was built against; one without its libraries cannot be imported."""
    tree = make_build(tmp_path / "torch-cpu", {"__init__.py": ""})
    place = tmp_path / "place"
    (place / "torch").mkdir(parents=True)
    init = place / "torch" / "__init__.py"
    init.write_text(f"raise {error}('libcudart.so.13: no such file')\n", "utf-8")
    for ready in (None, ready_to_load(PYTHON, place)):
        with ready or contextlib.nullcontext() as ask:
            (finding,) = check_load(tree, read_metadata(tree), PYTHON, place=place, ready=ask)
        words = "not loaded: the Torch of this machine cannot be imported (libcudart.so.13: no such file)"
        assert ("note", words) == (finding.severity, finding.message)


def test_an_interpreter_without_the_loader(tmp_path: Path) -> None:
    """What another interpreter lacks is no fault of the build."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', "utf-8")
    python.chmod(0o755)
    tree = make_build(tmp_path / "torch-cpu")
    (finding,) = check_load(tree, read_metadata(tree), python)
    expected = f"not loaded: {python} does not have the loader (No module named 'kernels')"
    assert ("note", expected) == (finding.severity, finding.message)


def test_a_process_that_was_started_ahead(tmp_path: Path) -> None:
    """The process that waits with Torch gives the same answers as one that is started for the build."""
    tree = make_build(tmp_path / "torch-cpu", {"__init__.py": "raise KeyError('a')\n"})
    with ready_to_load(PYTHON) as ready:
        (finding,) = check_load(tree, read_metadata(tree), PYTHON, ready=ready)
    assert ("fails", "__init__.py", 1) == (finding.code, finding.file, finding.line)


def test_why_a_variant_is_not_for_this_machine() -> None:
    """The reason is the loader's own; a build for the CPU is for every Torch."""
    pytest.importorskip("torch")
    other = "aarch64-darwin" if host_platform().os == "linux" else "x86_64-linux"
    assert "operating system" in (why_not_here(parse_variant(f"torch-stable-abi20-cpu-{_cpu()}-{_os(other)}")) or "")
    assert None is why_not_here(parse_variant("torch-cpu"))
    assert None is why_not_here(parse_variant(f"torch-stable-abi20-cpu-{host_platform()}"))
    assert "it needs Torch 9.9" in (why_not_here(parse_variant(f"torch99-cpu-{host_platform()}")) or "")


def test_note() -> None:
    """What was not loaded is said with the reason."""
    assert "not loaded: it has errors" == str(not_loaded("it has errors"))


def _cpu() -> str:
    return host_platform().cpu


def _os(system: str) -> str:
    return system.rpartition("-")[2]
