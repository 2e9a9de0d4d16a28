"""The card of a new kernel, as people find it on the Hub."""

import os
import re
from pathlib import Path

from support.hub import HubServer
from support.projects import git, kernel_builder, run_python

from kernel_builder.publish.front_matter import check_front_matter

_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_its_example_runs_as_pasted(hub: HubServer, tmp_path: Path) -> None:
    """The example on the page of a kernel that was just published runs in a new process with an empty cache."""
    env = {"GIT_CONFIG_GLOBAL": os.devnull, **hub.env(tmp_path / "there", token=hub.token)}
    init = ("init", "org/my-kernel", "--framework", "torch-noarch", "--backends", "cpu")
    assert 0 == kernel_builder(*init, cwd=tmp_path, env=env).returncode
    git(tmp_path / "my-kernel", "commit", "-q", "-m", "First")
    done = kernel_builder("build-and-upload", "my-kernel", "--driver", "local", cwd=tmp_path, env=env)
    assert 0 == done.returncode, done.stderr
    repository = hub.store.repositories["kernel", "org/my-kernel"]
    card = repository.commits[repository.refs["refs/heads/main"]].files["README.md"].content.decode()

    (example,) = _PYTHON.findall(card)
    assert "tensor(" in run_python(example, env=hub.env(tmp_path / "back"))
    assert [] == list(check_front_matter(card))
    assert "- `torch-cpu`\n" in card
