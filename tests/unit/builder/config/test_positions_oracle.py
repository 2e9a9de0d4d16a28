"""Places of keys and values, against those of the tree-sitter grammar for TOML."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
import tree_sitter_toml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tree_sitter import Language, Node, Parser

from kernel_builder.config.positions import KeyPath, Position, Positions, locate

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MINIMAL = """\
[general]
name = "relu"
version = 1
license = "MIT"
backends = ["cpu"]

[torch]
src = ["torch-ext/torch_binding.cpp"]

[kernel.relu]
backend = "cpu"
depends = ["torch"]
src = ["relu/relu.cpp"]
"""

_PARSER = Parser(Language(tree_sitter_toml.language()))
_KEYS = ("bare_key", "quoted_key", "dotted_key")


class _Oracle:
    """Walks tree-sitter's tree of a document and notes the places, as `Positions` promises them."""

    def __init__(self, text: str) -> None:
        self._lines = text.encode().split(b"\n")
        self.found: dict[KeyPath, tuple[Position, Position]] = {}
        self._explicit: set[KeyPath] = set()
        self._counts: dict[KeyPath, int] = {}
        root = _PARSER.parse(text.encode()).root_node
        self.is_sure = not root.has_error
        self._pairs(root, ())
        for node in root.children:
            if node.type in ("table", "table_array_element"):
                self._table(node)

    def _table(self, node: Node) -> None:
        path: KeyPath = ()
        start = self._place(node)
        place = start
        for name, place in self._names(_key_of(node)):
            path = (*path, self._counts[path] - 1, name) if path in self._counts else (*path, name)
            self.found.setdefault(path, (place, place))
        if node.type == "table_array_element":
            self._counts[path] = self._counts.get(path, 0) + 1
            if self._counts[path] == 1:
                self.found[path] = (place, start)
            path = (*path, self._counts[path] - 1)
        self.found[path] = (place, start)
        self._pairs(node, path)

    def _pairs(self, node: Node, table: KeyPath) -> None:
        for pair in node.children:
            if pair.type == "pair":
                path = table
                place = Position(0, 0)
                for name, place in self._names(_key_of(pair)):
                    path = (*path, name)
                    self.found.setdefault(path, (place, place))
                self._value(pair.named_children[1], path, place)

    def _value(self, node: Node, path: KeyPath, key: Position | None = None) -> None:
        place = self._place(node)
        self.found[path] = (key or place, place)
        if node.type == "array":
            items = [child for child in node.named_children if child.type != "comment"]
            for index, item in enumerate(items):
                self._value(item, (*path, index))
        elif node.type == "inline_table":
            self._pairs(node, path)

    def _names(self, node: Node) -> list[tuple[str, Position]]:
        if node.type == "dotted_key":
            return [name for child in node.named_children for name in self._names(child)]
        text = (node.text or b"").decode()
        (name,) = tomllib.loads(f"{text} = 1")
        return [(name, self._place(node))]

    def _place(self, node: Node) -> Position:
        row, column = node.start_point
        return Position(row + 1, len(self._lines[row][:column].decode()) + 1)


def _key_of(node: Node) -> Node:
    return next(child for child in node.named_children if child.type in _KEYS)


def _found(positions: Positions) -> dict[KeyPath, tuple[Position, Position]]:
    return {path: (positions.key(path), positions.value(path)) for path in positions}


def _paths(data: Any, path: KeyPath = ()) -> list[KeyPath]:
    items: list[tuple[str | int, Any]] = []
    if isinstance(data, dict):
        items = list(data.items())
    elif isinstance(data, list):
        items = list(enumerate(data))
    return [found for key, item in items for found in ((*path, key), *_paths(item, (*path, key)))]


_BARE = st.text("abcXYZ09_-", min_size=1, max_size=5)
_CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
_BASIC = st.text(_CHARACTERS, max_size=6).map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
_ESCAPED = st.sampled_from(['"\\u00e9\\t"', '"a\\"b\\\\"', '"\\U0001F600"'])
_LITERAL = st.text(_CHARACTERS.filter(lambda char: char != "'"), max_size=6).map(lambda text: f"'{text}'")
_MULTI_LINE = st.sampled_from(
    ['"""a\n[x]\ny = 1"""', "'''\n# no\n'''", '""""quoted" """', '"""a\\\n   b"""', "''''x'''''", '""""""', '"""ü"""""']
)
_SPACE = st.sampled_from(["", " ", "\t", "  "])
_GAP = st.sampled_from(["", " ", "\n", " # é, ] = }\n", "\n\n\t"])
_KEY = _BARE | _BASIC | _ESCAPED | _LITERAL
_SCALAR = (
    _BASIC
    | _ESCAPED
    | _LITERAL
    | _MULTI_LINE
    | st.sampled_from(["1", "-0x1F", "1_000.5e3", "true", "inf", "-nan"])
    | st.sampled_from(["1979-05-27 07:32:00Z", "1979-05-27", "07:32:00"])
    | st.sampled_from(["1979-05-27 07:32:00Z", "1979-05-27", "07:32:00"])
)


