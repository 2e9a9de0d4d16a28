"""Finished builds: where they are, and whether their digests are right."""

import json
from pathlib import Path

from kernel_builder.errors import TargetError
from kernel_builder.tree import install_text
from kernels.digest import digest_mismatches, digest_tree
from kernels.metadata import read_metadata
from kernels.variant import parse_variant_or_none

__all__ = ["check_digest", "find_builds", "write_digest"]


def find_builds(folder: Path) -> list[Path]:
    """The builds of a project, of a folder of variants, or the one build that the folder is; by name.

    Raises:
        TargetError: when there is none.
    """
    if (folder / "metadata.json").is_file():
        return [folder]
    for base in (folder / "build", folder):
        entries = sorted(base.iterdir()) if base.is_dir() else []
        if found := [path for path in entries if parse_variant_or_none(path.name) is not None and path.is_dir()]:
            return found
    message = f"{folder} holds no builds"
    raise TargetError(message, hint="Make them with `kernel-builder build`.")


def check_digest(tree: Path) -> list[str]:
    """Compare the files of a build with its digest; one sentence for each that is missing, changed or not listed.

    Raises:
        kernels.errors.KernelsError: when the build has no metadata that can be read.
        OSError: when a file cannot be read, or a folder is a link.
    """
    digest = read_metadata(tree).digest
    return ["metadata.json has no digest"] if digest is None else digest_mismatches(tree, digest)


def write_digest(tree: Path) -> bool:
    """Write the digest of a build's files into its metadata, of which everything else stays as it is.

    Returns:
        Whether it was another; if not, nothing is written.

    Raises:
        kernels.errors.KernelsError: when the build has no metadata that can be read.
        OSError: when a file cannot be read or written, or a folder is a link.
    """
    old = read_metadata(tree).digest
    new = digest_tree(tree) if old is None else digest_tree(tree, old.algorithm)
    if new == old:
        return False
    path = tree / "metadata.json"
    document = json.loads(path.read_text("utf-8"))
    document["digest"] = {"algorithm": new.algorithm, "files": new.files}
    install_text(path, json.dumps(document, indent=2) + "\n")
    return True
