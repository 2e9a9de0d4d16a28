"""Rules between keys."""

from typing import Any

import pytest

from kernel_builder.config.positions import Positions
from kernel_builder.config.report import Report
from kernel_builder.config.rules import check_rules


def _found(data: dict[str, Any]) -> list[tuple[str, str]]:
    report = Report(Positions())
    check_rules(data, report)
    return [(finding.severity, finding.key) for finding in report.findings()]


def _general(**keys: Any) -> dict[str, Any]:
    return {"general": {"backends": ["cuda"], **{key.replace("_", "-"): value for key, value in keys.items()}}}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (_general(), []),
        (_general(backends=[]), [("error", "general.backends")]),
        (_general(backends=["cuda", "cpu", "cuda"]), [("error", "general.backends[2]")]),
        (_general() | {"torch": {}}, [("warning", "general.backends[0]")]),
        (_general() | {"torch": {}, "kernel": {"a": {"backend": "cdua"}}}, []),
        (_general() | {"torch": {}, "kernel": {"a": {"language": "cuda"}}}, []),
        (_general() | {"torch": {}, "kernel": {"backend": "cuda"}}, []),
        (_general() | {"torch-noarch": {}}, []),
        (_general(backends=["tpu"]) | {"torch": {}}, [("warning", "general.backends[0]")]),
        (_general(backends=["neuron"]) | {"tvm-ffi": {}}, [("warning", "general.backends[0]")]),
        (_general(backends=["tpu"]) | {"torch-noarch": {}}, []),
        (_general() | {"torch": {}, "kernel": {"a": {"backend": "cuda"}}}, []),
        (_general(cuda={"minver": "13", "maxver": "12.6"}), [("error", "general.cuda.minver")]),
        (_general(cuda={"minver": "12.6", "maxver": "12"}), []),
        (_general(cuda={"minver": 1, "maxver": "12"}), []),
        (_general() | {"torch-noarch": {}, "torch": {"minver": "2.10", "maxver": "2.9"}}, [("error", "torch.minver")]),
        (_general() | {"torch-noarch": {"pyext": ["json"]}}, [("warning", "torch-noarch.pyext")]),
        (_general() | {"torch-noarch": {"pyext": ["py", "json"]}}, []),
        (
            _general() | {"torch-noarch": {}, "torch": {"stable-abi": {"cuda": "2.9", "cpu": "2.9", "x": 1}}},
            [("warning", "torch.stable-abi.cpu")],
        ),
        (_general() | {"torch-noarch": {}, "torch": {"stable-abi": "2"}}, [("error", "torch.stable-abi")]),
        (
            _general() | {"torch-noarch": {}, "torch": {"stable-abi": {"cuda": "2"}}},
            [("error", "torch.stable-abi.cuda")],
        ),
        (_general(xpu={"python-depends": []}), [("warning", "general.xpu")]),
        (_general(xpu={}), []),
        (_general(name="my-relu"), []),
        (_general(name="einops"), []),
        (_general(name="json"), [("warning", "general.name")]),
        (_general(name="tvm-ffi"), [("warning", "general.name")]),
        (
            _general() | {"torch-noarch": {}, "kernel": {"a": {"backend": "cuda", "cuda-capabilities": ["8.4"]}}},
            [("error", "kernel.a.cuda-capabilities[0]"), ("warning", "kernel.a")],
        ),
    ],
)
def test_keys_agree_with_each_other(data: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Backends, bounds, extensions and the stable ABI."""
    assert expected == _found(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (_general(python_depends=["einops", "helion", "tvm-ffi"]), []),
        (_general(python_depends=["nvidia-cutlass-dsl"]), []),
        (_general(cuda={"python-depends": ["nvidia-cutlass-dsl"]}), []),
        (
            _general(
                backends=["neuron", "xpu"], neuron={"python-depends": ["nki"]}, xpu={"python-depends": ["onednn"]}
            ),
            [],
        ),
        (_general(python_depends=["numpy"]), [("error", "general.python-depends[0]")]),
        (_general(python_depends=["onednn"]), [("error", "general.python-depends[0]")]),
        (_general(cuda={"python-depends": ["einops"]}), [("error", "general.cuda.python-depends[0]")]),
        (_general(backends=["tpu"], tpu={"python-depends": ["jax"]}), [("error", "general.tpu.python-depends[0]")]),
        (
            _general(backends=["cuda", "rocm"], python_depends=["nvidia-cutlass-dsl"]),
            [("warning", "general.python-depends[0]")],
        ),
    ],
)
def test_packages_are_curated_and_in_their_place(data: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """General packages stand in `general`, a backend's own in its table; the reference page's exception is kept."""
    assert expected == _found(data)


def test_a_misspelled_package_is_recognised() -> None:
    """The message says what may stand there, and what was meant."""
    report = Report(Positions())
    check_rules(_general(python_depends=["einop"]), report)
    assert [finding.suggestion for finding in report.findings()] == ["einops"]
