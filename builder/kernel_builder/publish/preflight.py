"""Whether a release may be published: everything that speaks against it, found before anything is sent."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from kernel_builder.checks.digest import SIGNATURE, check_digest
from kernel_builder.checks.findings import Finding
from kernel_builder.config.model import KernelConfig
from kernel_builder.publish.front_matter import check_front_matter
from kernel_builder.publish.model import Change, Release
from kernel_builder.publish.plan import build_of
from kernel_builder.publish.upload import BranchState
from kernels.metadata import Metadata

__all__ = ["PreflightOptions", "preflight"]

_NIX = "nix"
_COMMIT = (
    "Commit the sources and build again: `git add -A && git commit`. `kernel-builder init` leaves the first commit to "
    "you, so that it is yours; --allow-dirty publishes what nobody can build again."
)
#: What the checks say of a build that need not be said of what is published of it: bytecode is left out, and that
#: checks were left out is an error here.
_SAID = (("layout", "bytecode", "warning"), ("metadata", "skipped-checks", "note"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightOptions:
    """What is let through.

    Attributes:
        allow_dirty: builds of sources that are not committed.
        verify: run the checks of builds again; that of the digest runs always.
        require_nix: refuse what was not built by Nix.
        allow_removal: a version branch may lose builds.
    """

    allow_dirty: bool = False
    verify: bool = True
    require_nix: bool = False
    allow_removal: bool = False


def preflight(
    release: Release,
    config: KernelConfig | None,
    options: PreflightOptions,
    states: Sequence[BranchState] = (),
) -> tuple[Finding, ...]:
    """Look for what speaks against a release; an error refuses it.

    What must not leave, a digest that is not that of the files, and where a build comes from are looked at whatever the
    options say, except that sources need not be committed with `allow_dirty`.

    Args:
        release: what is to be published.
        config: what the project's `build.toml` says, where it has one.
        options: what is let through.
        states: the branches as they are, and what is to become of them.

    Returns:
        Errors, warnings and notes: of what was gathered, of the builds together, of each, of the card, and of the
        branches. Files are named as in the repository.
    """
    return (
        *release.findings,
        *_agreement(release, config),
        *(finding for name, metadata in release.metadata.items() for finding in _provenance(name, metadata, options)),
        *(finding for name, tree in release.builds.items() for finding in _signature(name, tree)),
        *_checks(release, config, options),
        *_card(release, config),
        *(finding for state in states for finding in _removals(state, options)),
        *_matrix(release, config, states),
    )


# Together


def _agreement(release: Release, config: KernelConfig | None) -> Iterator[Finding]:
    """All builds are of one kernel, of one version, and name themselves in the same way."""
    yield from _disagreement(
        "version",
        "the version",
        {name: str(metadata.version) for name, metadata in release.metadata.items()},
        "Build the variants again that are of another version, or remove them.",
    )
    yield from _disagreement(
        "name",
        "the name of the kernel",
        {name: metadata.name for name, metadata in release.metadata.items()},
        "Remove the builds of other kernels.",
    )
    yield from _disagreement(
        "id-scheme",
        "the form of their ids",
        {name: _scheme(metadata) for name, metadata in release.metadata.items()},
        "Build all variants again with the same kernel-builder.",
    )
    yield from _disagreement(
        "commit",
        "the commit that they were built from",
        {name: commit for name, metadata in release.metadata.items() if (commit := _kernel(metadata).get("commit"))},
        "Build all of them from one commit, or make sure that they offer the same functions.",
        severity="warning",
    )
    if config is not None and release.version != config.general.version:
        message = f"says version {config.general.version}, and the builds are of version {release.version}"
        yield _finding(
            "old-version", message, "build.toml", "Build them again, or restore the version.", severity="warning"
        )


def _disagreement(
    code: str, what: str, values: Mapping[str, str], remedy: str, *, severity: str = "error"
) -> Iterator[Finding]:
    groups: dict[str, list[str]] = {}
    for name, value in values.items():
        groups.setdefault(value, []).append(name)
    if len(groups) > 1:
        parts = "; ".join(f"{value}: {', '.join(names)}" for value, names in sorted(groups.items()))
        yield _finding(code, f"the builds disagree on {what} ({parts})", "build", remedy, severity=severity)


def _scheme(metadata: Metadata) -> str:
    """The form of an id; builders up to now have had these two."""
    name, backend = re.escape(metadata.python_name), re.escape(metadata.backend.type)
    for form, pattern in (
        ("_NAME_BACKEND_UNIQUE", rf"_{name}_{backend}_[0-9a-z]+(_dirty)?"),
        ("_NAME_UNIQUE", rf"_{name}_[0-9a-z]+(_dirty)?"),
    ):
        if re.fullmatch(pattern, metadata.id):
            return form
    return "another form"


# Each


def _kernel(metadata: Metadata) -> Mapping[str, Any]:
    """What a build says of its sources: `commit`, which other builders call `sha`, and `dirty`; or nothing."""
    kernel = (metadata.provenance or {}).get("kernel")
    if not isinstance(kernel, dict):
        return {}
    return {"commit": kernel.get("commit", kernel.get("sha")), "dirty": kernel.get("dirty")}


def _provenance(name: str, metadata: Metadata, options: PreflightOptions) -> Iterator[Finding]:
    file, kernel, record = f"build/{name}/metadata.json", _kernel(metadata), metadata.provenance or {}
    severity = "warning" if options.allow_dirty else "error"
    if not kernel.get("commit"):
        message = "says of no commit that the build was made from it"
        yield _finding("unknown-provenance", message, file, _COMMIT, severity=severity)
    elif kernel["dirty"] is not False:
        message = f"says that the sources differed from the commit {kernel['commit']} when the build was made"
        yield _finding("dirty", message, file, _COMMIT, severity=severity)
    driver = record.get("driver")
    if skipped := record.get("skipped-checks"):
        names = ", ".join(map(str, skipped)) if isinstance(skipped, list) else str(skipped)
        message = f"says that the build was made without these checks: {names}"
        remedy = "Build it again without --no-checks: the Hub has only builds that pass every check."
        yield _finding("skipped-checks", message, file, remedy)
    if options.require_nix and driver != _NIX:
        message = f"says that {f'the {driver} driver' if driver else 'no driver'} made the build, and Nix is required"
        remedy = "Build it with `kernel-builder build --driver nix`, or leave --require-nix out."
        yield _finding("not-nix", message, file, remedy)


def _signature(name: str, tree: Path) -> Iterator[Finding]:
    """A signature is of the metadata that lies beside it; of another one, every loader would refuse the build."""
    path = tree / SIGNATURE
    if not path.is_file():
        return
    digest = base64.b64encode(sha256((tree / "metadata.json").read_bytes()).digest()).decode()
    try:
        signed = json.loads(path.read_bytes())["messageSignature"]["messageDigest"]["digest"]
    except (ValueError, LookupError, TypeError):
        signed = None
    if signed != digest:
        message = "is no signature of the metadata.json beside it"
        remedy = "Sign the build again with `kernel-builder sign`, or remove the file."
        yield _finding("old-signature", message, f"build/{name}/{SIGNATURE}", remedy)


def _checks(release: Release, config: KernelConfig | None, options: PreflightOptions) -> Iterator[Finding]:
    refused = [finding.file for finding in release.findings if finding.check == "contents"]
    not_loaded: list[str] = []
    for name, tree in release.builds.items():
        found = _check(tree, release.metadata[name], config, verify=options.verify)
        for finding in found:
            file = f"build/{name}/{finding.file}".rstrip("/")
            if finding.code == "not-loaded":
                not_loaded += [name] if all(one.severity != "error" for one in found) else []
            elif (finding.check, finding.code, finding.severity) not in _SAID and not _is_within(file, refused):
                yield replace(finding, file=file)
    if not options.verify:
        message = "the layout, the ABI and the rest of the builds were not checked"
        yield _finding("not-verified", message, "", "Leave --no-verify out.", severity="warning")
    if not_loaded:
        message = f"these builds were checked but not loaded, as this machine cannot: {', '.join(not_loaded)}"
        remedy = "Load them where they can run: `kernel-builder check-builds`."
        yield _finding("not-loaded", message, "build", remedy, severity="note")


def _check(tree: Path, metadata: Metadata, config: KernelConfig | None, *, verify: bool) -> list[Finding]:
    if verify:
        from kernel_builder.checks.here import check_here

        return check_here(tree, config)
    return check_digest(tree, metadata)


def _is_within(path: str, refused: Iterable[str]) -> bool:
    """Whether a file, or a folder that it is in, is refused already: what else is wrong with it does not matter."""
    return any(path == one or path.startswith(f"{one}/") for one in refused)


def _card(release: Release, config: KernelConfig | None) -> Iterator[Finding]:
    """The card begins with YAML that the Hub accepts, and names the repository."""
    if release.card is None:
        return
    text = release.card.source.read_text("utf-8", "replace")
    yield from check_front_matter(text)
    if config is not None and config.general.hub.repo_id is None and f"OWNER/{config.general.name}" in text:
        message = f"names the repository OWNER/{config.general.name}, so that its example does not run"
        remedy = 'Add `repo-id = "OWNER/NAME"` to [general.hub] of build.toml, and build again.'
        yield _finding("card-repository", message, "README.md", remedy, severity="warning")


# On the branch


def _lost_and_kept(state: BranchState) -> tuple[list[str], list[str]]:
    """The builds that a branch has and will not have, and those that stay as they are."""
    planned = {file.path: file.change for file in state.plan.files}
    there = {name for file in state.remote if (name := build_of(file.path)) is not None}
    stays = {
        name
        for file in state.remote
        if (name := build_of(file.path)) is not None and planned.get(file.path) is not Change.STALE
    }
    ours = {build_of(path) for path, change in planned.items() if change is not Change.STALE}
    return sorted(there - stays - ours), sorted(stays - ours)


def _removals(state: BranchState, options: PreflightOptions) -> Iterator[Finding]:
    """A version never loses builds for older versions of Torch (reference page 'Quickstart')."""
    if state.plan.head is None:
        return  # what a new branch starts with was never on it
    lost, kept = _lost_and_kept(state)
    branch = state.plan.branch
    if lost:
        message = f"the branch {branch} loses {', '.join(lost)}, and who loads the kernel with them is left without"
        remedy = (
            "Raise `version` in build.toml and build again: a version never loses builds; "
            "--allow-removal removes them nevertheless."
        )
        severity = "warning" if options.allow_removal else "error"
        yield _finding("lost-variants", message, "build", remedy, severity=severity)
    if kept and branch != "main":
        message = f"the branch {branch} keeps {', '.join(kept)}, which this release does not have"
        remedy = "If the functions of the kernel have changed, raise `version` in build.toml: a version has one API."
        yield _finding("kept-variants", message, "build", remedy, severity="note")


def _matrix(release: Release, config: KernelConfig | None, states: Iterable[BranchState]) -> Iterator[Finding]:
    """The builds that compliant kernels have, and neither the release nor its branch has."""
    if config is None:
        return
    from kernel_builder.checks.builds import foreign_builds
    from kernel_builder.checks.matrix import check_matrix, coverage
    from kernel_builder.matrix import load_matrix

    kept = {name for state in states if state.plan.head is not None for name in _lost_and_kept(state)[1]}
    places: set[Path] = {tree.parent for tree in release.builds.values()}
    foreign = [path.name for place in sorted(places) for path in foreign_builds(place, config)]
    for finding in check_matrix(coverage(config, load_matrix(), {*release.builds, *kept}), foreign):
        yield replace(finding, file=f"build/{finding.file}") if finding.file else finding


def _finding(code: str, message: str, file: str, remedy: str, *, severity: str = "error") -> Finding:
    return Finding(check="upload", code=code, message=message, file=file, remedy=remedy, severity=severity)
