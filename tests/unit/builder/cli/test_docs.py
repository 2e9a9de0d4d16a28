"""The pages of the reference that are made from the commands."""

import click
import pytest
from click.testing import CliRunner
from support.projects import ROOT, kernel_builder

from kernel_builder.cli import cli
from kernel_builder.cli._docs import PAGES, page
from kernel_builder.errors import exit_codes


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_are_up_to_date(name: str) -> None:
    """The pages in docs/reference are what `python scripts/update_docs.py` writes."""
    assert page(cli, name) == (ROOT / "docs" / "reference" / f"{name}.md").read_text("utf-8")


def test_the_page_is_the_same_everywhere() -> None:
    """Neither the width of the terminal nor the language nor the folder changes a byte."""
    other = kernel_builder("generate-docs", env={"COLUMNS": "40", "LANG": "C", "NO_COLOR": "1", "HOME": "/nowhere"})
    assert (0, page(cli, "cli")) == (other.returncode, other.stdout)


def test_every_command_and_option_has_its_place() -> None:
    """Each command is a section, and each of its options is in it."""
    sections = {part.partition("\n")[0]: part for part in page(cli, "cli").split("\n## ")[1:]}
    ctx = click.Context(cli)
    for name in cli.list_commands(ctx):
        command = cli.get_command(ctx, name)
        assert command is not None
        names = [option for one in command.params if isinstance(one, click.Option) for option in one.opts]
        assert [] == [option for option in names if option not in sections[f"kernel-builder {name}"]]


def test_a_command_as_markdown() -> None:
    """Arguments, options, values, defaults and examples come out as Markdown, and nothing of it as markup."""

    @click.group()
    def group() -> None:
        """Program."""

    @group.command(help="Act on <it> and `<that>`.\n\n\b\nExamples:\n  act now\n    indented")
    @click.argument("where", default=".")
    @click.option("-n", "--number", type=int, default=3, show_default=True, help="How *many*.")
    @click.option("--kind", type=click.Choice(["a", "b"]), help="Which kind.")
    @click.option("--machine", default=lambda: "here", show_default="this one", help="Which machine.")
    @click.option("--hidden", hidden=True)
    def act(**_: object) -> None: ...

    expected = """\
## kernel-builder act

```text
kernel-builder act [OPTIONS] [WHERE]
```

Act on \\<it> and `<that>`.

Examples:

```text
act now
  indented
```

Arguments:

- `[WHERE]`: Default: the current folder.

Options:

- `-n, --number INTEGER`: How \\*many\\*. Default: `3`.
- `--kind VALUE`: Which kind. One of `a`, `b`.
- `--machine TEXT`: Which machine. Default: this one.
"""
    _, heading, section = page(group, "cli").partition("## kernel-builder act")
    assert expected == heading + section


def test_every_exit_code_is_on_its_page() -> None:
    """The page has one row for each code, in order."""
    rows = [line.split(" | ")[0] for line in page(cli, "exit-codes").splitlines() if line.startswith("| ")][2:]
    assert [f"| {code}" for code in exit_codes()] == rows


def test_writing_a_page(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With OUTPUT the page goes there, whole, and nothing to standard output."""
    output = tmp_path_factory.mktemp("docs") / "codes.md"
    result = CliRunner().invoke(cli, ["generate-docs", "--page", "exit-codes", str(output)])
    assert (0, "") == (result.exit_code, result.stdout)
    assert page(cli, "exit-codes") == output.read_text("utf-8")
