"""Edits of TOML texts, statement by statement, in every form that TOML has."""

from collections.abc import Callable

import pytest

from kernel_builder.config.toml_edit import TomlEditor, as_toml, comments

_Edit = Callable[[TomlEditor], None]


def _edited(text: str, edit: _Edit) -> str:
    editor = TomlEditor(text)
    edit(editor)
    return editor.text()


_ENDS: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.removesuffix("\n"),
]


def _check(before: str, after: str, edit: _Edit) -> None:
    for end in _ENDS:
        assert end(after) == _edited(end(before), edit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "a = 1",
        "a.b = 1 # c\r\n[a.c]\r\n  d='x'",
        "[a.b]\nc = [ # x\n  1, # y\n]\n[d]\n[a]\ne = {f.g = 1, h = 2}\n[[i]]\n[[i]]\n",
    ],
)
def test_a_text_without_edits_stays_as_it_is(text: str) -> None:
    """To the last character, with or without an end of line there."""
    assert text == TomlEditor(text).text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[a]\n  b  =  1 # c\nd = 2\n", "[a]\n  b  =  'x' # c\nd = 2\n"),
        ("a.b = 1 # c\na.d = 2\n", "a.b = 'x' # c\na.d = 2\n"),
        ("a = { b = 1, d = 2 }\n", "a = { b = 'x', d = 2 }\n"),
    ],
)
def test_a_value_is_set(before: str, after: str) -> None:
    """The key, the blanks and the comment stay."""
    _check(before, after.replace("'", '"'), lambda editor: editor.set(("a", "b"), "x"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[a]\n  b  =  1 # c\nd = 2\n", "[a]\n  n.m  =  1 # c\nd = 2\n"),
        ("a . b = 1 # c\na.d = 2\n", "a . n.m = 1 # c\na.d = 2\n"),
        ("a = { b = 1, d = 2 }\n", "a = { n.m = 1, d = 2 }\n"),
    ],
)
def test_a_key_is_renamed(before: str, after: str) -> None:
    """At its place; its new name may be dotted."""
    _check(before, after, lambda editor: editor.rename(("a", "b"), "n.m"))


def test_a_key_is_renamed_and_set_at_once() -> None:
    """Both, and nothing else."""
    _check("[a]\nb=1# c\n", "[a]\nn=[1, 2]# c\n", lambda editor: editor.rename(("a", "b"), "n", [1, 2]))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1\n[ a ] # c\nb = 1\n", "x = 1\n[n-m] # c\nb = 1\n"),
        ("a.b = 1 # c\na.d.e = 2\n", "n-m.b = 1 # c\nn-m.d.e = 2\n"),
        ("a = { b = 1 } # c\n", "n-m = { b = 1 } # c\n"),
    ],
)
def test_a_table_is_renamed(before: str, after: str) -> None:
    """However it is written."""
    _check(before, after, lambda editor: editor.rename_table("a", "n-m"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[a]\n# above\nb = 1\nd = 2\n", "[a]\n# above\nd = 2\n"),
        ("[a]\n  b = 1 # c\nd = 2\n", "[a]\n  # c\nd = 2\n"),
        ("[a]\nb = [ # x\n '#', # y\n] # z\nd = 2\n", "[a]\n# x\n# y\n# z\nd = 2\n"),
        ("a.b = 1 # c\na.d = 2\n", "# c\na.d = 2\n"),
        ("a = { b = 1, d = 2 }\n", "a = { d = 2 }\n"),
        ("a = {d = 2, b = 1}\n", "a = {d = 2}\n"),
        ("a = {d = 2, b = 1, e = 3}\n", "a = {d = 2, e = 3}\n"),
        ("a = {b = 1}\n", "a = {}\n"),
        ("[a]\nd = 2\n", "[a]\nd = 2\n"),
    ],
)
def test_a_key_is_removed(before: str, after: str) -> None:
    """Each of its comments stays, on a line of its own; a key that is not there is no error."""
    assert after == _edited(before, lambda editor: editor.remove(("a", "b")))


