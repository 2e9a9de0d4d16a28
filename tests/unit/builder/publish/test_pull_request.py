"""Pull requests in real repositories: what nobody can review is refused by name, everything else passes."""

import gzip
import io
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.elf_files import ElfParts, make_elf
from support.macho_files import MachOParts, make_macho
from support.projects import RELU
from support.repositories import Repository, needs_git, own_git

from kernel_builder.config.reader import check_config
from kernel_builder.errors import BuilderError
from kernel_builder.project.render import render
from kernel_builder.provenance import Provenance
from kernel_builder.publish import unreviewable
from kernel_builder.publish.pull_request import PullRequest, check_pull_request

pytestmark = needs_git

ELF = make_elf(ElfParts())
PNG = bytes.fromhex("89504e470d0a1a0a") + bytes(16)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
BUILD_TOML = (RELU / "build.toml").read_bytes()
SOURCES: dict[str, str | bytes | None] = {
    "build.toml": BUILD_TOML,
    "relu_cpu/relu.cpp": "int relu;\n",
    "torch-ext/relu/__init__.py": "",
    "old/libold.so": ELF,
    "build/torch-cpu/__init__.py": "value = 1\n",
}


def _zip() -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("module.py", "value = 1\n")
    return memory.getvalue()


def _generated() -> dict[str, str]:
    """The files that create-pyproject writes for a kernel for CUDA, ROCm and the rest."""
    config = check_config(RELU).config
    assert config is not None
    return render(config, Provenance("abc1234"))


GENERATED = _generated()

BAD: dict[str, tuple[Mapping[str, str | bytes | None], dict[str, str]]] = {
    "a build": (
        {
            "relu_cpu/relu.cpp": "int better;\n",
            "build/torch-cpu/__init__.py": "value = 2\n",
            "build/CARD.md": "# Relu\n",
            "build-ext/CMakeCache.txt": "",
            "result-1/torch-cpu/metadata.json": "{}",
            "kernels/other/build/torch213-cxx11-cpu-x86_64-linux/_ops.py": "",
        },
        dict.fromkeys(
            [
                "build-ext/CMakeCache.txt",
                "build/CARD.md",
                "build/torch-cpu/__init__.py",
                "kernels/other/build/torch213-cxx11-cpu-x86_64-linux/_ops.py",
                "result-1/torch-cpu/metadata.json",
            ],
            "build-output",
        ),
    ),
    "binaries by their names": (
        {
            "lib/libx.so.1.2": "",
            "lib/with space.DLL": "",
            "lib/naïve.a": "",
            "wheels/x-1-py3-none-any.whl": "",
            "gpu/kernel.cubin": "",
            "gpu/kernel.ptx": ".version 8.0\n",
            "data/weights.pth": "",
            "torch-ext/relu/__init__.py": "import os\n",
        },
        {
            "data/weights.pth": "pickle",
            "gpu/kernel.cubin": "gpu",
            "gpu/kernel.ptx": "gpu",
            "lib/libx.so.1.2": "library",
            "lib/naïve.a": "object",
            "lib/with space.DLL": "library",
            "wheels/x-1-py3-none-any.whl": "archive",
        },
    ),
    "binaries by their contents": (
        {
            "relu_cpu/relu.h": ELF,
            "docs/figure.png": ELF,
            "docs/mac.txt": make_macho(MachOParts()),
            "docs/windows.md": b"MZ\x90\0" + bytes(60),
            "data/archive.json": _zip(),
            "data/packed.json": gzip.compress(b"{}"),
            "data/static.txt": b"!<arch>\n",
            "data/other.csv": b"a,b\n1,\0\n",
        },
        dict.fromkeys(
            [
                "data/archive.json",
                "data/other.csv",
                "data/packed.json",
                "data/static.txt",
                "docs/figure.png",
                "docs/mac.txt",
                "docs/windows.md",
                "relu_cpu/relu.h",
            ],
            "binary",
        ),
    ),
    "bytecode": (
        {
            "torch-ext/relu/__pycache__/__init__.cpython-311.pyc": b"\xa7\r\r\n",
            "torch-ext/relu/__pycache__/note.txt": "",
            "tests/helper.pyc": b"",
        },
        {
            "tests/helper.pyc": "bytecode",
            "torch-ext/relu/__pycache__/__init__.cpython-311.pyc": "bytecode",
            "torch-ext/relu/__pycache__/note.txt": "bytecode",
        },
    ),
    "generated files": (
        {
            **{name: text for name, text in GENERATED.items() if "/" in name or name.endswith((".txt", ".json"))},
            "torch-ext/relu/_ops.py": "ops = None\n",
            "other/build.toml": BUILD_TOML,
            "other/pyproject.toml": GENERATED["pyproject.toml"],
            "other/setup.py": "class build_kernel: ...\n",
        },
        dict.fromkeys(
            sorted(
                {
                    *(name for name in GENERATED if name != "pyproject.toml"),
                    "other/pyproject.toml",
                    "other/setup.py",
                    "torch-ext/relu/_ops.py",
                }
            ),
            "generated",
        ),
    ),
    "pointers of Git LFS": (
        {".gitattributes": "*.bin filter=lfs -text\n", "data/table.bin": POINTER, "data/table": POINTER},
        {"data/table": "lfs-pointer", "data/table.bin": "lfs-pointer"},
    ),
}

