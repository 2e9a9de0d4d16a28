"""The C++ compiler and the tools that every local build uses."""

import os
import shlex
import shutil
import tempfile
from pathlib import Path

from kernel_builder.doctor.ask import ask
from kernel_builder.doctor.here import Here
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, uses
from kernel_builder.doctor.packages import install, pip_install
from kernel_builder.doctor.programs import Program, diagnose_program
from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.tools import QUIET_ENVIRONMENT, find_compiler, find_tool
from kernels.backend import COMPILED_BACKENDS

__all__ = ["examine_compilers"]

#: A busy machine can take a while over even the smallest program.
_COMPILE_PATIENCE = 60.0
_TOPIC = "Compilers"
_BUILD = uses("local", *COMPILED_BACKENDS)
#: Needs the headers of C++, its library, and a linker.
_PROGRAM = '#include <string>\n#include <cstdio>\nint main() { std::puts(std::string("works").c_str()); }\n'


def examine_compilers(here: Here) -> list[Diagnosis]:
    """The C++ compiler at work, CMake, Ninja, git and a compiler cache."""
    found = [_compiler(here), _tool("cmake"), _tool("ninja"), _git(here), _cache(here)]
    if here.platform.os == "linux":
        found.insert(1, _static_library(here))
    return found


def _compiler(here: Here) -> Diagnosis:
    question = Question(id="c++", topic=_TOPIC, text="C++ compiler", needed_for=_BUILD)
    otherwise = "Install GCC or Clang with the C++ library and its headers."
    try:
        words = _compiler_words()
    except ToolchainError as error:
        mended = error.hint if os.environ.get("CXX", "").strip() else ""
        remedy = Remedy(step=mended) if mended else install("c++", here.platform, otherwise=otherwise)
        return question.no(str(error), remedy)
    path = shutil.which(words[0]) or words[0]
    answer = ask([*words, *([] if _is_microsoft(words) else ["--version"])])
    if answer.hangs:
        return question.unknown(f"{path} {answer.problem}", Remedy(step="Run it by hand, or name another one in CXX."))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "works.cpp").write_text(_PROGRAM, "utf-8")
        output = ["/EHsc", "/Fe:works.exe"] if _is_microsoft(words) else ["-o", "works.exe"]
        command = [*words, "works.cpp", *output]
        made = ask(command, cwd=Path(folder), env=QUIET_ENVIRONMENT, patience=_COMPILE_PATIENCE)
        is_made = Path(folder, "works.exe").is_file()
    if made.problem:
        remedy = install("c++", here.platform, otherwise=otherwise)
        return question.no(f"{path} cannot make a small program: it {made.problem}", remedy, said=made.said)
    if not is_made:
        return question.no(f"{path} makes no program, and says nothing of it", Remedy(step="Name another one in CXX."))
    return question.yes(f"{answer.first_line or 'works'}, {path}")


def _compiler_words() -> list[str]:
    named = os.environ.get("CXX", "").strip()
    identity = find_compiler()
    return shlex.split(named) if named else [identity[0]]


def _is_microsoft(words: list[str]) -> bool:
    return Path(words[-1]).stem.lower() == "cl"


def _static_library(here: Here) -> Diagnosis:
    question = Question(id="libstdc++.a", topic=_TOPIC, text="static libstdc++")
    try:
        answer = ask([*_compiler_words(), "-print-file-name=libstdc++.a"])
    except ToolchainError:
        return question.elsewhere("without a C++ compiler there is nothing to ask")
    if Path(answer.text).is_absolute():  # a compiler that has no such file prints the bare name
        return question.yes(str(Path(answer.text).resolve()))
    remedy = install("libstdc++.a", here.platform, otherwise="Install the static C++ library of the compiler.")
    return question.no("for builds that run on older Linux systems too; is not installed", remedy)


def _tool(name: str) -> Diagnosis:
    question = Question(id=name, topic=_TOPIC, text={"cmake": "CMake", "ninja": "Ninja"}[name], needed_for=_BUILD)
    try:
        path = find_tool(name)
    except ToolchainError as error:
        return question.no(str(error), Remedy(commands=pip_install(name)))
    again = Remedy(commands=pip_install(name, options=("--force-reinstall",)))
    return diagnose_program(question, Program(path=path), again)[0]


def _git(here: Here) -> Diagnosis:
    question = Question(id="git", topic=_TOPIC, text="git", needed_for=("init", "provenance"))
    path = shutil.which("git")
    if path is None:
        step = "Install git; without it a build cannot say which commit it was made from."
        return question.no("was not found", install("git", here.platform, otherwise=step))
    by_hand = Remedy(step="Run `git --version` by hand and mend what it says.")
    return diagnose_program(question, Program(path=Path(path)), by_hand)[0]


def _cache(here: Here) -> Diagnosis:
    question = Question(id="ccache", topic=_TOPIC, text="compiler cache")
    for name in ("ccache", "sccache"):
        if path := shutil.which(name):
            return question.yes(f"{path}, used when CMAKE_CXX_COMPILER_LAUNCHER is set to {name}")
    found = install("ccache", here.platform, otherwise="Install ccache or sccache.")
    step = f"{found.step} Set CMAKE_CXX_COMPILER_LAUNCHER=ccache to use it.".strip()
    return question.no("neither ccache nor sccache; builds work without", Remedy(step=step, commands=found.commands))
