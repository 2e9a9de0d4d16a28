"""`kernel-builder verify`."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kernel_builder.cli._builds import chosen_builds, signer_as_json
from kernel_builder.cli._options import json_option, kernel_dir_argument
from kernel_builder.errors import CheckError, TargetError

if TYPE_CHECKING:
    from kernel_builder.checks.findings import Finding
    from kernel_builder.publish.verify import Verified

__all__ = ["verify"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(slots=True, kw_only=True)
class _Result:
    """What is known of a build; `again` is what building it again found, or `None` where that was not asked for."""

    verified: "Verified"
    again: "list[Finding] | None" = None
    findings: "list[Finding]" = field(init=False)

    def __post_init__(self) -> None:
        self.findings = [*self.verified.findings, *(self.again or ())]

    @property
    def is_good(self) -> bool:
        return all(finding.severity != "error" for finding in self.findings)


@click.command("verify")
@kernel_dir_argument
@click.option("--variant", metavar="VARIANT", help="Verify this build only.")
@click.option(
    "--policy", type=_FILE, metavar="FILE", help="The publishers whose signatures count, as `kernels verify`."
)
@click.option(
    "--trust-root", type=_FILE, metavar="FILE", help="The keys of a sigstore of one's own (trusted_root.json)."
)
@click.option("--renew-keys", is_flag=True, help="First renew the keys of sigstore over the network.")
@click.option("--allow-unsigned", is_flag=True, help="A build that is not signed is good when its files are.")
@click.option(
    "--rebuild",
    is_flag=True,
    help="Build each variant again from the project that it is in, in another folder, and compare the bytes.",
)
@json_option
@click.pass_context
def verify(
    ctx: click.Context,
    kernel_dir: Path,
    variant: str | None,
    policy: Path | None,
    trust_root: Path | None,
    renew_keys: bool,
    allow_unsigned: bool,
    rebuild: bool,
    as_json: bool,
) -> None:
    r"""Verify the builds in KERNEL_DIR: its build/ folder, its variants, or one variant.

    A build is good when its files are those of the digest in its metadata.json, a publisher of the policy signed that
    file, and, with --rebuild, the sources of the project give the same bytes again. The policy is that of the loader:
    by default, it trusts the workflows of kernels-community. Nothing of a build runs, and without --renew-keys and
    --rebuild no connection is opened. Exits with 8 unless every build is good.

    \b
    Examples:
      kernel-builder verify --policy publishers.json
      kernel-builder verify build/torch-cuda --allow-unsigned --rebuild
      kernel-builder verify --json
    """
    from kernel_builder.publish.verify import verify_build
    from kernels.signature import PublisherPolicy, VerifiedSignature, verify_signature

    trees = chosen_builds(kernel_dir, variant)
    publishers = PublisherPolicy.read(policy) if policy else PublisherPolicy.default()

    def check(tree: Path) -> VerifiedSignature:
        return verify_signature(tree, publishers, offline=not renew_keys, trust_root=trust_root)

    project = _project(kernel_dir) if rebuild else None
    verified = [verify_build(tree, check, allow_unsigned=allow_unsigned) for tree in trees]
    results = _build_again(project, verified) if project else [_Result(verified=one) for one in verified]
    is_good = all(result.is_good for result in results)
    if as_json:
        document = {"ok": is_good, "builds": {one.verified.tree.name: _as_json(one) for one in results}}
        click.echo(json.dumps(document, indent=2))
    else:
        for result in results:
            _show(result)
    if not is_good:
        ctx.exit(CheckError.exit_code)


def _project(folder: Path) -> Path:
    """The project that a folder is, or is the build folder or a build of.

    Raises:
        TargetError: when there is none.
    """
    for project in (folder, folder.parent, folder.parent.parent):
        if (project / "build.toml").is_file():
            return project
    message = f"{folder} is in no kernel project, so that there are no sources to build again"
    raise TargetError(message, hint="Put the builds into build/ of a checkout of their sources.")


def _build_again(project: Path, verified: "list[Verified]") -> list[_Result]:
    from kernel_builder.cli._project import load_project
    from kernel_builder.cli._report import Reporter
    from kernel_builder.drivers.again import build_again

    config = load_project(project)
    results = []
    with Reporter(logs=False) as report:
        for one in verified:
            again = [] if one.metadata is None else build_again(one.tree, one.metadata, project, config, report)
            results.append(_Result(verified=one, again=again))
    return results


def _show(result: _Result) -> None:
    from kernel_builder.checks.listing import listing, printable
    from kernel_builder.cli._report import painted

    one = result.verified
    words = ["the files are those of the digest"] if one.has_good_digest else []
    if signature := one.signature:
        who = f"{signature.repository}/.github/workflows/{signature.workflow}@{signature.ref}"
        words.append(f"signed by {who} on {signature.time:%Y-%m-%d}")
    if result.again == [] and one.metadata is not None:
        words.append("a second build is the same")
    click.echo(printable(f"{one.tree.name}: {', '.join(words) or 'not good'}"))
    for line in listing(result.findings):
        click.echo(f"  {painted(line)}")


def _as_json(result: _Result) -> dict[str, Any]:
    one = result.verified
    return {
        "ok": result.is_good,
        "digest": one.has_good_digest,
        "signature": signer_as_json(one.signature),
        "rebuilt": None if result.again is None or one.metadata is None else not result.again,
        "findings": [finding.as_json() for finding in result.findings],
    }