@st.composite
def _dotted_key(draw: st.DrawFn) -> str:
    parts = draw(st.lists(_KEY, min_size=1, max_size=3))
    return draw(st.sampled_from([".", " . ", "\t."])).join(parts)


@st.composite
def _array(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    items = [draw(_GAP) + draw(values) + draw(_GAP) for _ in range(draw(st.integers(0, 4)))]
    comma = draw(st.sampled_from(["", ","])) if items else ""
    return "[" + ",".join(items) + comma + draw(_GAP) + "]"


@st.composite
def _inline_table(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    space = draw(_SPACE)
    pairs = [f"{space}{draw(_dotted_key())}{space}={space}{draw(values)}" for _ in range(draw(st.integers(0, 3)))]
    return "{" + ",".join(pairs) + draw(_SPACE) + "}"


VALUES = st.recursive(_SCALAR, lambda values: _array(values) | _inline_table(values), max_leaves=8)


@st.composite
def _line(draw: st.DrawFn) -> str:
    space = draw(_SPACE)
    kind = draw(st.sampled_from(["pair", "pair", "pair", "table", "array", "comment", "blank"]))
    end = draw(st.sampled_from(["", " # ü", "\t"]))
    if kind == "pair":
        return f"{space}{draw(_dotted_key())}{draw(_SPACE)}={draw(_SPACE)}{draw(VALUES)}{end}"
    if kind == "table":
        return f"{space}[{draw(_SPACE)}{draw(_dotted_key())}{draw(_SPACE)}]{end}"
    if kind == "array":
        return f"{space}[[{draw(_dotted_key())}]]{end}"
    return f"{space}# x = [1]{end}" if kind == "comment" else space


@st.composite
def _documents(draw: st.DrawFn) -> str:
    """Valid TOML documents: lines that would break what stands before them are left out."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    kept = ""
    for line in draw(st.lists(_line(), max_size=10)):
        longer = kept + line.replace("\n", end) + end
        if _is_toml(longer):
            kept = longer
    return kept


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


_EXAMPLES = [
    _MINIMAL,
    _MINIMAL.replace("\n", "\r\n"),
    "a.b.c = 1\na.b.d = 2\n[a.e]\nx = {y.z = [1, {q = 2}], w = '}'}\n",
    '"a b".\'c.d\' . "\\u00e9" = """\n[not]\na = table"""\nz = 1\n',
    "[[t]]\nx = 1\n[[t]]\nx = 2\n[t.u]\ny = 3\n[[t.v]]\nz = [ # ]\n  'a', # ,\n  'b',\n]\n[[t.v]]\nz = 5\n",
    "e = 'ü' # ß\n\t\"ключ\" = [ 'ä', 'ö' ]\n",
    "[a.b]\nx = 1\n[a]\ny = 2\n",
    "d = 1979-05-27 07:32:00\nt = [1979-05-27, 07:32:00,]\ne = [\n\n]\n",
]


@pytest.mark.parametrize("text", _EXAMPLES)
def test_examples_agree_with_the_oracle(text: str) -> None:
    """Headers, dotted and quoted keys, arrays of tables, long strings, comments and CRLF stand where they do."""
    oracle = _Oracle(text)
    assert oracle.is_sure
    assert oracle.found == _found(locate(text))


# Ten tests, so that they can run beside each other.
@pytest.mark.parametrize("_part", range(10))
@given(text=_documents())
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_generated_documents_agree_with_the_oracle(_part: int, text: str) -> None:
    """Whatever tomllib accepts is followed to its end: the same paths as the data has, where the oracle sees them."""
    found = _found(locate(text))
    assert set(_paths(tomllib.loads(text))) == set(found)
    oracle = _Oracle(text)
    if oracle.is_sure:
        assert oracle.found == found


@pytest.mark.skipif("KERNELS_CORPUS" not in os.environ, reason="KERNELS_CORPUS names no folder of build.toml files")
def test_the_corpus_agrees_with_the_oracle() -> None:
    """The files of real kernels are followed too."""
    texts = [path.read_text("utf-8") for path in sorted(Path(os.environ["KERNELS_CORPUS"]).glob("*.toml"))]
    assert [_Oracle(text).found for text in texts] == [_found(locate(text)) for text in texts]
