"""The job matrix of a workflow on GitHub."""

import json

from support.configs import noarch_config, torch_config

from kernel_builder.config.model import KernelConfig
from kernel_builder.matrix import BuildTarget, github_matrix, load_matrix, select
from kernel_builder.matrix.github import github_runners
from kernels.variant import Platform

SYSTEMS = load_matrix().systems


def _found(config: KernelConfig, *systems: str) -> dict[str, tuple[BuildTarget, ...]]:
    return {system: select(config, load_matrix(), Platform(*system.split("-"))) for system in systems}


def test_every_system_has_a_machine() -> None:
    """The systems of the build matrix and those with a label are the same."""
    assert sorted(SYSTEMS) == sorted(github_runners())


def test_a_job_for_each_variant() -> None:
    """A compiled variant is one job, with its backend, its system and a machine of that system."""
    found = _found(torch_config("cpu", "cuda", "metal"), *SYSTEMS)
    jobs = github_matrix(found)["include"]
    assert sorted(target.name for targets in found.values() for target in targets) == sorted(
        job["variant"] for job in jobs
    )
    expected = {
        "variant": "torch213-metal-aarch64-darwin",
        "backend": "metal",
        "system": "aarch64-darwin",
        "runner": github_runners()["aarch64-darwin"],
    }
    assert expected == jobs[-1]
    assert [] == [job for job in jobs if not job["variant"].endswith(job["system"])]


def test_a_python_only_variant_is_built_once() -> None:
    """Jobs that would make the same build are one, on the first system that has it."""
    jobs = github_matrix(_found(noarch_config("cpu", "cuda", "metal", "cann"), *SYSTEMS))["include"]
    expected = {
        "torch-cann": "x86_64-linux",
        "torch-cpu": "x86_64-linux",
        "torch-cuda": "x86_64-linux",
        "torch-metal": "aarch64-darwin",
    }
    assert expected == {job["variant"]: job["system"] for job in jobs}
    assert len(expected) == len(jobs)


def test_systems_that_were_not_asked_for_have_no_job() -> None:
    """Jobs are those of the systems that are given; without a variant there is none."""
    assert {"aarch64-linux"} == {
        job["system"] for job in github_matrix(_found(noarch_config("cpu", "cuda"), "aarch64-linux"))["include"]
    }
    assert {"include": []} == github_matrix(_found(torch_config("metal"), "x86_64-linux"))


def test_the_jobs_are_json_of_plain_values() -> None:
    """The matrix survives JSON as it is."""
    jobs = github_matrix(_found(torch_config("cpu"), *SYSTEMS))
    assert jobs == json.loads(json.dumps(jobs))
