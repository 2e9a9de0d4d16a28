"""Plays icpx, Intel's compiler for SYCL: notes what it is called with, and compiles for the host with g++.

It answers CMake and people as icpx does, takes the flags for devices off (there is no device code in what it makes),
and refuses what icpx does not know. Run as: python -IS icpx.py SETTINGS [argument...], where SETTINGS is a JSON file:

    version    what it says it is, such as "2025.3.2"
    record     a file that gets one JSON line for each call: its arguments
    compile    "host": with g++ and the SYCL headers; "nothing": SYCL sources become objects without contents
    sycl       the folder that has SYCL's include and lib, or null
"""

import json
import os
import re
import sys
from pathlib import Path

#: Flags for the devices; those of the second line take the next word with them.
_DEVICE = re.compile(r"-fsycl.*|-fno-sycl.*|-sycl-std=.*|-foffload-.*|--offload-.*|-fp-model=.*|-Xs.+")
_DEVICE_PAIR = re.compile(r"-Xs|-Xsycl-target-[a-z]+(=.*)?|-Xspirv-translator")
#: What clang, which icpx is, says of flags of g++ alone.
_IGNORED = "icpx: warning: optimization flag '{}' is not supported [-Wignored-optimization-argument]"
_UNKNOWN = "icpx: error: unknown argument: '{}'"
_SOURCE = re.compile(r"[^-].*\.(cc|cpp|cxx)")


def main(settings: dict[str, str], arguments: list[str]) -> None:
    """Answer, or become g++."""
    version = settings["version"]
    if arguments == ["--version"]:
        sys.stdout.write(f"Intel(R) oneAPI DPC++/C++ Compiler {version} ({version}.20260112)\n")
        sys.stdout.write("Target: x86_64-unknown-linux-gnu\nThread model: posix\n")
        return
    with Path(settings["record"]).open("a", encoding="utf-8") as record:
        record.write(json.dumps(arguments) + "\n")
    host = _host_arguments(arguments)
    if unknown := [one for one in host if one.startswith("--param=")]:
        sys.exit(_UNKNOWN.format(unknown[0]))
    if "-fno-gnu-unique" in host:
        sys.stderr.write(_IGNORED.format("-fno-gnu-unique") + "\n")
        host = [one for one in host if one != "-fno-gnu-unique"]
    if "-fsycl" in arguments:
        host = _sycl_arguments(settings, host)
    major, minor, patch = map(int, version.split("."))
    host.insert(0, f"-D__INTEL_LLVM_COMPILER={major}{minor:02}{patch:02}")
    os.execvp("g++", ["g++", *host])  # noqa: S606 - it is to become the compiler of this machine


def _host_arguments(arguments: list[str]) -> list[str]:
    """What is left without the flags for devices."""
    host: list[str] = []
    words = iter(arguments)
    for word in words:
        if _DEVICE_PAIR.fullmatch(word):
            next(words)
        elif not _DEVICE.fullmatch(word):
            host.append(word)
    return host


def _sycl_arguments(settings: dict[str, str], host: list[str]) -> list[str]:
    """With what -fsycl adds: the headers and the library."""
    if settings["compile"] == "nothing":
        return [word for one in host for word in (["-x", "c++", os.devnull] if _SOURCE.fullmatch(one) else [one])]
    sycl = Path(settings["sycl"])
    libraries = [] if "-c" in host else [f"-L{sycl / 'lib'}", "-lsycl"]
    # g++ does not take the marks of what is deprecated where SYCL's headers have them.
    defined = ["-DSYCL_LANGUAGE_VERSION=202012L", "-DSYCL2020_DISABLE_DEPRECATION_WARNINGS"]
    return [*defined, "-isystem", str(sycl / "include"), *host, *libraries]


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")), sys.argv[2:])
