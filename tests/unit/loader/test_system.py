"""What this process runs on."""

import ctypes
import ctypes.util
import importlib.metadata
import importlib.util
import platform
import sys
import sysconfig
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from kernels.backend import Compute, MajorMinor
from kernels.errors import BackendError
from kernels.system import System, current_system, find_torch, select_backend
from kernels.variant import Platform

LINUX = Platform("x86_64", "linux")


def _fake_torch(
    version: str = "2.13.0",
    *,
    privateuse1: str = "privateuseone",
    mps: bool = False,
    cxx11: bool | None = True,
    **versions: str | None,
) -> ModuleType:
    torch = ModuleType("torch")
    backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps))
    facts: dict[str, object] = {
        "__version__": version,
        "version": SimpleNamespace(**{"cuda": None, "hip": None, "xpu": None, **versions}),
        "backends": backends,
        "_C": SimpleNamespace(_get_privateuse1_backend_name=lambda: privateuse1),
    }
    if cxx11 is not None:
        facts["compiled_with_cxx11_abi"] = lambda: cxx11
    torch.__dict__.update(facts)
    return torch


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with Linux on x86-64, whatever this one is."""
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "system", lambda: "Linux")


def _system(monkeypatch: pytest.MonkeyPatch, torch: ModuleType | None) -> System:
    """The system as it would be with this Torch; not kept."""
    monkeypatch.setitem(sys.modules, "torch", torch)
    return current_system.__wrapped__()


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(
    ("torch", "compute"),
    [
        (_fake_torch(), Compute("cpu")),
        (_fake_torch(cuda="12.6"), Compute("cuda", MajorMinor(12, 6))),
        (_fake_torch(hip="7.2.53150-abc"), Compute("rocm", MajorMinor(7, 2))),
        (_fake_torch(mps=True), Compute("metal")),
        (_fake_torch(xpu="20250302"), Compute("xpu", MajorMinor(2025, 3))),
        (_fake_torch(xpu="20261000"), Compute("xpu", MajorMinor(2026, 10))),
    ],
)
def test_the_backend_is_that_of_torch(monkeypatch: pytest.MonkeyPatch, torch: ModuleType, compute: Compute) -> None:
    """Each make of Torch has its backend."""
    assert compute == _system(monkeypatch, torch).compute


@pytest.mark.usefixtures("linux")
def test_other_accelerators_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """TPU and Neuron are extensions of a Torch that may have another backend of its own."""
    tpu, neuron, denied = _fake_torch(), _fake_torch(cuda="12.6"), _fake_torch()
    tpu.backends.tpu = SimpleNamespace()
    neuron.__dict__["neuron"] = SimpleNamespace(is_available=lambda: True)
    denied.backends.tpu = SimpleNamespace(is_available=lambda: False)

    found = [_system(monkeypatch, torch).compute for torch in (tpu, neuron, denied)]

    assert [Compute("tpu"), Compute("neuron"), Compute("cpu")] == found


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(("text", "version"), [("8.3.RC1", MajorMinor(8, 3)), ("", None)])
def test_cann_is_asked_for_its_version(monkeypatch: pytest.MonkeyPatch, text: str, version: MajorMinor | None) -> None:
    """The Ascend adapter of Torch knows the version of CANN, or is too old to."""
    utils = ModuleType("torch_npu.utils")
    utils.__dict__["get_cann_version"] = lambda module: text
    monkeypatch.setitem(sys.modules, "torch_npu", ModuleType("torch_npu"))
    monkeypatch.setitem(sys.modules, "torch_npu.utils", utils)

    assert Compute("cann", version) == _system(monkeypatch, _fake_torch(privateuse1="npu")).compute


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(("cxx11", "abi"), [(True, "cxx11"), (False, "cxx98"), (None, "cxx11")])
def test_the_cxx_abi_is_that_of_torch(monkeypatch: pytest.MonkeyPatch, cxx11: bool | None, abi: str) -> None:
    """On Linux Torch says which C++ ABI it has; one that no longer says it has the newer."""
    assert abi == _system(monkeypatch, _fake_torch(cxx11=cxx11)).cxx_abi


def test_a_mac_has_a_version_and_no_cxx_abi(monkeypatch: pytest.MonkeyPatch) -> None:
    """The C++ ABI is a matter of Linux; the version of macOS counts for Metal."""
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "mac_ver", lambda: ("26.1", ("", "", ""), "arm64"))

    system = _system(monkeypatch, _fake_torch(mps=True))

    assert (Platform("aarch64", "darwin"), None, MajorMinor(26, 1)) == (system.platform, system.cxx_abi, system.macos)


@pytest.mark.usefixtures("linux")
def test_versions_of_torch_and_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The versions count to their second component."""
    system = _system(monkeypatch, _fake_torch("2.10.0a0+git123"))

    assert (MajorMinor(2, 10), sys.version_info[:2]) == (system.torch, system.python)


