"""The code blocks of the reference's documents about the loader run as they are written."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fresh import forget_kernels
from support.hub import HubServer, client_environment
from support.reference import FOLDER, Scene, extract, publish_stand_ins, read_blocks

BLOCKS = read_blocks()
RUN = {file: block for file, block in BLOCKS.items() if block.run}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One Hub for all blocks, with the kernels that they name; no kernel that other tests have loaded is known."""
    folder = tmp_path_factory.mktemp("reference")
    with HubServer() as hub, pytest.MonkeyPatch.context() as monkeypatch:
        publish_stand_ins(hub, folder, BLOCKS["cli-benchmark-11-script.py"].text)
        client_environment(monkeypatch, hub, folder / "hf")
        forget_kernels(monkeypatch)
        yield folder
        assert [] == hub.errors


@pytest.mark.parametrize("file", RUN)
def test_a_block_runs(file: str, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block runs in the session that the document has in mind, and what holds then holds."""
    Scene(tmp_path, BLOCKS, monkeypatch).play(BLOCKS[file])


def test_the_table_has_every_block() -> None:
    """Each block is run, or the table says why it is not."""
    not_run = {file for file, block in BLOCKS.items() if block.reason}
    assert sorted(path.name for path in FOLDER.iterdir() if path.name != "blocks.toml") == sorted(BLOCKS)
    assert (set(BLOCKS), set()) == (RUN.keys() | not_run, RUN.keys() & not_run)


@pytest.mark.skipif("KERNELS_REFERENCE" not in os.environ, reason="KERNELS_REFERENCE names no file of documents")
def test_the_blocks_are_those_of_the_documents() -> None:
    """The files have every block of the documents, word for word, in the same order."""
    document = Path(os.environ["KERNELS_REFERENCE"]).read_text("utf-8")
    pages = {block.page for block in BLOCKS.values()}
    assert [(block.page, block.text) for block in BLOCKS.values()] == extract(document, pages)
