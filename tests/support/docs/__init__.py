"""The documentation as a test sees it: pages of blocks, each of which is run, checked, or says why it is not.

In a page, a comment on the line before a block, or on the first lines of the page, says what cannot be told otherwise:

    <!-- file: PATH -->                     the block is written to this file of the page's folder
    <!-- not run: REASON -->                the block is not run
    <!-- example: NAME -->                  first lines: the folder starts as a copy of examples/NAME
    <!-- hub: OWNER/NAME=PATH … -->         first lines: the Hub serves these projects, built for the CPU, as version 1
    <!-- heavy -->                          first lines: the page compiles, and takes its time

Blocks of a page are run in their order, in one folder of their own:

    python      all of a page in one process
    bash        stops at the first command that fails; where it has changed the folder, the next block goes on there
    console     lines that start with "$ " are run; what follows is what they print, where `…` stands for any text
    toml, json, yaml, nix       have to be whole; a table [general] is read as build.toml
    others      are for reading
"""

from support.docs.pages import Block, Page, read_page
from support.docs.run import Runner

__all__ = ["Block", "Page", "Runner", "read_page"]
