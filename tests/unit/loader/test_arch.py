"""Which GPUs a build is for."""

import logging
import sys
from types import ModuleType, SimpleNamespace

import pytest

from kernels.arch import check_arch, current_arch, is_built_for
from kernels.errors import UnsupportedArchError
from kernels.metadata import BackendInfo, Metadata

#: Backend, GPU, the architectures that a build names (with spaces between them), and whether the GPU can run it.
TABLE = [
    # The same architecture, or a later one of the same major version.
    ("cuda", "9.0", "9.0", True),
    ("cuda", "8.6", "8.0", True),
    ("cuda", "8.9", "8.6", True),
    ("cuda", "10.3", "10.0", True),
    ("cuda", "12.1", "12.0", True),
    ("cuda", "9.10", "9.9", True),
    # An older GPU, or another major version.
    ("cuda", "8.0", "8.6", False),
    ("cuda", "9.0", "8.0", False),
    ("cuda", "8.0", "9.0", False),
    ("cuda", "7.5", "8.0", False),
    ("cuda", "10.0", "9.0", False),
    ("cuda", "12.0", "10.0", False),
    ("cuda", "9.9", "9.10", False),
    ("cuda", "1.0", "10.0", False),
    # For one architecture alone.
    ("cuda", "9.0", "9.0a", True),
    ("cuda", "10.0", "10.0a", True),
    ("cuda", "9.1", "9.0a", False),
    ("cuda", "8.9", "9.0a", False),
    ("cuda", "10.3", "10.0a", False),
    ("cuda", "10.0", "9.0a+PTX", False),
    ("cuda", "9.0", "9.0a+PTX", True),
    # For a family.
    ("cuda", "10.0", "10.0f", True),
    ("cuda", "10.3", "10.0f", True),
    ("cuda", "10.0", "10.3f", False),
    ("cuda", "12.0", "10.0f", False),
    ("cuda", "9.0", "10.0f", False),
    ("cuda", "12.1", "12.0f+PTX", True),
    ("cuda", "12.0", "10.0f+PTX", False),
    # With code that the driver compiles for any later GPU.
    ("cuda", "9.0", "9.0+PTX", True),
    ("cuda", "12.1", "9.0+PTX", True),
    ("cuda", "9.0", "8.6+PTX", True),
    ("cuda", "10.0", "9.10+PTX", True),
    ("cuda", "8.9", "9.0+PTX", False),
    ("cuda", "9.0", "9.1+PTX", False),
    # Several: one that fits is enough.
    ("cuda", "8.9", "7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0+PTX", True),
    ("cuda", "12.0", "7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0+PTX", True),
    ("cuda", "6.1", "7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0+PTX", False),
    ("cuda", "12.0", "8.0 9.0a 10.0f", False),
    ("cuda", "9.0", "8.0 9.0a 10.0f", True),
    # Nothing to compare.
    ("cuda", "9.0", "", True),
    ("cuda", "9.0", "sm_80", True),
    ("cuda", "9.0", "gfx942 8 8.0b 8.0+ptx hopper 9.0aa", True),
    ("cuda", "9.0", "99999999999999999999.0", True),
    ("rocm", "gfx942", "", True),
    ("rocm", "gfx942", "gfx9-4-generic", True),
    ("rocm", "gfx942", "native 9.0 gfx", True),
    # Names of another form do not count beside known ones.
    ("cuda", "9.0", "8.0 hopper", False),
    ("cuda", "9.0", "9.0 hopper", True),
    ("rocm", "gfx942", "gfx90a gfx11-generic", False),
    # ROCm: this very architecture, in any configuration.
    ("rocm", "gfx942", "gfx942", True),
    ("rocm", "gfx942:sramecc+:xnack-", "gfx942", True),
    ("rocm", "gfx90a:sramecc+:xnack-", "gfx908 gfx90a:xnack+", True),
    ("rocm", "gfx1100", "gfx906 gfx908 gfx90a gfx1100", True),
    ("rocm", "gfx1101", "gfx1100", False),
    ("rocm", "gfx942", "gfx90a", False),
    ("rocm", "gfx90a:sramecc+:xnack-", "gfx90", False),
    ("rocm", "gfx1100", "gfx110", False),
    ("rocm", "gfx942", "GFX942 gfx90a", False),
    # Backends without architectures.
    ("cpu", "9.0", "8.0", True),
    ("xpu", "9.0", "8.0", True),
    ("metal", "9.0", "8.0", True),
]


class _Cuda:
    """A stand-in for `torch.cuda` that notes what it is asked."""

    def __init__(self, *gpus: SimpleNamespace, current: int = 0) -> None:
        self.gpus = gpus
        self.current = current
        self.asked: list[object] = []

    def is_available(self) -> bool:
        self.asked.append("is_available")
        return bool(self.gpus)

    def current_device(self) -> int:
        self.asked.append("current_device")
        return self.current

    def get_device_properties(self, index: int) -> SimpleNamespace:
        self.asked.append(index)
        return self.gpus[index]