GOOD: dict[str, Mapping[str, str | bytes | None]] = {
    "sources": {
        "relu_cpu/relu.cpp": 'const char *name = "ReLU für alle";\n',
        "relu_cpu/new.cu": "",
        "torch-ext/relu/__init__.py": "value = 2\r\n",
        "build.toml": BUILD_TOML + b"\n",
        "docs/Straße mit\nUmbruch.md": "# Text\n",
        "docs/latin.txt": "café\n".encode("latin-1"),
    },
    "what is removed": {"old/libold.so": None, "build/torch-cpu/__init__.py": None},
    "a project file of one's own": {
        "CMakeLists.txt": "cmake_minimum_required(VERSION 3.26)\nproject(relu)\n",
        "pyproject.toml": "[tool.ruff]\nline-length = 100\n",
        "setup.py": "from setuptools import setup\n\nsetup()\n",
        "cmake/cuda.cmake": "# Our own.\n",
        "tests/golden/metadata-cpu.json": "{}\n",
        "torch-ext/relu/layers/_ops.py": "",
    },
    "images": {"docs/figure.png": PNG, "docs/photo.JPG": b"\xff\xd8\xff\xe0\0", "docs/large.png": POINTER},
    "names that only look so": {
        "MZ.txt": "MZ is how it begins\n",
        "relu_cpu/build/steps.cpp": "int steps;\n",
        "relu_cpu/result/keep.h": "#pragma once\n",
        "docs/build.md": "# How to build\n",
        "relu_cpu/so.py": "",
        "relu_cpu/libso": "text\n",
    },
    "files moved": {"relu_cpu/relu.cpp": None, "relu_cpu/src/relu.cpp": "int relu;\n"},
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A kernel's repository, in which earlier mistakes are still on the main branch."""
    own_git(monkeypatch, tmp_path)
    return Repository(tmp_path / "kernel", SOURCES)


def _codes(found: PullRequest) -> dict[str, str]:
    return {finding.file: finding.code for finding in found.findings}


@pytest.mark.parametrize("case", BAD)
def test_bad_pull_requests_are_refused(repository: Repository, case: str) -> None:
    """Each file that nobody can review is named, with why and what to do; those beside it are not."""
    files, expected = BAD[case]
    repository.branch("feature", files)
    found = check_pull_request(repository.top)
    assert (False, expected) == (found.is_good, _codes(found))
    assert len(files) == found.files
    for finding in found.findings:
        assert ("error", True) == (finding.severity, "git rm " in (finding.remedy or ""))


@pytest.mark.parametrize("case", GOOD)
def test_good_pull_requests_pass(repository: Repository, case: str) -> None:
    """Sources, documents, images and removals of anything pass without a word."""
    repository.branch("feature", GOOD[case])
    found = check_pull_request(repository.top)
    assert (True, {}) == (found.is_good, _codes(found))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_names_of_files_are_taken_as_they_are(repository: Repository) -> None:
    """Line breaks, quotes and bytes that are no text do not hide a file, and the remedy quotes them."""
    names = ["a\nb.so", "it's.so", "tab\t.so", os.fsdecode(b"\xff.so")]
    repository.branch("feature", dict.fromkeys(names, ""))
    found = check_pull_request(repository.top)
    assert sorted(names) == [finding.file for finding in found.findings]
    assert "git rm --cached -- 'it'\"'\"'s.so'`" in (found.findings[1].remedy or "")


def test_attributes_do_not_hide_a_binary(repository: Repository) -> None:
    """What the pull request itself says of its files, that they are text or of no interest, changes nothing."""
    attributes = "* text diff=own -binary export-ignore linguist-generated\n"
    repository.branch("feature", {".gitattributes": attributes, "relu_cpu/data.inc": ELF})
    assert {"relu_cpu/data.inc": "binary"} == _codes(check_pull_request(repository.top))


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_are_judged_by_their_names(repository: Repository) -> None:
    """The link that Nix leaves is refused; another one is no binary, wherever it leads."""
    (repository.top / "LICENSE.txt").symlink_to("docs/LICENSE")
    (repository.top / "result").symlink_to("/nix/store/abc-relu")
    repository.branch("feature", {})
    assert {"result": "build-output"} == _codes(check_pull_request(repository.top))


def test_submodules_are_noted(repository: Repository, tmp_path: Path) -> None:
    """A commit of another repository cannot be looked into here, and a note says so."""
    other = Repository(tmp_path / "other", {"README.md": ""})
    repository.git("checkout", "--quiet", "-b", "feature", "main")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.top), "other")
    repository.commit()
    found = check_pull_request(repository.top)
    assert (True, {"other": "submodule"}) == (found.is_good, _codes(found))
    assert "note" == found.findings[0].severity


