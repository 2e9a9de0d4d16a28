"""Every place of `build.toml` that takes a string, and strings that would do harm if one were taken for code."""

import dataclasses
import random
import types
import typing
from collections.abc import Iterator
from typing import Any

from kernel_builder.config.bound import Bound
from kernel_builder.config.model import FRAMEWORKS, General, KernelComponent
from kernels.backend import BACKENDS

__all__ = ["CANARY", "Place", "document_with", "hostile_strings", "places"]

#: The name of a file and, in upper case, of a variable: neither must ever exist.
CANARY = "kernel_canary"
PIECES = (
    '"', "'", "(", ")", ";", "$", "\n", "\r\n", "\t", "]]", "[[", "[=[", "]=]", "[", "]", "${", "}", "\\", "\\\\",
    "$<", ">", "$ENV{PATH}", "${CMAKE_VERSION}", "@CMAKE_VERSION@", "$<1:evil>", "$<TARGET_FILE:x>", "SHELL:", "#",
    "#[[", "&&", "|", " ", ",", "é", "😀", "\ufeff", "\u2028", "\u202e", "\x7f", "\x01", "\0", "\x85", "%", "%PATH%",
    "{{ 1 }}", "{% raw %}", f'")\nfile(TOUCH {CANARY})\nset(ENV{{{CANARY.upper()}}} 1)\nset(x "',
    f"]]\nfile(TOUCH {CANARY})\n#", f")\nfile(TOUCH {CANARY})\n#", f"`touch {CANARY}`", f"$(touch {CANARY})",
    f"; touch {CANARY}", '"""', "'''", f'"\nopen("{CANARY}", "w")\n"', '", "evil": "', '"]\nevil = ["', "SOURCES",
    "INCLUDES", "BACKEND", "CXX_FLAGS", "-DX=", "--", "../", "/", "\\n", "\\u0022", "a", "Z", "0", ".", "_", "-",
)  # fmt: skip
#: A right string for each rule of the model, and for the places that have none or a stricter one.
_GOOD = {
    "backend": "cpu", "compiled-backend": "cpu", "cuda-capability": "9.0", "depend": "torch", "folder": "inc",
    "git-url": "https://host.example/me/demo", "name": "demo", "pyext": "json", "repo-id": "me/other",
    "revision": "main", "rocm-arch": "gfx942", "source": "a.cpp", "text": "-DX=1",
}  # fmt: skip
_GOOD_AT = {
    "general.python-depends": "einops",
    "general.cuda.python-depends": "nvidia-cutlass-dsl",
    "general.neuron.python-depends": "nki",
    "general.xpu.python-depends": "onednn",
    "general.tpu.python-depends": None,  # there are none yet
    "kernel.id": "demo",
    "kernel.cargo-manifest": None,  # of the edition that this version does not render
}


@dataclasses.dataclass(frozen=True)
class Place:
    """One place that takes a string.

    Attributes:
        path: the keys that lead to it; `[]` stands for a table of an array.
        form: whether the value is the string, or a list or table of it: `text`, `texts`, `values` or `keys`.
        backend: a backend that has it.
        good: a string that is right there; `None` when this version takes none at all.
    """

    path: tuple[str, ...]
    form: str
    backend: str
    good: str | None

    @property
    def name(self) -> str:
        """The path as people write it."""
        return ".".join(part for part in self.path if part != "[]")


def places() -> list[Place]:
    """Every place, from the classes of the model."""
    tables: list[tuple[str, type]] = [("general", General), *FRAMEWORKS.items(), ("kernel", KernelComponent)]
    return [place for key, table in tables for place in _places(table, (key,), "cpu", None)]


def _places(table: type, path: tuple[str, ...], backend: str, keys: tuple[str, ...] | None) -> Iterator[Place]:
    hints = typing.get_type_hints(table)
    for field in dataclasses.fields(table):
        key, hint = field.name.replace("_", "-"), hints[field.name]
        if keys is not None and key not in keys:
            continue
        place = (*path, key)
        prefix = key.partition("-")[0]
        owner = next(iter(field.metadata.get("backends", ())), prefix if prefix in BACKENDS else backend)
        options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        for option in options:
            yield from _of_type(option, place, owner, field.metadata)


def _of_type(option: Any, path: tuple[str, ...], backend: str, facts: typing.Mapping[str, Any]) -> Iterator[Place]:
    good = _GOOD_AT.get(".".join(path), _GOOD.get(facts.get("rule", "text")))
    bound = "12.6" if "cuda" in path or "cuda-minver" in path else "2.11"
    origin, inner = typing.get_origin(option), typing.get_args(option)
    if option is Bound:
        yield Place(path, "text", backend, bound)
    elif option is str:
        yield Place(path, "text", backend, good)
    elif dataclasses.is_dataclass(option):
        known = path[-1] in ("cuda", "neuron", "tpu", "xpu")
        yield from _places(typing.cast("type", option), path, path[-1] if known else backend, facts.get("keys"))
    elif origin is tuple and inner[0] is str:
        yield Place(path, "text" if "since_list" in facts else "texts", backend, good)
    elif origin is tuple:
        yield from _places(inner[0], (*path, "[]"), backend, None)
    elif origin is dict:
        yield Place(path, "values", backend, bound)
        yield Place(path, "keys", backend, backend)


def hostile_strings(place: Place, count: int, rng: random.Random) -> Iterator[str]:
    """So many strings for a place: pieces alone, or within a string that would be right there."""
    for _ in range(count):
        text = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 4)))
        if place.good is not None and rng.random() < 0.7:
            cut = rng.randint(0, len(place.good))
            text = place.good[:cut] + text + place.good[cut:]
        yield text


def document_with(place: Place, text: str) -> str:
    """A `build.toml` with one string in its place, and otherwise right for a kernel of that kind."""
    framework = place.path[0] if place.path[0] in FRAMEWORKS else "torch"
    if place.backend in ("neuron", "tpu"):
        framework = "torch-noarch"
    extension = {} if framework == "torch-noarch" else {"src": ["binding.cpp"]}
    general = {"name": "demo", "version": 1, "edition": 5, "license": "MIT", "backends": [place.backend]}
    source = {"cuda": "a.cu", "rocm": "a.cu"}.get(place.backend, "a.cpp")
    component = {"backend": place.backend, "depends": ["torch"], "src": [source]}
    document: dict[str, Any] = {"general": general, framework: extension}
    table: dict[str, Any] = component if place.path[0] == "kernel" else document[place.path[0]]
    *parents, key = place.path[1:]
    for part in [part for part in parents if part not in ("[]", "kernel-depends")]:
        table = table.setdefault(part, {})
    if "[]" in parents:
        entry: dict[str, Any] = {"repo-id": "me/other"} if key == "revision" else {"version": 1}
        table["kernel-depends"], table = [entry], entry
    if place.name != "kernel.id":
        table[key] = {"text": text, "texts": [text], "values": {place.backend: text}, "keys": {text: "2.11"}}[
            place.form
        ]
    if framework != "torch-noarch":
        document["kernel"] = {text if place.name == "kernel.id" else "demo": component}
    return "".join(f"{_toml(key)} = {_toml(value)}\n" for key, value in document.items())


def _toml(value: Any) -> str:
    """TOML in which every character of a string is escaped, so that this writer can be no part of the problem."""
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(character):08X}" for character in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(one)}" for key, one in value.items()) + "}"
    return str(value)
