"""`kernel-builder sign`: what it takes; that it signs is shown in tests/integration/test_signing.py."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.builds import make_build

from kernel_builder.cli import cli
from kernel_builder.errors import PublishError, TargetError, ToolchainError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a build, outside of any workflow."""
    monkeypatch.delenv("SIGSTORE_IDENTITY_TOKEN", raising=False)
    make_build(tmp_path / "build" / "torch-cpu")
    return tmp_path


def _sign(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["sign", str(project), *arguments])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--staging", "--trust-config", __file__], "--staging and --trust-config exclude each other"),
        (["--interactive", "--identity-token-env", "X"], "--interactive and --identity-token-env exclude each other"),
        (
            ["--identity-token-file", __file__, "--identity-token-env", "X"],
            "--identity-token-file and --identity-token-env exclude each other",
        ),
        (["--interactive"], "--interactive is for a person at a terminal"),
        (["--identity-token", "secret"], "No such option"),
    ],
)
def test_what_excludes_each_other(project: Path, arguments: list[str], message: str) -> None:
    """Options that contradict each other, and a token on the command line, are mistakes of the command line."""
    result = _sign(project, *arguments)
    assert (2, True) == (result.exit_code, message in result.output), result.output


def test_a_token_that_is_not_there(project: Path, tmp_path: Path) -> None:
    """An empty file or variable is said by its name, instead of falling back on another signer."""
    empty = tmp_path / "token"
    empty.write_text("\n", "utf-8")
    for arguments in (["--identity-token-env", "NO_SUCH_TOKEN"], ["--identity-token-file", str(empty)]):
        result = _sign(project, *arguments)
        assert isinstance(result.exception, PublishError)
        assert f"{arguments[1]} has no token in it" == str(result.exception)


def test_a_variant_that_is_not_there(project: Path) -> None:
    """The message has the builds that there are."""
    result = _sign(project, "--variant", "torch-xpu")
    assert isinstance(result.exception, TargetError)
    assert str(result.exception).endswith("has no build of torch-xpu; it has torch-cpu")


def test_sigstore_is_an_extra(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, the hint has the command that installs it, and nothing is written."""
    monkeypatch.setitem(sys.modules, "sigstore.sign", None)
    result = _sign(project)
    assert isinstance(result.exception, ToolchainError)
    assert "Install it with: pip install 'kernel-builder[sign]'" == result.exception.hint
    assert not (project / "build" / "torch-cpu" / "metadata.json.sigstore").exists()
