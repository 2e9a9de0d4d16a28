"""What this process runs on: Torch, its C++ ABI, the compute backend, the processor and the operating system."""

import importlib.util
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kernels.backend import Compute, MajorMinor
from kernels.errors import BackendError, VariantNameError
from kernels.variant import Platform

if TYPE_CHECKING:
    from types import ModuleType

__all__ = [
    "System",
    "TorchFacts",
    "current_system",
    "describe_system",
    "find_torch",
    "published_compute",
    "select_backend",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The facts that decide which builds of a kernel can run.

    Attributes:
        platform: the processor and the operating system.
        compute: the backend that Torch is made for (without Torch: CUDA where its run-time library is, else the CPU).
        torch: the version of Torch; `None` when it is not installed.
        cxx_abi: the C++ ABI of Torch, `"cxx11"` or `"cxx98"`; `None` outside Linux and without Torch.
        tvm_ffi: the version of tvm-ffi; `None` when it is not installed.
        python: the version of Python.
        free_threaded: whether Python is built without the global interpreter lock.
        macos: the version of macOS; `None` elsewhere.
    """

    platform: Platform
    compute: Compute
    torch: MajorMinor | None = None
    cxx_abi: str | None = None
    tvm_ffi: MajorMinor | None = None
    python: MajorMinor = field(default_factory=lambda: MajorMinor(*sys.version_info[:2]))
    free_threaded: bool = False
    macos: MajorMinor | None = None


class TorchFacts(NamedTuple):
    """What is to be known of a Torch: its version, the backend that it is made for, and on Linux its C++ ABI."""

    version: MajorMinor
    compute: Compute
    cxx_abi: str | None


@cache
def current_system() -> System:
    """Find out what this process runs on; the answer is kept.

    Torch is imported when it is installed: only the running Torch knows its backend and its C++ ABI, and a kernel is
    about to import it anyway. Nothing else is imported; tvm-ffi is asked for its version through its distribution.
    `kernels.probe.probe_system` finds the same without Torch where it can.

    Raises:
        ImportError: when Torch is installed and cannot be imported.
    """
    torch = _import_torch()
    if torch is None:
        return describe_system(None)
    abi = _cxx_abi(torch) if platform.system() == "Linux" else None
    return describe_system(TorchFacts(MajorMinor.parse(str(torch.__version__)), _torch_compute(torch), abi))


def find_torch() -> Path | None:
    """The `__init__.py` of the Torch that an import would give; `None` when there is none to import.

    A mere folder with the name does not count, although Python would import it.
    """
    spec = importlib.util.find_spec("torch")
    return Path(spec.origin) if spec and spec.origin else None


def describe_system(torch: TorchFacts | None) -> System:
    """The system of this process with a Torch of which everything is known, or without Torch."""
    here = Platform.of(platform.machine(), platform.system())
    return System(
        platform=here,
        compute=torch.compute if torch else _cuda_without_torch() or Compute("cpu"),
        torch=torch.version if torch else None,
        cxx_abi=torch.cxx_abi if torch else None,
        tvm_ffi=_tvm_ffi_version(),
        free_threaded=_is_free_threaded(),
        macos=_version_or_none(platform.mac_ver()[0]) if here.os == "darwin" else None,
    )


def select_backend(backend: str | None, system: System) -> Compute:
    """The backend to load a kernel for: the system's own, or the CPU when that is asked for.

    Raises:
        BackendError: when another backend is asked for.
    """
    if backend is None or backend == system.compute.backend:
        return system.compute
    if backend == "cpu":
        return Compute("cpu")
    supported = ", ".join(dict.fromkeys(["cpu", system.compute.backend]))
    message = f"Invalid backend '{backend}', system supported backends: {supported}"
    raise BackendError(message)


def published_compute(versions: Mapping[str, str | None], *, has_metal: bool) -> Compute | None:
    """The backend that a Torch was published for; `None` when that is the CPU, to which packages may add another.

    Args:
        versions: the contents of `torch.version`: `cuda`, `hip` and, in newer ones, `xpu`.
        has_metal: whether this Torch can use Metal here.
    """
    for backend, key in (("cuda", "cuda"), ("rocm", "hip")):
        if version := versions.get(key):
            return Compute(backend, MajorMinor.parse(version))
    if has_metal:
        return Compute("metal")
    if version := versions.get("xpu"):
        return Compute("xpu", _oneapi_version(version))
    return None


def _import_torch() -> "ModuleType | None":
    if sys.modules.get("torch") is None and find_torch() is None:
        return None
    return importlib.import_module("torch")


def _torch_compute(torch: "ModuleType") -> Compute:
    """The backend of a Torch: the first that fits, since a Torch with an accelerator also serves the CPU."""
    for backend, found in (("tpu", _is_there(torch.backends, "tpu")), ("neuron", _is_there(torch, "neuron"))):
        if found:
            return Compute(backend)
    published = published_compute(vars(torch.version), has_metal=_is_there(torch.backends, "mps"))
    if published:
        return published
    if torch._C._get_privateuse1_backend_name() == "npu":  # noqa: SLF001 - Torch has no public spelling of it
        return Compute("cann", _cann_version())
    return Compute("cpu")


def _is_there(parent: object, name: str) -> bool:
    """Whether Torch has a backend: the attribute is there, and does not deny that it is available."""
    backend = getattr(parent, name, None)
    return backend is not None and bool(getattr(backend, "is_available", lambda: True)())


def _oneapi_version(text: str) -> MajorMinor:
    """Torch writes oneAPI 2025.3.2 as `20250302`: year, minor and patch, two digits each after the year."""
    return MajorMinor(int(text[:4]), int(text[4:6]))


def _cann_version() -> MajorMinor | None:
    """The version of CANN, which its Torch adapter reports in forms such as `8.3.RC1`, or as empty when it is old."""
    utils = importlib.import_module("torch_npu.utils")
    return _version_or_none(str(utils.get_cann_version(module="CANN")))


def _cuda_without_torch() -> Compute | None:
    """CUDA's version from its run-time library, as `1000 * major + 10 * minor`."""
    import ctypes
    import ctypes.util

    library = ctypes.util.find_library("cudart")
    if library is None:
        return None
    number = ctypes.c_int()
    try:
        failed = ctypes.CDLL(library).cudaRuntimeGetVersion(ctypes.byref(number))
    except (OSError, AttributeError):
        return None
    return None if failed else Compute("cuda", MajorMinor(number.value // 1000, number.value % 1000 // 10))


def _cxx_abi(torch: "ModuleType") -> str:
    """The C++ ABI of Torch; a Torch too new to be asked has the only one that is left."""
    has_cxx11 = getattr(torch, "compiled_with_cxx11_abi", lambda: True)
    return "cxx11" if has_cxx11() else "cxx98"


def _tvm_ffi_version() -> MajorMinor | None:
    if importlib.util.find_spec("tvm_ffi") is None:
        return None
    from importlib.metadata import PackageNotFoundError, version

    try:
        return _version_or_none(version("apache-tvm-ffi"))
    except PackageNotFoundError:
        return None


def _is_free_threaded() -> bool:
    if not hasattr(sys, "_is_gil_enabled"):
        return False
    import sysconfig

    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def _version_or_none(text: str) -> MajorMinor | None:
    try:
        return MajorMinor.parse(text)
    except VariantNameError:
        return None
