"""The exception classes."""

import pytest

import kernels.errors

BASES = {
    "BackendError": ValueError,
    "BenchmarkFailedError": RuntimeError,
    "BenchmarkMismatchError": AssertionError,
    "BenchmarkNotFoundError": FileNotFoundError,
    "BenchmarkScriptError": ValueError,
    "DeviceError": ValueError,
    "EnvironmentVariableError": ValueError,
    "HubUnreachableError": ConnectionError,
    "IntegrityError": ValueError,
    "InvalidSignatureError": ValueError,
    "KernelDependencyError": ValueError,
    "KernelIdError": ValueError,
    "KernelNotFoundError": FileNotFoundError,
    "KernelizeError": ValueError,
    "KernelsError": Exception,
    "LayerError": ValueError,
    "LockError": ValueError,
    "LockNotFoundError": FileNotFoundError,
    "MappingError": ValueError,
    "MetadataError": ValueError,
    "MissingDependencyError": ImportError,
    "ModeError": ValueError,
    "NoDigestError": ValueError,
    "NoVariantError": FileNotFoundError,
    "NotCachedError": FileNotFoundError,
    "NotImportingError": RuntimeError,
    "NotLockedError": ValueError,
    "PublisherPolicyError": ValueError,
    "RedirectError": ValueError,
    "RequestError": ValueError,
    "SignatureError": ValueError,
    "SignedFilesError": kernels.errors.IntegrityError,
    "TrustRootError": RuntimeError,
    "UnknownDependencyError": ValueError,
    "UnknownPublisherError": ValueError,
    "UnsignedKernelError": ValueError,
    "UnsupportedArchError": RuntimeError,
    "UnsupportedKernelError": RuntimeError,
    "UntrustedKernelError": ValueError,
    "VariantNameError": ValueError,
    "VersionNotFoundError": ValueError,
}


def test_every_error_is_tested() -> None:
    """The table of this test names every exported class."""
    assert sorted(BASES) == kernels.errors.__all__


@pytest.mark.parametrize("name", sorted(BASES))
def test_errors_are_pythons_own(name: str) -> None:
    """Each error can be caught as the exception that clients of the loader expect, and as ours."""
    error = getattr(kernels.errors, name)("a message")

    assert isinstance(error, BASES[name])
    assert isinstance(error, kernels.errors.KernelsError)
    assert str(error) == "a message"
    assert name in (kernels.errors.__doc__ or "")
