"""Finds what a kernel project publishes: its builds, its benchmarks and its card."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.checks.builds import variants_in
from kernel_builder.checks.findings import Finding
from kernel_builder.checks.listing import listing
from kernel_builder.config.model import KernelConfig
from kernel_builder.errors import CardError, PublishError
from kernel_builder.publish.card import fill_card
from kernel_builder.publish.contents import Gathered, gather_file, gather_tree
from kernel_builder.publish.model import Release
from kernel_builder.tree import check_places, install_text
from kernels.errors import KernelsError
from kernels.metadata import Metadata, read_metadata
from kernels.variant import parse_variant_or_none

__all__ = ["find_release"]

#: Where builds are looked for, in this order: drivers write to the first, and `nix build` links the second.
_PLACES = ("build", "result", ".")
_CARD = "CARD.md"
_NOTHING = Gathered(files=(), findings=())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Where builds are.

    Attributes:
        place: the folder that has the card beside them.
        trees: the builds, by name.
        others: other folders with builds, which are not taken.
    """

    place: Path
    trees: tuple[Path, ...]
    others: tuple[Path, ...] = ()


def find_release(folder: Path, config: KernelConfig | None = None, *, build_dir: Path | None = None) -> Release:
    """Gather what is to be published, and read every file of it.

    The builds are those of `build/`, else of `result/`, else of the folder itself. An older link `result` of Nix does
    not stand before a newer `build/`; a note says that it is there. The scripts are `benchmarks/benchmark*.py`. The
    card is the one that the build has filled and put beside the builds; where there is none, it is filled now, into the
    work folder of the project.

    Args:
        folder: that of the project, of the builds, or of one build.
        config: what the project's `build.toml` says, where it has one.
        build_dir: the folder of the builds, where it is elsewhere.

    Returns:
        The release, with every fault that was found in it as a finding. When the builds disagree on the version, it is
        the highest one.

    Raises:
        PublishError: when there is no build, or none whose metadata can be read.
        CardError: when there is no filled card, and the template cannot be filled.
    """
    found = _find_builds(folder) if build_dir is None else _builds_in(build_dir)
    if found is None:
        raise _no_builds(folder, build_dir)
    metadata, findings = _read(found.trees)
    if not metadata:
        lines = "\n".join(f"  {line}" for line in listing(findings))
        message = f"{found.place} has no build whose metadata can be read:\n{lines}"
        raise PublishError(message, findings=findings)
    builds = {tree.name: tree for tree in found.trees if tree.name in metadata}
    trees = [gather_tree(tree, f"build/{name}") for name, tree in builds.items()]
    benchmarks, has_benchmarks = _benchmarks(folder)
    card, notes = _card(folder, found, config)
    return Release(
        builds=builds,
        metadata=metadata,
        version=max(one.version for one in metadata.values()),
        files=tuple(file for part in (*benchmarks, *trees) for file in part.files),
        card=next(iter(card.files), None),
        has_benchmarks=has_benchmarks,
        findings=(
            *(_unused(other, found.place) for other in found.others),
            *findings,
            *(finding for part in (*benchmarks, *trees, card) for finding in part.findings),
            *notes,
        ),
    )


def _find_builds(folder: Path) -> _Found | None:
    found = [one for name in _PLACES if (one := _builds_in(folder / name)) is not None]
    if not found:
        return None
    first, *others = found
    return _Found(place=first.place, trees=first.trees, others=tuple(other.place for other in others))


def _builds_in(place: Path) -> _Found | None:
    """The builds in a folder, or the one that it is: what has the name of a variant, or metadata."""
    if not place.is_dir():
        return None
    if (place / "metadata.json").is_file() and parse_variant_or_none(place.name) is not None:
        return _Found(place=place.parent, trees=(place,))
    trees = tuple(path for path in sorted(place.iterdir()) if path.is_dir() and _is_build(path))
    return _Found(place=place, trees=trees) if trees else None


