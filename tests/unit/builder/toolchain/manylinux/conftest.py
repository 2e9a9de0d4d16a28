"""A sysroot of this machine's compiler."""

import pytest
from support.sysroots import shared_sysroot

from kernel_builder.toolchain.manylinux.sysroot import Sysroot


@pytest.fixture(scope="session")
def sysroot(tmp_path_factory: pytest.TempPathFactory) -> Sysroot:
    """The sysroot of g++ for the default policy; tests only read it."""
    return shared_sysroot(tmp_path_factory)