def test_what_main_has_got_since_is_not_of_the_pull_request(repository: Repository) -> None:
    """The head is compared with the commit that it started from, not with what has become of the base."""
    head = repository.branch("feature", {"relu_cpu/new.cpp": ""})
    repository.git("checkout", "--quiet", "main")
    base = repository.commit({"old/libold.so": None, "lib/new.so": ELF})
    found = check_pull_request(repository.top, base="main", head="feature")
    assert (True, 1, head) == (found.is_good, found.files, found.head)
    assert base != found.base == repository.git("rev-parse", "main~1")


def test_only_commits_matter(repository: Repository) -> None:
    """Neither what lies about uncommitted nor a file of the working tree in the place of the committed one counts."""
    repository.branch("feature", {"relu_cpu/new.cpp": ELF})
    repository.write({"relu_cpu/new.cpp": "int value;\n", "lib/untracked.so": ELF})
    assert {"relu_cpu/new.cpp": "binary"} == _codes(check_pull_request(repository.top / "relu_cpu"))


def test_what_create_pyproject_wrote_is_known_by_its_manifest(repository: Repository) -> None:
    """A generated file that was edited since has no mark any more; the manifest still lists it."""
    manifest = json.dumps({"unique-id": "abc", "files": {"CMakeLists.txt": "0", "tool.py": "0"}})
    files = {".kernel-builder-manifest.json": manifest, "CMakeLists.txt": "# mine now\n", "tool.py": ""}
    repository.branch("feature", files)
    assert dict.fromkeys(sorted(files), "generated") == _codes(check_pull_request(repository.top))


def test_a_file_that_is_too_large(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too large to be looked into is refused, and its neighbours are looked into."""
    monkeypatch.setattr("kernel_builder.publish.pull_request.LARGEST", 100)
    repository.branch("feature", {"a.txt": "x" * 101, "b.txt": "x" * 100, "c.txt": ELF[:99]})
    assert {"a.txt": "large", "c.txt": "binary"} == _codes(check_pull_request(repository.top))


def test_a_kernel_that_is_removed(repository: Repository) -> None:
    """Where the base has a kernel, a build is one even when the pull request takes the build.toml away."""
    repository.branch("feature", {"build.toml": None, "build/extra.bin": "text"})
    assert {"build/extra.bin": "build-output"} == _codes(check_pull_request(repository.top))


def test_many_files(repository: Repository) -> None:
    """More files than are read at once are all looked into, empty ones too."""
    files: dict[str, str | bytes | None] = {f"data/{number:03}.txt": "x" * (number % 7) for number in range(450)}
    repository.branch("feature", {**files, "data/300.txt": b"\0", "data/449.txt": b"\0"})
    found = check_pull_request(repository.top)
    assert (450, {"data/300.txt": "binary", "data/449.txt": "binary"}) == (found.files, _codes(found))


def test_commits_that_cannot_be_compared(repository: Repository, tmp_path: Path) -> None:
    """No repository, no such commit, no base, and no common commit are each said with what to do."""
    top = repository.top
    with pytest.raises(BuilderError, match="is not in a git repository"):
        check_pull_request(tmp_path)
    with pytest.raises(BuilderError, match="has no commit '--help'"):
        check_pull_request(top, base="--help")
    repository.git("checkout", "--quiet", "--orphan", "alone")
    repository.commit({"alone.txt": ""})
    with pytest.raises(BuilderError, match="have no commit in common") as caught:
        check_pull_request(top)
    assert "fetch-depth: 0" in caught.value.hint
    repository.git("branch", "--quiet", "-D", "main")
    with pytest.raises(BuilderError, match="neither origin/main nor main") as caught:
        check_pull_request(top)
    assert "--base" in caught.value.hint


def test_the_examples_are_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example kernel, as a whole, can be reviewed."""
    own_git(monkeypatch, tmp_path)
    repository = Repository(tmp_path / "kernel", {"README.md": ""})
    repository.git("checkout", "--quiet", "-b", "feature")
    ignored = shutil.ignore_patterns("build", "build-ext", ".kernel-builder", "__pycache__", "result*", "*.so")
    shutil.copytree(RELU, repository.top / "relu", ignore=ignored)
    repository.commit()
    assert {} == _codes(check_pull_request(repository.top))


def test_the_facts_have_their_shape() -> None:
    """Patterns are in lower case, first bytes are hexadecimal, and each kind has its reason."""
    facts = json.loads(Path(unreviewable.__file__).with_name("unreviewable.json").read_text("utf-8"))
    patterns = [pattern for kind in facts["names"].values() for pattern in kind["patterns"]]
    assert [pattern.lower() for pattern in patterns] == patterns
    assert len(set(patterns)) == len(patterns)
    starts = [*facts["images"].values(), *(start for found in facts["starts"].values() for start in found)]
    assert [] == [start for start in starts if len(bytes.fromhex(start)) < 2]
    assert [] == [kind for kind, fact in facts["names"].items() if not fact["why"].startswith("is ")]
