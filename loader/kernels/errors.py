"""Every error that the loader raises on purpose.

::

    KernelsError
    ├── VariantNameError      (ValueError)         a name that is no build variant
    ├── MetadataError         (ValueError)         a metadata.json that cannot be used
    ├── KernelIdError         (ValueError)         an id that would shadow another module
    ├── BackendError          (ValueError)         a backend that this system does not have
    ├── UnknownDependencyError(ValueError)         a Python dependency that kernels may not have
    ├── MissingDependencyError(ImportError)        a Python dependency that is not installed
    ├── UnsupportedKernelError(RuntimeError)       a kernel that asks for more than this loader can do
    ├── KernelNotFoundError   (FileNotFoundError)  no kernel at a path
    └── NoVariantError        (FileNotFoundError)  a kernel without a build for this system

Each class is also one of Python's own exceptions, because that is what the programs that use the loader catch.
"""

__all__ = [
    "BackendError",
    "KernelIdError",
    "KernelNotFoundError",
    "KernelsError",
    "MetadataError",
    "MissingDependencyError",
    "NoVariantError",
    "UnknownDependencyError",
    "UnsupportedKernelError",
    "VariantNameError",
]


class KernelsError(Exception):
    """The base of every error in this module."""


class VariantNameError(KernelsError, ValueError):
    """A name does not follow the grammar of build variants."""


class MetadataError(KernelsError, ValueError):
    """A `metadata.json` is missing a required key or holds a value of the wrong form."""


class KernelIdError(KernelsError, ValueError):
    """A kernel's id cannot be used as the name of its module."""


class BackendError(KernelsError, ValueError):
    """A backend was asked for that the running system does not have."""


class UnknownDependencyError(KernelsError, ValueError):
    """A kernel names a Python dependency outside the curated list."""


class MissingDependencyError(KernelsError, ImportError):
    """A kernel needs a Python package that is not installed."""


class UnsupportedKernelError(KernelsError, RuntimeError):
    """A kernel needs a newer loader, or something that this one does not do."""


class KernelNotFoundError(KernelsError, FileNotFoundError):
    """There is no kernel at the given path."""


class NoVariantError(KernelsError, FileNotFoundError):
    """None of a kernel's builds fits the running system; the message says why for each."""
