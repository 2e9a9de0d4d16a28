"""Importing Torch takes seconds, and no command that runs no kernel does it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.hub import HubServer
from support.sigstore_ca import GITHUB_ISSUER, Sigstore

Publish = Callable[..., str]

#: Runs commands, and says how each ended and what was imported by then.
SCRIPT = """
import contextlib, io, json, sys
from kernels.cli import main

ends = {}
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()):
        status = main(arguments)
    ends[" ".join(arguments[:2])] = [status, *({"torch", "rich"} & set(sys.modules))]
print(json.dumps(ends))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that needs a kernel."""
    (tmp_path / "pyproject.toml").write_text('[tool.kernels.dependencies]\n"org/kernel" = 1\n', "utf-8")
    return tmp_path


def test_no_command_imports_torch(hub_client: HubServer, publish: Publish, project: Path) -> None:
    """All that list, lock, download and verify leave Torch alone, and in a pipe also rich."""
    pytest.importorskip("torch")
    publish(variants=("torch-universal", "torch-neuron"))
    policy = project / "policy.json"
    policy.write_text(json.dumps([{"issuer": GITHUB_ISSUER, "repository": "acme/kernels"}]), "utf-8")
    root = Sigstore().write_trust_root(project / "trusted_root.json")
    commands = [
        ["versions", "org/kernel"],
        ["info", "org/kernel", "--json"],
        ["lock", str(project)],
        ["download", str(project), "--all-variants"],
        ["verify", "org/kernel", "1", "--policy", str(policy), "--trust-root", str(root)],
        ["cache", "list"],
        ["cache", "verify"],
        ["cache", "prune"],
    ]
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands)], capture_output=True, text=True, check=True
    )

    # The kernel is not signed, and that is what `verify` finds out.
    assert {" ".join(command[:2]): [1 if command[0] == "verify" else 0] for command in commands} == json.loads(
        result.stdout
    )
