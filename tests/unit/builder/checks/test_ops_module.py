"""The namespaces that an `_ops.py` names."""

from pathlib import Path

import pytest
from support.projects import ROOT

from kernel_builder.checks.ops_module import named_namespaces


@pytest.mark.parametrize(
    ("text", "taken", "named"),
    [
        ("import torch\nops = torch.ops._a\n", {"_a"}, {"_a"}),
        ("import torch\nops = getattr(torch.ops, '_a')\n", {"_a"}, {"_a"}),
        ("import torch\nNAME = '_a'\nops = getattr(torch.ops, NAME)\n", set(), {"_a"}),
        ("from . import _a\n", set(), {"_a"}),
        ("def f(x):\n    return f'_a::{x}'\n", set(), {"_a"}),
        ("import torch\ntorch.ops.load_library('x')\n", set(), {"x"}),
        ("from .sub import _a\nfrom os import path\nother.ops._b\n", set(), set()),
    ],
)
def test_what_is_named(tmp_path: Path, text: str, taken: set[str], named: set[str]) -> None:
    """Attributes of `torch.ops`, modules of the package itself, and texts; nothing of other packages."""
    (tmp_path / "_ops.py").write_text(text, "utf-8")
    found, everything = named_namespaces(tmp_path / "_ops.py")
    assert (taken, named) == (found, everything & (named | {"_b", "path"}))


def test_what_we_generate_is_understood(tmp_path: Path) -> None:
    """The template of a compiled kernel takes the namespace of its id, and no other."""
    text = (ROOT / "templates" / "project" / "torch" / "cmake" / "_ops.py.in").read_text("utf-8")
    (tmp_path / "_ops.py").write_text(text.replace("@KERNEL_OPS_ID@", "_demo_cpu_1"), "utf-8")
    taken, named = named_namespaces(tmp_path / "_ops.py")
    assert ({"_demo_cpu_1"}, True) == (taken, "_demo_cpu_1" in named)
