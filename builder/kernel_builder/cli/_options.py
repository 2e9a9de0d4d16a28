"""Arguments and options that several commands share."""

from pathlib import Path

import click

__all__ = ["json_option", "kernel_dir_argument", "target_dir_argument"]

kernel_dir_argument = click.argument(
    "kernel_dir",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    default=".",
)

target_dir_argument = click.argument(
    "target_dir", type=click.Path(file_okay=False, resolve_path=True, path_type=Path), required=False
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
