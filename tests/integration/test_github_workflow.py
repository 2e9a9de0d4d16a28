"""The workflow in the documents, held to what the command prints."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.projects import RELU, ROOT


@pytest.mark.skipif(os.name == "nt", reason="the step is for bash")
def test_the_workflow_uses_what_the_matrix_has(tmp_path: Path) -> None:
    """The step that lists the variants writes one line of JSON, whose jobs have every value that the workflow uses."""
    yaml = pytest.importorskip("yaml")
    page = (ROOT / "docs" / "how-to" / "build-on-github.md").read_text("utf-8")
    text = page.partition("```yaml\n")[2].partition("```")[0]
    jobs = yaml.safe_load(text)["jobs"]
    (step,) = [step for step in jobs["variants"]["steps"] if step.get("id") == "list"]
    output = tmp_path / "output"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "GITHUB_OUTPUT": str(output)}
    subprocess.run(["bash", "-euo", "pipefail", "-c", step["run"]], cwd=RELU, env=env, check=True)
    (line,) = output.read_text("utf-8").splitlines()
    name, _, matrix = line.partition("=")
    assert jobs["variants"]["outputs"][name] == f"${{{{ steps.list.outputs.{name} }}}}"
    used = set(re.findall(r"matrix\.(\w+)", json.dumps(jobs["build"])))
    include = json.loads(matrix)["include"]
    assert include
    assert [] == [job for job in include if not used <= set(job)]
