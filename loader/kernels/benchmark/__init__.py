"""Timing kernels against a reference: what `kernels benchmark` runs, and the class that its scripts derive from.

Importing this package imports neither Torch nor anything else that is heavy.
"""

from kernels.benchmark.base import Benchmark

__all__ = ["Benchmark"]
