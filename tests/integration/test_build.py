"""A build from build.toml to a tree, with the compiler and the Torch of this machine."""

import json
import shutil
from pathlib import Path

import pytest
from support.projects import contents, git, kernel_builder, make_tiny, run_python, variant_name

from kernels.digest import digest_tree
from kernels.metadata import read_metadata


@pytest.fixture(scope="module")
def variant() -> str:
    """The variant that this environment builds."""
    return variant_name()


@pytest.fixture
def tiny(built_tiny: Path, tmp_path: Path) -> Path:
    """A built copy of the tiny kernel that a test may change."""
    return Path(shutil.copytree(built_tiny, tmp_path / "tiny", symlinks=True))


def test_the_tree_has_exactly_the_files_of_the_layout(built_relu: Path, variant: str) -> None:
    """A build holds the package, the operators, the library, the metadata and the folder for older loaders."""
    tree = built_relu / "build" / variant
    kernel_id = read_metadata(tree).id
    expected = {
        "__init__.py",
        "_ops.py",
        f"{kernel_id}.abi3.so",
        "layers/__init__.py",
        "metadata.json",
        "relu/__init__.py",
    }
    assert expected == set(contents(tree))


def test_the_metadata_names_driver_tool_chain_and_digest(built_relu: Path, variant: str) -> None:
    """The metadata says what was built, with what, and lists the hash of every file."""
    tree = built_relu / "build" / variant
    metadata = read_metadata(tree)
    document = json.loads((tree / "metadata.json").read_text("utf-8"))
    assert digest_tree(tree) == metadata.digest
    assert ["kernel-builder", "driver", "toolchain"] == list(document["provenance"])
    assert "local" == document["provenance"]["driver"]
    assert ["compiler", "torch"] == list(document["provenance"]["toolchain"])
    assert ["name", "id", "version", "license"] == list(document)[:4]


def test_the_card_is_filled_beside_the_variants(built_relu: Path, variant: str) -> None:
    """The card template becomes build/CARD.md, without a placeholder left."""
    card = (built_relu / "build" / "CARD.md").read_text("utf-8")
    assert {"CARD.md", variant} == {path.name for path in (built_relu / "build").iterdir()}
    assert "example-org/relu" in card
    assert "{{" not in card


def test_both_paths_of_a_build_are_one_kernel(built_relu: Path, variant: str) -> None:
    """The folder for older loaders exports the same objects, in either order of import, and registers nothing twice."""
    code = """
import importlib.util, json, sys
from pathlib import Path
from kernels import get_local_kernel

def old_way(tree):
    spec = importlib.util.spec_from_file_location("relu_of_an_old_loader", Path(tree) / "relu" / "__init__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module

tree, order = sys.argv[1:]
first, second = [old_way(tree), get_local_kernel(tree)] if order == "old" else [get_local_kernel(tree), old_way(tree)]
print(json.dumps([sorted(first.__all__) == sorted(second.__all__), first.relu is second.relu]))
"""
    for order in ("new", "old"):
        assert [True, True] == json.loads(run_python(code, built_relu / "build" / variant, order)), order


def test_a_second_build_compiles_nothing_and_changes_nothing(tiny: Path, variant: str) -> None:
    """With nothing changed, no source is compiled and the tree is left as it is."""
    kernel_builder("build", tiny, "--driver", "local")
    before = (tiny / "build" / variant).stat().st_ino
    result = json.loads(kernel_builder("build", tiny, "--driver", "local", "--json").stdout)
    assert [(False, 0)] == [(built["changed"], built["compiled"]) for built in result["builds"]]
    assert before == (tiny / "build" / variant).stat().st_ino


def test_a_changed_source_alone_is_compiled(tmp_path: Path) -> None:
    """In a git repository, where the id stays, one changed source means one compilation."""
    tiny = make_tiny(tmp_path / "tiny")
    _commit(tiny)
    (tiny / "tiny_cpu" / "tiny.cpp").write_text('extern "C" int tiny_value() { return 2; }\n', "utf-8")
    kernel_builder("build", tiny, "--driver", "local")
    (tiny / "tiny_cpu" / "tiny.cpp").write_text('extern "C" int tiny_value() { return 3; }\n', "utf-8")
    result = json.loads(kernel_builder("build", tiny, "--driver", "local", "--json").stdout)
    assert [(True, 1)] == [(built["changed"], built["compiled"]) for built in result["builds"]]


def test_the_id_is_the_commit_and_says_when_it_is_dirty(tmp_path: Path, variant: str) -> None:
    """The unique part of the id is seven digits of the commit, with `_dirty` once a source differs from it."""
    tiny = make_tiny(tmp_path / "tiny")
    commit = _commit(tiny)
    kernel_builder("build", tiny, "--driver", "local")
    clean = read_metadata(tiny / "build" / variant)
    assert f"_tiny_cpu_{commit[:7]}" == clean.id
    assert clean.provenance is not None
    assert {"commit": commit, "dirty": False} == clean.provenance["kernel"]
    (tiny / "torch-ext" / "tiny" / "more.py").write_text("x = 1\n", "utf-8")
    kernel_builder("build", tiny, "--driver", "local")
    assert f"_tiny_cpu_{commit[:7]}_dirty" == read_metadata(tiny / "build" / variant).id


