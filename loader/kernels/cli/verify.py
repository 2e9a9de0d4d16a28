"""`kernels verify`: who signed the builds of a kernel, and whether their files are the signed ones."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kernels.cli.output import say, show, show_json
from kernels.cli.source import builds_in_folder, find_commit, local_folder, version_number
from kernels.errors import (
    IntegrityError,
    KernelNotFoundError,
    MetadataError,
    NoDigestError,
    NoVariantError,
    SignatureError,
    UnsignedKernelError,
)

if TYPE_CHECKING:
    from kernels.hub import Client
    from kernels.signature import VerifiedSignature

__all__ = ["add_parser", "run"]

_EPILOG = """\
A build is good when a publisher of the policy signed its metadata.json, and the digest in that file is the one of its
files. Nothing of it is run. The exit status is 1 unless every build that was looked at is good.

The policy is a JSON list of publishers, each with `issuer`, `repository`, and possibly `workflow` and `ref`; that of
kernels-community is the default.

examples:
  kernels verify my-org/my-kernel 1 --policy publishers.json
  kernels verify my-org/my-kernel 1 --all-variants --json
  kernels verify ./my-kernel"""


class _Kernel(NamedTuple):
    """Where a kernel is, the names of its builds, and how to get the folder of one."""

    where: dict[str, str]
    names: list[str]
    get: Callable[[str], Path]


class _Outcome(NamedTuple):
    """What is known of a build: who signed it, or why it is not good."""

    variant: str
    signature: "VerifiedSignature | None" = None
    error: Exception | None = None


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "verify",
        aliases=["verify-signature"],
        help="check who signed a kernel, and that its files are the signed ones",
        description="Check who signed the builds of a kernel, and that their files are the signed ones.",
        epilog=_EPILOG,
    )
    add = parser.add_argument
    add("kernel", metavar="REPO_OR_PATH", help="a repository, owner/name, or a folder such as ./name")
    add("version", metavar="VERSION", nargs="?", type=version_number, help="by default the newest one")
    add("--all-variants", action="store_true", help="every build, not only the one for this system")
    add("--filter-unsigned", action="store_true", help="leave out the builds that are not signed")
    add("--filter-no-digest", action="store_true", help="leave out the builds that are signed without a digest")
    add("--policy", metavar="FILE", type=Path, help="the publishers whose signatures count")
    add("--trust-root", metavar="FILE", type=Path, help="the keys of a sigstore of one's own (trusted_root.json)")
    add("--renew-keys", action="store_true", help="first renew the keys of sigstore over the network")
    add("--json", action="store_true", help="print a JSON document")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from kernels.signature import PublisherPolicy, verify_signature

    policy = PublisherPolicy.read(arguments.policy) if arguments.policy else PublisherPolicy.default()

    def verify(tree: Path) -> "VerifiedSignature":
        return verify_signature(tree, policy, offline=not arguments.renew_keys, trust_root=arguments.trust_root)

    folder = local_folder(arguments.kernel) if arguments.version is None else None
    kernel = _on_hub(arguments.kernel, arguments.version) if folder is None else _in_folder(folder)
    names = kernel.names if arguments.all_variants else [_choose(arguments.kernel, kernel.names)]
    outcomes = [_verify(name, kernel, verify) for name in names]
    ignored = _ignored(arguments)
    outcomes = [outcome for outcome in outcomes if not isinstance(outcome.error, ignored)]
    if arguments.json:
        show_json({**kernel.where, "builds": list(map(_document, outcomes))})
    else:
        show(*map(_describe, outcomes))
    if not outcomes:
        say("kernels: error: nothing was verified: every build was left out")
    return 0 if outcomes and all(outcome.error is None for outcome in outcomes) else 1


def _in_folder(folder: Path) -> _Kernel:
    trees = builds_in_folder(folder)
    return _Kernel({"path": str(folder)}, list(trees), trees.__getitem__)


def _on_hub(repo_id: str, version: int | None) -> _Kernel:
    from kernels.hub import Client, list_variants

    client = Client()
    location = find_commit(repo_id, client, version=version)
    names = [variant.variant_str for variant in list_variants(location.repo_id, location.commit, client)]
    if not names:
        message = f"{location.repo_id} at {location.revision} has no builds"
        raise KernelNotFoundError(message)
    where = {"repo_id": location.repo_id, "revision": location.revision, "commit": location.commit}
    return _Kernel(where, names, lambda name: _fetch(location.repo_id, location.commit, name, client))


def _fetch(repo_id: str, commit: str, name: str, client: "Client") -> Path:
    """Download a build; of one that is not signed, only what shows that."""
    from kernels.hub import download, install, list_files

    files = list_files(repo_id, commit, client)
    build = f"build/{name}"
    if f"{build}/metadata.json.sigstore" in files:
        return install(repo_id, commit, name, client=client)[0]
    return download(repo_id, commit, [path for path in (f"{build}/metadata.json",) if path in files], client) / build


def _choose(kernel: str, names: list[str]) -> str:
    """The build for this system; a folder that is one build may have any name.

    Raises:
        NoVariantError: when there is none.
    """
    from kernels.probe import probe_system
    from kernels.resolve import VariantAccepted, explain_rejections, resolve
    from kernels.variant import parse_variant_or_none

    variants = [variant for name in names if (variant := parse_variant_or_none(name))]
    if names and not variants:
        return names[0]
    system = probe_system()
    decisions = resolve(variants, system)
    if decisions and isinstance(decisions[0], VariantAccepted):
        return decisions[0].variant.variant_str
    remedy = "Verify the builds for other systems with --all-variants"
    raise NoVariantError(explain_rejections(f"the kernel {kernel}", decisions, system, remedy))


def _verify(name: str, kernel: _Kernel, verify: "Callable[[Path], VerifiedSignature]") -> _Outcome:
    try:
        return _Outcome(name, verify(kernel.get(name)))
    except (SignatureError, IntegrityError, MetadataError, KernelNotFoundError) as error:
        return _Outcome(name, error=error)


def _ignored(arguments: argparse.Namespace) -> tuple[type[Exception], ...]:
    """The errors of builds that are to be left out."""
    filters = ((arguments.filter_unsigned, UnsignedKernelError), (arguments.filter_no_digest, NoDigestError))
    return tuple(error for is_set, error in filters if is_set)


def _describe(outcome: _Outcome) -> str:
    signature = outcome.signature
    if signature is None:
        return f"❌ {outcome.variant}: {outcome.error}"
    who = f"{signature.repository}/.github/workflows/{signature.workflow}@{signature.ref}"
    return f"✅ {outcome.variant}: signed by {who} on {signature.time:%Y-%m-%d}"


def _document(outcome: _Outcome) -> dict[str, Any]:
    signature = outcome.signature
    signer = None
    if signature is not None:
        fields = ("identity", "issuer", "repository", "workflow", "ref")
        signer = {**{name: getattr(signature, name) for name in fields}, "time": signature.time.isoformat()}
    problem = None if outcome.error is None else str(outcome.error)
    return {"variant": outcome.variant, "verified": signature is not None, "signature": signer, "problem": problem}