A100 = SimpleNamespace(major=8, minor=0)
H100 = SimpleNamespace(major=9, minor=0)
MI300 = SimpleNamespace(major=9, minor=4, gcnArchName="gfx942:sramecc+:xnack-")


def _use(monkeypatch: pytest.MonkeyPatch, cuda: object) -> None:
    torch = ModuleType("torch")
    torch.__dict__["cuda"] = cuda
    monkeypatch.setitem(sys.modules, "torch", torch)


def _metadata(backend: str, *archs: str) -> Metadata:
    return Metadata("_some_kernel_abc1234", "some-kernel", 1, "MIT", BackendInfo(backend, archs))


@pytest.mark.parametrize(("backend", "gpu", "archs", "runs"), TABLE)
def test_the_rules(backend: str, gpu: str, archs: str, runs: bool) -> None:
    """Each form of name runs on the GPUs that it stands for, and on no others."""
    assert runs == is_built_for(gpu, archs.split(), backend)


def test_the_order_of_the_names_does_not_matter() -> None:
    """Every row gives the same answer with its names the other way round."""
    assert [row[3] for row in TABLE] == [is_built_for(gpu, archs.split()[::-1], name) for name, gpu, archs, _ in TABLE]


@pytest.mark.parametrize(
    ("backend", "gpu", "arch"),
    [("cuda", H100, "9.0"), ("rocm", MI300, "gfx942:sramecc+:xnack-"), ("rocm", H100, None)],
)
def test_the_gpu_is_asked(
    monkeypatch: pytest.MonkeyPatch, backend: str, gpu: SimpleNamespace, arch: str | None
) -> None:
    """CUDA counts in compute capabilities and ROCm in names, which an old Torch does not know."""
    _use(monkeypatch, _Cuda(gpu))

    assert arch == current_arch(backend)


def test_the_current_device_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are several GPUs, a build is for the one that Torch uses now."""
    cuda = _Cuda(A100, H100, current=1)
    _use(monkeypatch, cuda)

    check_arch(_metadata("cuda", "9.0"))

    assert ["is_available", "current_device", 1] == cuda.asked
    cuda.current = 0
    with pytest.raises(UnsupportedArchError):
        check_arch(_metadata("cuda", "9.0"))


def test_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the kernel, its architectures and the GPU, and the ways out."""
    _use(monkeypatch, _Cuda(MI300))

    with pytest.raises(UnsupportedArchError) as caught:
        check_arch(_metadata("rocm", "gfx90a", "gfx1100"))

    assert (
        "the kernel some-kernel is built for the GPU architectures gfx90a, gfx1100, and the current GPU, "
        "gfx942:sramecc+:xnack-, can run none of them; build the kernel for it, make another GPU the current device "
        "before the kernel is loaded, or load it all the same with check_arch=False"
    ) == str(caught.value)


@pytest.mark.parametrize("metadata", [_metadata("cuda"), _metadata("cpu", "8.0"), _metadata("metal", "8.0")])
def test_the_gpu_is_left_alone(monkeypatch: pytest.MonkeyPatch, metadata: Metadata) -> None:
    """A build that names no architectures, or is for a backend without them, starts no GPU."""
    cuda = _Cuda(A100)
    _use(monkeypatch, cuda)

    check_arch(metadata)

    assert [] == cuda.asked


def test_other_backends_have_no_gpu_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU that is asked for on a machine with a GPU does not start the GPU."""
    cuda = _Cuda(A100)
    _use(monkeypatch, cuda)

    assert [None, None] == [current_arch("cpu"), current_arch("xpu")]
    assert [] == cuda.asked


def test_without_a_gpu_every_build_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no GPU can be seen the kernel may be for later, and the GPU is asked for nothing more."""
    cuda = _Cuda()
    _use(monkeypatch, cuda)

    check_arch(_metadata("cuda", "8.0"))

    assert ["is_available"] == cuda.asked


def test_without_torch_every_build_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that needs no Torch is not refused for its absence."""
    monkeypatch.setitem(sys.modules, "torch", None)

    check_arch(_metadata("cuda", "8.0"))

    assert current_arch("cuda") is None


def test_a_gpu_that_cannot_be_asked(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """When CUDA does not start, as after a fork, the build passes and the log says why."""

    class Forked(_Cuda):
        def current_device(self) -> int:
            message = "Cannot re-initialize CUDA in forked subprocess"
            raise RuntimeError(message)

    _use(monkeypatch, Forked(A100))

    with caplog.at_level(logging.INFO, "kernels"):
        check_arch(_metadata("cuda", "9.0"))

    reason = "The GPU cannot be asked for its architecture: Cannot re-initialize CUDA in forked subprocess"
    assert [reason] == caplog.messages


def test_the_real_torch_is_asked() -> None:
    """The Torch of this environment knows its GPU, or that it has none."""
    torch = pytest.importorskip("torch")
    backend = "rocm" if torch.version.hip else "cuda"

    assert torch.cuda.is_available() == (current_arch(backend) is not None)
