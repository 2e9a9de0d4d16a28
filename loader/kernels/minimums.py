"""The versions from which on something is so, from `minimums.json`.

========================  ======================================================================================
name                      from this version on
========================  ======================================================================================
``free_threaded_python``  a free-threaded Python runs compiled kernels
``metal_macos``           macOS runs compiled kernels for Metal
``probed_macos``          a Torch for Apple's processors can use Metal
``probed_torch``          a Torch can be known from its files: one for Linux has the C++ ABI of C++11, and one for
                          Apple's processors has Metal
========================  ======================================================================================
"""

import json
from functools import cache
from pathlib import Path

from kernels.backend import MajorMinor

__all__ = ["minimum"]


def minimum(name: str) -> MajorMinor:
    """The version of that name in the table above."""
    return _minimums()[name]


@cache
def _minimums() -> dict[str, MajorMinor]:
    texts = json.loads(Path(__file__).with_name("minimums.json").read_bytes())
    return {name: MajorMinor.parse(text) for name, text in texts.items()}
