"""Made-up `build.toml` files of every edition, in every way in which TOML can be written."""

import json
import random
from collections.abc import Iterator
from typing import Any

__all__ = ["LATEST", "data_of", "seeded", "written"]

#: The newest edition that there are files of.
LATEST = 6

_SOURCES = {
    "cpu": "{id}.cpp",
    "cuda": "{id}.cu",
    "metal": "{id}.metal",
    "rocm": "{id}.hip",
    "xpu": "{id}.cpp",
    "cuda-hipify": "{id}.cu",
}
_OWN: dict[str, dict[str, Any]] = {
    "cuda": {"cuda-capabilities": ["8.0", "9.0"], "cuda-flags": ["-O3"], "cuda-minver": "12"},
    "rocm": {"rocm-archs": ["gfx942"], "hip-flags": ["-O3"]},
    "xpu": {"sycl-flags": ["-O3"]},
}
_OWN["cuda-hipify"] = _OWN["cuda"] | _OWN["rocm"]


def seeded(count: int) -> Iterator[random.Random]:
    """Sources of chance that are the same in every run."""
    return (random.Random(seed) for seed in range(count))  # noqa: S311 - nothing here is a secret


def data_of(edition: int, rng: random.Random) -> dict[str, Any]:
    """The data of a good file of an edition: of this one only, and without anything doubtful but a missing license."""
    is_noarch = rng.random() < 0.3
    languages = ["cuda", "cuda-hipify", "metal"] if edition == 1 else ["cpu", "cuda", "metal", "rocm", "xpu"]
    chosen = [] if is_noarch else rng.sample(languages, rng.randint(1, 3))
    kernel = {f"part_{index}": _component(edition, f"part_{index}", one, rng) for index, one in enumerate(chosen)}
    data = {"general": _general(edition, sorted(chosen), rng, is_noarch=is_noarch)}
    data |= _framework(edition, rng, is_noarch=is_noarch)
    if edition == 4 and not is_noarch:
        data["general"]["version"] = 3
    return data | ({"kernel": kernel} if kernel else {})


def _general(edition: int, backends: list[str], rng: random.Random, *, is_noarch: bool) -> dict[str, Any]:
    general: dict[str, Any] = {"name": "made-up"}
    if edition == 2:
        general |= _general_2(backends, rng, is_noarch=is_noarch)
    if edition >= 3:
        general["backends"] = backends = ["cuda", "xpu"] if is_noarch else backends
    if edition >= 4:
        general["version"] = rng.randint(0, 9)
    if edition >= 5:
        general["edition"] = edition
    if edition >= 5 or (edition >= 3 and rng.random() < 0.5):
        general["license"] = "Apache-2.0"
    if edition >= 4:
        general |= {"source": "ssh://git@example.org/r"} if rng.random() < 0.7 else {}
        general["upstream"] = ["https://example.org/a", "https://example.org/b"] if edition == 6 else "git@h.org:o/r"
    if edition >= 5 and rng.random() < 0.5:
        general["kernel-depends"] = [{"repo-id": "o/other", "version": 1}]
    if rng.random() < 0.5:
        general["hub"] = {"repo-id": "owner/made-up", "branch": "main"}
    if edition >= 3 and "cuda" in backends:
        general["cuda"] = {"minver": "12.6", "maxver": "13"}
    return general


def _general_2(backends: list[str], rng: random.Random, *, is_noarch: bool) -> dict[str, Any]:
    general: dict[str, Any] = {}
    if is_noarch or rng.random() < 0.3:
        general["universal"] = is_noarch
    if "cuda" in backends and rng.random() < 0.7:
        general |= {"cuda-minver": "12", "cuda-maxver": "13.0"}
    return general


def _framework(edition: int, rng: random.Random, *, is_noarch: bool) -> dict[str, Any]:
    pyext = {"pyext": ["py", "json"]} if rng.random() < 0.5 else {}
    if not is_noarch:
        if edition >= 4 and rng.random() < 0.2:
            return {"tvm-ffi": {"src": ["binding.cpp"], **pyext}}
        stable = {"stable-abi": "2.10"} if edition >= 4 and rng.random() < 0.5 else {}
        universal = {"universal": False} if edition == 1 and rng.random() < 0.3 else {}
        return {"torch": {"src": ["binding.cpp"], **universal, "include": ["."], "minver": "2.9", **pyext, **stable}}
    if edition == 1:
        return {"torch": {"src": [], "universal": True, **pyext}}
    if edition == 2:
        return {"torch": pyext} if pyext or rng.random() < 0.5 else {}
    return {} if edition == 3 else {"torch-noarch": pyext}


def _component(edition: int, name: str, language: str, rng: random.Random) -> dict[str, Any]:
    component: dict[str, Any] = {}
    if edition == 6:
        component["language"] = f"cpp-{language}"
    elif edition > 1:
        component["backend"] = language
    elif language != "cuda" or rng.random() < 0.5:
        component["language"] = language
    component |= {"depends": ["torch"], "src": [_SOURCES[language].format(id=name), "shared.h"], "include": ["."]}
    return component | {key: value for key, value in _OWN.get(language, {}).items() if rng.random() < 0.7}


