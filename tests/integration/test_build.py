"""A build from build.toml to a tree, with the compiler and the Torch of this machine."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.projects import contents, git, kernel_builder, make_tiny, make_tiny_noarch, run_python, variant_name

from kernels.digest import digest_tree
from kernels.metadata import read_metadata

#: What the metadata says of the tool chain beside compiler and framework.
_MANYLINUX = {"manylinux": "manylinux_2_28"} if sys.platform == "linux" else {}


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
    assert ["compiler", "torch", *_MANYLINUX] == list(document["provenance"]["toolchain"])
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
ways = {"old": old_way, "new": lambda tree: get_local_kernel(tree, "cpu")}
first, second = [ways[way](tree) for way in sorted(ways, reverse=order == "old")]
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
    shutil.rmtree(tiny / ".kernel-builder")
    result = kernel_builder("build", tiny, "--driver", "local", env={"PATH": str(tiny), "CXX": ""})
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
    probe = "import sys; from kernels import get_local_kernel; print(get_local_kernel(sys.argv[1], 'cpu').ops.answer())"
    assert "42" == run_python(probe, tiny).strip()


@pytest.mark.parametrize(
    "env",
    [
        {"CXXFLAGS": "-O0 -g", "CMAKE_BUILD_TYPE": "Debug", "LDFLAGS": "-Wl,-rpath,/nowhere"},
        {"CPATH": "/nowhere", "LIBRARY_PATH": "/nowhere", "CMAKE_GENERATOR": "Unix Makefiles"},
        {"LD_RUN_PATH": "/nowhere"},
    ],
)
def test_flags_of_the_environment_leave_no_trace(tiny: Path, variant: str, env: dict[str, str]) -> None:
    """The same sources give the same build, whatever a shell has exported."""
    before = contents(tiny / "build" / variant)
    shutil.rmtree(tiny / "build")
    shutil.rmtree(tiny / ".kernel-builder")
    result = kernel_builder("build", tiny, "--driver", "local", env=env)
    assert result.returncode == 0, result.stderr
    assert before == contents(tiny / "build" / variant)


def test_a_header_that_is_not_listed_is_refused(tiny: Path, variant: str) -> None:
    """What the compiler reads and build.toml does not list is named; once it is listed, the build goes through."""
    before = contents(tiny / "build" / variant)
    (tiny / "tiny_cpu" / "value.h").write_text("#define VALUE 7\n", "utf-8")
    (tiny / "tiny_cpu" / "tiny.cpp").write_text(
        '#include "value.h"\nextern "C" int tiny_value() { return VALUE; }\n', "utf-8"
    )
    for _ in range(2):  # the second build compiles nothing and must refuse all the same
        result = kernel_builder("build", tiny, "--driver", "local")
        assert (8, True) == (result.returncode, "tiny_cpu/value.h" in result.stderr), result.stderr
    assert before == contents(tiny / "build" / variant)
    text = (tiny / "build.toml").read_text("utf-8")
    listed = text.replace('["tiny_cpu/tiny.cpp"]', '["tiny_cpu/tiny.cpp", "tiny_cpu/value.h"]')
    (tiny / "build.toml").write_text(listed, "utf-8")
    assert 0 == kernel_builder("build", tiny, "--driver", "local").returncode


def test_a_generated_project_in_its_place_changes_nothing(tiny: Path, variant: str) -> None:
    """After create-pyproject in the project's own folder, the build is the same."""
    before = contents(tiny / "build" / variant)
    assert 0 == kernel_builder("create-pyproject", tiny).returncode
    result = json.loads(kernel_builder("build", tiny, "--driver", "local", "--json").stdout)
    assert [False] == [built["changed"] for built in result["builds"]]
    assert before == contents(tiny / "build" / variant)


def test_a_component_of_headers_alone_is_passed_over(tiny: Path) -> None:
    """A component that lists only headers is a warning of check-config, and no obstacle."""
    (tiny / "tiny_cpu" / "value.h").write_text("#define VALUE 7\n", "utf-8")
    with (tiny / "build.toml").open("a", encoding="utf-8") as file:
        file.write('\n[kernel.headers]\nbackend = "cpu"\ndepends = []\nsrc = ["tiny_cpu/value.h"]\n')
    result = kernel_builder("build", tiny, "--driver", "local")
    assert (0, True) == (result.returncode, "warning: kernel.headers.src" in result.stderr), result.stderr


