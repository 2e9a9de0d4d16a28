"""What each example renders to, as it is checked in, and that a reader of it finds each fact of build.toml once."""

import dataclasses
import importlib.metadata
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import pytest
from support.coverage import Covers
from support.projects import EXAMPLES, RELU, ROOT

from kernel_builder.config.model import KernelComponent, KernelConfig, NoarchExtension, TorchExtension
from kernel_builder.config.reader import load_config
from kernel_builder.project.render import render
from kernel_builder.provenance import Provenance

GOLDEN = ROOT / "tests" / "golden"
TEMPLATES = ROOT / "templates" / "project"
PROVENANCE = Provenance.of_commit("0123456789abcdef0123456789abcdef01234567", dirty=False)
#: What lies beside the trees of the examples.
OTHERS = {"commands"}
#: Fields of the configuration that have another name in CMake, and those that are not CMake's affair.
KEYWORDS = {"src": "SOURCES", "include": "INCLUDES"}
NOT_IN_CMAKE = {"id", "pyext", "stable_abi", "minver", "maxver"}

Call: TypeAlias = tuple[str, list[str], dict[str, list[str]]]


# Golden trees


@pytest.fixture(params=EXAMPLES, ids=lambda example: example.name)
def example(request: pytest.FixtureRequest) -> Path:
    """The folder of each example."""
    folder: Path = request.param
    return folder


def test_an_example_renders_to_its_golden_tree(
    example: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, covers: Covers
) -> None:
    """A change of a template shows as a change of a file that a reviewer can read."""
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "1.2.3")
    rendered = render(load_config(example), PROVENANCE)
    # What projects get as it stands in the templates, or as the first example has it too, is not checked in a second
    # time, only its name.
    first = render(load_config(RELU), PROVENANCE) if example != RELU else {}
    shared = {name: text for name, text in first.items() if name.startswith("cmake/")}
    own = {name: text for name, text in rendered.items() if text not in _templates(name) and text != shared.get(name)}
    own["copied.txt"] = "".join(f"{name}\n" for name in rendered if name not in own)
    golden = GOLDEN / example.name
    if request.config.getoption("--update-golden"):
        _write(golden, own)
    files = [path for path in golden.rglob("*") if path.is_file()]
    assert {path.relative_to(golden).as_posix(): path.read_text("utf-8") for path in files} == own
    for backend in load_config(example).general.backends:
        covers(example.name, backend, "renders")


def test_a_golden_tree_is_that_of_an_example() -> None:
    """No tree is left of an example that is no more."""
    assert {path.name for path in GOLDEN.iterdir()} - OTHERS <= {path.name for path in EXAMPLES}


def _templates(name: str) -> set[str]:
    """What templates have under the name of a rendered file, in whichever layer."""
    return {path.read_text("utf-8") for layer in TEMPLATES.iterdir() if (path := layer / name).is_file()}


def _write(golden: Path, own: dict[str, str]) -> None:
    shutil.rmtree(golden, ignore_errors=True)
    for name, text in own.items():
        path = golden / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")


# Facts


def test_each_fact_of_build_toml_is_at_one_place(example: Path) -> None:
    """CMakeLists.txt calls one function for each table of build.toml, with that table's facts, and no others."""
    config = load_config(example)
    if isinstance(config.framework, NoarchExtension):
        assert "CMakeLists.txt" not in render(config, PROVENANCE)
        return
    text = render(config, PROVENANCE)["CMakeLists.txt"]
    assert list(_expected(config)) == _calls(text[text.index("kernel_choose_backend") :])


def _expected(config: KernelConfig) -> Iterable[Call]:
    framework, module = config.framework, config.general.python_name
    backends = [backend for backend in config.general.backends if config.components(backend)]
    yield "kernel_choose_backend", backends, {}
    yield "project", [module], {"LANGUAGES": [], "CXX": []}
    yield "kernel_project", [], {"MODULE": [module], "UNIQUE_ID": [PROVENANCE.unique_id]}
    if isinstance(framework, TorchExtension):
        bounds = {"MINVER": framework.minver, "MAXVER": framework.maxver}
        if any(bounds.values()):
            yield "kernel_torch_bounds", [], {key: [bound.text] for key, bound in bounds.items() if bound}
    cuda = {"MINVER": config.general.cuda.minver, "MAXVER": config.general.cuda.maxver}
    if "cuda" in backends and any(cuda.values()):
        yield "kernel_cuda_bounds", [], {key: [bound.text] for key, bound in cuda.items() if bound}
    if isinstance(framework, TorchExtension):
        for backend in backends:
            if abi := framework.stable_abi_for(backend):
                yield "kernel_stable_abi", [], {"BACKEND": [backend], "VERSION": [abi.text]}
    for component in config.kernels:
        yield "kernel_component", [component.id], _facts(component)
    yield "kernel_extension", [], _facts(framework)


def _facts(table: object) -> dict[str, list[str]]:
    """Every field of a table of build.toml that has a value."""
    assert dataclasses.is_dataclass(table)
    facts = {}
    for field in dataclasses.fields(table):
        value = getattr(table, field.name)
        if field.name in NOT_IN_CMAKE or not value:
            continue
        keyword = KEYWORDS.get(field.name, field.name.upper())
        if field.name.endswith("_flags"):
            facts[keyword] = [f"SHELL:{' '.join(value)}"]
        elif isinstance(value, tuple):
            facts[keyword] = list(value)
        else:
            facts[keyword] = [str(value)]
    return facts


def _calls(text: str) -> list[Call]:
    """The calls of a CMake file: the function, what comes before the first keyword, and what each keyword has."""
    calls = []
    for function, arguments in re.findall(r"^(\w+)\(((?:\"[^\"]*\"|[^\")])*)\)$", text, re.MULTILINE):
        words = re.findall(r"\"([^\"]*)\"|(\w+)", arguments)
        before: list[str] = []
        keywords: dict[str, list[str]] = {}
        values = before
        for quoted, bare in words:
            if bare:
                assert bare not in keywords
                values = keywords.setdefault(bare, [])
            else:
                values.append(quoted)
        calls.append((function, before, keywords))
    return calls


def test_every_field_of_a_component_is_a_fact() -> None:
    """A key that build.toml gains is either handed to CMake or named above as not its affair."""
    names = {field.name for field in dataclasses.fields(KernelComponent)}
    text = (TEMPLATES / "compiled" / "CMakeLists.txt.jinja").read_text("utf-8")
    assert names - NOT_IN_CMAKE - {"cargo_manifest"} <= set(re.findall(r"component\.(\w+)", text))