def test_a_key_is_removed_with_its_comments() -> None:
    """Where they go elsewhere."""
    edited = _edited("[a]\nb = [ # x\n] # y\n# z\n", lambda editor: editor.remove(("a", "b"), keep_comments=False))
    assert edited == "[a]\n# z\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[a]\n  b = 1 # c\n# d\nd = 2\n", '[a]\n  b = 1 # c\n  n = 1\n  "m m" = []\n# d\nd = 2\n'),
        ("a.b = 1 # c\na.d = 2\n", 'a.b = 1 # c\na.n = 1\na."m m" = []\na.d = 2\n'),
        ("[x]\na.b = 1\n", '[x]\na.b = 1\na.n = 1\na."m m" = []\n'),
        ("a = { b = 1, d = 2 }\n", 'a = { b = 1, n = 1, "m m" = [], d = 2 }\n'),
        ("a = { d = 2, b = 1 }\n", 'a = { d = 2, b = 1, n = 1, "m m" = [] }\n'),
        ("a = {b=1}\n", 'a = {b=1, n = 1, "m m" = []}\n'),
        ("a = { b = 1, d.e = 2 }\n", 'a = { b = 1, n = 1, "m m" = [], d.e = 2 }\n'),
        ("x = { a.b = 1, d = 2 }\n", 'x = { a.b = 1, a.n = 1, a."m m" = [], d = 2 }\n'),
    ],
)
def test_statements_are_inserted_behind_a_key(before: str, after: str) -> None:
    """In the form of that key, with its indent."""
    path = ("a", "b") if before.startswith(("a", "[a")) else ("x", "a", "b")
    _check(before, after, lambda editor: editor.insert_after(path, {"n": "1", "m m": "[]"}))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[a] # h\n# about b\n  b = 1\nd = 2\n", "[a] # h\n  n = 1\n# about b\n  b = 1\nd = 2\n"),
        ("x = 1\na.b = 1 # c\na.d = 2\n", "x = 1\na.n = 1\na.b = 1 # c\na.d = 2\n"),
        ("[k]\na.b = 1\n", "[k]\na.n = 1\na.b = 1\n"),
        ("a = { b = 1, d = 2 }\n", "a = { b = 1, n = 1, d = 2 }\n"),
        ("a = { b.c = 1, d = 2 }\n", "a = { b.c = 1, d = 2, n = 1 }\n"),
    ],
)
def test_statements_are_inserted_before_all_others(before: str, after: str) -> None:
    """Right below a header, so that a comment stays with its key; in an inline table, behind the first key."""
    path = ("k", "a") if before.startswith("[k]") else ("a",)
    _check(before, after, lambda editor: editor.insert_first(path, {"n": "1"}))


def test_a_table_is_appended() -> None:
    """Behind all that there is."""
    _check("[a]\nb = 1 # c\n", "[a]\nb = 1 # c\n\n[n]\n", lambda editor: editor.append_table("n"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "[k.a] # h\nb = 1 # c\n\n# about x\n[k.x]\n",
            '[k.a] # h\nb = 1 # c\n\n[k."n n"]\ns = 1\nt = []\n\n# about x\n[k.x]\n',
        ),
        ("[k]\n[k.a]\n", '[k]\n[k.a]\n\n[k."n n"]\ns = 1\nt = []\n'),
        ("k.a.b = 1 # c\nk.x.y = 2\n", 'k.a.b = 1 # c\nk."n n".s = 1\nk."n n".t = []\nk.x.y = 2\n'),
        ("[k]\na.b = 1\n", '[k]\na.b = 1\n"n n".s = 1\n"n n".t = []\n'),
        ("[k]\na = {b = 1} # c\n", '[k]\na = {b = 1} # c\n"n n" = { s = 1, t = [] }\n'),
        ("k.a = {b = 1} # c\n", 'k.a = {b = 1} # c\nk."n n" = { s = 1, t = [] }\n'),
        ("k = {a = {b = 1}, x = 2}\n", 'k = {a = {b = 1}, "n n" = { s = 1, t = [] }, x = 2}\n'),
        ("k = {a = {b = 1}}\n", 'k = {a = {b = 1}, "n n" = { s = 1, t = [] }}\n'),
        ("k = {a.b = 1, x = 2}\n", 'k = {a.b = 1, "n n".s = 1, "n n".t = [], x = 2}\n'),
    ],
)
def test_a_table_is_put_behind_another(before: str, after: str) -> None:
    """In the form of that other one; what is said of the next table stays with that."""
    _check(before, after, lambda editor: editor.copy_table(("k", "a"), "n n", {"s": "1", "t": "[]"}))


@pytest.mark.parametrize(
    ("with_comment", "expected"), [(False, "[ # x\n 0xF, # y\n]"), (True, "[ # x\n 0xF, # y\n]  # z")]
)
def test_a_value_is_given_as_it_is_spelled(with_comment: bool, expected: str) -> None:
    """With the comments in it, and the one behind it where that is wanted."""
    editor = TomlEditor("[a]\nb = [ # x\n 0xF, # y\n]  # z\n")
    assert expected == editor.spelled(("a", "b"), with_comment=with_comment)


def test_tables_are_known() -> None:
    """Those at the top of the document."""
    editor = TomlEditor("[a]\nb = 1\n")
    assert ("a" in editor, "b" in editor) == (True, False)


def test_comments_are_told_from_strings() -> None:
    """In every kind of string."""
    text = 'a = \'#1\' #2\nb = "\\"#3" # 4 \'\nc = \'\'\'\n#5\'\'\' #6\r\nd = """#7\\""""#8\n#9'
    assert ["#2", "# 4 '", "#6", "#8", "#9"] == comments(text)


@pytest.mark.parametrize(("value", "expected"), [("a\"'\\", '"a\\"\'\\\\"'), ([1, "x"], '[1, "x"]'), (5, "5")])
def test_values_are_spelled_as_toml(value: object, expected: str) -> None:
    """Quotes and backslashes are escaped."""
    assert expected == as_toml(value)
