"""Whether the GPU of this process can run a build, by the architectures that the build names.

A kernel without code for a GPU fails in the middle of the program that uses it, some by ending the process. So the
`backend.archs` of its metadata are compared with the GPU before anything of it runs.

=============  ==============================================================================================
name           runs on
=============  ==============================================================================================
``9.0``        every GPU of the same major version with the same or a later minor one
``9.0a``       this GPU alone, since it uses instructions that no other has; also with ``+PTX`` behind it
``10.0f``      its family: as without a letter; also with ``+PTX`` behind it
``8.0+PTX``    every GPU that is not older: the driver compiles the code that the build carries for it
``gfx942``     this GPU; what follows a colon (``gfx942:sramecc+``) is its configuration and does not count
=============  ==============================================================================================

The rules for CUDA are those of its programming guide on binary, PTX, architecture- and family-specific compatibility.
"""

import logging
import re
from collections.abc import Sequence

from kernels.backend import MajorMinor
from kernels.errors import UnsupportedArchError
from kernels.metadata import Metadata

__all__ = ["check_arch", "current_arch", "is_built_for"]

_LOGGER = logging.getLogger(__name__)
_CUDA = re.compile(r"([0-9]{1,9}\.[0-9]{1,9})([af]?)(\+PTX)?")
_ROCM = re.compile(r"(gfx[0-9a-f]+)(:.*)?")


def check_arch(metadata: Metadata) -> None:
    """Make sure that a build has code for the GPU that is Torch's current device, before anything of it runs.

    A build that names no architectures passes, and so does every build where no GPU can be seen: it may be loaded
    for what comes later. Only for a build for CUDA or ROCm that names architectures is the GPU looked for.

    Raises:
        UnsupportedArchError: when the build has code for other GPUs only.
    """
    backend = metadata.backend
    arch = current_arch(backend.type) if backend.archs else None
    if arch is None or is_built_for(arch, backend.archs, backend.type):
        return
    message = (
        f"the kernel {metadata.name} is built for the GPU architectures {', '.join(backend.archs)}, and the current "
        f"GPU, {arch}, can run none of them; build the kernel for it, make another GPU the current device before the "
        "kernel is loaded, or load it all the same with check_arch=False"
    )
    raise UnsupportedArchError(message)


def is_built_for(arch: str, archs: Sequence[str], backend: str) -> bool:
    """Whether a GPU can run a build.

    Args:
        arch: the architecture of the GPU, as `current_arch` gives it.
        archs: the architectures that the build names. Names of other forms than those of this module, such as the
            generic `gfx9-4-generic`, do not count.
        backend: the backend of the build.

    Returns:
        Whether one of the names fits the GPU; also true when there is nothing to compare, because no name counts or
        because the backend is neither CUDA nor ROCm.
    """
    runs = _RUNS.get(backend)
    answers = [answer for name in archs if runs is not None and (answer := runs(name, arch)) is not None]
    return any(answers) or not answers


def current_arch(backend: str) -> str | None:
    """The architecture of the GPU that is Torch's current device; asking for it starts CUDA or ROCm in the process.

    Args:
        backend: the backend of the build; for those other than CUDA and ROCm nothing is asked.

    Returns:
        Such as `"9.0"` or `"gfx942:sramecc+:xnack-"`; `None` where there is no Torch, no GPU, or no way to ask it, and
        for a backend without architectures.
    """
    if backend not in _RUNS:
        return None
    try:
        import torch

        if not torch.cuda.is_available():
            return None
        properties = torch.cuda.get_device_properties(torch.cuda.current_device())
    except (ImportError, RuntimeError) as error:  # the latter after a fork, or from a driver that does not answer
        _LOGGER.info("The GPU cannot be asked for its architecture: %s", error)
        return None
    if backend == "rocm":
        return getattr(properties, "gcnArchName", None)
    return f"{properties.major}.{properties.minor}"


def _runs_cuda(name: str, gpu: str) -> bool | None:
    """Whether a GPU can run what was built for an architecture of CUDA; `None` when the name has another form."""
    match = _CUDA.fullmatch(name)
    if match is None:
        return None
    version, letter, ptx = match.groups()
    built, here = MajorMinor.parse(version), MajorMinor.parse(gpu)
    if letter == "a":
        return here == built
    if ptx and not letter:
        return here >= built
    return here.major == built.major and here >= built


def _runs_rocm(name: str, gpu: str) -> bool | None:
    """Whether a GPU can run what was built for an architecture of ROCm; `None` when the name has another form."""
    match = _ROCM.fullmatch(name)
    return None if match is None else match[1] == gpu.partition(":")[0]


#: How each backend with architectures compares a name in a build with a GPU.
_RUNS = {"cuda": _runs_cuda, "rocm": _runs_rocm}
