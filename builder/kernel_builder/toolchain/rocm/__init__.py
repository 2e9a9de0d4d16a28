"""ROCm: a clang that compiles HIP, the headers of HIP, and the device libraries that both need.

AMD's own ROCm has all three in one folder. A distribution has them apart: its clang is often newer than its device
libraries, which then lack a file for the newest devices; `device` completes them.
"""

from kernel_builder.toolchain.rocm.choose import rocm_accelerator
from kernel_builder.toolchain.rocm.device import compilable_archs, complete_device_libraries, missing_archs
from kernel_builder.toolchain.rocm.installed import HipToolchain, hip_clangs, installed_rocm

__all__ = [
    "HipToolchain",
    "compilable_archs",
    "complete_device_libraries",
    "hip_clangs",
    "installed_rocm",
    "missing_archs",
    "rocm_accelerator",
]
