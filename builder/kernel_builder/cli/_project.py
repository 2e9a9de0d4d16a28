"""Reading the project that a command works on."""

from dataclasses import replace
from pathlib import Path

import click

from kernel_builder.config.model import KernelConfig
from kernel_builder.config.reader import ReadResult, check_config, refusal
from kernel_builder.config.report import ordered

__all__ = ["check_project", "load_project"]


def check_project(project_dir: Path) -> ReadResult:
    """Read `build.toml`, check the files that it names, and check it against the build matrix.

    In the config that this gives, the files that each pattern matches stand in the place of the pattern.
    """
    result = check_config(project_dir)
    if result.config is None:
        return result
    from kernel_builder.matrix import load_matrix
    from kernel_builder.matrix.check import check_variants

    found = check_variants(result.config, result.positions, load_matrix())
    return replace(result, findings=ordered((*result.findings, *found)))


def load_project(project_dir: Path) -> KernelConfig:
    """Read `build.toml` for a command that needs it to be right; what is found is shown, without notes.

    That the build matrix has no variant for the kernel is no error here: a machine may well build one.

    Raises:
        ConfigError: with every error of the file, each with its place.
    """
    result = check_project(project_dir)
    if result.config is None:
        raise refusal(project_dir, result)
    for finding in result.findings:
        if finding.severity != "note":
            click.echo(str(replace(finding, severity="warning")), err=True)
    return result.config
