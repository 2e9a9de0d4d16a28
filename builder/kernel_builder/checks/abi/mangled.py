"""What C++ symbols are about, read off their mangled names.

Source of the format: the Itanium C++ ABI, whose names of namespaces stand where a nested name begins.
"""

import re

__all__ = ["is_of_cxx_library", "mentions_torch", "mentions_unstable_torch"]

#: A nested name in one of Torch's namespaces, wherever it stands: as the scope, in an argument, in a vtable's name.
_TORCH = re.compile(r"N[rVK]*[RO]?(?:3c10|2at|5torch|6caffe2)(?![a-z_])")
#: The same without those namespaces whose code is compiled into the kernel, or goes through the C functions.
_UNSTABLE = re.compile(r"N[rVK]*[RO]?(?:3c10|2at|5torch(?!6stable|10headeronly)|6caffe2)(?![a-z_])")
#: `torch` again, by the number of a name that was there before: the first is the first namespace.
_FIRST_IS_TORCH = re.compile(r"_Z(?:T[VTIS])?N[rVK]*[RO]?5torch")
_AGAIN_UNSTABLE = re.compile(r"NS_(?!6stable|10headeronly)")
_STD = re.compile(r"_Z(?:T[VTIS]|Thn?[0-9]+_|Tv[0-9n_]+|GV)?(?:N[rVK]*[RO]?)?S[tabsiod]")


def mentions_torch(name: str) -> bool:
    """Whether a symbol is of Torch, or has to do with a type of Torch."""
    return _TORCH.search(name) is not None


def mentions_unstable_torch(name: str) -> bool:
    """Whether a symbol is of Torch, or has to do with a type of Torch, beyond its stable ABI."""
    if _UNSTABLE.search(name):
        return True
    return _FIRST_IS_TORCH.match(name) is not None and _AGAIN_UNSTABLE.search(name) is not None


def is_of_cxx_library(name: str) -> bool:
    """Whether a symbol is of the C++ library, in the namespace `std`."""
    return _STD.match(name) is not None
