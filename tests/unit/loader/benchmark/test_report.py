"""Reports and their JSON documents."""

import dataclasses
import json

import pytest

from kernels.benchmark.report import KernelBuild, Report, Script


@pytest.mark.parametrize(
    ("module_id", "commit", "dirty"),
    [
        ("_relu_cuda_2385e44", "2385e44", False),
        ("_flash_attn_cuda_2385e44_dirty", "2385e44", True),
        ("_relu_fc57689", "fc57689", False),
        ("relu", "relu", False),
    ],
)
def test_the_commit_of_a_build(module_id: str, commit: str, dirty: bool) -> None:
    """It is the last part of the id; that the sources were not those of the commit is said apart."""
    assert KernelBuild("name", commit, dirty) == KernelBuild.of("name", module_id)


def test_the_document(report: Report) -> None:
    """It has the documented keys, is JSON, and has null where there is nothing to say."""
    document = json.loads(json.dumps(report.document(), allow_nan=False))

    assert {
        "kernel": "owner/silu@v1",
        "kernelCommitSha": "2385e44",
        "kernelDirty": False,
        "benchmarkScriptPath": "benchmarks/benchmark.py",
        "benchmarkScriptSha": "5b53516" + "0" * 33,
        "benchmarkScripts": [{"path": "benchmarks/benchmark.py", "sha": "5b53516" + "0" * 33}],
        "machineInfo": {
            "gpu": None,
            "cpu": "A Processor",
            "os": "Linux 6.1",
            "torch": "2.13.0+cpu",
            "python": "3.12.1",
            "backend": "cpu",
            "threads": 4,
        },
    } == {key: value for key, value in document.items() if key != "results"}
    fast, plain, wrong = document["results"]
    low, high = fast["timingResults"].pop("confidenceInterval")
    assert (pytest.approx(2 - 1.959964 / 3**0.5), pytest.approx(2 + 1.959964 / 3**0.5)) == (low, high)
    assert {
        "mean": 2.0,
        "std": 1.0,
        "min": 1.0,
        "max": 3.0,
        "q1": 1.5,
        "q3": 2.5,
        "iqr": 1.0,
        "outliers": 0,
        "iterations": 3,
    } == fast["timingResults"]
    assert ("fast", 5.0, 2.5, True, True) == (
        fast["workload"],
        fast["referenceTimingResults"]["mean"],
        fast["speedup"],
        fast["significant"],
        fast["verified"],
    )
    assert (0.5, None, None, None, None) == (
        plain["timingResults"]["mean"],
        plain["referenceTimingResults"],
        plain["speedup"],
        plain["significant"],
        plain["verified"],
    )
    assert (None, None, False, "it differs") == (
        wrong["timingResults"],
        wrong["speedup"],
        wrong["verified"],
        wrong["difference"],
    )


def test_several_scripts(report: Report) -> None:
    """The keys that can hold one script only are null then."""
    scripts = (*report.scripts, Script("benchmarks/benchmark_more.py", "a" * 40))
    document = dataclasses.replace(report, scripts=scripts).document()
    assert (None, None, ["benchmarks/benchmark.py", "benchmarks/benchmark_more.py"]) == (
        document["benchmarkScriptPath"],
        document["benchmarkScriptSha"],
        [script["path"] for script in document["benchmarkScripts"]],
    )


def test_differences(report: Report) -> None:
    """Each wrong workload is named with its script, and labels have the benchmark where there are several."""
    assert ["benchmarks/benchmark.py: Silu.wrong: it differs"] == report.differences
    assert "fast" == report.label(report.results[0])
    other = dataclasses.replace(report.results[1], benchmark="Gelu")
    both = dataclasses.replace(report, results=(*report.results, other))
    assert ["Silu.fast", "Gelu.plain"] == [both.label(result) for result in (report.results[0], other)]
