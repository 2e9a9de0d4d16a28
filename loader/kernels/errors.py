"""Every error that the loader raises on purpose.

::

    KernelsError
    ├── VariantNameError      (ValueError)         a name that is no build variant
    ├── MetadataError         (ValueError)         a metadata.json that cannot be used
    ├── KernelIdError         (ValueError)         an id that would shadow another module
    ├── BackendError          (ValueError)         a backend that this system does not have
    ├── RequestError          (ValueError)         a call whose arguments do not say what to load
    ├── EnvironmentVariableError(ValueError)       an environment variable that cannot be understood
    ├── VersionNotFoundError  (ValueError)         a version that the repository does not have
    ├── UntrustedKernelError  (ValueError)         a publisher that is not trusted, and no opt-in
    ├── RedirectError         (ValueError)         a repository that redirects to nowhere, or more than once
    ├── KernelDependencyError (ValueError)         kernels that need each other in a circle
    ├── NotLockedError        (ValueError)         a kernel that the lock file does not have
    ├── IntegrityError        (ValueError)         files that are not the ones that were published or locked
    ├── LockError             (ValueError)         a lock file, or the dependencies to lock, that cannot be used
    ├── PublisherPolicyError  (ValueError)         a publisher policy that cannot be used
    ├── SignatureError        (ValueError)         a kernel that no trusted publisher vouches for
    │   ├── UnsignedKernelError                    it has no signature
    │   ├── InvalidSignatureError                  its signature does not hold
    │   ├── UnknownPublisherError                  the policy does not name the one who signed it
    │   ├── NoDigestError                          what is signed does not say which files belong to it
    │   └── SignedFilesError  (IntegrityError)     its files are not the signed ones
    ├── DeviceError           (ValueError)         a device that kernels cannot be registered for, or found for
    ├── KernelizeError        (ValueError)         a layer without a compatible kernel, and no fallback
    ├── LayerError            (ValueError)         a kernel's layer that is missing or unfit; also a TypeError
    ├── MappingError          (ValueError)         a kernel mapping of another form
    ├── ModeError             (ValueError)         modes that exclude each other, or say too little
    ├── UnknownDependencyError(ValueError)         a Python dependency that kernels may not have
    ├── MissingDependencyError(ImportError)        a Python dependency that is not installed
    ├── UnsupportedKernelError(RuntimeError)       a kernel that asks for more than this loader can do
    ├── TrustRootError        (RuntimeError)       no keys to check signatures with
    ├── UnsupportedArchError  (RuntimeError)       a build without code for the GPU of this process
    ├── NotImportingError     (RuntimeError)       `get_kernel_dep` outside of the import of a kernel
    ├── LockNotFoundError     (FileNotFoundError)  no lock file for a project; also a ValueError
    ├── KernelNotFoundError   (FileNotFoundError)  no kernel at a path
    ├── NotCachedError        (FileNotFoundError)  something that is not in the cache, while the Hub is out of reach
    ├── HubUnreachableError   (ConnectionError)    the Hub did not answer
    ├── NoVariantError        (FileNotFoundError)  a kernel without a build for this system
    ├── BenchmarkNotFoundError(FileNotFoundError)  a kernel without benchmark scripts
    ├── BenchmarkScriptError  (ValueError)         a benchmark script that does not do what it must
    ├── BenchmarkFailedError  (RuntimeError)       a benchmark script that raised an exception
    └── BenchmarkMismatchError(AssertionError)     a kernel that does not compute what its reference does

Each class is also one of Python's own exceptions, because that is what the programs that use the loader catch.
"""

