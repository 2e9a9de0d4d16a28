"""A kernel against the build matrix."""

import os
from pathlib import Path
from typing import Any

import pytest
from support.configs import bound, component, noarch_config, torch_config, tvm_ffi_config

from kernel_builder.config.model import BackendOptions, KernelConfig
from kernel_builder.config.positions import Positions, locate
from kernel_builder.config.reader import read_bytes, read_text
from kernel_builder.matrix.check import check_variants
from kernel_builder.matrix.rows import Matrix, load_matrix, parse_matrix

_MATRIX = parse_matrix(
    {
        "systems": ["x86_64-linux"],
        "backends": {"cpu": ["x86_64-linux"], "cuda": ["x86_64-linux"], "rocm": ["x86_64-linux"]},
        "torch": [
            {
                "version": "2.11",
                "cpu": True,
                "cuda": ["12.6", "12.8", "13.0"],
                "rocm": ["7.1"],
                "tvm-ffi": {"version": "0.1", "cuda": ["13.0"]},
            },
            {"version": "2.12", "cpu": True, "cuda": ["12.6", "13.0", "13.2"], "rocm": ["7.2"]},
        ],
    }
)


def _found(config: KernelConfig, matrix: Matrix = _MATRIX) -> list[tuple[str, str]]:
    return [(it.severity, it.key) for it in check_variants(config, Positions(), matrix)]


def _cuda(**bounds: str) -> dict[str, Any]:
    fields: dict[str, Any] = {key: bound(text) for key, text in bounds.items()}
    return {"cuda": BackendOptions(**fields)}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (torch_config("cpu", "cuda", "rocm"), []),
        (torch_config("cuda", general=_cuda(minver="13.2")), []),
        (torch_config("cuda", general=_cuda(minver="13.5")), [("error", "general.cuda.minver")]),
        (torch_config("cpu", "cuda", general=_cuda(minver="13.5")), [("warning", "general.cuda.minver")]),
        (torch_config("cuda", general=_cuda(maxver="12.4")), [("error", "general.cuda.maxver")]),
        (
            torch_config("cuda", general=_cuda(minver="12.9", maxver="12.9")),
            [("error", "general.cuda.maxver"), ("error", "general.cuda.minver")],
        ),
        (torch_config("cpu", minver=bound("2.13")), [("error", "torch.minver")]),
        (torch_config("cpu", maxver=bound("2.9")), [("error", "torch.maxver")]),
        (torch_config("cpu", stable_abi=bound("2.13")), [("error", "torch.stable-abi")]),
        (torch_config("cpu", "cuda", stable_abi={"cuda": bound("2.13")}), [("warning", "torch.stable-abi.cuda")]),
        (
            torch_config("cuda", general=_cuda(minver="13.5"), maxver=bound("2.9")),
            [("error", "general.cuda.minver"), ("error", "torch.maxver")],
        ),
        (
            torch_config("cuda", general=_cuda(minver="13.1"), maxver=bound("2.11")),
            [("error", "general.cuda.minver"), ("error", "torch.maxver")],
        ),
        (torch_config("cpu", "cuda", components=(component("cpu"),)), []),
        (torch_config("cpu", "cuda", components=()), [("error", "general.backends")]),
        (tvm_ffi_config("cuda", components=()), [("error", "general.backends")]),
        (noarch_config("cuda", "tpu"), []),
        (noarch_config("cuda", general=_cuda(minver="13.5")), [("error", "general.cuda.minver")]),
        (tvm_ffi_config("cuda"), []),
        (tvm_ffi_config("cuda", "rocm"), [("warning", "general.backends[1]")]),
        (tvm_ffi_config("cpu"), [("error", "general.backends[0]")]),
    ],
)
def test_every_backend_has_a_variant(config: KernelConfig, expected: list[tuple[str, str]]) -> None:
    """The keys that leave none are shown; it is an error when nothing of the kernel is left."""
    assert sorted(expected) == sorted(_found(config))


