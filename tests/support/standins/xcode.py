"""Plays the programs of Xcode: notes what they are called with, and does for the build what has to be done.

Run as: python -IS xcode.py SETTINGS PROGRAM [argument...], where SETTINGS is a JSON file:

    record      a file that gets one JSON line for each call: the program and its arguments
    xcode       the version of Xcode
    component   the folder that the Metal toolchain is in, or null when it is not installed
    xcrun       whether xcrun knows the Metal toolchain
    zig         a command that compiles and links C++ and Objective-C++ for macOS; or null: with g++, sources of the
                kernel become objects for this machine that have nothing in them

`metal` writes down which text it was given, and which headers that includes; `metallib` puts those notes together.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

_METAL_VERSION = "Apple metal version 32023.830 (metalfe-32023.830.2)\nTarget: air64-apple-darwin25.1.0\n"
_MISSING = (
    "error: error: cannot execute tool 'metal' due to missing Metal Toolchain; "
    "use: xcodebuild -downloadComponent MetalToolchain\n"
)
_CLANG_VERSION = "Apple clang version 17.0.0 (clang-1700.4.4.1)\nTarget: arm64-apple-darwin25.1.0\n"
#: What makes CMake, and sources, take the compiler for that of Xcode.
_APPLE_BUILD = "-D__apple_build_version__=17000404"
_APPLE = ("-D__APPLE__=1", "-D__MACH__=1", "-D__clang__=1", "-D__clang_major__=17", "-D__clang_minor__=0")
#: Flags that only Apple's tools know; those of the second line take the next word with them.
_ALONE = re.compile(r".*\.tbd|-mmacosx-version-min=.*|-bundle|-dynamiclib|-Wl,.*|-stdlib=.*|-f(no-)?objc-.*|-Werror.*")
_PAIRS = ("-arch", "-isysroot", "-framework", "-Xlinker", "-x")
#: What Apple's clang says of a flag of g++ alone.
_IGNORED = "clang: warning: optimization flag '-fno-gnu-unique' is not supported [-Wignored-optimization-argument]\n"
_SOURCE = re.compile(r"[^-].*\.(cc|cpp|cxx|mm)")


def clang(settings: dict[str, Any], arguments: list[str]) -> None:
    """Answer, or become the compiler that there is."""
    if "--version" in arguments:
        sys.stdout.write(_CLANG_VERSION)
    elif settings["zig"]:
        _zig(settings["zig"], arguments)
    else:
        _gcc(arguments)


def _zig(zig: list[str], arguments: list[str]) -> None:
    target = next((word.partition("=")[2] for word in arguments if word.startswith("-mmacosx-version-min=")), "15.0")
    kept: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in ("-arch", "-isysroot"):
            next(words)
        elif not word.startswith("-mmacosx-version-min="):
            kept.append("-shared" if word == "-bundle" else word)  # its linker makes no bundles
    command = [*zig, "-target", f"aarch64-macos.{target}", _APPLE_BUILD, *kept]
    os.execvp(command[0], command)  # noqa: S606 - it is to become the compiler


def _gcc(arguments: list[str]) -> None:
    is_objective = any(word.endswith(".mm") for word in arguments)
    kept: list[str] = ["-shared"] if "-bundle" in arguments else []
    kept += ["-x", "c++", "-D__OBJC__=1"] if is_objective else []
    if "-fno-gnu-unique" in arguments:
        sys.stderr.write(_IGNORED)
    words = iter([word for word in arguments if word != "-fno-gnu-unique"])
    for word in words:
        if word in _PAIRS:
            next(words)
        elif _SOURCE.fullmatch(word) and "CMake" not in word and not word.endswith("_metallib.cpp"):
            kept += ["-x", "c++", os.devnull]
        elif not _ALONE.fullmatch(word):
            kept.append(word)
    os.execvp("g++", ["g++", *_APPLE, "-D__clang_patchlevel__=0", _APPLE_BUILD, *kept])  # noqa: S606 - the same


def metal(settings: dict[str, Any], arguments: list[str]) -> None:
    """Write what stands for the compiled shader, and the file of dependencies."""
    del settings
    if arguments == ["--version"]:
        sys.stdout.write(_METAL_VERSION)
        return
    source, output = Path(arguments[arguments.index("-c") + 1]), arguments[arguments.index("-o") + 1]
    folders = [source.parent, *(Path(word[2:]) for word in arguments if word.startswith("-I"))]
    read = [source]
    for path in read:
        for name in re.findall(r'^\s*#\s*include\s+"(.+)"', path.read_text("utf-8"), re.MULTILINE):
            found = next((folder / name for folder in folders if (folder / name).is_file()), None)
            if found is None:
                sys.exit(f"{path}: fatal error: '{name}' file not found")
            read += [] if found in read else [found]
    Path(output).write_text("".join(path.read_text("utf-8") for path in read), "utf-8")
    dependencies = " ".join(str(path).replace(" ", "\\ ") for path in read)
    Path(arguments[arguments.index("-MF") + 1]).write_text(f"{output}: {dependencies}\n", "utf-8")


def metallib(settings: dict[str, Any], arguments: list[str]) -> None:
    """Put compiled shaders together."""
    del settings
    output = arguments.index("-o")
    airs = [*arguments[:output], *arguments[output + 2 :]]
    Path(arguments[output + 1]).write_bytes(b"MTLB" + b"".join(Path(air).read_bytes() for air in airs))


def xcrun(settings: dict[str, Any], arguments: list[str]) -> None:
    """Find or run a program of Xcode."""
    words = [word for word in arguments if word not in ("-sdk", "--sdk", "macosx")]
    if "--show-sdk-path" in words or "--show-sdk-version" in words:
        sdk = str(Path(settings["record"]).parent / "MacOSX.sdk")
        sys.stdout.write("26.1\n" if "--show-sdk-version" in words else f"{sdk}\n")
    elif words[0] in ("--find", "-f"):
        sys.stdout.write(f"{Path(settings['record']).parent / 'bin' / words[1]}\n")
    elif words[0] in ("metal", "metallib") and settings["xcrun"]:
        _PROGRAMS[words[0]](settings, words[1:])
    else:
        sys.exit(_MISSING)


def xcodebuild(settings: dict[str, Any], arguments: list[str]) -> None:
    """Say which Xcode it is, or where its Metal toolchain is."""
    if arguments[0] == "-version":
        sys.stdout.write(f"Xcode {settings['xcode']}\nBuild version 17B55\n")
    elif settings["component"]:
        sys.stdout.write("Build Version: 17B54\nStatus: installed\n")
        sys.stdout.write("Toolchain Identifier: com.apple.dt.toolchain.Metal.32023\n")
        sys.stdout.write(f"Toolchain Search Path: {settings['component']}\n")
    else:
        sys.stdout.write("Status: uninstalled\n")


def install_name_tool(settings: dict[str, Any], arguments: list[str]) -> None:
    """Only looked for."""


_PROGRAMS = {
    "c++": clang,
    "install_name_tool": install_name_tool,
    "metal": metal,
    "metallib": metallib,
    "xcodebuild": xcodebuild,
    "xcrun": xcrun,
}


def main(settings: dict[str, Any], program: str, arguments: list[str]) -> None:
    """Note the call, then do what the program does."""
    with Path(settings["record"]).open("a", encoding="utf-8") as record:
        record.write(json.dumps([program, *arguments]) + "\n")
    _PROGRAMS[program](settings, arguments)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")), sys.argv[2], sys.argv[3:])
