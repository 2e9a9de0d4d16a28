"""CUDA: every nvcc of this machine, and the one that a build needs with all that CMake has to know of it.

Toolkits of several versions lie side by side: installed by NVIDIA's own installer, as Python packages of the running
environment, or fetched into our cache. The Python packages (CUDA 13 and later) lack the names that linkers look for;
`rooted` puts a folder of links before them.
"""

from kernel_builder.toolchain.cuda.choose import cuda_accelerator
from kernel_builder.toolchain.cuda.fetch import can_fetch, fetch_toolkit
from kernel_builder.toolchain.cuda.toolkits import Toolkit, installed_toolkits

__all__ = ["Toolkit", "can_fetch", "cuda_accelerator", "fetch_toolkit", "installed_toolkits"]
