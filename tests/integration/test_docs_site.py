"""The site of the documentation, and the links of every page."""

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from support.projects import ROOT
from support.scripts import load_script

PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("nix/**/*.md")]
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, made with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "-b", "html"]
    command += ["-d", str(tmp_path_factory.mktemp("doctrees")), str(ROOT / "docs"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return folder


def test_every_page_is_on_the_site(site: Path) -> None:
    """A page that is written is one that is found."""
    pages = {
        path.relative_to(ROOT / "docs").with_suffix(".html") for path in PAGES if path.is_relative_to(ROOT / "docs")
    }
    assert pages <= {path.relative_to(site) for path in site.rglob("*.html")}


def test_links_of_the_site(site: Path) -> None:
    """No link on the site leads to a page or a heading that is not there."""
    ids: dict[Path, set[str]] = {}
    texts = {path.resolve(): path.read_text("utf-8") for path in site.rglob("*.html")}
    for path, text in texts.items():
        ids[path] = set(re.findall(r'id="([^"]+)"', text))
    broken = []
    for path, text in texts.items():
        for link in re.findall(r'<a [^>]*href="([^"]+)"', text):
            if link.startswith(("http:", "https:", "mailto:")):
                continue
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path
            if not target.is_file() or (anchor and target in ids and anchor not in ids[target]):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert [] == broken


def test_outside_links_are_listed(site: Path) -> None:
    """Links that lead out are listed and not fetched."""
    listed = (site / "outside-links.txt").read_text("utf-8").splitlines()
    assert sorted(set(listed)) == listed
    assert all(link.startswith("https://") for link in listed)
    assert len(listed) >= 5


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_into_the_repository(path: Path) -> None:
    """Every link between files of the repository leads to a file, and to a heading where it names one."""
    broken = []
    for link in _links(path):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        is_found = target.exists() and target.is_relative_to(ROOT)
        if not is_found or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert [] == broken


def _links(path: Path) -> list[str]:
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text("utf-8"))
    inner = [child for token in tokens for child in token.children or []]
    links = [
        str(token.attrGet("href") or token.attrGet("src") or "")
        for token in inner
        if token.type in ("link_open", "image")
    ]
    return [link for link in links if not re.match(r"[a-z]+:", link)]


def _anchors(path: Path) -> set[str]:
    """The names of the headings of a page, as those who show Markdown make them."""
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text("utf-8"))
    texts = [
        "".join(child.content for child in after.children or [])
        for token, after in itertools.pairwise(tokens)
        if token.type == "heading_open"
    ]
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


def test_the_python_api_is_that_of_the_code() -> None:
    """The page is what `scripts/update_docs.py` writes."""
    module = load_script("update_docs")
    assert module.python_api() == (ROOT / "docs" / "reference" / "python-api.md").read_text("utf-8")
