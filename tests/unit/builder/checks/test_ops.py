"""Operators of Python code stay in the namespace of the build."""

from pathlib import Path

import pytest

from kernel_builder.checks import check_ops

DECORATORS = ("custom_op", "register_fake", "register_kernel", "register_torch_dispatch", "register_vmap", "triton_op")


def _check(folder: Path, text: str, name: str = "__init__.py") -> list[str]:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return check_ops(folder)


@pytest.mark.parametrize("decorator", DECORATORS)
@pytest.mark.parametrize("spelling", ["torch.library.{}", "library.{}", "{}"])
def test_bare_name(tmp_path: Path, decorator: str, spelling: str) -> None:
    """An operator that is named by a bare text is found, however the decorator is spelled."""
    text = f"\n@{spelling.format(decorator)}('relu::forward', mutates_args=())\ndef forward(x): ...\n"
    assert [f"__init__.py:2: @{decorator} names its operator without add_op_namespace_prefix(...)"] == _check(
        tmp_path, text
    )


@pytest.mark.parametrize("decorator", DECORATORS)
@pytest.mark.parametrize("prefix", ["add_op_namespace_prefix", "_ops.add_op_namespace_prefix"])
def test_prefixed_name(tmp_path: Path, decorator: str, prefix: str) -> None:
    """An operator in the namespace of the build is right."""
    assert [] == _check(tmp_path, f"@torch.library.{decorator}({prefix}('forward'))\ndef forward(x): ...\n")


@pytest.mark.parametrize(
    "text",
    [
        "class A:\n    @custom_op('a::b')\n    def f(self): ...\n",
        "def outer():\n    @custom_op('a::b')\n    def f(): ...\n",
        "@other\n@custom_op(f'{name}::b')\nasync def f(): ...\n",
        "@custom_op('a::b')\nclass A: ...\n",
        "if True:\n    @custom_op(NAME)\n    def f(): ...\n",
    ],
)
def test_everywhere_in_a_file(tmp_path: Path, text: str) -> None:
    """Methods, nested functions, classes and branches are looked into."""
    assert 1 == len(_check(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "@functools.cache\ndef f(): ...\n",
        "@custom_op\ndef f(): ...\n",
        "@custom_op()\ndef f(): ...\n",
        "custom_op('a::b')\n",
    ],
)
def test_what_names_no_operator(tmp_path: Path, text: str) -> None:
    """Other decorators, and those without a name, are left alone."""
    assert [] == _check(tmp_path, text)


def test_every_file_and_every_problem(tmp_path: Path) -> None:
    """All files are read, in order, and each problem has its line."""
    _check(tmp_path, "@custom_op('a::b')\ndef f(): ...\n\n@register_fake('a::b')\ndef g(): ...\n", "sub/b.py")
    problems = _check(tmp_path, "@triton_op('a::b')\ndef f(): ...\n", "a.py")
    assert ["a.py:1", "sub/b.py:1", "sub/b.py:4"] == [problem.split(": ")[0] for problem in problems]


@pytest.mark.parametrize("text", ["def f(:\n", "x = 1\n\0", "-" * 200_000 + "1\n", "x = " + "(" * 5000 + "\n"])
def test_what_is_not_python(tmp_path: Path, text: str) -> None:
    """A file that Python cannot read is a problem, and never a crash."""
    (problem,) = _check(tmp_path, text)
    assert problem.startswith("__init__.py is not valid Python: ")


def test_folder_with_the_name_of_a_file(tmp_path: Path) -> None:
    """A folder called x.py holds no code of its own."""
    (tmp_path / "x.py").mkdir()
    assert [] == _check(tmp_path, "", "x.py/y.py")


@pytest.mark.parametrize("decorator", ["register_kernel", "register_vmap"])
def test_decorators_of_an_operator(tmp_path: Path, decorator: str) -> None:
    """What an operator itself registers has its namespace already; another object's decorator is looked at."""
    operator = "@torch.library.custom_op(add_op_namespace_prefix('f'), mutates_args=())\ndef f(x): ...\n"
    assert [] == _check(tmp_path, f"{operator}\n@f.{decorator}('cuda')\ndef _(x): ...\n")
    found = [f"__init__.py:5: @{decorator} names its operator without add_op_namespace_prefix(...)"]
    assert found == _check(tmp_path, f"{operator}\n\n@g.{decorator}('cuda')\ndef _(x): ...\n")
