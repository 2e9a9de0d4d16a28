"""The class that scripts derive from."""

from support.projects import run_python

from kernels.benchmark import Benchmark


def test_importing_it_costs_nothing() -> None:
    """The import that every script starts with loads neither Torch nor any other heavy module."""
    code = (
        "import sys\nfrom kernels.benchmark import Benchmark\n"
        "heavy = {'torch', 'huggingface_hub', 'statistics', 'matplotlib', 'rich', 'dataclasses'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert "[]\n" == run_python(code)


def test_what_an_instance_starts_with() -> None:
    """Without a runner there is no kernel and no output, the device is the CPU, and the setup does nothing."""
    benchmark = Benchmark()
    benchmark.setup()
    assert (None, None, "cpu", 0) == (benchmark.kernel, benchmark.out, benchmark.device, benchmark.seed)
