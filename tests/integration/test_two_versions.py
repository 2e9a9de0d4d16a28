"""Several versions of one kernel in one process."""

import json
from pathlib import Path

from support.projects import copy_relu, git, kernel_builder, run_python, variant_name


def test_two_commits_of_a_kernel_load_into_one_process(tmp_path: Path) -> None:
    """Builds of two commits have ids, modules and operators of their own, and both compute right."""
    project = copy_relu(tmp_path / "relu")
    git(project, "init", "--quiet")
    trees = []
    for number in (1, 2):
        (project / "NOTES").write_text(f"{number}\n", "utf-8")
        git(project, "add", ".")
        git(project, "commit", "--quiet", "--message", f"commit {number}")
        result = kernel_builder("build", project, "--driver", "local")
        assert result.returncode == 0, result.stderr
        kept = tmp_path / f"build-{number}"
        (project / "build").rename(kept)
        trees.append(kept / variant_name())
    code = """
import json, sys, torch
from kernels import get_loaded_kernels, get_local_kernel

x = torch.randn(1000)
kernels = [get_local_kernel(tree, "cpu") for tree in sys.argv[1:]]
print(json.dumps({
    "right": [torch.equal(kernel.relu(x), torch.relu(x)) for kernel in kernels],
    "ids": [loaded.metadata.id for loaded in get_loaded_kernels()],
    "namespaces": [hasattr(torch.ops, loaded.metadata.id) for loaded in get_loaded_kernels()],
}))
"""
    found = json.loads(run_python(code, *trees))
    assert [True, True] == found["right"]
    assert [True, True] == found["namespaces"]
    assert 2 == len(set(found["ids"]))
