"""The same sources give the same bytes, whoever builds them, wherever and whenever."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support.projects import ROOT, contents, copy_relu, git, kernel_builder, make_tiny, make_tiny_noarch, variant_name

_NOBODY = 65534
# Another user that may still read a Python which lies in somebody's home.
_AS_NOBODY = ["setpriv", "--reuid", str(_NOBODY), "--regid", str(_NOBODY), "--clear-groups"]
_MAY_READ = ["--inh-caps", "+dac_read_search,+dac_override", "--ambient-caps", "+dac_read_search,+dac_override"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="kernels-elsewhere-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _build(
    project: Path, *, prefix: list[str], umask: int, env: dict[str, str], arguments: Sequence[str] = ()
) -> dict[str, tuple[int, bytes]]:
    command = [*prefix, sys.executable, "-m", "kernel_builder", "build", str(project), "--driver", "local", *arguments]
    result = subprocess.run(
        command, env={**os.environ, **env}, umask=umask, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    tree = project / "build" / variant_name()
    return {name: (stat.S_IMODE((tree / name).stat().st_mode), data) for name, data in contents(tree).items()}


@pytest.mark.parametrize("with_git", [True, False], ids=["commit", "no-git"])
def test_two_builds_are_byte_identical(tmp_path: Path, open_folder: Path, *, with_git: bool) -> None:
    """Folder, umask, time zone, locale and (as root) user leave no trace in a build."""
    here, there = copy_relu(tmp_path / "here"), open_folder / "a rather long way" / "there"
    there.parent.mkdir()
    if with_git:
        git(here, "init", "--quiet")
        git(here, "add", ".")
        git(here, "commit", "--quiet", "--message", "first")
        git(here, "clone", "--quiet", str(here), str(there))
    else:
        copy_relu(there)
    one = _build(here, prefix=[], umask=0o022, env={"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1"})

    as_other_user = os.geteuid() == 0 and shutil.which("setpriv") is not None
    if as_other_user:
        for path in (there.parent, *there.parent.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY, follow_symlinks=False)
    env = {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2", "USER": "somebody", "HOME": str(open_folder)}
    prefix = [*_AS_NOBODY, *_MAY_READ] if as_other_user else []
    other = _build(there, prefix=prefix, umask=0o077, env=env)
    assert one == other
    if os.geteuid() == 0 and not as_other_user:
        pytest.skip("setpriv is missing: all but the build as another user was compared")


#: Everything that a compiler can take from the place and the time it works at, in sources without Torch's headers.
_PORTRAIT = {
    "tiny_cpu/tiny.cpp": """\
#include <cassert>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include "portrait.h"

namespace {
std::map<std::string, int> const table = {{__FILE__, __LINE__}, {__DATE__ " " __TIME__, 2}};
}

extern "C" int tiny_value() {
  assert(!table.empty());
  try {
    return portrait::find(table, __FILE__);
  } catch (std::exception const &error) {
    std::cerr << error.what() << __BASE_FILE__ << std::endl;
    throw;
  }
}
""",
    "tiny_cpu/portrait.h": """\
#pragma once

#include <source_location>

