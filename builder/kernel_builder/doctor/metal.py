"""Metal: Xcode, the Metal toolchain that is its separate part, and the compiler. Only on macOS."""

import re
import shutil
from pathlib import Path

from kernel_builder.doctor.ask import ask
from kernel_builder.doctor.here import Here
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, uses
from kernel_builder.doctor.packages import as_root
from kernel_builder.doctor.programs import Program, diagnose_program
from kernels.backend import MajorMinor

__all__ = ["examine_metal"]

_TOPIC = "Metal"
_BUILD = (*uses("local", "metal"), *uses("nix", "metal"))
#: The reference documents ask for Xcode 26; from it on, the Metal toolchain is a separate download.
_FIRST_XCODE = MajorMinor(26, 0)


def examine_metal(here: Here) -> list[Diagnosis]:
    """Xcode and the Metal toolchain; for other systems a single answer."""
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
    return [found, _toolchain(path)]


def _toolchain(xcodebuild: str) -> Diagnosis:
    question = Question(id="metal-toolchain", topic=_TOPIC, text="Metal toolchain", needed_for=_BUILD)
    download = Remedy(commands=("xcodebuild -downloadComponent MetalToolchain",))
    answer = ask([xcodebuild, "-showComponent", "MetalToolchain"])
    if answer.problem:
        status = question.unknown if answer.hangs else question.no
        return status(f"xcodebuild {answer.problem}", download, said=answer.said)
    state = re.search(r"^Status:\s*(\w+)", answer.text, re.MULTILINE)
    if state is None or not state[1].startswith("installed"):  # also installedUpdateAvailable
        return question.no(f"is {state[1] if state else 'not there'}", download)
    compiler = ask(["xcrun", "--find", "metal"])
    if compiler.problem:
        return question.no(f"is installed, but xcrun {compiler.problem}", download, said=compiler.said)
    build = re.search(r"^Build Version:\s*(\S+)", answer.text, re.MULTILINE)
    return question.yes(f"{build[1] if build else 'installed'}, {compiler.first_line}")
