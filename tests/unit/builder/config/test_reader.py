"""Reading files: good ones, and every kind of bad one."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_builder.config.reader import load_config, load_text, read_bytes, read_config
from kernel_builder.errors import ConfigError

_GENERAL = "[general]\nname = 'ab'\nversion = 1\nlicense = 'MIT'\nbackends = ['cpu']\n"
_TORCH = "[torch]\nsrc = ['b.cpp']\n"
_KERNEL = "[kernel.a]\nbackend = 'cpu'\ndepends = []\nsrc = ['a.cpp']\n"
_GOOD = _GENERAL + _TORCH + _KERNEL

#: (what is replaced in the good file, what by)
_CHANGES = [
    ("'ab'", "1"),
    ("'ab'", "['ab']"),
    ("'ab'", "{a = 1}"),
    ("'ab'", "1979-05-27"),
    ("'ab'", "07:32:00"),
    ("'ab'", "'ab\\n'"),
    ("'ab'", '"a\\u0000b"'),
    ("'ab'", '"""ab\n"""'),
    ("'ab'", "'" + "a" * 1000 + "_'"),
    ("'ab'", "'import'"),
    ("version = 1", "version = '1'"),
    ("version = 1", "version = 1.0"),
    ("version = 1", "version = -1"),
    ("version = 1", "version = true"),
    ("version = 1", "version = nan"),
    ("version = 1", "version = 0x" + "f" * 5000),
    ("version = 1", "version = " + "1" * 5000),
    ("version = 1", "version = 18446744073709551616"),
    ("version = 1", "version = 01"),
    ("version = 1", "version = 1979-05-27T07:32:00Z"),
    ("version = 1", "version = 1979-02-31"),
    ("version = 1", "version = 1\nversion = 1"),
    ("version = 1", "version = 1\nVersion = 1"),
    ("version = 1", "version = 1\nedition = 6"),
    ("version = 1", "version = 1\nedition = '5'"),
    ("version = 1", "version = 1\nedition.x = 5"),
    ("version = 1", "version = 1\nversion.x = 1"),
    ("'MIT'", "''"),
    ("'MIT'", "['MIT']"),
    ("'MIT'", "'MIT'\nupstream = 'no url'"),
    ("'MIT'", "'MIT'\nkernel-depends = [{repo-id = 'o/r', version = 1}]"),
    ("'MIT'", "'MIT'\nedition = 5\nkernel-depends = [{repo-id = 'o/r'}]"),
    ("'MIT'", "'MIT'\nedition = 5\nkernel-depends = [{repo-id = 'o', version = 1, rev = 2}]"),
    ("'MIT'", "'MIT'\nedition = 5\nkernel-depends = {repo-id = 'o/r', version = 1}"),
    ("'MIT'", "'MIT'\nhub = 'o/r'"),
    ("'MIT'", "'MIT'\nhub = {repo-id = 'r'}"),
    ("'MIT'", "'MIT'\nhub = {repo-id = 'o/r', repo-id = 'o/r'}"),
    ("'MIT'", "'MIT'\nhub = {repo-id = 'o/r',\n}}"),
    ("'MIT'", "'MIT'\ncuda = {minver = '12', maxver = 13.0}"),
    ("'MIT'", "'MIT'\ncuda.minver = '12..1'"),
    ("'MIT'", "'MIT'\nrocm = {minver = '6'}"),
    ("'MIT'", "'MIT'\npython-depends = ['numpy']"),
    ("'MIT'", "'MIT'\npython-depends = 'einops'"),
    ("['cpu']", "[]"),
    ("['cpu']", "'cpu'"),
    ("['cpu']", "['cpu', 'cpu']"),
    ("['cpu']", "['cpu', ['cpu']]"),
    ("['cpu']", "['cpu', 1]"),
    ("['cpu']", "['CPU']"),
    ("['cpu']", "['cuda']"),
    ("['cpu']", "[['cpu'], {}]"),
    (_GENERAL, ""),
    (_GENERAL, "general = 1\n"),
    (_GENERAL, "[[general]]\n"),
    (_GENERAL, "general = {}\n"),
    (_TORCH, ""),
    (_TORCH, "torch = []\n"),
    (_TORCH, _TORCH + _TORCH),
    (_TORCH, _TORCH + "[tvm-ffi]\nsrc = []\n"),
    (_TORCH, _TORCH + "minver = '2.10'\nmaxver = '2.9'\n"),
    (_TORCH, _TORCH + "pyext = ['.py']\n"),
    (_TORCH, _TORCH + "stable-abi = {cpu = '2.9'}\n"),
    (_TORCH, _TORCH + "cxx-flags = '-O3'\n"),
    (_TORCH, _TORCH + "[torch.src]\n"),
    (_KERNEL, "kernel = 1\n"),
    (_KERNEL, "[[kernel]]\nbackend = 'cpu'\n"),
    (_KERNEL, "[kernel]\nbackend = 'cpu'\n"),
    (_KERNEL, _KERNEL + "[kernel.a]\n"),
    (_KERNEL, _KERNEL + "[kernel.''.x]\n"),
    (_KERNEL, _KERNEL + "src.x = 1\n"),
    (_KERNEL, _KERNEL + "include = ['..']\n"),
    (_KERNEL, _KERNEL + "cuda-flags = []\n"),
    (_KERNEL, _KERNEL.replace("'a.cpp'", "'/a.cpp'")),
    (_KERNEL, _KERNEL.replace("'a.cpp'", "'a\\b.cpp'")),
    (_KERNEL, _KERNEL.replace("'a.cpp'", "'a.cpp' 'b.cpp'")),
    (_KERNEL, _KERNEL.replace("depends = []", "depends = ['cutlass_sycl']")),
    (_KERNEL, _KERNEL.replace("'cpu'", "'tpu'")),
    (_KERNEL, _KERNEL + "[kernels.b]\n"),
    (_KERNEL, _KERNEL + "[" + ".".join("a" * 200) + "]\n"),
]

_BAD_BYTES = [
    b"",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf" + _GOOD.encode(),
    _GOOD.encode("utf-16"),
    _GOOD.encode("utf-32"),
    _GOOD.encode().replace(b"ab", "ä".encode("latin-1") + b"b"),
    _GOOD.encode().replace(b"\n", b"\r"),
    _GOOD.encode() + b"\x1b[31m",
    _GOOD.encode() + b"# \x7f\n",
    _GOOD.encode() + b"x = 1",
    b"#" * (10 << 20),
    b"[" * 100_000,
    b"x = " + b"[" * 100_000,
    b"x = " + b"{a = " * 50_000,
    b"a" + b".a" * 100_000 + b" = 1",
    b"[general]\n" + b"".join(b"k%d = 1\n" % number for number in range(3000)),
    b"general.backends = [" + b"'x'," * 20_000 + b"]",
    b"\x7fELF",
    b"PK\x03\x04",
    b'{"general": {}}',
    b"---\ngeneral:\n  name: x\n",
]


@pytest.mark.parametrize(("old", "new"), _CHANGES)
def test_each_mistake_in_a_good_file_is_found(old: str, new: str) -> None:
    """One wrong thing makes a file unusable, whatever it is, and never raises."""
    text = _GOOD.replace(old, new)
    assert text != _GOOD
    result = read_bytes(text.encode())
    assert (None, True) == (result.config, bool(result.errors))


@pytest.mark.parametrize("raw", _BAD_BYTES)
@pytest.mark.timeout(60)
def test_bytes_that_are_no_build_toml_are_refused(raw: bytes) -> None:
    """Other encodings, other formats, and files made to exhaust the reader."""
    result = read_bytes(raw)
    assert (None, True) == (result.config, bool(result.errors))
    assert all(finding.line >= 1 and finding.column >= 1 for finding in result.findings)


def test_the_file_that_the_mistakes_are_made_in_is_good() -> None:
    """Otherwise the tests above would show nothing."""
    texts = [_GOOD, _GOOD.replace("\n", "\r\n")]
    assert [["note"]] * 2 == [[finding.severity for finding in read_bytes(text.encode()).findings] for text in texts]


@given(raw=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@settings(deadline=None)
def test_no_bytes_raise(raw: bytes) -> None:
    """Whatever stands in the file, reading it gives findings."""
    result = read_bytes(raw)
    assert (None, True) == (result.config, bool(result.errors))


@given(raw=st.text("[]{}=.,#\"'\\\n ab1-_", max_size=40), at=st.integers(0, len(_GOOD)))
@settings(deadline=None)
def test_no_insertion_raises(raw: str, at: int) -> None:
    """A file that is almost right gives a config or errors, never both."""
    result = read_bytes((_GOOD[:at] + raw + _GOOD[at:]).encode())
    assert (result.config is None) == bool(result.errors)


def test_a_folder_without_the_file_has_one_finding(tmp_path: Path) -> None:
    """What is not there, is a folder, is a pipe or may not be read is told apart."""
    file = tmp_path / "build.toml"
    messages = [str(finding) for finding in read_config(tmp_path).findings]
    file.mkdir()
    messages += [str(finding) for finding in read_config(tmp_path).findings]
    file.rmdir()
    os.mkfifo(file)
    messages += [str(finding) for finding in read_config(tmp_path).findings]
    start = f"build.toml:1:1: error: {file}"
    absent = f"{start} does not exist: name the folder of a kernel, or make one with `kernel-builder init`"
    assert [absent, f"{start} is not a regular file", f"{start} is not a regular file"] == messages


def test_a_link_that_leads_nowhere_has_a_finding(tmp_path: Path) -> None:
    """The same for links, also those that lead to themselves."""
    (tmp_path / "build.toml").symlink_to("build.toml")
    assert [(1, 1)] == [(finding.line, finding.column) for finding in read_config(tmp_path).findings]


def test_a_project_folder_with_an_impossible_name_has_a_finding() -> None:
    """Names that the system refuses are no reason for a traceback."""
    assert [1, 1] == [len(read_config(Path(name)).errors) for name in ("x\x00y", "x" * 5000)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_has_a_finding(tmp_path: Path) -> None:
    """The system's reason is given."""
    (tmp_path / "build.toml").touch(mode=0)
    assert ["cannot be read: Permission denied"] == [
        finding.message.partition("build.toml ")[2] for finding in read_config(tmp_path).findings
    ]


