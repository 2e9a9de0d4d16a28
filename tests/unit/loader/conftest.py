"""Kernels of pure Python, made on disk."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.hub import HubServer

_NUMBERS = itertools.count()


@pytest.fixture
def fresh_id() -> str:
    """An id that no other kernel of this process has."""
    return f"_loader_test_{next(_NUMBERS)}"


@pytest.fixture
def make_build(tmp_path: Path) -> Callable[..., Path]:
    """Make the folder of one build; by default with a fresh id, for every backend, below `tmp_path/kernel/build`."""

    def make(
        body: str = "",
        *,
        variant: str = "torch-universal",
        project: str = "kernel",
        package: str = ".",
        files: dict[str, str] | None = None,
        **keys: object,
    ) -> Path:
        build = tmp_path / project / "build" / variant
        metadata = {
            "id": f"_loader_test_{next(_NUMBERS)}",
            "name": "test-kernel",
            "version": 1,
            "license": "Apache-2.0",
            "backend": {"type": "cpu"},
            **keys,
        }
        contents = {f"{package}/__init__.py": body, "metadata.json": json.dumps(metadata), **(files or {})}
        for path, text in contents.items():
            (build / path).parent.mkdir(parents=True, exist_ok=True)
            (build / path).write_text(text, encoding="utf-8")
        return build

    return make


@pytest.fixture
def counting_body(tmp_path: Path) -> tuple[str, Callable[[], int]]:
    """The source of a module that counts how often it is executed, and the count."""
    log = tmp_path / "executions"
    body = (
        "import os, time\n"
        f"_file = os.open({str(log)!r}, os.O_APPEND | os.O_CREAT | os.O_WRONLY)\n"
        "os.write(_file, b'x')\n"
        "os.close(_file)\n"
        "time.sleep(0.002)\n"
    )
    return body, lambda: log.stat().st_size if log.exists() else 0


@pytest.fixture
def publish(hub_client: HubServer, make_build: Callable[..., Path]) -> Callable[..., str]:
    """Publish a kernel of one or more builds on the test's Hub, by a trusted publisher; the commit of the version."""

    def publish_build(
        repo_id: str = "org/kernel",
        version: int = 1,
        *,
        variants: tuple[str, ...] = ("torch-universal",),
        **build: object,
    ) -> str:
        project = f"{repo_id.replace('/', '-')}-{version}"
        for variant in variants:
            tree = make_build(variant=variant, project=project, **build)
        commit = hub_client.publish(tree.parent.parent, repo_id, version=version)
        hub_client.trust(repo_id.partition("/")[0])
        hub_client.clear_requests()
        return commit

    return publish_build
