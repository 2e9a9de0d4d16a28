"""What is known of a loaded kernel."""

import dataclasses
from types import ModuleType

import pytest

from kernels.loaded import LoadedKernel, RepoInfo
from kernels.metadata import BackendInfo, Metadata

METADATA = Metadata("_k", "my-kernel", 1, "MIT", BackendInfo("cpu"))


def test_both_spellings_of_the_reference() -> None:
    """The names of the quickstart and those of the API reference give the same facts."""
    info = RepoInfo("owner/repo", "v1")
    loaded = LoadedKernel(METADATA, ModuleType("_k"), info)

    assert ("my_kernel", info, info) == (loaded.package_name, loaded.repo_infos, loaded.repo_info)


def test_the_order_of_the_fields() -> None:
    """Clients take a loaded kernel apart by position."""
    fields = [field.name for field in dataclasses.fields(LoadedKernel)]

    assert ["metadata", "module", "repo_info"] == fields
    assert ["repo_id", "revision"] == [field.name for field in dataclasses.fields(RepoInfo)]


def test_a_loaded_kernel_cannot_be_changed() -> None:
    """It is a record of what happened."""
    loaded = LoadedKernel(METADATA, ModuleType("_k"))

    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded.module = ModuleType("other")  # type: ignore[misc]
    assert loaded.repo_info is None
