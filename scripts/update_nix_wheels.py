"""Refresh nix/worlds/wheels.json: the wheels that Nix builds kernels against, each with the digest of its file.

    python scripts/update_nix_wheels.py [--index COMPUTE=ADDRESS]…

Asks pip, for each row of the build matrix, and for each Python that nixpkgs may have: the registry for Torch on macOS
and for tvm-ffi, and an index of Torch's publisher for each thing that a row computes on (`cpu`, `cu126`, `rocm71`,
`xpu20260`) and that an index is named for. Torch's wheels for Linux that are in the registry are in the table of
scripts/update_torch_wheels.py. What is not asked for stays as it is; what cannot be had is said, and the script
ends with 1.

pip must not be told of folders of wheels: PIP_FIND_LINKS= PIP_CONFIG_FILE=/dev/null python scripts/….
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kernel_builder.matrix import load_matrix
from kernels.variant import Platform

TABLE = Path(__file__).parents[1] / "nix" / "worlds" / "wheels.json"

_PYTHONS = ("3.11", "3.12", "3.13")
#: The oldest macOS that Torch's wheels are for, and the glibc of the newest policy that ours keep to.
_MACOS, _GLIBC = 14, 28
_FIRST_GLIBC = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A wheel to ask for.

    Attributes:
        pname: the name of the package.
        release: major and minor version.
        compute: what it computes on, as the names of variants have it.
        python: the version of Python.
        platform: the system.
        index: the address of the index that has it; without, the registry.
    """

    pname: str
    release: str
    compute: str
    python: str
    platform: Platform
    index: str = ""

    @property
    def tags(self) -> list[str]:
        """The platforms whose wheels work on the system, the newest first."""
        if self.platform.os == "darwin":
            return [f"macosx_{_MACOS}_0_arm64"]
        return [f"manylinux_2_{minor}_{self.platform.cpu}" for minor in range(_GLIBC, _FIRST_GLIBC - 1, -1)]


def main() -> int:
    """Write the table anew; 1 where a wheel could not be had."""
    parser = argparse.ArgumentParser(description="Refresh the wheels that Nix builds kernels against.")
    parser.add_argument("--index", action="append", default=[], metavar="COMPUTE=ADDRESS")
    indexes = dict(one.split("=", 1) for one in parser.parse_args().index)
    document = json.loads(TABLE.read_text("utf-8"))
    wheels = {_key(one): one for one in document["wheels"]}
    is_whole = True
    for wanted in dict.fromkeys(_wanted(indexes)):
        try:
            wheel = _wheel(wanted)
        except LookupError as error:
            is_whole = False
            sys.stderr.write(f"{wanted.pname} {wanted.release} for {wanted.compute}: {error}\n")
            continue
        wheels[_key(wheel)] = wheel
        sys.stdout.write(f"{wheel['file']}\n")
    document["wheels"] = [wheels[key] for key in sorted(wheels)]
    TABLE.write_text(json.dumps(document, indent=2) + "\n", "utf-8", newline="\n")
    return int(not is_whole)


def _key(wheel: dict[str, str]) -> tuple[str, ...]:
    """What there is one wheel of."""
    release = ".".join(wheel["version"].split(".")[:2])
    return (wheel["pname"], release, wheel["compute"], wheel["system"], wheel["python"])


def _wanted(indexes: dict[str, str]) -> Iterator[Wanted]:
    for row in load_matrix().rows:
        if row.compute.backend not in ("cpu", "cuda", "metal", "rocm", "xpu"):
            continue
        compute = "cpu" if row.compute.backend == "metal" else row.compute.tag
        is_mac = row.platform.os == "darwin"
        asked = (
            [("torch", row.torch, compute, "" if is_mac else indexes[compute])] if is_mac or compute in indexes else []
        )
        asked += [("apache-tvm-ffi", row.tvm_ffi, "cpu", "")] if row.tvm_ffi else []
        for pname, release, what, index in asked:
            for python in _PYTHONS:
                one = Wanted(pname=pname, release=str(release), compute=what, python=python, platform=row.platform)
                yield replace(one, index=index)


def _wheel(wanted: Wanted) -> dict[str, str]:
    """The entry of a wheel; LookupError says why there is none."""
    found = _ask(wanted)
    download = found["download_info"]
    file = download["url"].partition("#")[0].rpartition("/")[2].replace("%2B", "+")
    digest = download["archive_info"].get("hashes", {}).get("sha256")
    if digest is None:
        message = f"the index does not say the digest of {file}"
        raise LookupError(message)
    wheel = {
        "pname": wanted.pname,
        "version": found["metadata"]["version"],
        "compute": wanted.compute,
        "python": f"cp{wanted.python.replace('.', '')}",
        "system": f"{wanted.platform.cpu}-{wanted.platform.os}",
        "file": file,
        "sha256": digest,
    }
    # Where a wheel lies in the registry, nixpkgs knows by its name.
    return {**wheel, "url": download["url"].partition("#")[0]} if wanted.index else wheel


def _ask(wanted: Wanted) -> dict[str, Any]:
    """What pip would install; LookupError when it finds nothing."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ["--quiet", "--dry-run", "--ignore-installed", "--no-deps", "--only-binary=:all:", "--target", folder]
        options += [f"--platform={tag}" for tag in wanted.tags]
        options += ["--python-version", wanted.python, "--report", str(report)]
        options += ["--index-url", wanted.index] if wanted.index else []
        command = [sys.executable, "-m", "pip", "install", *options, f"{wanted.pname}=={wanted.release}.*"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise LookupError(errors[-1] if errors else f"pip ended with status {done.returncode}")
        (one,) = json.loads(report.read_text("utf-8"))["install"]
    answer: dict[str, Any] = one
    return answer


if __name__ == "__main__":
    sys.exit(main())
