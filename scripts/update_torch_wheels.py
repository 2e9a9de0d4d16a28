"""Refresh builder/kernel_builder/toolchain/torches/wheels.json: Torch's wheels for Linux, and their digests.

    python scripts/update_torch_wheels.py [RELEASE…]      such as 2.13; without: the releases that it has

Asks pip, which asks the registry that it is configured for; nothing is installed. A folder of wheels that pip is told
of as well has to be left out: PIP_FIND_LINKS= PIP_CONFIG_FILE=/dev/null python scripts/….
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).parents[1] / "builder" / "kernel_builder" / "toolchain" / "torches" / "wheels.json"
_PROCESSORS = ("x86_64", "aarch64")
_PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
#: Which CUDA a wheel of the registry is for, whose version does not say it, is among what it requires.
_TOOLKIT = re.compile(r"cuda-toolkit(?:\[[^]]*\])?==(\d+)\.(\d+)\.")


def main(releases: list[str]) -> None:
    """Write the table anew."""
    document = json.loads(_TABLE.read_text("utf-8"))
    for release in releases or sorted({one["version"].rpartition(".")[0] for one in document["wheels"]}):
        wheels = [one for one in document["wheels"] if not one["version"].startswith(f"{release}.")]
        wheels += [_wheel(release, python, processor) for processor in _PROCESSORS for python in _PYTHONS]
        document["wheels"] = sorted(wheels, key=lambda one: str(one["file"]))
    _TABLE.write_text(json.dumps(document, indent=2) + "\n", "utf-8", newline="\n")


def _wheel(release: str, python: str, processor: str) -> dict[str, str]:
    one = _ask(f"torch=={release}.*", python, processor)
    url: str = one["download_info"]["url"]
    (cuda,) = {match.groups() for text in one["metadata"]["requires_dist"] if (match := _TOOLKIT.match(text))}
    wheel = {
        "file": url.rpartition("/")[2],
        "version": one["metadata"]["version"],
        "compute": f"cu{cuda[0]}{cuda[1]}",
        "python": f"cp{python.replace('.', '')}",
        "platform": f"{processor}-linux",
        "sha256": one["download_info"]["archive_info"]["hashes"]["sha256"],
    }
    print(wheel["file"], wheel["compute"])
    return wheel


def _ask(requirement: str, python: str, processor: str) -> dict[str, Any]:
    """What pip would install for a Python and a processor."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps",
            "--only-binary=:all:", "--target", folder, "--report", str(report), "--python-version", python,
            f"--platform=manylinux_2_28_{processor}", requirement,
        ]  # fmt: skip
        subprocess.run(command, check=True)  # noqa: S603 - the arguments are our own
        (one,) = json.loads(report.read_text("utf-8"))["install"]
    answer: dict[str, Any] = one
    return answer


if __name__ == "__main__":
    main(sys.argv[1:])