__all__ = [
    "BackendError",
    "BenchmarkFailedError",
    "BenchmarkMismatchError",
    "BenchmarkNotFoundError",
    "BenchmarkScriptError",
    "DeviceError",
    "EnvironmentVariableError",
    "HubUnreachableError",
    "IntegrityError",
    "InvalidSignatureError",
    "KernelDependencyError",
    "KernelIdError",
    "KernelNotFoundError",
    "KernelizeError",
    "KernelsError",
    "LayerError",
    "LockError",
    "LockNotFoundError",
    "MappingError",
    "MetadataError",
    "MissingDependencyError",
    "ModeError",
    "NoDigestError",
    "NoVariantError",
    "NotCachedError",
    "NotImportingError",
    "NotLockedError",
    "PublisherPolicyError",
    "RedirectError",
    "RequestError",
    "SignatureError",
    "SignedFilesError",
    "TrustRootError",
    "UnknownDependencyError",
    "UnknownPublisherError",
    "UnsignedKernelError",
    "UnsupportedArchError",
    "UnsupportedKernelError",
    "UntrustedKernelError",
    "VariantNameError",
    "VersionNotFoundError",
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
    """A kernel, or an optional part of the loader, needs a Python package that is not installed."""


class UnsupportedKernelError(KernelsError, RuntimeError):
    """A kernel needs a newer loader, or something that this one does not do."""


class KernelNotFoundError(KernelsError, FileNotFoundError):
    """There is no kernel at the given path."""


class NoVariantError(KernelsError, FileNotFoundError):
    """None of a kernel's builds fits the running system; the message says why for each."""


class RequestError(KernelsError, ValueError):
    """The arguments of a call do not say which kernel to load."""


class EnvironmentVariableError(KernelsError, ValueError):
    """An environment variable has a value that cannot be understood."""


class VersionNotFoundError(KernelsError, ValueError):
    """A repository does not have the version that was asked for; the message lists those that it has."""


class UntrustedKernelError(KernelsError, ValueError):
    """A repository's publisher is not trusted, and the caller did not opt in with `trust_remote_code`."""


class RedirectError(KernelsError, ValueError):
    """A repository's `kernel-status.toml` cannot be used, or leads to a repository that redirects again."""


class KernelDependencyError(KernelsError, ValueError):
    """Kernels need each other in a circle."""


class NotLockedError(KernelsError, ValueError):
    """The lock file does not have a kernel that is to be loaded by it."""


class IntegrityError(KernelsError, ValueError):
    """The files of a kernel are not the ones that were published or locked. Nothing of it has run."""


class NotImportingError(KernelsError, RuntimeError):
    """`get_kernel_dep` was called while no kernel that needs others was being imported."""


class NotCachedError(KernelsError, FileNotFoundError):
    """Something is not in the cache, or not whole, and the Hub may not or cannot be asked for it."""


class HubUnreachableError(KernelsError, ConnectionError):
    """The Hub did not answer, or answered that it cannot serve."""


class UnsupportedArchError(KernelsError, RuntimeError):
    """A build has code for other GPUs only. Nothing of it has run."""


class LockError(KernelsError, ValueError):
    """A `kernels.lock`, or the dependencies that it is made from, cannot be used; the message has every reason."""


class LockNotFoundError(KernelsError, FileNotFoundError, ValueError):
    """There is no `kernels.lock` where one was looked for. Other loaders raise `ValueError` here."""


class BenchmarkNotFoundError(KernelsError, FileNotFoundError):
    """A kernel has no `benchmarks/` folder, or no `benchmark*.py` in it."""


class BenchmarkScriptError(KernelsError, ValueError):
    """A benchmark script defines no benchmark, or one that cannot be verified."""


class BenchmarkFailedError(KernelsError, RuntimeError):
    """A benchmark script raised an exception, which is the cause of this one."""


class BenchmarkMismatchError(KernelsError, AssertionError):
    """A kernel does not compute what the reference of a benchmark does; the message says where, for each workload."""


class PublisherPolicyError(KernelsError, ValueError):
    """A publisher policy cannot be read, or does not follow the format; the message has every problem of it."""


class SignatureError(KernelsError, ValueError):
    """No trusted publisher vouches for a kernel. Nothing of it has run."""


class UnsignedKernelError(SignatureError):
    """A kernel has no signature."""


class InvalidSignatureError(SignatureError):
    """A signature cannot be read, is that of other bytes, or does not hold against the trust root."""


class UnknownPublisherError(SignatureError):
    """A kernel is signed, by somebody whom the publisher policy does not name."""


class NoDigestError(SignatureError):
    """What is signed has no digest, so that the files of the kernel could be any."""


class SignedFilesError(SignatureError, IntegrityError):
    """The files of a kernel are not those that its publisher signed; the message names each."""


class TrustRootError(KernelsError, RuntimeError):
    """The keys that signatures are checked with cannot be read or fetched."""


class DeviceError(KernelsError, ValueError):
    """A device is of an unknown type, or has properties that it cannot have."""


class KernelizeError(KernelsError, ValueError):
    """No compatible kernel is registered for a layer, and `kernelize` was told not to do without."""


class LayerError(KernelsError, ValueError, TypeError):
    """The layer of a kernel is missing, or must not be used in place of that of a model; the message says why."""


class MappingError(KernelsError, ValueError):
    """A kernel mapping does not have the documented form."""


class ModeError(KernelsError, ValueError):
    """Modes exclude each other, or do not say what a model is used for."""
