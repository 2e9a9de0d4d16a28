"""`kernel-builder schema`."""

import json

import pytest
from click.testing import CliRunner

from kernel_builder.cli import cli
from kernel_builder.config.schema import SCHEMA_EDITIONS, json_schema


@pytest.mark.parametrize("edition", SCHEMA_EDITIONS)
def test_the_schema_of_an_edition(edition: int) -> None:
    """It is printed as one JSON document."""
    result = CliRunner().invoke(cli, ["schema", "--edition", str(edition)])
    assert (0, json_schema(edition)) == (result.exit_code, json.loads(result.stdout))


def test_the_schema_of_new_files() -> None:
    """Without an edition it is the one that new files are written in."""
    assert json_schema(5) == json.loads(CliRunner().invoke(cli, ["schema"]).stdout)


def test_there_is_none_for_other_editions() -> None:
    """They are wrong usage."""
    assert 2 == CliRunner().invoke(cli, ["schema", "--edition", "3"]).exit_code