def test_links_in_build_are_replaced_and_never_followed(tiny: Path, variant: str, tmp_path: Path) -> None:
    """Neither the card nor a tree is written through a link that a repository carries."""
    victim = tmp_path / "victim"
    victim.write_text("mine", "utf-8")
    (tiny / "CARD.md").write_text("# {{ repo_id }}\n", "utf-8")
    (tiny / "build" / "CARD.md").symlink_to(victim)
    init = tiny / "build" / variant / "__init__.py"
    text = init.read_text("utf-8")
    init.unlink()
    (tmp_path / "same.py").write_text(text, "utf-8")
    init.symlink_to(tmp_path / "same.py")
    assert 0 == kernel_builder("build", tiny, "--driver", "local").returncode
    assert "mine" == victim.read_text("utf-8")
    assert [False, False] == [path.is_symlink() for path in (init, tiny / "build" / "CARD.md")]


@pytest.mark.parametrize("name", ["build", ".kernel-builder"])
def test_a_link_in_the_place_of_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    """Builds go into the project; a link that leads elsewhere, or a file, is named before anything is compiled."""
    project = make_tiny(tmp_path / "tiny")
    (tmp_path / "elsewhere").mkdir()
    (project / name).symlink_to(tmp_path / "elsewhere")
    result = kernel_builder("build", project, "--driver", "local")
    assert (1, True) == (result.returncode, f"{name} is a link" in result.stderr), result.stderr
    assert [] == list((tmp_path / "elsewhere").iterdir())
    (project / name).unlink()
    (project / name).write_text("", "utf-8")
    result = kernel_builder("build", project, "--driver", "local")
    assert (1, True) == (result.returncode, f"{name} is a file" in result.stderr), result.stderr