def written(data: dict[str, Any], rng: random.Random) -> str:
    """Write data as TOML, each table in one of the forms that there are, with comments wherever TOML takes them."""
    return _Writer(rng).document(data)


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._comments = 0
        self._density = rng.choice([0.0, 0.1, 0.5])
        self._nl = rng.choice(["\n", "\n", "\r\n"])
        self._out: list[str] = []

    def document(self, data: dict[str, Any]) -> str:
        self._comment_line()
        tables = list(data.items())
        self._rng.shuffle(tables)
        forms = [self._rng.choice(["header", "header", "header", "dotted", "inline"]) for _ in tables]
        # What stands at the top of the document is written before the first header.
        forms = [form if isinstance(table, dict) else "inline" for (_, table), form in zip(tables, forms, strict=True)]
        for (name, table), form in sorted(zip(tables, forms, strict=True), key=lambda one: one[1] == "header"):
            self._table((name,), table, form)
        text = "".join(self._out)
        return text if self._rng.random() < 0.8 else text.removesuffix(self._nl)

    def _table(self, path: tuple[str, ...], table: Any, form: str) -> None:
        if form == "inline" or not isinstance(table, dict) or (not table and form != "header"):
            self._statement(".".join(path), self._flat(table))
        elif form == "dotted":
            self._dotted(".".join(path), table)
        else:
            self._headers(path, table)

    def _headers(self, path: tuple[str, ...], table: dict[str, Any]) -> None:
        inner = {key: value for key, value in table.items() if isinstance(value, dict)}
        is_of_tables = bool(inner) and len(inner) == len(table)
        here = {key: value for key, value in inner.items() if not is_of_tables and self._rng.random() < 0.4}
        if not is_of_tables or self._rng.random() < 0.2:
            self._header(path)
            for key, value in table.items():
                if key not in inner:
                    self._statement(key, self._value(value))
                elif key in here:
                    self._table((key,), value, self._rng.choice(["dotted", "inline"]))
        for key, value in inner.items():
            if key not in here:
                self._headers((*path, key), value)

    def _header(self, path: tuple[str, ...]) -> None:
        if self._rng.random() < 0.8:
            self._out.append(self._nl)
        self._comment_line()
        self._out.append(f"[{'.'.join(path)}]{self._comment()}{self._nl}")

    def _dotted(self, prefix: str, table: dict[str, Any]) -> None:
        for key, value in table.items():
            if isinstance(value, dict) and value and self._rng.random() < 0.5:
                self._dotted(f"{prefix}.{key}", value)
            else:
                self._statement(f"{prefix}.{key}", self._value(value))

    def _statement(self, key: str, value: str) -> None:
        self._comment_line()
        equals = self._rng.choice([" = ", " = ", "=", "  =  "])
        indent = self._rng.choice(["", "", "  "])
        key = ".".join(part if self._rng.random() < 0.9 else f'"{part}"' for part in key.split("."))
        self._out.append(f"{indent}{key}{equals}{value}{self._comment()}{self._nl}")

    def _value(self, value: Any) -> str:
        if isinstance(value, dict):
            return self._inline(value)
        if isinstance(value, list) and value and self._rng.random() < 0.5:
            lines = [f"  {self._value(item)},{self._comment()}{self._nl}" for item in value]
            return f"[{self._comment()}{self._nl}{''.join(lines)}]"
        if isinstance(value, list):
            return "[" + ", ".join(map(self._value, value)) + "]"
        if isinstance(value, str) and self._rng.random() < 0.3:
            return f"'{value}'"
        return json.dumps(value)

    def _inline(self, table: dict[str, Any]) -> str:
        space = self._rng.choice(["", " "])
        return "{" + space + ", ".join(self._pairs("", table)) + space + "}"

    def _pairs(self, prefix: str, table: dict[str, Any]) -> Iterator[str]:
        for key, value in table.items():
            if isinstance(value, dict) and value and self._rng.random() < 0.3:
                yield from self._pairs(f"{prefix}{key}.", value)
            else:
                yield f"{prefix}{key} = {self._flat(value)}"

    def _flat(self, value: Any) -> str:
        if isinstance(value, dict):
            return self._inline(value)
        return json.dumps(value) if not isinstance(value, list) else "[" + ", ".join(map(self._flat, value)) + "]"

    def _comment(self) -> str:
        if self._rng.random() >= self._density:
            return ""
        self._comments += 1
        return self._rng.choice([" ", "", "\t"]) + f"# comment {self._comments}: 'quoted' [x] = \"y\""

    def _comment_line(self) -> None:
        if comment := self._comment():
            self._out.append(f"{comment}{self._nl}")
