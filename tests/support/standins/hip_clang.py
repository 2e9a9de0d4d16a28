"""Plays ROCm's clang: notes what it is called with, and lets another clang compile for one of the devices.

Run as: python -IS hip_clang.py SETTINGS [argument...], where SETTINGS is a JSON file:

    version    what it says it is, such as "20.0.0"
    rocm       the folder of the ROCm that it says it found
    archs      the devices that it says it knows
    record     a file that gets one JSON line for each call: its arguments
    clang      the compiler that does the work, or null: then nothing is compiled
    arch       the device that this one compiles for
"""

import json
import os
import sys
from pathlib import Path
from typing import Any


def main(program: str, settings: dict[str, Any], arguments: list[str]) -> None:
    """Answer, or become the other compiler."""
    if arguments == ["--version"]:
        sys.stdout.write(f"AMD clang version {settings['version']}git (https://example.org/llvm 1)\n")
        sys.stdout.write(f"Target: x86_64-unknown-linux-gnu\nInstalledDir: {Path(program).parent}\n")
        return
    if "-print-targets" in arguments:
        sys.stderr.write(f"Found HIP installation: {settings['rocm']}, version 1.0.0\n")
        return
    if "--print-supported-cpus" in arguments:
        sys.stderr.write("Available CPUs for this target:\n\n" + "".join(f"\t{arch}\n" for arch in settings["archs"]))
        return
    with Path(settings["record"]).open("a", encoding="utf-8") as record:
        record.write(json.dumps(arguments) + "\n")
    if settings["clang"] is None:
        sys.exit("hip_clang: nothing can be compiled here")
    others = [f"--offload-arch={arch}" for arch in settings["archs"] if arch != settings["arch"]]
    kept = [word for word in arguments if word not in others]
    os.execv(settings["clang"], [settings["clang"], *kept])  # noqa: S606 - it is to become the compiler that does the work


if __name__ == "__main__":
    main(sys.argv[1], json.loads(Path(sys.argv[1]).with_name("stand-in.json").read_text("utf-8")), sys.argv[2:])
