"""What the loader finds here, as JSON on standard output; run as a program of its own.

The loader may have to import Torch, which can take seconds, hang or crash; the doctor must outlive that.

The document has `compute` (the compute part of a variant name, such as `cu130`), `torch`, `cxx_abi`, `tvm_ffi`,
`free_threaded` and `macos`, with null for what is not there.
"""

import json
import sys

from kernels.probe import probe_system

__all__ = ["main"]


def main() -> None:
    """Print what the loader finds."""
    system = probe_system()
    facts = {
        "compute": system.compute.tag,
        "torch": str(system.torch) if system.torch else None,
        "cxx_abi": system.cxx_abi,
        "tvm_ffi": str(system.tvm_ffi) if system.tvm_ffi else None,
        "free_threaded": system.free_threaded,
        "macos": str(system.macos) if system.macos else None,
    }
    sys.stdout.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
