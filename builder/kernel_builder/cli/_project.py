"""Reading the project that a command works on."""

from pathlib import Path

import click

from kernel_builder.config.model import KernelConfig
from kernel_builder.config.reader import check_config, refusal

__all__ = ["load_project"]


def load_project(project_dir: Path) -> KernelConfig:
    """Read `build.toml` and check the files that it names; warnings are shown.

    Raises:
        ConfigError: with every error of the file, each with its place.
    """
    result = check_config(project_dir)
    if result.config is None:
        raise refusal(project_dir, result)
    for finding in result.findings:
        click.echo(str(finding), err=True)
    return result.config