@pytest.mark.parametrize(
    ("general", "fields", "expected"),
    [
        ({}, {}, []),
        ({}, {"cuda_minver": bound("13.2")}, []),
        ({}, {"cuda_minver": bound("13.4")}, [("warning", "cuda-minver")]),
        (_cuda(maxver="12.9"), {"cuda_minver": bound("13.0")}, [("warning", "cuda-minver")]),
        ({}, {"cuda_capabilities": ("8.0", "9.0a")}, []),
        ({}, {"cuda_capabilities": ("10.0a",)}, [("error", "cuda-capabilities")]),
        ({}, {"cuda_capabilities": ("10.0a",), "cuda_minver": bound("12.8")}, []),
        (_cuda(minver="12.8"), {"cuda_capabilities": ("10.0a",)}, []),
        ({}, {"cuda_capabilities": ("7.0", "7.5")}, []),
        ({}, {"cuda_capabilities": ("7.0",)}, [("error", "cuda-capabilities[0]")]),
        (_cuda(maxver="12.9"), {"cuda_capabilities": ("7.0",)}, []),
        ({}, {"cuda_capabilities": ("8.0", "10.1"), "cuda_minver": bound("12.8")}, []),
        ({}, {"cuda_capabilities": ("8.0", "10.3a")}, [("warning", "cuda-capabilities[1]")]),
        ({}, {"cuda_capabilities": ("10.3a",)}, [("error", "cuda-capabilities")]),
        ({}, {"cuda_capabilities": ("8.0", "9.0", "9.0a")}, []),
        ({}, {"cuda_capabilities": ("8.0", "11.8")}, []),
        ({}, {"cuda_capabilities": ("8.0", "10.0f")}, [("error", "cuda-capabilities[1]")]),
        ({}, {"cuda_capabilities": ("12.0f",), "cuda_minver": bound("13.0")}, []),
    ],
)
def test_every_component_has_a_device(
    general: dict[str, Any], fields: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """What the versions of CUDA that the kernel is built with do not compile for is shown at the component."""
    config = torch_config("cuda", general=general, components=(component("cuda", id="k", **fields),))
    assert [(severity, f"kernel.k.{key}") for severity, key in expected] == _found(config)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            'cuda-capabilities = ["10.0a"]',
            """CUDA 12.6 compiles for none of these, so that those builds fail: set `cuda-minver = "12.8"` in this \
component to leave it out of them, or `minver` in [general.cuda] to leave them out""",
        ),
        (
            'cuda-capabilities = ["10.1"]\ncuda-minver = "12.8"',
            """CUDA 13.0, 13.2 compiles for none of these, so that those builds fail: add one of 7.5, 8.0, 8.6, 8.7, \
8.9, 9.0, 10.0, 11.0, 12.0, 12.1""",
        ),
        (
            'cuda-capabilities = ["10.1"]',
            """CUDA 12.6, 13.0, 13.2 compiles for none of these, so that those builds fail: add one of 7.5, 8.0, 8.6, \
8.7, 8.9, 9.0""",
        ),
        (
            'cuda-capabilities = ["10.3"]\ncuda-minver = "13.0"',
            """CUDA 13.0, 13.2 compiles for none of these, and the kernel is built with nothing else: add one of 7.5, \
8.0, 8.6, 8.7, 8.9, 9.0, 10.0, 11.0, 12.0, 12.1""",
        ),
    ],
)
def test_the_message_names_the_versions_and_the_remedy(keys: str, expected: str) -> None:
    """Its place is the key of the capabilities."""
    text = f"""\
[general]
name = "demo"
version = 1
license = "MIT"
backends = ["cuda"]

[torch]

[kernel.k]
backend = "cuda"
depends = []
src = ["k.cu"]
{keys}
"""
    config = read_text(text).config
    assert config is not None
    findings = check_variants(config, locate(text), _MATRIX)
    assert [(13, 1, expected)] == [(it.line, it.column, it.message) for it in findings]


@pytest.mark.parametrize("asked", ["7.0", "7.0+PTX"])
def test_what_a_message_says_to_add_mends_it(asked: str) -> None:
    """Code for later devices is kept of the newest that is asked for only, so that the addition keeps it too."""
    capabilities: tuple[str, ...] = (asked,)
    for expected in (1, 0):
        part = component("cuda", id="k", cuda_capabilities=capabilities)
        found = check_variants(torch_config("cuda", components=(part,)), Positions(), _MATRIX)
        assert expected == len(found)
        capabilities += tuple(it.message.rpartition(" add ")[2] for it in found)


@pytest.mark.skipif("KERNELS_CORPUS" not in os.environ, reason="KERNELS_CORPUS names no folder of build.toml files")
def test_the_corpus_can_be_built() -> None:
    """Of real kernels' files, the matrix of today leaves every backend a variant and every component a device."""
    for file in sorted(Path(os.environ["KERNELS_CORPUS"]).glob("*.toml")):
        result = read_bytes(file.read_bytes())
        assert result.config is not None
        assert (file.name, ()) == (file.name, check_variants(result.config, result.positions, load_matrix()))
