"""Damaged and hostile Python: findings come of it, soon, and no crash."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.python_corpus import check_files, read_corpus
from support.watch import bounded_work

from kernel_builder.checks.python.imports import check_imports
from kernel_builder.checks.python.layers import check_layers
from kernel_builder.checks.python.ops import check_ops
from kernel_builder.checks.python.package import Package
from kernel_builder.checks.python.sources import parse_source
from kernel_builder.checks.python.syntax import check_syntax

#: Processor time that one file may take.
_SECONDS = 10.0

FOLDER = Path(__file__).parent
TEXTS = [
    text
    for name in ("bad.txt", "good.txt")
    for case in read_corpus(FOLDER / name)
    for file, text in case.files.items()
    if file.endswith(".py")
]
#: Parts that change what a file means.
PARTS = [
    "import ", "from .", " import *\n", "torch.library.", "custom_op(", '"', "'", 'f"{', "}", "(", ")", "[", "]", ":",
    "\n", "    ", "\t", "class A(nn.Module):\n", "def f(self):\n", "@", "*", "|", ":=", "match x:\n", "type X = ",
    "lambda x: ", "async ", "except ", "if sys.version_info >= (3, 10):\n", "global x\n", "x = x.x\n", "\\", "#", "\r",
    "\x0c", "\ufeff", "é", "\u2028", "__all__ = ", "layers", "_ops", "..", "...", "getattr(torch.ops, ", "%", "::",
]  # fmt: skip


def _check(data: bytes, folder: Path) -> None:
    texts = {"__init__.py": data, "layers.py": data, "a.py": b"from . import *\nfrom .layers import *\n"}
    package = Package(tuple(parse_source(text, file) for file, text in texts.items()))
    found = [*check_syntax(package), *check_imports(package, folder, None, "k"), *check_layers(package)]
    for one in [*found, *check_ops(package, "k")]:
        assert one.line is not None
        assert one.line >= 1


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PARTS) | st.sampled_from(TEXTS) | st.text(max_size=8), max_size=12).map("".join))
def test_random_text(text: str) -> None:
    """Text that looks like Python never crashes a check, and each finding has a line."""
    _check(text.encode("utf-8", "surrogatepass"), FOLDER)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64))
def test_random_bytes(data: bytes) -> None:
    """Nor do bytes."""
    _check(data, FOLDER)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_packages(seed: int) -> None:
    """Nor do the packages of the corpus with parts of them lost, moved or repeated."""
    chance = random.Random(seed)  # noqa: S311 - no secrets
    for _ in range(150):
        text = chance.choice(TEXTS)
        for _ in range(chance.randint(1, 4)):
            start, end = sorted(chance.randint(0, len(text)) for _ in range(2))
            part = chance.choice([*PARTS, text[start:end], ""])
            cut = min(end, start + chance.randint(0, 12))
            text = text[:start] + part + text[cut:]
        _check(text.encode("utf-8", "surrogatepass"), FOLDER)


def _doubled(length: int) -> str:
    """Each name stands for two of the next."""
    return "".join(f"a{i} = a{i + 1}.x if y else a{i + 1}.z\n" for i in range(length)) + "a0.b(1)\n"


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "x = x.next\n" * n + "x.y()\n",
        lambda n: "x = x.a if x else x.b\n" * n,
        _doubled,
        lambda n: "\n".join(f"a{i} = a{i + 1}" for i in range(n)) + "\ntorch.library.register_fake(a0)\n",
        lambda n: "a = '::'\n" + "a = a + a\n" * n + "torch.library.register_fake(a)\n",
        lambda n: "x = " + "a." * n + "b\n",
        lambda n: "x = " + "-" * n + "1\n",
        lambda n: "x = " + "not " * n + "1\nif " + "not " * 300 + "1: pass\n",
        lambda n: "x = " + "1 + " * n + "1\n",
        lambda n: "x = f'" + "{x}" * n + "'\n",
        lambda n: "if a: pass\n" + "elif a: pass\n" * n,
        lambda n: "".join("    " * i + "if a:\n" for i in range(90)) + "    " * 90 + "x = 1\n" * min(n, 1),
        lambda n: "class A(A): pass\n" * n,
        lambda n: "".join(f"class A{i}(A{i + 1}): pass\n" for i in range(n)),
        lambda n: (
            "def f(x):\n    return g(f(x))\n\n\ndef g(x):\n    return f(g(x))\n\n\n" * (n // 20) + "custom_op(f(1))\n"
        ),
        lambda n: "from .a import *\nfrom .layers import *\nfrom . import *\n" * (n // 10) + "x.y(z)\n",
    ],
)
def test_hostile_names(make: Callable[[int], str]) -> None:
    """Circles, fans and depths end soon, where following all of them would take for ever."""
    text = "import torch\nfrom torch import nn\n" + make(1000)
    with bounded_work(_SECONDS):
        _check(text.encode(), FOLDER)


def test_deep_folders(tmp_path: Path) -> None:
    """A file in many folders is a module like others."""
    folders = "/".join("a" * 40)
    found = check_files(tmp_path, {"__init__.py": "", f"{folders}/x.py": "from " + "." * 41 + " import y\n"}, None)
    assert ["missing-module"] == [one.code for one in found]
    deeper = check_files(tmp_path, {f"{folders}/x.py": "from " + "." * 42 + " import y\n"}, None)
    assert ["import-outside"] == [one.code for one in deeper]
