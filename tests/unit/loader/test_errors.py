"""The exception classes."""

import pytest

import kernels.errors

BASES = {
    "BackendError": ValueError,
    "KernelIdError": ValueError,
    "KernelNotFoundError": FileNotFoundError,
    "KernelsError": Exception,
    "MetadataError": ValueError,
    "MissingDependencyError": ImportError,
    "NoVariantError": FileNotFoundError,
    "UnknownDependencyError": ValueError,
    "UnsupportedKernelError": RuntimeError,
    "VariantNameError": ValueError,
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