@pytest.mark.usefixtures("linux")
def test_without_torch_and_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Torch and without the run-time library of CUDA has a CPU."""
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)

    system = _system(monkeypatch, None)

    assert (None, None, Compute("cpu")) == (system.torch, system.cxx_abi, system.compute)


@pytest.mark.usefixtures("linux")
def test_without_torch_cuda_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Torch the run-time library of CUDA says which version it has."""

    def get_version(reference: object) -> int:
        reference._obj.value = 12060  # type: ignore[attr-defined] # noqa: SLF001 - what ctypes.byref points to
        return 0

    monkeypatch.setattr(ctypes.util, "find_library", lambda name: f"lib{name}.so.12")
    monkeypatch.setattr(ctypes, "CDLL", lambda path: SimpleNamespace(cudaRuntimeGetVersion=get_version))

    assert Compute("cuda", MajorMinor(12, 6)) == _system(monkeypatch, None).compute


@pytest.mark.usefixtures("linux")
def test_a_broken_cuda_library_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that cannot be loaded gives no backend."""
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: "/nowhere/libcudart.so.12")

    assert Compute("cpu") == _system(monkeypatch, None).compute


def test_a_mere_folder_is_no_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder of that name, which Python would import as a package without contents, does not count."""
    (tmp_path / "torch").mkdir()
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    assert importlib.util.find_spec("torch") is not None
    assert find_torch() is None
    assert current_system.__wrapped__().torch is None


@pytest.mark.usefixtures("linux")
def test_tvm_ffi_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version of tvm-ffi comes from its distribution."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if name == "tvm_ffi" else find_spec(name))
    monkeypatch.setattr(importlib.metadata, "version", lambda name: {"apache-tvm-ffi": "0.1.7"}[name])

    assert MajorMinor(0, 1) == _system(monkeypatch, _fake_torch()).tvm_ffi
    assert "tvm_ffi" not in sys.modules


@pytest.mark.usefixtures("linux")
def test_free_threading_is_a_fact_of_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python says how it was built, also when the lock has been switched on again."""
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: True, raising=False)
    found = []
    for flag in (1, 0, None):
        monkeypatch.setattr(sysconfig, "get_config_var", lambda name, flag=flag: flag)
        found.append(_system(monkeypatch, _fake_torch()).free_threaded)

    assert [True, False, False] == found


def test_the_system_is_found_once() -> None:
    """Every call gives the same value."""
    assert current_system() is current_system()


def test_this_machine() -> None:
    """The real Torch, where there is one, gives the facts of this machine."""
    torch = pytest.importorskip("torch")

    system = current_system()

    assert str(torch.__version__).startswith(f"{system.torch}.")
    assert Platform.of(platform.machine(), platform.system()) == system.platform


@pytest.mark.parametrize(
    ("backend", "compute"),
    [
        (None, Compute("cuda", MajorMinor(12, 6))),
        ("cuda", Compute("cuda", MajorMinor(12, 6))),
        ("cpu", Compute("cpu")),
    ],
)
def test_a_backend_that_the_system_has(backend: str | None, compute: Compute) -> None:
    """The CPU and the backend of the system can be chosen."""
    system = System(platform=LINUX, compute=Compute("cuda", MajorMinor(12, 6)))

    assert compute == select_backend(backend, system)


@pytest.mark.parametrize(("own", "supported"), [("metal", "cpu, metal"), ("cpu", "cpu")])
def test_another_backend_is_refused(own: str, supported: str) -> None:
    """The error names the backends that can be chosen."""
    with pytest.raises(BackendError) as caught:
        select_backend("rocm", System(platform=LINUX, compute=Compute(own)))

    assert f"Invalid backend 'rocm', system supported backends: {supported}" == str(caught.value)