def test_a_compiler_error_shows_the_compilers_words_and_keeps_the_old_tree(tiny: Path, variant: str) -> None:
    """When a source does not compile, the error is the compiler's, the command is named, and nothing is replaced."""
    before = contents(tiny / "build" / variant)
    (tiny / "tiny_cpu" / "tiny.cpp").write_text("int broken( {\n", "utf-8")
    result = kernel_builder("build", tiny, "--driver", "local")
    assert 6 == result.returncode
    assert "tiny.cpp:1:" in result.stderr
    assert "-c " in result.stderr
    assert "Traceback" not in result.stderr
    assert before == contents(tiny / "build" / variant)


def test_a_build_that_does_not_load_is_not_installed(tiny: Path, variant: str) -> None:
    """A tree that the loader cannot load is refused with the loader's own words, and the old tree stays."""
    before = contents(tiny / "build" / variant)
    (tiny / "torch-ext" / "tiny" / "__init__.py").write_text("from . import missing_module\n", "utf-8")
    result = kernel_builder("build", tiny, "--driver", "local")
    assert 8 == result.returncode
    assert "missing_module" in result.stderr
    assert before == contents(tiny / "build" / variant)
    assert [variant] == [path.name for path in (tiny / "build").iterdir()]


def test_a_missing_source_is_an_error_of_the_configuration(tiny: Path) -> None:
    """A source that build.toml names and that is not there is reported with its place."""
    (tiny / "tiny_cpu" / "tiny.cpp").unlink()
    result = kernel_builder("build", tiny, "--driver", "local")
    assert 3 == result.returncode
    assert "build.toml:13:8: error: kernel.tiny_cpu.src[0]" in result.stderr


def test_a_variant_of_another_world_is_refused_with_what_can_be_built(tiny: Path, variant: str) -> None:
    """A variant that this machine cannot build is an error that names the one that it can."""
    result = kernel_builder("build", tiny, "--driver", "local", "--variant", "torch26-cxx11-cu124-x86_64-linux")
    assert 4 == result.returncode
    assert variant in result.stderr


def test_without_a_compiler_the_next_step_is_named(tiny: Path) -> None:
    """On a machine without a C++ compiler the error says how to get one."""
    result = kernel_builder("build", tiny, "--driver", "local", env={"CXX": "no-such-compiler"})
    assert 5 == result.returncode
    assert "no C++ compiler was found" in result.stderr
    assert "apt-get install g++" in result.stderr


def test_a_source_that_changed_without_becoming_newer_is_compiled(tiny: Path, variant: str) -> None:
    """A copy that keeps its old time, as `cp -a` and archives make them, does not leave the old object in the build."""
    import os  # noqa: PLC0415 - for one call

    source = tiny / "tiny_cpu" / "tiny.cpp"
    _commit(tiny)
    source.write_text('extern "C" int tiny_value() { return 5; }\n', "utf-8")
    kernel_builder("build", tiny, "--driver", "local")
    before = contents(tiny / "build" / variant)
    source.write_text('extern "C" int tiny_value() { return 6; }\n', "utf-8")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    result = json.loads(kernel_builder("build", tiny, "--driver", "local", "--json").stdout)
    assert [True] == [built["changed"] for built in result["builds"]]
    assert before != contents(tiny / "build" / variant)


def _commit(project: Path) -> str:
    (project / ".gitignore").write_text("build/\n", "utf-8")
    git(project, "init", "--quiet")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message", "first")
    return git(project, "rev-parse", "HEAD")


def test_a_kernel_on_the_stable_abi_is_built_once_for_many_releases(tmp_path: Path) -> None:
    """With `stable-abi`, the build sees that ABI only, is named after it, and its operators work."""
    tiny = make_tiny(tmp_path / "tiny")
    text = (tiny / "build.toml").read_text("utf-8").replace("[torch]\n", '[torch]\nstable-abi = "2.11"\n')
    (tiny / "build.toml").write_text(text, "utf-8")
    (tiny / "torch-ext" / "binding.cpp").write_text(
        """\
#include <torch/csrc/stable/library.h>

#include "registration.h"

static_assert(TORCH_TARGET_VERSION == (2ULL << 56 | 11ULL << 48));

void answer(StableIValue *stack, uint64_t, uint64_t) { stack[0] = torch::stable::detail::from(int64_t{42}); }

STABLE_TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) { ops.def("answer() -> int"); }
STABLE_TORCH_LIBRARY_IMPL_EXPAND(TORCH_EXTENSION_NAME, CompositeExplicitAutograd, ops) { ops.impl("answer", &answer); }

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
""",
        "utf-8",
    )
    result = kernel_builder("build", tiny, "--driver", "local", "--json")
    assert result.returncode == 0, result.stderr
    platform = "-".join(variant_name().split("-")[-2:])
    assert [f"torch-stable-abi211-cpu-{platform}"] == [
        built["variant"] for built in json.loads(result.stdout)["builds"]
    ]
    probe = "import sys; from kernels import get_local_kernel; print(get_local_kernel(sys.argv[1]).ops.answer())"
    assert "42" == run_python(probe, tiny).strip()
