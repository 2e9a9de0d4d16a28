"""The files of Nix: their form, their comments, and that nothing in them is unused."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_nix
from support.projects import ROOT
from tree_sitter import Language, Node, Parser

FILES = sorted(
    path
    for path in [*ROOT.glob("*.nix"), *ROOT.glob("nix/**/*.nix"), *ROOT.glob("tests/nix/**/*.nix")]
    if "host.json" not in path.name
)
LIBRARY = sorted(path for path in (ROOT / "nix" / "lib").glob("*.nix") if not path.name.endswith(".test.nix"))
#: Has no function of its own to test, or runs the tests.
_UNTESTED = ("default.nix", "runTests.nix")
_PARSER = Parser(Language(tree_sitter_nix.language()))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> Node:
    # The grammar knows no comma after the last argument of a function, which nixpkgs' own formatter writes.
    text = re.sub(r",(?=\s*\}\s*[:@])", " ", path.read_text("utf-8"))
    return _PARSER.parse(text.encode()).root_node


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _text(node: Node | None) -> str:
    assert node is not None
    assert node.text is not None
    return node.text.decode()


def _used(node: Node) -> set[str]:
    """The variables that an expression refers to."""
    names = {_text(one.child_by_field_name("name")) for one in _walk(node) if one.type == "variable_expression"}
    for one in _walk(node):
        if one.type == "inherit":  # without a source it takes variables
            names |= {_text(name) for name in _walk(one) if name.type == "identifier"}
    return names


def _bound(node: Node) -> Iterator[tuple[str, Node]]:
    """What a let or a function binds, each with the node that binds it."""
    if node.type == "let_expression":
        bindings = next(child for child in node.children if child.type == "binding_set")
        for binding in bindings.children:
            if binding.type == "binding":
                yield _text(binding.child_by_field_name("attrpath")).split(".")[0], binding
            elif binding.type in ("inherit", "inherit_from"):
                names = binding.child_by_field_name("attrs")
                assert names is not None
                yield from ((_text(name), binding) for name in names.children if name.type == "identifier")
    elif node.type == "function_expression":
        formals = node.child_by_field_name("formals")
        for formal in formals.children if formals is not None else []:
            if formal.type == "formal":
                yield _text(formal.child_by_field_name("name")), formal
        if (universal := node.child_by_field_name("universal")) is not None:
            yield _text(universal), universal


def _unused(tree: Node) -> list[str]:
    found = []
    for node in _walk(tree):
        for name, binding in _bound(node):
            elsewhere: set[str] = set()
            for child in node.children:
                if child.type in ("binding_set", "formals"):
                    for part in child.children:
                        if part != binding:
                            elsewhere |= _used(part)
                elif child != binding:
                    elsewhere |= _used(child)
            # In a set of names that is inherited, others than this one may stand.
            if name not in elsewhere and not name.startswith("_"):
                found.append(f"{name} in line {binding.start_point[0] + 1}")
    return found


#: The functions of the stub take what nixpkgs' take, whether they use it or not.
@pytest.mark.parametrize("path", [path for path in FILES if "stub-nixpkgs" not in path.parts], ids=_name)
def test_nothing_is_unused(path: Path) -> None:
    """Each name that a let or a function binds is used; one that is not wanted starts with an underscore."""
    assert [] == _unused(_tree(path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("let a = 1; in 2", ["a in line 1"]),
        ("let a = 1; in a", []),
        ("let a = 1; b = a; in b", []),
        ("let inherit (x) a b; in b", ["a in line 1"]),
        ("let a = 1; in { inherit a; }", []),
        ("{ a, b }: a", ["b in line 1"]),
        ("{ a, b ? a }: b", []),
        ("a: b: b", ["a in line 1"]),
        ("_: 1", []),
        ("{ a }@args: args", ["a in line 1"]),
    ],
)
def test_what_is_unused_is_found(text: str, expected: list[str]) -> None:
    """The search finds what it is for, so that its silence says something."""
    assert expected == _unused(_PARSER.parse(text.encode()).root_node)


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_form(path: Path) -> None:
    """A file parses, ends in one newline, and has neither tabs nor blanks at the ends of lines."""
    text = path.read_text("utf-8")
    assert not _tree(path).has_error
    assert (True, False) == (text.endswith("\n"), text.endswith("\n\n"))
    wrong = [number for number, line in enumerate(text.splitlines(), 1) if "\t" in line or line != line.rstrip()]
    assert [] == wrong


@pytest.mark.parametrize("path", LIBRARY, ids=_name)
def test_functions(path: Path) -> None:
    """A function of the library says its type before its code, and has its tests beside it."""
    text = path.read_text("utf-8")
    assert (True, True) == (text.startswith("/**\n"), "# Type\n" in text)
    assert path.name in _UNTESTED or path.with_name(f"{path.stem}.test.nix").is_file()


def test_files_of_functions() -> None:
    """Each file in the folders of functions has one, which says its type."""
    folders = ("flake", "kernel", "packages", "worlds")
    files = [path for folder in folders for path in sorted((ROOT / "nix" / folder).glob("*.nix"))]
    assert len(files) > 15
    assert [] == [_name(path) for path in files if "# Type\n" not in path.read_text("utf-8")]
