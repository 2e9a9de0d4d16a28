"""Refresh builder/kernel_builder/project/dependencies.json: the packages of Python that libraries are taken from.

    python scripts/update_dependencies.py [NAME…]      such as cutlass_3_8; without: all that packages are known of

Asks pip, which asks the registry that it is configured for, for the version of each library that the table wants; where
there is none, the row stays as it is. Nothing is installed. A package is looked into before its digest is written: the
copy has to be where it is expected, and of the version. A published file does not change, so that another digest than
that of the table ends the script. Archives, and versions, are kept by hand.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from kernel_builder.tree import install_text

TABLE = Path(__file__).parents[1] / "builder" / "kernel_builder" / "project" / "dependencies.json"
#: What a folder of a library is called → the package that has a copy, and the folder of that in it.
_PACKAGES = {
    "cutlass": ("nvidia-cutlass", "cutlass_library/source"),
    "sycl-tla": ("sycl-tla", "cutlass_library/source"),
}


def main() -> int:
    """Write the table anew, and say what was found."""
    document = json.loads(TABLE.read_text("utf-8"))
    known = [name for name, row in document.items() if name != "doc" and row["folder"] in _PACKAGES]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    names = parser.parse_args().names
    if unknown := sorted(set(names) - set(known)):
        parser.error(f"there is no package of {', '.join(unknown)}")
    problems = 0
    for name in names or known:
        row = document[name]
        for release in row.get("releases", {"": row}).values():
            said, is_problem = _refresh(row, release)
            print(f"{name} {release['version']}: {said}")
            problems += is_problem
    if not problems:
        install_text(TABLE, json.dumps(document, indent=2) + "\n")
    return int(bool(problems))


def _refresh(row: dict[str, Any], release: dict[str, Any]) -> tuple[str, bool]:
    """Put the package of one version first among its sources; what is to be said of it, and whether it is a problem."""
    package, root = _PACKAGES[row["folder"]]
    with tempfile.TemporaryDirectory() as folder:
        wheel = _download(f"{package}=={release['version']}.*", Path(folder))
        if wheel is None:
            return f"no {package} of this version was found", False
        if problem := _problem(wheel, root, row, release["version"]):
            return f"{wheel.name} {problem}", True
        digest = f"SHA256={hashlib.sha256(wheel.read_bytes()).hexdigest()}"
    source = {"package": f"{package}=={wheel.name.split('-')[1]}", "file": wheel.name, "digest": digest}
    source |= {"root": root, "origin": "pip"}
    packages = [one for one in release["sources"] if "package" in one]
    if any(one["file"] == wheel.name and one["digest"] != digest for one in packages):
        return f"{wheel.name} has the digest {digest}, which is not the one in the table", True
    release["sources"] = [source, *(one for one in release["sources"] if one not in packages)]
    return f"{wheel.name} {'is as it was' if source in packages else 'is new'}", False


def _download(requirement: str, folder: Path) -> Path | None:
    """The newest package that fits; `None` where pip has none."""
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps",
        "--no-cache-dir", "--only-binary=:all:", "--dest", str(folder), requirement,
    ]  # fmt: skip
    if subprocess.run(command, check=False).returncode:  # noqa: S603 - the arguments are our own
        return None
    (wheel,) = folder.glob("*.whl")
    return wheel


def _problem(wheel: Path, root: str, row: dict[str, Any], version: str) -> str | None:
    """What is wrong with the copy in a package, if anything: as CMake's code holds a copy against the table."""
    with zipfile.ZipFile(wheel) as archive:
        marker = f"{root}/{row['marker']}"
        if marker not in archive.namelist():
            return f"has no {marker}"
        text = archive.read(marker).decode()
    if "macros" in row:
        numbers = (re.search(rf"#define +{row['macros']}_{part} +(\d+)", text) for part in ("MAJOR", "MINOR"))
        found = [number[1] for number in numbers if number]
        if found != version.split(".")[:2]:
            return f"has version {'.'.join(found)}"
    return None


if __name__ == "__main__":
    sys.exit(main())
