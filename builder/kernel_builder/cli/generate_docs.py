"""`kernel-builder generate-docs`."""

from pathlib import Path

import click

from kernel_builder.cli._docs import PAGES, page
from kernel_builder.cli._options import output_argument
from kernel_builder.tree import install_text

__all__ = ["generate_docs"]


@click.command("generate-docs")
@output_argument
@click.option("--page", "name", type=click.Choice(PAGES), default=PAGES[0], show_default=True, help="Which page.")
@click.pass_context
def generate_docs(ctx: click.Context, output: Path | None, name: str) -> None:
    r"""Print the reference of this command line as Markdown, or write it to OUTPUT.

    \b
    Examples:
      kernel-builder generate-docs
      kernel-builder generate-docs docs/reference/cli.md
      kernel-builder generate-docs --page exit-codes docs/reference/exit-codes.md
    """
    group = ctx.find_root().command
    assert isinstance(group, click.Group)  # noqa: S101 - commands are in a group
    text = page(group, name)
    if output is None:
        click.echo(text, nl=False)
    else:
        install_text(output, text)
        click.echo(f"wrote {output}", err=True)
