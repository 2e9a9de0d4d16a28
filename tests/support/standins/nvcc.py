"""Plays nvcc: notes what it is called with, and lets the nvcc of this machine compile for the devices that it knows.

Run as: python -IS nvcc.py SETTINGS [argument...], where SETTINGS is a JSON file:

    version    what it says it is, such as "12.6.85"
    record     a file that gets one JSON line for each call: its arguments
    root       the folder of its toolkit
    real       that of the toolkit whose nvcc does the work
    unknown    the devices that this one does not know, such as "70"; nothing is compiled for them

CMake asks the host's compiler which version the nvcc has that calls it. While it asks, this program is that compiler,
as SETTINGS --host COMPILER [argument...].
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

#: What nvcc tells the host's compiler about itself, by the place of the number in its version.
_MACROS = ("MAJOR", "MINOR", "BUILD")


def main(settings: dict[str, Any], arguments: list[str]) -> None:
    """Answer, after the other compiler did the work."""
    version = settings["version"]
    if arguments[0] == "--host":
        words = [_told(version, word) for word in arguments[1:]]
        os.execvp(words[0], words)  # noqa: S606 - it is to become the compiler of this machine
    if arguments == ["--version"]:
        release = ".".join(version.split(".")[:2])
        sys.stdout.write(
            f"nvcc: NVIDIA (R) Cuda compiler driver\nCuda compilation tools, release {release}, V{version}\n"
        )
        return
    with Path(settings["record"]).open("a", encoding="utf-8") as record:
        record.write(json.dumps(arguments) + "\n")
    unknown = [f"arch=compute_{arch}," for arch in settings["unknown"]]
    kept = [word for word in arguments if not any(one in word for one in unknown)]
    compiler = next((word.partition("=")[2] for word in kept if word.startswith("-ccbin=")), "")
    wrapper = f"{settings['root']}/host"
    if "CMakeCUDACompilerId.cu" in kept:
        kept = [f"-ccbin={wrapper}" if word.startswith("-ccbin=") else word for word in kept]
    done = subprocess.run(
        [f"{settings['real']}/bin/nvcc", *kept],
        env={**os.environ, "HOST_COMPILER": compiler},
        capture_output=True,
        text=True,
        check=False,
    )
    # It says where it and the other compiler are, and CMake goes there.
    for stream, text in ((sys.stdout, done.stdout), (sys.stderr, done.stderr)):
        stream.write(text.replace(wrapper, compiler).replace(settings["real"], settings["root"]))
    sys.exit(done.returncode)


def _told(version: str, word: str) -> str:
    """What nvcc tells about its version, with another one."""
    match = re.fullmatch(r"-D__CUDACC_VER_(\w+)__=.*", word)
    return f"-D__CUDACC_VER_{match[1]}__={version.split('.')[_MACROS.index(match[1])]}" if match else word


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")), sys.argv[2:])
