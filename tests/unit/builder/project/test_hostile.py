"""5,000 hostile strings, in every string of `build.toml`: each is refused, or read back as it was written.

The places are those of the model, so that a new one is attacked as soon as it exists, and has to be named here when no
generated file holds it.
"""

import ast
import importlib
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from support.hostile import CANARY, Place, document_with, hostile_strings, places

from kernel_builder.config.bound import VERSION, Bound
from kernel_builder.config.model import KernelConfig, NoarchExtension, TorchExtension
from kernel_builder.config.reader import read_text
from kernel_builder.errors import ConfigError, TargetError
from kernel_builder.project.render import render
from kernel_builder.provenance import Provenance
from kernel_builder.toolchain.tools import find_tool

tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

COUNT = 5000
PLACES = places()
#: What no generated file holds, and what becomes of it instead.
NOT_RENDERED = {
    "general.hub.branch",  # for uploads
    "general.hub.repo-id",
    "torch.pyext",  # which files a build takes in
    "torch-noarch.pyext",
    "tvm-ffi.pyext",
}
#: Where this version takes no string at all.
NOT_TAKEN = {
    "general.tpu.python-depends",  # there are no such packages yet
    "kernel.cargo-manifest",  # Rust is not built by this version
}
#: A call of one of our CMake functions: its arguments, compiler flags divided into words.
Call: TypeAlias = list[str | list[str]]

_RECORD = r"""cmake_minimum_required(VERSION 3.22...4.0)
function(record)
  set(line "call")
  set(before "")
  math(EXPR last ${ARGC}-1)
  foreach(index RANGE ${last})
    set(value "${ARGV${index}}")
    string(HEX "${value}" hex)
    string(APPEND line " ${hex}")
    if(before MATCHES "^[A-Z]+_FLAGS$" AND value MATCHES "^SHELL:")
      # What CMake does with such an argument: it is evaluated, and divided as a shell does.
      string(SUBSTRING "${value}" 6 -1 value)
      string(REPLACE "$<1:$>$<1:<>" "$<" value "${value}")
      string(REPLACE "$<ANGLE-R>" ">" value "${value}")
      separate_arguments(words UNIX_COMMAND "${value}")
      foreach(word IN LISTS words)
        string(HEX "${word}" hex)
        string(APPEND line ",${hex}")
      endforeach()
    endif()
    set(before "${ARGV${index}}")
  endforeach()
  file(APPEND calls "${line}\n")
endfunction()
"""


def _rendered(place: Place, text: str) -> tuple[KernelConfig, dict[str, str]] | None:
    """What a string becomes, or `None` when it is refused."""
    config = read_text(document_with(place, text)).config
    try:
        return None if config is None else (config, render(config, Provenance("abc1234")))
    except (ConfigError, TargetError):
        return None


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.name}-{place.form}")
def test_every_place_takes_a_right_string(place: Place) -> None:
    """What is refused below is refused for the string; and only what is named above is in no generated file."""
    if place.good is None:
        assert place.name in NOT_TAKEN
        return
    rendered = _rendered(place, place.good)
    assert rendered is not None
    assert (place.name in NOT_RENDERED) != (place.good in _held(*rendered))


