"""Every block of every page is run, checked, or says why it is not (see `support.docs`)."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from support.docs import Page, Runner, read_page
from support.docs.pages import PageError
from support.docs.run import copy_environment
from support.hub import HubServer
from support.projects import EXAMPLES, ROOT, copy_example

#: Made from the code, and compared with it by other tests.
_GENERATED = ("abi.md", "build-toml.md", "cli.md", "exit-codes.md", "python-api.md")
PAGES = [
    path
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if path.name not in _GENERATED
]


def _cases() -> list[object]:
    cases: list[object] = []
    for path in PAGES:
        is_heavy = "<!-- heavy -->" in path.read_text("utf-8")
        marks = [pytest.mark.heavy, pytest.mark.timeout(1800)] if is_heavy else []
        cases.append(pytest.param(path, marks=marks, id=path.relative_to(ROOT).as_posix()))
    return cases


@pytest.mark.parametrize("path", _cases())
def test_page(path: Path, tmp_path: Path, hub: HubServer, build_example: Callable[[Path], Path]) -> None:
    """What the page tells a reader to do, does what the page says."""
    page = read_page(path)
    for repository, project in page.hub.items():
        hub.publish(build_example(ROOT / project), repository)
        hub.trust(repository.split("/")[0])
    work = tmp_path / "work"
    if page.example:
        (example,) = (one for one in EXAMPLES if one.name == page.example)
        copy_example(example, work)
    else:
        work.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    Runner(work, copy_environment(home, hub.env(home / "hf", token=hub.token))).run(page)


def test_counts(record_testsuite_property: Callable[[str, object], None]) -> None:
    """All blocks are counted, in the report of the tests too; more are run than are not."""
    kinds = Counter(block.kind for path in PAGES for block in read_page(path).blocks)
    for kind, count in kinds.items():
        record_testsuite_property(f"blocks {kind}", count)
    assert kinds["run"] > kinds["not run"]


# The reader and the runner themselves


def _page(folder: Path, text: str) -> Page:
    path = folder / "page.md"
    path.write_text(text, "utf-8")
    return read_page(path)


def _run(folder: Path, text: str) -> Path:
    page = _page(folder, text)
    work = folder / "work"
    work.mkdir()
    Runner(work, copy_environment(folder, {})).run(page)
    return work


def test_blocks_share_a_folder(tmp_path: Path) -> None:
    """Files, folders that a command has changed to, and names in Python are there in later blocks."""
    work = _run(
        tmp_path,
        "<!-- file: sub/one.txt -->\n```text\nfirst\n```\n"
        "```bash\ncd sub\n```\n"
        "```python\nwords = open('one.txt').read().split()\n```\n"
        "```python\nopen('two.txt', 'w').write(words[0])\n```\n"
        "```console\n$ cat two.txt\nfirst\n$ printf 'a\\nb\\nc\\n'\na\n…\nc\n$ echo one two three\none … three\n```\n",
    )
    assert "first" == (work / "sub" / "two.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```python\n1 / 0\n```\n", "page.md:2"),
        ("text\n\n```bash\ntrue\nfalse\n```\n", "page.md:4: ended with 1"),
        ("```console\n$ echo a\nb\n```\n", "`echo a` printed\na"),
        ("```console\n$ false\n```\n", "`false` ended with 1"),
        ("```console\n$ echo ab\na…c\n```\n", "in place of"),
        ("```python\nraise SystemExit(0)\n```\n", "SystemExit"),
        ("```nix\n{ a = ; }\n```\n", "no expression of Nix"),
    ],
)
def test_a_block_that_fails(tmp_path: Path, text: str, said: str) -> None:
    """The page, the line and what was printed are named."""
    with pytest.raises(AssertionError) as caught:
        _run(tmp_path, text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["```json\n{\n```\n", "```toml\na = \n```\n", "```yaml\na: [\n```\n", '```toml\n[general]\nnmae = "x"\n```\n'],
)
def test_data_that_is_not_whole(tmp_path: Path, text: str) -> None:
    """Data is read, and a build.toml as one."""
    with pytest.raises(Exception, match=r".+"):
        _run(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```\nx\n```\n", "no language is none"),
        ("```rust\nx\n```\n", "rust is none"),
        ("<!-- not run: -->\n```bash\nx\n```\n", "not run"),
        ("<!-- skip: x -->\n```bash\nx\n```\n", "skip"),
        ("<!-- not run: x -->\n\ntext\n", "stands before something else"),
    ],
)
def test_a_page_that_is_not_one(tmp_path: Path, text: str, said: str) -> None:
    """What the reader does not know is an error, so that no block is passed over."""
    with pytest.raises(PageError) as caught:
        _page(tmp_path, text)
    assert said in str(caught.value)


def test_what_is_not_run(tmp_path: Path) -> None:
    """A block with a reason is not run, and is counted as such."""
    page = _page(tmp_path, "<!-- not run: no GPU -->\n```bash\nfalse\n```\n```text\nx\n```\n")
    assert ["not run", "read"] == [block.kind for block in page.blocks]
    shutil.rmtree(_run(tmp_path, "<!-- not run: no GPU -->\n```bash\nfalse\n```\n"))