def _is_build(path: Path) -> bool:
    if path.name.startswith("."):
        return False  # a build that is being made
    return parse_variant_or_none(path.name) is not None or (path / "metadata.json").is_file()


def _no_builds(folder: Path, build_dir: Path | None) -> PublishError:
    if build_dir is not None:
        where = f"{build_dir} has no builds"
    else:
        where = f"there are no builds in {folder / 'build'}, {folder / 'result'} or {folder} itself"
    message = f"{where}: no folder in it has the name of a variant"
    hint = "Make them with `kernel-builder build`, or name their folder with --build-dir."
    finding = _finding("no-variants", message, str(build_dir or folder), hint)
    return PublishError(message, findings=(finding,), hint=hint)


def _read(trees: tuple[Path, ...]) -> tuple[dict[str, Metadata], list[Finding]]:
    metadata: dict[str, Metadata] = {}
    findings: list[Finding] = []
    for tree in trees:
        file = f"build/{tree.name}/metadata.json"
        if parse_variant_or_none(tree.name) is None:
            remedy = f"Give {tree} the name of the variant that it holds, or remove it."
            findings.append(_finding("variant-name", "is no name of a variant", f"build/{tree.name}", remedy))
        try:
            metadata[tree.name] = read_metadata(tree)
        except KernelsError as error:
            remedy = f"Build {tree.name} again, or remove {tree}."
            findings.append(_finding("metadata", f"cannot be used: {error}", file, remedy))
    return metadata, findings


def _benchmarks(folder: Path) -> tuple[list[Gathered], bool]:
    """The scripts that `kernels benchmark` runs, and whether there is a folder for them."""
    place = folder / "benchmarks"
    if not place.is_dir():
        return [], False
    scripts = (path for path in sorted(place.glob("benchmark*.py")) if path.is_file() or path.is_symlink())
    return [gather_file(path, f"benchmarks/{path.name}", folder) for path in scripts], True


def _card(folder: Path, found: _Found, config: KernelConfig | None) -> tuple[Gathered, list[Finding]]:
    """The card, and what is to be said of it."""
    beside = found.place / _CARD
    variants = variants_in(found.place)
    if beside.is_file():
        card = gather_file(beside, "README.md", found.place)
        return card, list(_outdated(beside, folder, config, variants)) if card.files else []
    text = fill_card(folder, config, variants) if config is not None else None
    if text is None:
        message = "there is no card for the main branch; what is there stays"
        remedy = "Write a CARD.md, as `kernel-builder init` makes one, and build again."
        return _NOTHING, [_finding("no-card", message, "", remedy, severity="note")]
    work_dir = folder / ".kernel-builder"
    check_places(work_dir)
    work_dir.mkdir(exist_ok=True)
    install_text(work_dir / ".gitignore", "*\n")
    install_text(work_dir / _CARD, text)
    return gather_file(work_dir / _CARD, "README.md", work_dir), []


def _outdated(beside: Path, folder: Path, config: KernelConfig | None, variants: list[str]) -> Iterator[Finding]:
    """A warning if the card of the build is no longer what the project gives."""
    try:
        text = fill_card(folder, config, variants) if config is not None else None
    except CardError:
        return  # what the build has filled is there
    if text is not None and text.encode() != beside.read_bytes():
        message = f"{beside} is not what the card of the project gives by now"
        remedy = f"Fill it again with `kernel-builder fill-card {folder} {beside}`, or build again."
        yield _finding("old-card", message, "README.md", remedy, severity="warning")


def _unused(other: Path, place: Path) -> Finding:
    message = f"has builds too, which are not published: those of {place} are"
    return _finding("other-builds", message, str(other), "Name it with --build-dir if it is meant.", severity="note")


def _finding(code: str, message: str, file: str, remedy: str, *, severity: str = "error") -> Finding:
    return Finding(check="upload", code=code, message=message, file=file, remedy=remedy, severity=severity)
