"""`kernel-builder sign`."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kernel_builder.cli._builds import chosen_builds, signer_as_json
from kernel_builder.cli._options import json_option, kernel_dir_argument
from kernel_builder.errors import PublishError

if TYPE_CHECKING:
    from kernel_builder.publish.sign import Signed

__all__ = ["sign"]

#: Where sigstore's own command takes a token from.
_VARIABLE = "SIGSTORE_IDENTITY_TOKEN"


@click.command("sign")
@kernel_dir_argument
@click.option("--variant", metavar="VARIANT", help="Sign this build only.")
@click.option(
    "--identity-token-file",
    "token_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file with the OpenID Connect token that says who signs.",
)
@click.option(
    "--identity-token-env",
    "token_variable",
    metavar="NAME",
    help=f"The environment variable with that token (default: {_VARIABLE}, where it is set).",
)
@click.option("--interactive", is_flag=True, help="Log in with a browser; for a person at a terminal.")
@click.option(
    "--staging", is_flag=True, help="Sign with sigstore's instance for trials, whose signatures nobody trusts."
)
@click.option(
    "--trust-config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Sign with a sigstore of one's own, whose addresses and keys the file has (ClientTrustConfig).",
)
@json_option
def sign(
    kernel_dir: Path,
    variant: str | None,
    token_file: Path | None,
    token_variable: str | None,
    interactive: bool,
    staging: bool,
    trust_config: Path | None,
    as_json: bool,
) -> None:
    r"""Sign the builds in KERNEL_DIR: its build/ folder, its variants, or one variant.

    Writes metadata.json.sigstore into each build, and replaces the one that is there; nothing else of a build changes.
    The signature is of metadata.json, whose digest has to match the files. It needs no key: in a workflow, sigstore
    certifies the workflow itself (in GitHub, the job needs `permissions: id-token: write`), and everybody can see each
    signature in a public log. `kernel-builder verify` and the loader say who signed. Needs the extra `sign`:
    pip install 'kernel-builder[sign]'.

    \b
    Examples:
      kernel-builder sign
      kernel-builder sign build/torch-cuda --json
      kernel-builder sign --interactive --staging
    """
    from functools import partial

    from kernel_builder.publish.sign import sign_builds
    from kernel_builder.publish.signer import Service, service_signer

    _check_together(**{"--staging": staging, "--trust-config": trust_config})
    _check_together(
        **{"--interactive": interactive, "--identity-token-file": token_file, "--identity-token-env": token_variable}
    )
    if interactive and not sys.stdin.isatty():
        message = "--interactive is for a person at a terminal"
        raise click.UsageError(message)
    token = None if interactive else _read_token(token_file, token_variable)
    service = Service(trust_config=trust_config, staging=staging, token=token, interactive=interactive)
    signed = sign_builds(chosen_builds(kernel_dir, variant), partial(service_signer, service))
    if as_json:
        click.echo(json.dumps({"builds": list(map(_as_json, signed))}, indent=2))
    for one in signed:
        if not as_json:
            click.echo(f"signed: {one.tree} by {one.signature.identity}")
        if one.signature.workflow is None:
            message = (
                f"warning: {one.tree.name}: policies of the loader name workflows of GitHub, and the signer is none"
            )
            click.echo(message, err=True)


def _check_together(**given: Any) -> None:
    names = [name for name, value in given.items() if value]
    if len(names) > 1:
        message = f"{' and '.join(names)} exclude each other"
        raise click.UsageError(message)


def _read_token(file: Path | None, variable: str | None) -> str | None:
    """The token from where the command line says; it is never part of the command line, which everybody can see."""
    if file is not None:
        token = file.read_text("utf-8", errors="replace").strip()
        place = str(file)
    else:
        place = variable or _VARIABLE
        token = os.environ.get(place, "").strip()
        if not token and variable is None:
            return None
    if not token:
        message = f"{place} has no token in it"
        raise PublishError(message, hint="Write the OpenID Connect token of who signs there, and nothing else.")
    return token


def _as_json(one: "Signed") -> dict[str, Any]:
    from kernel_builder.checks.digest import SIGNATURE

    signature = one.signature
    return {
        "variant": one.tree.name,
        "bundle": str(one.tree / SIGNATURE),
        "identity": signature.identity,
        "workflow": signer_as_json(signature.workflow),
    }
