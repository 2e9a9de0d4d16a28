"""Where kernels and their scripts come from."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.hub import HubServer

from kernels.benchmark.source import Checkout, Source, fetch
from kernels.errors import (
    BenchmarkNotFoundError,
    IntegrityError,
    KernelNotFoundError,
    NoVariantError,
    UntrustedKernelError,
    VersionNotFoundError,
)

MakeKernel = Callable[..., Path]
Publish = Callable[..., str]


@pytest.fixture
def publish(hub_client: HubServer) -> Publish:
    """Put a project with its benchmarks on the test's Hub, as version 1 of `org/kernel`; gives the commit."""

    def publish_project(root: Path, *, trusted: bool = True, lfs: tuple[str, ...] = ()) -> str:
        files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        commit = hub_client.commit("org/kernel", "v1", files, lfs=lfs)
        hub_client.trust("org", trusted=trusted)
        return commit

    return publish_project


def _of(version: int | None = None, revision: str | None = None) -> Source:
    return Source("the kernel", repo_id="org/kernel", revision=revision, version=version)


def test_a_local_kernel(make_kernel: MakeKernel) -> None:
    """The kernel is that of the folder, and the scripts are those beside its builds."""
    root = make_kernel(benchmark_b="", helpers="")
    checkout = fetch(Source("mine", root))

    scripts = [root.resolve() / "benchmarks" / name for name in ("benchmark.py", "benchmark_b.py")]
    assert Checkout("mine", root.resolve(), checkout.kernel, scripts) == checkout
    assert callable(checkout.kernel.square)


def test_folders_without_what_is_needed(make_kernel: MakeKernel, tmp_path: Path) -> None:
    """No folder, no scripts and no build are three different errors; without scripts the kernel is not loaded."""
    with pytest.raises(KernelNotFoundError, match="there is no folder"):
        fetch(Source("x", tmp_path / "nowhere"))
    with pytest.raises(BenchmarkNotFoundError, match="has no folder benchmarks/"):
        fetch(Source("x", make_kernel(None, kernel="raise AssertionError", project="none")))
    (tmp_path / "sources" / "benchmarks").mkdir(parents=True)
    (tmp_path / "sources" / "benchmarks" / "benchmark.py").write_text("", "utf-8")
    with pytest.raises(KernelNotFoundError, match="has no builds"):
        fetch(Source("x", tmp_path / "sources"))


@pytest.mark.parametrize("lfs", [(), ("",)])
def test_a_kernel_of_the_hub(make_kernel: MakeKernel, publish: Publish, lfs: tuple[str, ...]) -> None:
    """Kernel and scripts come from one commit, with the files beside the scripts, stored by LFS or not."""
    publish(make_kernel(helpers="x = 1\n", benchmark_b=""), lfs=lfs)

    for source in (_of(1), _of(revision="v1")):
        checkout = fetch(source)
        assert ("the kernel", ["benchmark.py", "benchmark_b.py"]) == (
            checkout.name,
            [path.name for path in checkout.scripts],
        )
        assert (checkout.root / "benchmarks" / "helpers.py").read_text("utf-8") == "x = 1\n"
        assert callable(checkout.kernel.square)


def test_the_second_time_is_offline(
    make_kernel: MakeKernel, publish: Publish, hub_client: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was benchmarked once can be benchmarked again without a network."""
    publish(make_kernel())
    first = fetch(_of(1))
    hub_client.stop()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    assert first == fetch(_of(1))


def test_a_publisher_that_is_not_trusted(make_kernel: MakeKernel, publish: Publish, tmp_path: Path) -> None:
    """Neither kernel nor scripts run, or come here, until the caller trusts them."""
    publish(make_kernel(), trusted=False)
    with pytest.raises(UntrustedKernelError):
        fetch(_of(1))
    assert [] == list((tmp_path / "hf").rglob("benchmark.py"))
    assert ["benchmark.py"] == [path.name for path in fetch(_of(1), trust_remote_code=True).scripts]


def test_what_the_hub_does_not_have(make_kernel: MakeKernel, publish: Publish, hub_client: HubServer) -> None:
    """An unknown version, a commit without scripts, and one without builds are told apart."""
    publish(make_kernel(None, kernel="raise AssertionError"))
    with pytest.raises(VersionNotFoundError, match="Version 7 not found, available versions: 1"):
        fetch(_of(7))
    with pytest.raises(BenchmarkNotFoundError, match=r"the kernel has no benchmarks/benchmark\*\.py"):
        fetch(_of(1))
    hub_client.commit("org/kernel", "v2", {"benchmarks/deep/benchmark.py": "", "benchmarks/xbenchmark.py": ""})
    with pytest.raises(BenchmarkNotFoundError):
        fetch(_of(2))
    hub_client.commit("org/kernel", "v3", {"benchmarks/benchmark.py": ""})
    with pytest.raises(NoVariantError):
        fetch(_of(3))


@pytest.mark.parametrize("name", ["benchmark.py", "benchmark_more.py", "helpers.so"])
def test_scripts_that_were_tampered_with(make_kernel: MakeKernel, publish: Publish, name: str) -> None:
    """A script in the cache that was changed or added is not run."""
    publish(make_kernel())
    checkout = fetch(_of(1))
    script = checkout.root / "benchmarks" / name
    script.unlink(missing_ok=True)
    script.write_text("print('changed')\n", "utf-8")

    with pytest.raises(IntegrityError, match=name.replace(".", r"\.")):
        fetch(_of(1))
