"""Whole documents: what a good file becomes, and what is said of a bad one."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_builder.config.bound import Bound
from kernel_builder.config.document import read_document
from kernel_builder.config.model import (
    BackendOptions,
    General,
    Hub,
    KernelComponent,
    KernelConfig,
    NoarchExtension,
    TorchExtension,
    TvmFfiExtension,
)
from kernel_builder.config.positions import Positions, locate
from kernel_builder.config.reader import read_text

_GOOD = """\
[general]
name = "fancy-relu"
version = 2
edition = 5
license = "Apache-2.0"
upstream = "https://github.com/o/r.git"
backends = ["cuda"]
python-depends = ["einops"]

[general.hub]
repo-id = "o/fancy-relu"

[general.cuda]
minver = "12.6"
maxver = "13"

[torch]
src = ["torch-ext/torch_binding.cpp"]
stable-abi = "2.10"

[kernel.relu]
backend = "cuda"
depends = ["torch", "cutlass_4_0"]
src = ["relu/relu.cu"]
include = ["."]
cuda-capabilities = ["9.0"]
"""

_SEVEN_MISTAKES = """\
[general]
name = "Relu"
version = "1"
edition = 5
license = "MIT"
backends = ["cuda", "rocmm"]

[torch]
src = ["../torch_binding.cpp"]
pyexts = ["py"]

