"""Write what the flake takes from a vendor's RPM packages, for a release that nixpkgs does not have.

    python scripts/update_nix_rpms.py rocm 7.1 REPOSITORY
    python scripts/update_nix_rpms.py oneapi 2025.3 REPOSITORY

REPOSITORY is the address of a repository of RPM packages, as the vendor names it for DNF: the folder with `repodata`.
Writes nix/worlds/rpms/rocm-7.1.json: the packages that a build needs and those that they require, each with its place
in the repository and its digest. Nothing is downloaded but the index. `--package NAME` (several times) asks for other
packages than the usual ones, `--output FILE` writes elsewhere.
"""

import argparse
import gzip
import hashlib
import json
import re
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "nix" / "worlds" / "rpms"
_REPO = "{http://linux.duke.edu/metadata/repo}"
_COMMON = "{http://linux.duke.edu/metadata/common}"
_RPM = "{http://linux.duke.edu/metadata/rpm}"
#: How many seconds a server may stay silent.
_PATIENCE = 60
#: The folder that the packages of a kind fill, and those that a build for the backend needs.
_PREFIXES = {"rocm": "/opt/rocm-*", "oneapi": "/opt/intel/oneapi"}
_USUAL = {
    "rocm": """
        hip-devel hipblas-devel hipcc hipcub-devel hipsolver-devel hipsparse-devel rocm-core rocm-device-libs rocm-llvm
        rocprim-devel rocthrust-devel
    """,
    "oneapi": "intel-oneapi-compiler-dpcpp-cpp-{release} intel-oneapi-dnnl-devel",
}


@dataclass(frozen=True)
class Package:
    """One package of the index: what it is called, provides and requires, and where it lies."""

    name: str
    version: tuple[str, str]
    location: str
    sha256: str
    provides: frozenset[str]
    requires: frozenset[str]


class UpdateError(Exception):
    """The index cannot be read, or has not what is wanted."""


def main(arguments: list[str]) -> None:
    """Write the file of one release."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=sorted(_USUAL))
    parser.add_argument("release")
    parser.add_argument("repository")
    parser.add_argument("--package", action="append", metavar="NAME")
    parser.add_argument("--output", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    wanted = options.package or _USUAL[options.kind].format(release=options.release).split()
    repository = options.repository.rstrip("/")
    index = read_index(repository)
    packages = closure(index, wanted)
    document = {
        "doc": "Packages of a vendor's repository; scripts/update_nix_rpms.py writes this file.",
        "name": options.kind,
        "release": options.release,
        "repository": repository,
        "prefix": _PREFIXES[options.kind],
        "packages": {
            one.name: {"version": "-".join(one.version), "location": one.location, "sha256": one.sha256}
            for one in packages
        },
    }
    output = options.output or _FOLDER / f"{options.kind}-{options.release}.json"
    output.write_text(json.dumps(document, indent=2) + "\n", "utf-8", newline="\n")
    print(f"{output}: {len(packages)} packages")


def read_index(repository: str) -> list[Package]:
    """The packages of a repository, from its index, whose digest is checked."""
    entries = ET.fromstring(_get(f"{repository}/repodata/repomd.xml"))  # noqa: S314 - no entities are expanded
    for entry in entries.iter(f"{_REPO}data"):
        if entry.get("type") == "primary":
            location, checksum = entry.find(f"{_REPO}location"), entry.find(f"{_REPO}checksum")
            if location is None or checksum is None or checksum.get("type") != "sha256":
                break
            data = _get(f"{repository}/{location.get('href')}")
            if hashlib.sha256(data).hexdigest() != (checksum.text or "").strip():
                message = f"{location.get('href')} is not what repomd.xml says: its digest is another one"
                raise UpdateError(message)
            text = _unpack(data, str(location.get("href")))
            return [_package(one) for one in ET.fromstring(text).iter(f"{_COMMON}package")]  # noqa: S314 - as above
    message = f"{repository}/repodata/repomd.xml names no index of packages with a sha256"
    raise UpdateError(message)


def closure(index: list[Package], wanted: list[str]) -> list[Package]:
    """The wanted packages and what they require of the same repository, the newest of each name, sorted by name."""
    newest: dict[str, Package] = {}
    for package in index:
        if package.name not in newest or _order(package.version) > _order(newest[package.name].version):
            newest[package.name] = package
    providers: dict[str, str] = {}
    for package in newest.values():
        for name in sorted(package.provides):
            providers.setdefault(name, package.name)
    if missing := sorted(name for name in wanted if name not in newest):
        message = f"the repository has no package {', '.join(missing)}; name others with --package"
        raise UpdateError(message)
    taken: dict[str, Package] = {}
    waiting = list(wanted)
    while waiting:
        package = newest[waiting.pop()]
        if package.name not in taken:
            taken[package.name] = package
            # What no package of the vendor provides is the system's.
            waiting += [providers[name] for name in package.requires if name in providers]
    return [taken[name] for name in sorted(taken)]


def _package(entry: ET.Element) -> Package:
    version, location, checksum = (entry.find(_COMMON + name) for name in ("version", "location", "checksum"))
    if version is None or location is None or checksum is None or checksum.get("type") != "sha256":
        message = f"the index lacks the version, the place or the sha256 of {entry.findtext(_COMMON + 'name')}"
        raise UpdateError(message)
    return Package(
        name=entry.findtext(_COMMON + "name", ""),
        version=(version.get("ver", ""), version.get("rel", "")),
        location=location.get("href", ""),
        sha256=(checksum.text or "").strip(),
        provides=_names(entry, "provides"),
        requires=_names(entry, "requires"),
    )


def _unpack(data: bytes, name: str) -> bytes:
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data)
    if not data.lstrip().startswith(b"<"):
        message = f"{name} is packed in a way that this script does not read; it reads gzip"
        raise UpdateError(message)
    return data


def _names(entry: ET.Element, kind: str) -> frozenset[str]:
    found = entry.find(f"{_COMMON}format/{_RPM}{kind}")
    return frozenset(one.get("name", "") for one in (found if found is not None else ()))


def _order(version: tuple[str, str]) -> list[tuple[int, int, str]]:
    """Numbers by their value, and after words, as RPM has it."""
    parts = re.findall(r"\d+|[a-zA-Z]+", "-".join(version))
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]


def _get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:  # noqa: S310 - the address is the user's
            data: bytes = answer.read()
    except (OSError, ValueError) as error:
        message = f"{url} cannot be read: {error}"
        raise UpdateError(message) from error
    return data


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (UpdateError, ET.ParseError) as error:
        sys.exit(f"update_nix_rpms.py: {error}")