def test_modules_in_the_current_folder_do_not_disturb(tmp_path: Path) -> None:
    """A project may have a json.py or a kernels.py of its own, and be built from its own folder."""
    project = make_tiny(tmp_path / "tiny")
    for name in ("json", "kernels", "torch"):
        (project / f"{name}.py").write_text("raise SystemExit('the wrong module')\n", "utf-8")
    command = Path(sys.executable).with_name("kernel-builder")
    result = subprocess.run(
        [command, "build", "--driver", "local"], cwd=project, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", ["a b", "it's $HOME", "naïve (1)", "100%#+,="])
def test_folders_with_unusual_names_build(tmp_path: Path, name: str) -> None:
    """Blanks, quotes and letters of other languages in the path are no obstacle."""
    result = kernel_builder("build", make_tiny(tmp_path / name / "tiny"), "--driver", "local")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", ["a;b", "a[b", "a|b", 'a"b', "${HOME}", "$<1:a>"])
def test_folders_that_cmake_would_take_apart_are_refused(tmp_path: Path, name: str) -> None:
    """A path that CMake or Ninja cannot take is said before they garble it."""
    result = kernel_builder("build", make_tiny(tmp_path / name / "tiny"), "--driver", "local")
    assert (5, True) == (result.returncode, "CMake cannot work in" in result.stderr), result.stderr


def test_a_card_that_cannot_be_filled_stops_before_the_compiler(tiny: Path, variant: str) -> None:
    """The error names the line, and nothing was built or replaced."""
    before = contents(tiny / "build" / variant)
    (tiny / "CARD.md").write_text("# Card\n\n{{ nope }}\n", "utf-8")
    (tiny / "tiny_cpu" / "tiny.cpp").write_text("int other;\n", "utf-8")
    result = kernel_builder("build", tiny, "--driver", "local")
    assert (9, True, False) == (result.returncode, "CARD.md:3" in result.stderr, ": compile" in result.stderr)
    assert before == contents(tiny / "build" / variant)


def test_builds_of_one_project_take_turns(tmp_path: Path, variant: str) -> None:
    """Several builds at once all succeed; one makes the tree, the others find it made."""
    project = make_tiny(tmp_path / "tiny")
    command = [sys.executable, "-m", "kernel_builder", "build", str(project), "--driver", "local", "--json"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [process.communicate() for process in running]
    assert [0, 0, 0] == [process.returncode for process in running], answers
    changed = [json.loads(output)["builds"][0]["changed"] for output, _ in answers]
    assert [False, False, True] == sorted(changed)


def test_checks_that_are_left_out_are_recorded(tiny: Path, variant: str) -> None:
    """What was not checked stands in the metadata, until a build checks it."""
    metadata = tiny / "build" / variant / "metadata.json"

    def skipped() -> list[str] | None:
        document = json.loads(metadata.read_text("utf-8"))
        names: list[str] | None = document["provenance"].get("skipped-checks")
        return names

    result = kernel_builder("build", tiny, "--driver", "local", "--no-checks", "load", "--no-checks", "abi")
    assert (0, ["abi", "load"]) == (result.returncode, skipped()), result.stderr
    result = kernel_builder("build", tiny, "--driver", "local")
    assert (0, None) == (result.returncode, skipped()), result.stderr
    assert f"{variant}: check" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has manylinux")
def test_a_build_for_this_machine_alone(tiny: Path, variant: str) -> None:
    """Without a manylinux policy, the library is linked as the compiler does it, and the metadata name no policy."""
    result = kernel_builder("build", tiny, "--driver", "local", "--manylinux", "off")
    assert 0 == result.returncode, result.stderr
    document = json.loads((tiny / "build" / variant / "metadata.json").read_text("utf-8"))
    assert ["compiler", "torch"] == list(document["provenance"]["toolchain"])


@pytest.mark.parametrize("name", ["manylinux_2_82", ""])
def test_an_unknown_policy_is_named(tiny: Path, name: str) -> None:
    """A policy that does not exist is wrong usage, said before anything is done."""
    result = kernel_builder("build", tiny, "--driver", "local", "--manylinux", name)
    assert (2, True) == (result.returncode, f"there is no manylinux policy {name!r}" in result.stderr)
    assert "building" not in result.stderr


def test_a_build_has_no_matrix_to_leave_out(tiny: Path) -> None:
    """A check that no build goes through cannot be recorded as left out."""
    result = kernel_builder("build", tiny, "--driver", "local", "--no-checks", "matrix")
    assert (2, True) == (result.returncode, "'matrix' is not one of" in result.stderr)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has manylinux")
def test_a_cache_that_cmake_would_take_apart_is_refused(tmp_path: Path) -> None:
    """The place of the cache is on the line that links; commas and spaces in it do no harm."""
    project = make_tiny(tmp_path / "tiny")
    result = kernel_builder("build", project, env={"KERNEL_BUILDER_CACHE": str(tmp_path / "a;b")})
    assert (5, True) == (result.returncode, "Set KERNEL_BUILDER_CACHE" in result.stderr), result.stderr
    result = kernel_builder("build", project, env={"KERNEL_BUILDER_CACHE": str(tmp_path / "a, b")})
    assert 0 == result.returncode, result.stderr


def test_options_of_the_local_driver_are_refused_for_nix(tmp_path: Path) -> None:
    """What Nix builds with stands in the flake: an option that would do nothing is an error."""
    project = make_tiny(tmp_path / "tiny")
    (project / "flake.nix").write_text("{}\n", "utf-8")
    nix = tmp_path / "bin" / "nix"
    nix.parent.mkdir()
    nix.write_text("#!/bin/sh\nexit 1\n")
    nix.chmod(0o755)
    path = {"PATH": f"{nix.parent}{os.pathsep}{os.environ['PATH']}"}
    for option in (["--manylinux", "off"], ["--no-checks", "abi"]):
        result = kernel_builder("build", project, "--driver", "nix", *option, env=path)
        assert 2 == result.returncode
        assert f"{option[0]} is for the local driver" in result.stderr


def test_a_variable_chooses_the_driver(tmp_path: Path) -> None:
    """KERNEL_BUILDER_DRIVER stands for --driver, which goes before it."""
    project = make_tiny_noarch(tmp_path / "tiny")
    env = {"KERNEL_BUILDER_DRIVER": "none"}
    refused = kernel_builder("build", project, env=env)
    assert (2, True) == (refused.returncode, "'none' is not one of" in refused.stderr)
    result = kernel_builder("build", project, "--driver", "local", env=env)
    assert 0 == result.returncode, result.stderr
