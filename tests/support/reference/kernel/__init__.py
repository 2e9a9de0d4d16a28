"""Stands for every kernel that the documents name: plain Torch that notes which of its functions were called.

It is published as the build of many repositories; each that is loaded has a list of calls of its own.
"""

from . import layers
from .functions import calls, gelu_fast, my_kernel_function, relu, silu_and_mul

__all__ = ["calls", "gelu_fast", "layers", "my_kernel_function", "relu", "silu_and_mul"]
