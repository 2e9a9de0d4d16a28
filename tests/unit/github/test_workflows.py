"""The repository's own workflows: what their steps run is there, and is what a person would run."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from support.projects import ROOT

if not (ROOT / ".github").is_dir():
    pytest.skip("only a checkout has workflows", allow_module_level=True)

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
JOBS = [
    pytest.param(job, id=f"{path.stem}-{name}")
    for path in WORKFLOWS
    for name, job in yaml.safe_load(path.read_text("utf-8"))["jobs"].items()
]
#: What the steps may ask GitHub for.
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.name))
def test_rights_are_few(path: Path) -> None:
    """A workflow may read the repository, and nothing else unless it says so."""
    assert {"contents": "read"} == yaml.safe_load(path.read_text("utf-8"))["permissions"]


@pytest.mark.parametrize("job", JOBS)
def test_a_job_ends(job: dict[str, Any]) -> None:
    """Each job has a limit, and each action a version."""
    assert 0 < job["timeout-minutes"] <= 120
    assert [] == [step for step in job["steps"] if not re.search(r"@v\d|@[0-9a-f]{40}$", step.get("uses", "@v1"))]


@pytest.mark.parametrize("job", JOBS)
def test_what_a_job_runs_is_there(job: dict[str, Any]) -> None:
    """Its shell code is whole, and the targets and scripts that it names exist."""
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8")))
    for step in job["steps"]:
        code = _EXPRESSION.sub("value", step.get("run", ""))
        subprocess.run(["bash", "-n"], input=code, text=True, check=True)
        named = {target for words in re.findall(r"\bmake((?: [\w=.-]+)+)", code) for target in words.split()}
        assert {word for word in named if "=" not in word} <= targets
        assert [] == [path for path in re.findall(r"[\w.-]+/[\w./-]+", code) if not (ROOT / path).exists()]


@pytest.mark.parametrize("job", JOBS)
def test_every_python_is_supported(job: dict[str, Any]) -> None:
    """The Pythons of a matrix are those that the distributions install on; each of them is there."""
    pythons = job.get("strategy", {}).get("matrix", {}).get("python")
    if pythons is None:
        return
    required = re.findall(r'requires-python = "(.*)"', (ROOT / "builder" / "pyproject.toml").read_text("utf-8"))
    assert ["3.10", "3.11", "3.12", "3.13", "3.14"] == pythons
    assert [] == [python for python in pythons if python not in SpecifierSet(required[0])]
