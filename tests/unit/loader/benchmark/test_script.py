"""Benchmark scripts as modules."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from kernels.benchmark import Benchmark
from kernels.benchmark.script import find_benchmarks, find_scripts, loaded_script, workloads_of
from kernels.errors import BenchmarkFailedError, BenchmarkNotFoundError, BenchmarkScriptError

HEAD = "from kernels.benchmark import Benchmark\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write files below a folder, by default `benchmarks/benchmark.py`; gives the script."""

    def write_files(script: str = "", **files: str) -> Path:
        for name, text in {"benchmark": script, **files}.items():
            path = tmp_path / "benchmarks" / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return tmp_path / "benchmarks" / "benchmark.py"

    return write_files


def _names(script: Path) -> list[str]:
    with loaded_script(script, script.parents[1]) as module:
        return [benchmark.__name__ for benchmark in find_benchmarks(module, script)]


def test_scripts_are_found_by_name(tmp_path: Path) -> None:
    """`benchmark*.py` directly in `benchmarks/` are the scripts, sorted; folders and other files are not."""
    for name in (
        "benchmark_b.py",
        "benchmark.py",
        "helpers.py",
        "benchmark.txt",
        "deep/benchmark.py",
        "benchmark.py.d/x",
    ):
        path = tmp_path / "benchmarks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", "utf-8")
    (tmp_path / "benchmarks" / "benchmark_folder.py").mkdir()

    assert ["benchmark.py", "benchmark_b.py"] == [path.name for path in find_scripts(tmp_path)]


def test_no_scripts(tmp_path: Path) -> None:
    """Whether the folder is missing or what should be in it, the error says so."""
    with pytest.raises(BenchmarkNotFoundError, match="has no folder benchmarks/"):
        find_scripts(tmp_path)
    (tmp_path / "benchmarks").mkdir()
    with pytest.raises(BenchmarkNotFoundError, match=r"there is no benchmark\*\.py in .*benchmarks"):
        find_scripts(tmp_path)


def test_the_module_while_it_runs_and_after(write: Callable[..., Path]) -> None:
    """A script is the module `benchmark_module`, in the folder of its repository, and leaves nothing behind."""
    script = write("import os, sys\nhere = os.getcwd()\nitself = sys.modules[__name__]\n")
    before = (Path.cwd(), set(sys.modules), list(sys.meta_path))

    with loaded_script(script, script.parents[1]) as module:
        assert ("benchmark_module", str(script), str(script.parents[1]), module) == (
            module.__name__,
            module.__file__,
            os.path.realpath(module.here),
            module.itself,
        )
        assert script.parents[1] == Path.cwd()

    assert before == (Path.cwd(), set(sys.modules), list(sys.meta_path))


def test_a_foreign_module_stays(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that has the name already keeps it, during and after."""
    foreign = ModuleType("benchmark_module")
    monkeypatch.setitem(sys.modules, "benchmark_module", foreign)
    script = write()

    with loaded_script(script, script.parents[1]) as module:
        assert ("benchmark_module_", foreign) == (module.__name__, sys.modules["benchmark_module"])
    assert sys.modules["benchmark_module"] is foreign
    assert "benchmark_module_" not in sys.modules


def test_files_beside_the_script(write: Callable[..., Path]) -> None:
    """A script imports its neighbours relatively, those import each other, and all are gone afterwards."""
    script = write(
        "from .helpers import answer\nfrom .more.deep import question\n",
        helpers="from . import numbers_\nanswer = numbers_.N\n",
        numbers_="N = 42\n",
        more__deep="from ..numbers_ import N\nquestion = f'{N}?'\n",
    )
    with loaded_script(script, script.parents[1]) as module:
        assert (42, "42?") == (module.answer, module.question)
        assert "benchmark_module.numbers_" in sys.modules
    assert [] == [name for name in sys.modules if name.startswith("benchmark_module")]
    assert [] == list(script.parent.rglob("*.pyc"))


def test_bytecode_is_not_used(write: Callable[..., Path]) -> None:
    """What runs is the source, whatever bytecode lies beside it."""
    import py_compile  # noqa: PLC0415 - here alone

    script = write("from .helpers import value\n", helpers="value = 'bytecode'\n")
    helpers = script.with_name("helpers.py")
    py_compile.compile(str(helpers), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    helpers.write_text("value = 'source'\n", "utf-8")

    with loaded_script(script, script.parents[1]) as module:
        assert "source" == module.value


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def", "SyntaxError"),
        ("raise SystemExit(0)", "SystemExit: 0"),
    ],
)
def test_a_script_that_cannot_be_imported(write: Callable[..., Path], body: str, words: str) -> None:
    """Whatever a script does while it is imported, the error names it and nothing of it stays."""
    script = write(body)
    before = (Path.cwd(), set(sys.modules), list(sys.meta_path))

    with pytest.raises(BenchmarkFailedError) as caught, loaded_script(script, script.parents[1]):
        pass

    assert str(caught.value).startswith("benchmarks/benchmark.py cannot be imported: ")
    assert words in str(caught.value)
    assert before == (Path.cwd(), set(sys.modules), list(sys.meta_path))


def test_an_interrupt_restores_everything(write: Callable[..., Path]) -> None:
    """An interrupt passes through, and the working folder is what it was."""
    script = write()
    before = (Path.cwd(), list(sys.meta_path))
    with pytest.raises(KeyboardInterrupt), loaded_script(script, script.parents[1]):
        raise KeyboardInterrupt
    assert before == (Path.cwd(), list(sys.meta_path))


def test_only_the_scripts_own_classes_count(write: Callable[..., Path]) -> None:
    """Imported benchmarks do not count, nor second names, nor classes without workloads; the order is the script's."""
    script = write(
        HEAD + "from .helpers import Imported\n"
        "class Zebra(Imported): pass\n"
        "class Base(Benchmark): pass\n"
        "class Ant(Base):\n    def benchmark_x(self): pass\n"
        "Alias = Ant\n",
        helpers=HEAD + "class Imported(Benchmark):\n    def benchmark_inherited(self): pass\n",
    )
    assert ["Zebra", "Ant"] == _names(script)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("x = Benchmark", "defines no subclass of kernels.benchmark.Benchmark"),
        ("class One(Benchmark): pass\nclass Two(One): pass", "One, Two has no method benchmark_<workload>"),
    ],
)
def test_nothing_to_run(write: Callable[..., Path], body: str, words: str) -> None:
    """A script without benchmarks, or without workloads, is an error that names it."""
    with pytest.raises(BenchmarkScriptError, match=r"^benchmarks/benchmark\.py") as caught:
        _names(write(HEAD + body))
    assert words in str(caught.value)


def test_workloads() -> None:
    """They come in the order of definition, those of the bases first; what a subclass takes away is gone."""

    class Base(Benchmark):
        benchmark_value = 3

        def benchmark_zoom(self) -> None: ...
        def benchmark_gone(self) -> None: ...
        def setup_zoom(self) -> None: ...
        def benchmark_(self) -> None: ...

    class Derived(Base):
        benchmark_gone = None  # type: ignore[assignment]

        def benchmark_alpha(self) -> None: ...
        def benchmark_zoom(self) -> None: ...

    assert (["zoom", "gone"], ["zoom", "alpha"]) == (workloads_of(Base), workloads_of(Derived))
