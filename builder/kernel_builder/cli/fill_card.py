"""`kernel-builder fill-card`."""

from pathlib import Path

import click

from kernel_builder.checks.builds import variants_in
from kernel_builder.cli._options import kernel_dir_argument, output_argument
from kernel_builder.config.reader import load_config
from kernel_builder.errors import CardError
from kernel_builder.publish import card
from kernel_builder.tree import install_text

__all__ = ["fill_card"]


@click.command("fill-card")
@kernel_dir_argument
@output_argument
def fill_card(kernel_dir: Path, output: Path | None) -> None:
    r"""Fill the card of the kernel in KERNEL_DIR from its template, CARD.md, and print it or write it to OUTPUT.

    The template is jinja2, with the variables repo_id, version, functions, layers, has_benchmark, upstream, source,
    license, backends, variants and python_name. A build fills the card too and puts it beside the variants.

    \b
    Examples:
      kernel-builder fill-card
      kernel-builder fill-card . build/CARD.md
    """
    if output is not None and output.resolve() == (kernel_dir / "CARD.md").resolve():
        message = f"{output} is the template itself, which would be lost"
        raise click.BadParameter(message, param_hint="OUTPUT")
    config = load_config(kernel_dir)
    text = card.fill_card(kernel_dir, config, variants_in(kernel_dir / "build"))
    if text is None:
        message = f"{kernel_dir} has no CARD.md"
        raise CardError(message, hint="`kernel-builder init` makes a project with a template for the card.")
    if config.general.hub.repo_id is None:
        click.echo("note: `repo-id` is missing in [general.hub]; in its place the card has OWNER", err=True)
    if output is None:
        click.echo(text, nl=False)
    else:
        install_text(output, text)
        click.echo(f"wrote {output}", err=True)