def test_every_string_is_refused_or_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of build.toml becomes code, and nothing that is accepted is altered, in any generated language."""
    monkeypatch.chdir(tmp_path)
    rng = random.Random(6)  # noqa: S311 - the same strings in every run
    share = -(-COUNT // len(PLACES))
    taken = [
        (place, text, *rendered)
        for place in PLACES
        for text in hostile_strings(place, share, rng)
        if (rendered := _rendered(place, text)) is not None
    ]
    assert len(taken) > COUNT // 10
    projects = [(config, files) for *_, config, files in taken if "CMakeLists.txt" in files]
    expected = [call for config, _ in projects for call in _expected_calls(config)]
    assert expected == _run_cmake(tmp_path, [files["CMakeLists.txt"] for _, files in projects])
    lost = [
        (place.name, text)
        for place, text, config, files in taken
        if place.name not in NOT_RENDERED and _meant(place, text) not in _held(config, files)
    ]
    assert [] == lost
    assert {"script.cmake", "calls"} == {path.name for path in tmp_path.iterdir()}
    assert CANARY.upper() not in os.environ


def _meant(place: Place, text: str) -> str:
    """What a string that was accepted says: itself, but for the blanks around a version."""
    return text.strip(" \t") if re.fullmatch(VERSION, place.good or "") else text


def _expected_calls(config: KernelConfig) -> list[Call]:
    """What the functions of a project's CMakeLists.txt have to be called with, after kernel_project."""
    framework = config.framework
    assert not isinstance(framework, NoarchExtension)
    calls: list[Call] = []
    if isinstance(framework, TorchExtension):
        calls += _bounds(framework.minver, framework.maxver)
    if config.components("cuda") and "cuda" in config.general.backends:
        calls += _bounds(config.general.cuda.minver, config.general.cuda.maxver)
    if isinstance(framework, TorchExtension):
        abis = {backend: framework.stable_abi_for(backend) for backend in config.general.backends}
        calls += [["BACKEND", backend, "VERSION", abi.text] for backend, abi in abis.items() if abi]
    for kernel in config.kernels:
        calls.append(
            [kernel.id, "BACKEND", kernel.backend]
            + _list("SOURCES", map(_path, kernel.src))
            + _list("INCLUDES", map(_path, kernel.include))
            + _list("DEPENDS", kernel.depends)
            + _flags("CXX_FLAGS", kernel.cxx_flags)
            + (["CUDA_MINVER", kernel.cuda_minver.text] if kernel.cuda_minver else [])
            + _list("CUDA_CAPABILITIES", kernel.cuda_capabilities or ())
            + _flags("CUDA_FLAGS", kernel.cuda_flags)
            + _list("ROCM_ARCHS", kernel.rocm_archs or ())
            + _flags("HIP_FLAGS", kernel.hip_flags)
            + _flags("SYCL_FLAGS", kernel.sycl_flags)
        )
    sources = _list("SOURCES", map(_path, framework.src)) + _list("INCLUDES", map(_path, framework.include))
    return [*calls, sources + _flags("CXX_FLAGS", framework.cxx_flags)]


def _bounds(low: Bound | None, high: Bound | None) -> list[Call]:
    bounds = [("MINVER", low), ("MAXVER", high)]
    return list(filter(None, [[word for name, bound in bounds if bound for word in (name, bound.text)]]))


def _list(keyword: str, values: Iterable[str]) -> Call:
    found = list(values)
    return [keyword, *found] if found else []


def _flags(keyword: str, flags: tuple[str, ...]) -> Call:
    return [keyword, list(flags)] if flags else []


def _path(value: str) -> str:
    """A path as CMake gets it: one that reads like a keyword starts from the folder itself."""
    return f"./{value}" if set(value) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") else value


def _run_cmake(folder: Path, texts: list[str]) -> list[Call]:
    """Let CMake read many projects at once, and give what each call after kernel_project was given."""
    facts = "".join(text[text.index("\n)\n") + 2 :] for text in texts)
    code = re.sub(r"\nkernel_(torch_bounds|cuda_bounds|stable_abi|component|extension)\(", "\nrecord(", facts)
    end = f"\nif(DEFINED ENV{{{CANARY.upper()}}})\n  message(FATAL_ERROR canary)\nendif()\n"
    (folder / "script.cmake").write_text(_RECORD + code + end, "utf-8", newline="\n")
    command = [str(find_tool("cmake")), "-P", "script.cmake"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return [[_read(word) for word in line.split(" ")[1:]] for line in (folder / "calls").read_text().splitlines()]


def _read(word: str) -> str | list[str]:
    whole, *flags = [bytes.fromhex(part).decode() for part in word.split(",")]
    return flags or whole.replace("\\;", ";")  # a semicolon within an element of a list


def _held(config: KernelConfig, files: dict[str, str]) -> set[str]:
    """Every string of a project's files: those that TOML, JSON and Python read, and those that CMake has to read."""
    held = set(_strings(tomllib.loads(files["pyproject.toml"])))
    for name, text in files.items():
        if name.endswith(".json"):
            held |= set(_strings(json.loads(text)))
        elif name.endswith("_ops.py"):
            held |= {str(node.value) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    if "CMakeLists.txt" in files:
        held |= {text.removeprefix("./") for text in _strings(_expected_calls(config))}
    return held


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        yield from _strings(list(value.values()))
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
