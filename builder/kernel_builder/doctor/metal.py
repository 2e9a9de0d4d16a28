"""Metal: Xcode, its SDK for macOS, and the Metal toolchain, a component of its own. Only on macOS."""

import os
import re
import shutil
from pathlib import Path

from kernel_builder.doctor.ask import ask
from kernel_builder.doctor.here import Here
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, uses
from kernel_builder.doctor.packages import as_root
from kernel_builder.doctor.programs import Program, diagnose_program
from kernel_builder.toolchain.metal import DOWNLOAD_TOOLCHAIN, METAL_VERSION
from kernels.backend import MajorMinor

__all__ = ["examine_metal"]

_TOPIC = "Metal"
_BUILD = (*uses("local", "metal"), *uses("nix", "metal"))
#: The reference documents ask for Xcode 26; from it on, the Metal toolchain is a separate download.
_FIRST_XCODE = MajorMinor(26, 0)


def examine_metal(here: Here) -> list[Diagnosis]:
    """Xcode, its SDK and the Metal toolchain; for other systems a single answer."""
    question = Question(id="xcode", topic=_TOPIC, text="Xcode", needed_for=_BUILD)
    if here.platform.os != "darwin":
        return [question.elsewhere("Metal kernels are built and loaded on macOS")]
    choose = Remedy(
        step="Install Xcode 26 or later from the App Store, then choose it:",
        commands=(as_root("xcode-select -s /Applications/Xcode.app/Contents/Developer"),),
    )
    path = shutil.which("xcodebuild")
    if path is None:
        return [question.no("xcodebuild was not found", choose)]
    found, version = diagnose_program(
        question, Program(path=Path(path), pattern=r"Xcode (\d+\.\d+[\w.]*)", arguments=("-version",)), choose
    )
    if version is None:
        return [found]
    if MajorMinor.parse(version) < _FIRST_XCODE:
        return [question.no(f"Xcode {version} is older than {_FIRST_XCODE}, {path}", choose)]
    return [found, _sdk(choose), _toolchain(path)]


def _sdk(choose: Remedy) -> Diagnosis:
    question = Question(id="macos-sdk", topic=_TOPIC, text="SDK for macOS", needed_for=_BUILD)
    version, path = (ask(["xcrun", "-sdk", "macosx", f"--show-sdk-{fact}"]) for fact in ("version", "path"))
    for answer in (version, path):
        if answer.problem:
            status = question.unknown if answer.hangs else question.no
            return status(f"xcrun {answer.problem}", choose, said=answer.said)
    return question.yes(f"{version.first_line}, {path.first_line}")


def _toolchain(xcodebuild: str) -> Diagnosis:
    question = Question(id="metal-toolchain", topic=_TOPIC, text="Metal toolchain", needed_for=_BUILD)
    if named := os.environ.get("METAL_TOOLCHAIN", "").strip():
        return _named(question, Path(named))
    download = Remedy(commands=(DOWNLOAD_TOOLCHAIN,))
    answer = ask([xcodebuild, "-showComponent", "MetalToolchain"])
    if answer.problem:
        status = question.unknown if answer.hangs else question.no
        return status(f"xcodebuild {answer.problem}", download, said=answer.said)
    state = re.search(r"^Status:\s*(\w+)", answer.text, re.MULTILINE)
    if state is None or not state[1].startswith("installed"):  # also installedUpdateAvailable
        return question.no(f"is {state[1] if state else 'not there'}", download)
    compiler = ask(["xcrun", "-sdk", "macosx", "--find", "metal"])
    if compiler.problem:
        return question.no(f"is installed, but xcrun {compiler.problem}", download, said=compiler.said)
    program = Program(path=Path(compiler.first_line), pattern=METAL_VERSION)
    return diagnose_program(question, program, download)[0]


def _named(question: Question, toolchain: Path) -> Diagnosis:
    """The toolchain that METAL_TOOLCHAIN names, which builds use instead of Xcode's."""
    remedy = Remedy(
        step="Set METAL_TOOLCHAIN to the folder Metal.xctoolchain, or leave the choice to Xcode:",
        commands=("unset METAL_TOOLCHAIN",),
    )
    places = (folder / "usr" / "bin" for folder in (toolchain, toolchain / "Metal.xctoolchain"))
    found = next((path for place in places if (path := shutil.which("metal", path=str(place)))), None)
    if found is None:
        return question.no(f"METAL_TOOLCHAIN is {toolchain}, in which there is no usr/bin/metal", remedy)
    return diagnose_program(question, Program(path=Path(found), pattern=METAL_VERSION), remedy)[0]