namespace portrait {
template <typename Map> int find(Map const &map, char const *name) {
  auto const place = std::source_location::current();
  auto const found = map.find(name);
  return found == map.end() ? static_cast<int>(std::string(place.file_name()).size() + place.line()) : found->second;
}
}  // namespace portrait
""",
}
#: How each of ten builds differs from the others.
_SETTINGS: list[dict[str, str]] = [
    {"TZ": "UTC", "LC_ALL": "C"},
    {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"},
    {"cores": "1"},
    {"cores": "2", "TZ": "Pacific/Chatham"},
    {"CCACHE_DISABLE": "1", "umask": "077"},
    {"umask": "002", "PYTHONHASHSEED": "5"},
    {"folder": "a rather long way/there and back", "PYTHONHASHSEED": "6"},
    {"folder": "an-other", "SOURCE_DATE_EPOCH": "1"},
    {"HOME": "/nonexistent", "USER": "somebody", "CXXFLAGS": "-O0 -g"},
    {"CCACHE_RECACHE": "1", "LANG": "tr_TR.UTF-8"},
]


@pytest.mark.heavy
def test_ten_builds_are_byte_identical(tmp_path: Path) -> None:
    """Ten builds of one commit, each at another place and under other settings, are one build."""
    source = make_tiny(tmp_path / "source")
    for name, text in _PORTRAIT.items():
        (source / name).write_text(text, "utf-8")
    config = source / "build.toml"
    config.write_text(config.read_text("utf-8").replace('.cpp"]\n', '.cpp", "tiny_cpu/portrait.h"]\n'), "utf-8")
    git(source, "init", "--quiet")
    git(source, "add", ".")
    git(source, "commit", "--quiet", "--message", "first")
    trees = []
    for number, settings in enumerate(_SETTINGS):
        env = {"CCACHE_DIR": str(tmp_path / "ccache"), **settings}
        project = tmp_path / str(number) / env.pop("folder", "tiny")
        git(source, "clone", "--quiet", str(source), str(project))
        cores = [f"--cores={env.pop('cores')}"] if "cores" in env else []
        umask = int(env.pop("umask", "022"), 8)
        trees.append(_build(project, prefix=[], umask=umask, env=env, arguments=cores))
    assert [trees[0]] * len(_SETTINGS) == trees


@pytest.mark.skipif(shutil.which("ccache") is None, reason="ccache is not installed")
def test_another_checkout_takes_its_objects_from_the_compiler_cache(tmp_path: Path) -> None:
    """Nothing is compiled a second time for another folder, and what comes from the cache is what would be made."""
    env = {"CCACHE_DIR": str(tmp_path / "ccache")}
    trees = [_build(make_tiny(tmp_path / name / "tiny"), prefix=[], umask=0o022, env=env) for name in ("one", "other")]
    counts = subprocess.run(
        ["ccache", "--print-stats"], env={**os.environ, **env}, capture_output=True, text=True, check=True
    )
    found = dict(line.split("\t") for line in counts.stdout.splitlines())
    uncached = _build(make_tiny(tmp_path / "tiny"), prefix=[], umask=0o022, env={"CCACHE_DISABLE": "1"})
    assert ("2", "2") == (found["direct_cache_hit"], found["cache_miss"])
    assert [uncached, uncached] == trees


def test_a_build_that_is_not_reproducible_is_found_by_building_again(tmp_path: Path) -> None:
    """A source that asks for a file which build.toml does not list is not the same elsewhere; the build stays."""
    project = make_tiny(tmp_path / "tiny")
    result = kernel_builder("build", project, "--driver", "local", "--rebuild")
    assert (0, True) == (result.returncode, "rebuild" in result.stderr), result.stderr
    assert result.stdout.endswith(", a second build is the same)\n")
    before = contents(project / "build" / variant_name())

    (project / "notes.txt").write_text("a note\n", "utf-8")
    source = project / "tiny_cpu" / "tiny.cpp"
    lines = ['#if __has_include("../notes.txt")', "#define VALUE 3", "#else", "#define VALUE 4", "#endif"]
    source.write_text("\n".join([*lines, 'extern "C" int tiny_value() { return VALUE; }\n']), "utf-8")
    result = kernel_builder("build", project, "--driver", "local", "--rebuild")
    assert 8 == result.returncode, result.stderr
    assert f"a second build of {variant_name()}, in another folder, is not the same: " in result.stderr
    assert before.keys() != contents(project / "build" / variant_name()).keys()


def test_a_python_only_build_is_built_again(tmp_path: Path) -> None:
    """--rebuild compares builds of every framework."""
    result = kernel_builder("build", make_tiny_noarch(tmp_path / "tiny"), "--driver", "local", "--rebuild", "--json")
    assert 0 == result.returncode, result.stderr
    assert {True} == {build["reproduced"] for build in json.loads(result.stdout)["builds"]}


def test_no_path_of_the_machine_is_in_a_build(built_relu: Path) -> None:
    """Neither the project's folder nor that of the environment stands in any file of a build."""
    tree = built_relu / "build" / variant_name()
    places = [os.fsencode(place) for place in (built_relu, ROOT, sys.prefix)]
    assert [] == [(name, place) for name, data in contents(tree).items() for place in places if place in data]
