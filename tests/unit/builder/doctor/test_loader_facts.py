"""The loader's facts are a document."""

import json

import pytest

from kernel_builder.doctor.loader_facts import main
from kernels.system import current_system


def test_facts(capsys: pytest.CaptureFixture[str]) -> None:
    """The document says what the loader found, in the spelling of variants."""
    main()
    system, found = current_system(), json.loads(capsys.readouterr().out)
    assert {"compute", "torch", "cxx_abi", "tvm_ffi", "free_threaded", "macos"} == set(found)
    assert (system.compute.tag, system.cxx_abi) == (found["compute"], found["cxx_abi"])
