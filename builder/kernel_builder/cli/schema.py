"""`kernel-builder schema`."""

import json

import click

from kernel_builder.config.report import WRITTEN_EDITION
from kernel_builder.config.schema import SCHEMA_EDITIONS, json_schema

__all__ = ["schema"]


@click.command("schema")
@click.option(
    "--edition",
    type=click.Choice([str(edition) for edition in SCHEMA_EDITIONS]),
    default=str(WRITTEN_EDITION),
    show_default=True,
    help="The edition of the format; 4 is that of files without the key `edition`.",
)
def schema(edition: str) -> None:
    r"""Print the JSON schema (draft 7) of build.toml, with which editors complete and check it.

    Write it to a file of the project and name it in the first line of build.toml.

    \b
    Examples:
      kernel-builder schema > .build.schema.json
      sed -i '1i #:schema ./.build.schema.json' build.toml
      kernel-builder schema --edition 4 > .build.schema.json
    """
    click.echo(json.dumps(json_schema(int(edition)), indent=2))