[kernel.relu]
backend = "cuda"
src = ["relu.cu"]
hip-flags = []
"""


def test_a_good_file_becomes_a_config() -> None:
    """Everything that the file says is in the model, and nothing is found."""
    expected = KernelConfig(
        general=General(
            name="fancy-relu",
            version=2,
            license="Apache-2.0",
            upstream=("https://github.com/o/r.git",),
            backends=("cuda",),
            python_depends=("einops",),
            hub=Hub(repo_id="o/fancy-relu"),
            cuda=BackendOptions(minver=Bound(text="12.6", parts=(12, 6)), maxver=Bound(text="13", parts=(13,))),
        ),
        framework=TorchExtension(src=("torch-ext/torch_binding.cpp",), stable_abi=Bound(text="2.10", parts=(2, 10))),
        kernels=(
            KernelComponent(
                id="relu",
                backend="cuda",
                depends=("torch", "cutlass_4_0"),
                src=("relu/relu.cu",),
                include=(".",),
                cuda_capabilities=("9.0",),
            ),
        ),
    )
    result = read_text(_GOOD)
    assert (expected, (), 5, ()) == (result.config, result.findings, result.edition, result.errors)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("[torch]", TorchExtension()),
        ("[torch-noarch]", NoarchExtension()),
        ("[tvm-ffi]\nsrc = []", TvmFfiExtension(src=())),
        ("[torch]\nstable-abi = {cpu = '2.9'}", TorchExtension(stable_abi={"cpu": Bound(text="2.9", parts=(2, 9))})),
    ],
)
def test_each_framework_has_its_table(table: str, expected: Any) -> None:
    """The three tables are read into three classes."""
    general = "[general]\nname = 'relu'\nversion = 1\nedition = 5\nlicense = 'MIT'\nbackends = ['cpu']\n"
    result = read_text(f"{general}{table}\n[kernel]\n")
    assert expected == (result.config.framework if result.config else result.findings)


_NAME = (
    "build.toml:2:8: error: general.name: 'Relu' is not a name: use two or more lower-case letters, digits and dashes, "
    "beginning with a letter (did you mean 'relu'?)"
)
_BACKEND = (
    "build.toml:6:21: error: general.backends[1]: 'rocmm' is not a backend: use cann, cpu, cuda, metal, neuron, "
    "rocm, tpu, xpu (did you mean 'rocm'?)"
)


def test_seven_mistakes_are_seven_findings() -> None:
    """One run shows all, each at its line and column, under its key."""
    expected = [
        _NAME,
        "build.toml:3:11: error: general.version: expected an integer, got a string",
        _BACKEND,
        "build.toml:9:8: error: torch.src[0]: '../torch_binding.cpp' has a '..': paths stay within the project",
        "build.toml:10:1: error: torch.pyexts: unknown key (did you mean 'pyext'?)",
        "build.toml:12:1: error: kernel.relu.depends: missing key",
        "build.toml:15:1: error: kernel.relu.hip-flags: is for the backend rocm, and this component is for cuda",
    ]
    assert expected == [str(finding) for finding in read_text(_SEVEN_MISTAKES).findings]


def test_a_key_of_general_at_the_top_is_sent_there() -> None:
    """A key that stands in front of its table is not called unknown."""
    findings = [str(finding) for finding in read_text("edition = 5\n" + _GOOD).findings]
    assert ["build.toml:1:1: error: edition: is a key of [general]: move it there"] == findings


def test_quoted_keys_are_shown_as_the_author_spells_them() -> None:
    """The path of a key can be pasted into the file."""
    keys = {finding.key for finding in read_text(_GOOD + '[kernel."my relu".nested]').findings}
    assert {'kernel."my relu"', 'kernel."my relu".nested', 'kernel."my relu".backend'} <= keys


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1:1 general"]),
        ("[general]\n[torch]\n", ["1:1 general.backends", "1:1 general.name", "1:1 general.version"]),
        ("general = 3\n[torch]\n", ["1:11 general"]),
        ("[genral]\n[torch]\n", ["1:2 genral"]),
        ("[general]\nname='ab'\nversion=1\nbackends=['cpu']\n[torhc]\n", ["5:2 torhc"]),
        ("[torch]\n[general]\nname='ab'\nversion=1\nbackends=['cpu']\n[torch-noarch]\n", ["6:2 torch-noarch"]),
        ("[[kernel]]\n[torch]\n[general]\nname='ab'\nversion=1\nbackends=['cpu']\n", ["1:1 kernel"]),
        ("[[kernel.a]]\n[torch]\n[general]\nname='ab'\nversion=1\nbackends=['cpu']\n", ["1:1 kernel.a"]),
    ],
)
def test_the_tables_themselves_are_checked(text: str, expected: list[str]) -> None:
    """Missing, misspelled, doubled and misshapen tables are one error each."""
    result = read_text(text)
    assert result.config is None
    assert expected == [f"{finding.line}:{finding.column} {finding.key}" for finding in result.errors]


@pytest.mark.parametrize(
    ("more", "says"),
    [("edition = 5", False), ("source = 'https://example.org/r'", True), ("[kernel.a]\nbackend = 'cpu'", False)],
)
def test_a_file_without_framework_is_not_taken_for_python_only(more: str, says: bool) -> None:
    """Only edition 3 did without, and only without components; a Python-only kernel is told what it has today."""
    text = f"[general]\nname = 'ab'\nversion = 1\nlicense = 'x'\nbackends = ['cpu']\n{more}\n"
    messages = [finding.message for finding in read_text(text).errors if not finding.key]
    assert [says] == ["; a Python-only kernel has [torch-noarch]" in message for message in messages]


_KEYS = (
    st.text(max_size=3)
    | st.sampled_from(["name", "version", "edition", "backends", "python-depends", "kernel-depends", "cuda", "hub"])
    | st.sampled_from(["backend", "src", "depends", "repo-id", "minver", "maxver", "stable-abi", "pyext", "include"])
    | st.sampled_from(["universal", "language"])
)
_WORDS = st.sampled_from(["cuda", "torch", "relu", "2.9", "o/r", "einops", "py", "a.cu", 5])
_VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.dates() | _WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=12,
)
_TABLES = st.sampled_from(["general", "torch", "torch-noarch", "tvm-ffi", "kernel"]) | _KEYS


@given(data=st.dictionaries(_TABLES, _VALUES, max_size=5))
@settings(max_examples=400, deadline=None)
def test_no_shape_of_data_raises(data: dict[str, Any]) -> None:
    """Data of any shape gives a config or errors, never both and never an exception."""
    result = read_document(data, Positions())
    assert (result.config is None) == bool(result.errors)
    assert all(str(finding).isprintable() for finding in result.findings)


def test_the_places_of_the_file_come_along() -> None:
    """Later checks can place their own findings."""
    assert list(locate(_GOOD)) == list(read_text(_GOOD).positions)
