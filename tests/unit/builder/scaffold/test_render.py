"""The files of a new kernel, for every framework with every set of its backends."""

import ast
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.projects import contents, git

from kernel_builder.config.model import FRAMEWORKS
from kernel_builder.config.reader import check_config, load_config
from kernel_builder.project.render import render as render_project
from kernel_builder.project.write import apply_clean, plan_clean, write_project
from kernel_builder.provenance import Provenance
from kernel_builder.publish.card import fill_card
from kernel_builder.scaffold.choices import Choice, backends_of
from kernel_builder.scaffold.names import Names
from kernel_builder.scaffold.render import render
from kernel_builder.scaffold.write import write_files

COMPILED = (".cpp", ".cu", ".h", ".metal", ".mm")
NAMES = Names(name="my-kernel", repo_id="me/my-kernel")
#: Legal names that are words of C++, or of the templates.
ODD_NAMES = ("int", "delete", "std", "ops", "test", "tests", "new", "out", "device", "layers", "a" + 94 * "9" + "b")


def _choices() -> Iterator[Choice]:
    for framework in FRAMEWORKS:
        possible = backends_of(framework)
        for size in range(1, len(possible) + 1):
            for backends in itertools.combinations(possible, size):
                yield Choice(framework=framework, backends=backends)


def _make(folder: Path, names: Names, choice: Choice) -> dict[str, str]:
    files = render(names, choice, "Apache-2.0")
    write_files(files, folder)
    return files


def _findings(folder: Path) -> list[str]:
    return [str(finding) for finding in check_config(folder).findings if finding.severity != "note"]


CHOICES = pytest.mark.parametrize(
    "choice", [*_choices()], ids=lambda choice: "-".join((choice.framework, *choice.backends))
)
FRAMEWORK = pytest.mark.parametrize("framework", FRAMEWORKS)


@CHOICES
def test_check_config_has_no_finding(tmp_path: Path, choice: Choice) -> None:
    """Whatever is chosen, the build.toml is right, says what was chosen, and names every source that was written."""
    files = _make(tmp_path, NAMES, choice)
    assert [] == _findings(tmp_path)
    config = load_config(tmp_path)
    compiled = () if choice.framework == "torch-noarch" else choice.backends
    assert (choice.framework, choice.backends) == (config.framework_key, config.general.backends)
    assert sorted(compiled) == sorted(kernel.backend for kernel in config.kernels)
    listed = {*getattr(config.framework, "src", ()), *(source for kernel in config.kernels for source in kernel.src)}
    assert listed == {name for name in files if name.endswith(COMPILED)}


@CHOICES
def test_the_build_files_come_and_go(tmp_path: Path, choice: Choice) -> None:
    """create-pyproject and clean-pyproject leave the folder as it was, byte for byte."""
    _make(tmp_path, NAMES, choice)
    before = contents(tmp_path)
    provenance = Provenance("abc1234")
    files = render_project(load_config(tmp_path), provenance)
    write_project(files, tmp_path, unique_id=provenance.unique_id)
    assert before.keys() < contents(tmp_path).keys()
    apply_clean(plan_clean(tmp_path))
    assert before == contents(tmp_path)


@FRAMEWORK
def test_git_ignores_the_build_files(tmp_path: Path, framework: str) -> None:
    """What create-pyproject writes is no part of the sources."""
    files = _make(tmp_path, NAMES, Choice(framework=framework, backends=backends_of(framework)))
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--", *files)
    write_project(render_project(load_config(tmp_path), Provenance("abc1234")), tmp_path, unique_id="abc1234")
    assert "" == git(tmp_path, "ls-files", "--others", "--exclude-standard")


@FRAMEWORK
@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(tmp_path: Path, framework: str, name: str) -> None:
    """A name that means something to C++, to Python or to us is as good as any other."""
    choice = Choice(framework=framework, backends=backends_of(framework))
    files = _make(tmp_path, Names(name=name), choice)
    assert [] == _findings(tmp_path)
    assert _compiled(render(NAMES, choice, "Apache-2.0")) == _compiled(files)


def _compiled(files: dict[str, str]) -> list[str]:
    return sorted(text for name, text in files.items() if name.endswith(COMPILED))


@FRAMEWORK
def test_the_python_is_python(framework: str) -> None:
    """Every Python file parses, that of the kernel itself as Python 3.9, which kernels are loaded with."""
    files = render(NAMES, Choice(framework=framework, backends=backends_of(framework)), "Apache-2.0")
    for name, text in files.items():
        if name.endswith(".py"):
            version = (3, 9) if name.partition("/")[0].endswith("-ext") else sys.version_info[:2]
            assert isinstance(ast.parse(text, name, feature_version=version), ast.Module)


@FRAMEWORK
def test_texts_are_tidy(framework: str) -> None:
    """Every file ends in one line break, and no line in a blank."""
    for name, text in render(NAMES, Choice(framework=framework, backends=backends_of(framework)), "MIT").items():
        assert (name, text.rstrip() + "\n") == (name, text)
        assert [] == [line for line in text.splitlines() if line != line.rstrip()]
        assert "\n\n\n\n" not in text


def test_without_an_owner(tmp_path: Path) -> None:
    """Without an owner, build.toml has no [general.hub]."""
    _make(tmp_path, Names(name="my-kernel"), Choice(framework="torch", backends=("cpu",)))
    assert ([], None) == (_findings(tmp_path), load_config(tmp_path).general.hub.repo_id)


@pytest.mark.parametrize("license_id", ['a "quoted" one', "back\\slash", "{{ name }}", "ünï; $(touch x) #]]"])
def test_hostile_licenses(tmp_path: Path, license_id: str) -> None:
    """A license is a value, in build.toml and in the card, whatever characters it has."""
    write_files(render(NAMES, Choice(framework="torch", backends=("cpu",)), license_id), tmp_path)
    assert ([], license_id) == (_findings(tmp_path), load_config(tmp_path).general.license)


@FRAMEWORK
def test_the_card_can_be_filled(tmp_path: Path, framework: str) -> None:
    """The card names the repository, the backends, the function and the benchmark."""
    _make(tmp_path, NAMES, Choice(framework=framework, backends=("cpu", "cuda")))
    card = str(fill_card(tmp_path, load_config(tmp_path)))
    for part in (
        '\nlicense: "apache-2.0"\n',
        'kernel = get_kernel("me/my-kernel", version=1, trust_remote_code=True)',
        "print(kernel.my_kernel(x))",
        "It is built for cpu, cuda.",
        "kernels benchmark me/my-kernel --version 1",
        "\n- `my_kernel`\n",
    ):
        assert part in card
    assert "{" not in card
