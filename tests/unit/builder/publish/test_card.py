"""A kernel's card is filled, and can do nothing else."""

from pathlib import Path

import pytest
from support.configs import torch_config
from support.projects import ROOT

from kernel_builder.config.model import Hub
from kernel_builder.errors import CardError
from kernel_builder.publish.card import card_variables, fill_card
from kernel_builder.publish.front_matter import check_front_matter

CONFIG = torch_config()
GENERAL = {"license": "Apache-2.0", "upstream": ("https://up",), "source": "https://src", "hub": Hub(repo_id="me/demo")}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose package exports two functions and its layers."""
    return _write(
        tmp_path / "project",
        {
            "torch-ext/demo_kernel/__init__.py": '__all__ = ["relu", "layers"]\n__all__ += ["gelu"]\n',
            "torch-ext/demo_kernel/layers/__init__.py": "class ReLU: ...\nclass _Base: ...\ndef f(): ...\n",
        },
    )


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def _fill(project: Path, text: str) -> str | None:
    return fill_card(_write(project, {"CARD.md": text}), CONFIG)


def test_no_card(project: Path) -> None:
    """A project without a card has none."""
    assert fill_card(project, CONFIG) is None


def test_variables(project: Path) -> None:
    """A card can name what the documentation lists."""
    _write(project, {"benchmarks/benchmark.py": ""})
    expected = {
        "repo_id": "me/demo",
        "version": 1,
        "functions": ["relu", "gelu"],
        "layers": ["ReLU"],
        "has_benchmark": True,
        "upstream": "https://up",
        "source": "https://src",
        "license": "apache-2.0",
        "backends": ["cpu", "cuda"],
        "variants": ["torch-cpu", "torch-cuda"],
        "python_name": "demo_kernel",
    }
    config = torch_config("cpu", "cuda", general=GENERAL)
    assert expected == card_variables(project, config, ["torch-cuda", "torch-cpu"])


def test_variables_without_anything_optional(project: Path) -> None:
    """What a kernel does not have is empty, and its repository is to be filled in."""
    _write(project, {"torch-ext/demo_kernel/__init__.py": "from ._ops import ops\n"})
    found = card_variables(project, CONFIG)
    expected = {
        "functions": [],
        "layers": [],
        "variants": [],
        "has_benchmark": False,
        "upstream": None,
        "source": None,
    }
    assert expected == {name: found[name] for name in expected}
    assert ("OWNER/demo-kernel", "unknown") == (found["repo_id"], found["license"])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("__all__ = ('a', 'b')", ["a", "b"]),
        ("__all__: list[str] = ['a']", ["a"]),
        ("__all__ = ['a', 1, name]", ["a"]),
        ("__all__ = sorted(names)", []),
        ("other = __all__ = ['a']", ["a"]),
        ("def f():\n    __all__ = ['a']", []),
    ],
)
def test_exported_names(project: Path, code: str, expected: list[str]) -> None:
    """Names are read from the code without running it."""
    _write(project, {"torch-ext/demo_kernel/__init__.py": code})
    assert expected == card_variables(project, CONFIG)["functions"]


def test_layers_in_one_file(project: Path) -> None:
    """Layers may be a module instead of a package."""
    (project / "torch-ext/demo_kernel/layers/__init__.py").unlink()
    _write(project, {"torch-ext/demo_kernel/layers.py": "class GELU: ...\n"})
    assert ["GELU"] == card_variables(project, CONFIG)["layers"]


def test_filled(project: Path) -> None:
    """The card's text is kept, blocks leave no empty lines, and nothing is escaped for HTML."""
    text = "# {{ repo_id }}\n{% for f in functions %}\n- `{{ f }}` <b>\n{% endfor %}\nend é\n"
    assert "# OWNER/demo-kernel\n- `relu` <b>\n- `gelu` <b>\nend é\n" == _fill(project, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one\n\n{{ missing }}\n", "CARD.md:3: 'missing' is undefined"),
        ("one\n{{ version.missing }}\n", "CARD.md:2: 'int object' has no attribute 'missing'"),
        ("one\n{% if missing %}x{% endif %}\n", "CARD.md:2: 'missing' is undefined"),
        ("{% for f in functions %}\n{{ f }}\n{{ 1 / 0 }}\n{% endfor %}", "CARD.md:3: division by zero"),
        ("one\ntwo\n{% if %}", "CARD.md:3: "),
        ("one\n{{ version + 'a' }}", "CARD.md:2: "),
        ("one\n{{ 'x' | nosuchfilter }}", "CARD.md:2: "),
        ("\n{% include '/etc/passwd' %}", "CARD.md:2: no loader for this environment specified"),
        ("\n\n{{ range(10 ** 9) | list }}", "CARD.md:3: "),
        ("\n{{ functions[9] }}", "CARD.md:2: "),
        ("\n{{ 'a' * 10 ** 15 }}", "CARD.md:2"),
        ("\n{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "CARD.md:2: maximum recursion depth"),
    ],
)
def test_mistakes_have_their_line(project: Path, text: str, words: str) -> None:
    """A template that cannot be filled is an error with the file and the line."""
    with pytest.raises(CardError) as raised:
        _fill(project, text)
    assert str(raised.value).startswith(str(project / words))


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__",
        "''.__class__.__mro__[1].__subclasses__()",
        "''['__class__']",
        "''|attr('__class__')",
        "functions.__init__.__globals__",
        "'{0.__class__}'.format(1)",
        "'{0.__class__}'.format_map({'0': 1})",
        "cycler.__init__.__globals__.os.system('touch canary')",
        "self.__init__.__globals__",
        "functions.append.__self__",
        "lipsum.__globals__['os'].popen('touch canary').read()",
    ],
)
def test_templates_are_in_a_sandbox(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expression: str
) -> None:
    """No expression reaches Python's own attributes."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CardError):
        _fill(project, "{{ " + expression + " }}")
    assert not (tmp_path / "canary").exists()


def test_values_are_not_templates(project: Path) -> None:
    """A value that looks like a template stays text."""
    _write(project, {"torch-ext/demo_kernel/__init__.py": "__all__ = ['{{ 7 * 7 }}']"})
    assert "{{ 7 * 7 }}" == _fill(project, "{{ functions[0] }}")


def test_card_that_is_no_text(project: Path) -> None:
    """A card in another encoding is an error with its path."""
    (project / "CARD.md").write_bytes(b"\xff\xfe")
    with pytest.raises(CardError, match=r"CARD\.md: 'utf-8' codec"):
        fill_card(project, CONFIG)


def test_card_outside_the_project(project: Path, tmp_path: Path) -> None:
    """A link cannot carry another file of this machine into what is published."""
    (tmp_path / "secret").write_text("token")
    (project / "CARD.md").symlink_to(tmp_path / "secret")
    with pytest.raises(CardError, match="leads out of the project"):
        fill_card(project, CONFIG)


@pytest.mark.parametrize("code", ["def f(:", "x = '\0'", "-" * 200_000 + "1"])
def test_package_that_cannot_be_read(project: Path, code: str) -> None:
    """Python code that is none is an error with its path."""
    _write(project, {"torch-ext/demo_kernel/__init__.py": code})
    with pytest.raises(CardError, match=r"__init__\.py cannot be read for the card"):
        _fill(project, "text")


def test_missing_package(project: Path) -> None:
    """A kernel without its package is an error with the path that was expected."""
    (project / "torch-ext/demo_kernel/__init__.py").unlink()
    with pytest.raises(CardError, match=r"demo_kernel/__init__\.py cannot be read"):
        _fill(project, "text")


@pytest.mark.parametrize("license_", ["Apache-2.0", None, "MIT", 'odd: "license"'])
@pytest.mark.parametrize("variants", [[], ["torch-cpu", "torch-cuda"]])
def test_the_template_of_new_projects(project: Path, license_: str | None, variants: list[str]) -> None:
    """The card of a new project says all there is to say, and its metadata is YAML that the Hub accepts."""
    _write(project, {"CARD.md": (ROOT / "templates/card/CARD.md").read_text("utf-8"), "benchmarks/benchmark.py": ""})
    text = fill_card(project, torch_config("cpu", "cuda", general={**GENERAL, "license": license_}), variants)

    assert text is not None
    words = (
        "# me/demo",
        "cpu, cuda",
        'get_kernel("me/demo", version=1',
        "- `relu`",
        "- `gelu`",
        "- `ReLU`",
        "https://up",
    )
    assert [] == [word for word in (*words, "https://src", "## Benchmark") if word not in text]
    assert variants == [name for name in ("torch-cpu", "torch-cuda") if f"- `{name}`\n" in text]
    expected = ["card-license"] if license_ and "odd" in license_ else []
    assert expected == [finding.code for finding in check_front_matter(text)]
    assert "\n\n\n" not in text
