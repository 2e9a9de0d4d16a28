"""The script that tests both wheels as installed: what it installs at least, and which tests it leaves out."""

from pathlib import Path

import pytest
from support.projects import ROOT
from support.scripts import load_script

SCRIPT = load_script("check_installed")


def test_floors(tmp_path: Path) -> None:
    """Each lower bound becomes that version, with its marker, also of extras; what has none stays free."""
    project = tmp_path / "pyproject.toml"
    project.write_text(
        """\
[project]
dependencies = ["one>=1.2,<3", "two>=2; python_version < '3.11'", "three", "four==4"]
[project.optional-dependencies]
more = ["five>=5.1"]
""",
        "utf-8",
    )
    assert ["one==1.2", 'two==2; python_version < "3.11"', "five==5.1"] == SCRIPT.floors(project)


@pytest.mark.parametrize(
    ("module", "helper", "conftest", "needs"),
    [
        ("import torch\n", "", "", True),
        ("from torch.nn import Module\n", "", "", True),
        ("from transformers import LlamaConfig\n", "", "", True),
        ("from support.first import x\n", "import torch\n", "", True),
        ("x = 1\n", "", "import torch\n", True),
        ("x = 1\n", "", "from support.first import x\n", False),
        ("from support.first import x\n", "import torchgen\n", "", False),
    ],
)
def test_what_needs_torch(tmp_path: Path, module: str, helper: str, conftest: str, needs: bool) -> None:
    """A module that imports Torch at its top, or whose conftest or helpers do, also through another helper."""
    support, tests = tmp_path / "support", tmp_path / "tests"
    for folder in (support, tests):
        folder.mkdir()
    (support / "first.py").write_text("from support.second import x\n", "utf-8")
    (support / "second.py").write_text(helper, "utf-8")
    (tests / "conftest.py").write_text(conftest, "utf-8")
    (tests / "test_it.py").write_text(module, "utf-8")
    assert needs is SCRIPT.needs_torch(tests / "test_it.py", support)


def test_names_of_tests_are_not_old() -> None:
    """What the script knows by name is still there."""
    names = {path.name for path in (ROOT / "tests" / "unit").rglob("test_*.py")}
    assert SCRIPT.USE_TORCH <= names
    for test in SCRIPT.OF_CHECKOUT:
        module, _, function = test.partition("::")
        assert f"def {function}(" in (ROOT / module).read_text("utf-8")
