"""The kernels that the documents name, on the Hub of the tests and in a folder."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from support.builds import make_build
from support.hub import HubServer

__all__ = ["make_stand_in", "publish_stand_ins"]

_SOURCES = {path.name: path.read_text("utf-8") for path in (Path(__file__).parent / "kernel").glob("*.py")}
_BENCHMARK = "benchmarks/benchmark.py"
_TRUSTED = (
    "kernels-community/activation",
    "kernels-community/activation-hopper",
    "kernels-community/activation-inference-optimized",
    "kernels-community/activation-training-optimized",
    "kernels-community/inference-kernels",
    "kernels-community/layer_norm",
    "kernels-community/relu",
    "kernels-community/training-kernels",
    "my-username/my-kernel",
)
_UNTRUSTED = "some-other-org/my-kernel"
_NUMBERS = itertools.count()


def make_stand_in(
    folder: Path, name: str, files: Mapping[str, str] = MappingProxyType(_SOURCES), benchmark: str = ""
) -> Path:
    """Make a folder with the build of a kernel.

    Args:
        folder: the folder to make.
        name: the name of the kernel; its id is its own.
        files: path in the build → text.
        benchmark: the source of its benchmark script; without it, there is none.
    """
    metadata = {"name": name.replace("_", "-"), "id": f"_stand_in_{next(_NUMBERS)}"}
    make_build(folder / "build" / "torch-universal", dict(files), **metadata)
    if benchmark:
        (folder / _BENCHMARK).parent.mkdir()
        (folder / _BENCHMARK).write_text(benchmark, "utf-8")
    return folder


def publish_stand_ins(hub: HubServer, folder: Path, benchmark: str) -> None:
    """Publish a stand-in for each kernel that the documents name, with a benchmark script beside its builds."""
    for repo_id in (*_TRUSTED, _UNTRUSTED):
        owner, _, name = repo_id.partition("/")
        hub.publish(make_stand_in(folder / repo_id, name), repo_id)
        for branch in ("main", "v1"):
            hub.commit(repo_id, branch, {_BENCHMARK: benchmark})
        hub.trust(owner, trusted=repo_id != _UNTRUSTED)