def test_load_config_gives_the_config(tmp_path: Path) -> None:
    """A good file is simply loaded; warnings do not count."""
    (tmp_path / "build.toml").write_text(_GOOD.replace("license = 'MIT'\n", ""))
    assert read_config(tmp_path).config == load_config(tmp_path)
    assert ["warning", "note"] == [finding.severity for finding in read_config(tmp_path).findings]


def test_load_text_gives_the_text_as_it_stands(tmp_path: Path) -> None:
    """Ends of lines are kept, and a mistake in it is no reason to refuse it."""
    (tmp_path / "build.toml").write_bytes(b"a = \r\n")
    assert load_text(tmp_path) == "a = \r\n"


def test_load_text_refuses_what_is_no_text(tmp_path: Path) -> None:
    """Another encoding is an error with one finding."""
    (tmp_path / "build.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path)
    assert len(caught.value.findings) == 1


@pytest.mark.parametrize("load", [load_config, load_text])
def test_where_there_is_no_project(tmp_path: Path, load: Callable[[Path], object]) -> None:
    """The file is named, and the hint does not ask to mend a file that is not there."""
    with pytest.raises(ConfigError, match=f"^{re.escape(str(tmp_path / 'build.toml'))} does not exist$") as caught:
        load(tmp_path)
    assert ((), True) == (caught.value.findings, "kernel-builder init" in caught.value.hint)


def test_load_config_raises_all_findings_at_once(tmp_path: Path) -> None:
    """The error counts the errors and carries each problem as a line of text; what is only noted is left out."""
    (tmp_path / "build.toml").write_text(_GOOD.replace("'ab'", "1").replace("version = 1", "version = 'x'"))
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    expected = (
        "build.toml:2:8: error: general.name: expected a string, got an integer",
        "build.toml:3:11: error: general.version: expected an integer, got a string",
    )
    assert (f"{tmp_path / 'build.toml'} has 2 errors", expected) == (str(caught.value), caught.value.findings)


@pytest.mark.skipif("KERNELS_CORPUS" not in os.environ, reason="KERNELS_CORPUS names no folder of build.toml files")
def test_every_file_of_the_corpus_is_read() -> None:
    """Real kernels' files have no error; what is doubtful in them is doubtful."""
    retired = [3, 4]  # of the ROCm architectures, gfx940 and gfx941
    doubtful = [
        *[("activation.toml", f"kernel.activation_rocm.rocm-archs[{index}]") for index in retired],
        ("megablocks.toml", "kernel.megablocks.cuda-capabilities[10]"),  # a version of CUDA, not a capability
        *[("paged-attention.toml", f"kernel.paged_attention_rocm.rocm-archs[{index}]") for index in retired],
        *[("paged-attention.toml", f"kernel.cuda_utils_rocm.rocm-archs[{index}]") for index in retired],
        ("sage-attention.toml", "kernel._qattn.src"),  # headers alone
    ]
    assert [(name, "warning", key) for name, key in doubtful] == [
        (file.name, finding.severity, finding.key)
        for file in sorted(Path(os.environ["KERNELS_CORPUS"]).glob("*.toml"))
        for finding in read_bytes(file.read_bytes()).findings
        if finding.severity != "note"
    ]
