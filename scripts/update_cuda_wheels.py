"""Refresh builder/kernel_builder/toolchain/cuda/wheels.json: the packages of each CUDA release and their digests.

    python scripts/update_cuda_wheels.py [RELEASE…]      such as 13.0 13.2; without: the releases that it has

Asks pip, which asks the registry that it is configured for; nothing is installed.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).parents[1] / "builder" / "kernel_builder" / "toolchain" / "cuda" / "wheels.json"
_PROCESSORS = ("x86_64", "aarch64")
#: The oldest C libraries that NVIDIA's packages name.
_TAGS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
#: The compiler, the headers for device code, and the runtime library: all that a kernel is compiled and linked with.
_PARTS = "nvcc,cccl,cudart"


def main(releases: list[str]) -> None:
    """Write the table anew."""
    document = json.loads(_TABLE.read_text("utf-8"))
    for release in releases or list(document["toolkits"]):
        document["toolkits"][release] = _toolkit(release)
        print(f"CUDA {release}: {document['toolkits'][release]['version']}")
    document["toolkits"] = dict(sorted(document["toolkits"].items(), key=lambda one: [*map(int, one[0].split("."))]))
    _TABLE.write_text(json.dumps(document, indent=2) + "\n", "utf-8", newline="\n")


def _toolkit(release: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for processor in _PROCESSORS:
        wheels = []
        for one in _ask(f"cuda-toolkit[{_PARTS}]=={release}.*", processor):
            name, version = one["metadata"]["name"], one["metadata"]["version"]
            if name == "cuda-toolkit":  # has nothing in it
                found["version"] = version
                continue
            sha256 = one["download_info"]["archive_info"]["hashes"]["sha256"]
            wheels.append({"name": name, "version": version, "sha256": sha256})
        found[processor] = sorted(wheels, key=lambda wheel: wheel["name"])
    return found


def _ask(requirement: str, processor: str) -> list[dict[str, Any]]:
    """What pip would install for a processor."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed",
            "--only-binary=:all:", "--target", folder, "--report", str(report),
            *(f"--platform={tag}_{processor}" for tag in _TAGS), requirement,
        ]  # fmt: skip
        subprocess.run(command, check=True)  # noqa: S603 - the arguments are our own
        document = json.loads(report.read_text("utf-8"))
    installs: list[dict[str, Any]] = document["install"]
    return installs


if __name__ == "__main__":
    main(sys.argv[1:])
