"""Libraries that have names, versions, types and sizes, and nothing behind them: to link with, never to load."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kernel_builder.process import run
from kernel_builder.resources import templates_dir
from kernel_builder.toolchain.manylinux.capped import CappedLibraries, CappedSymbol
from kernel_builder.toolchain.manylinux.locate import library_facts
from kernel_builder.toolchain.tools import QUIET_ENVIRONMENT
from kernel_builder.tree import install_text

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["make_link_names", "make_stub"]

#: The type of a symbol → the section that it goes to, and what assemblers call the type.
_SECTIONS = {"object": ('.bss, "aw"', "object"), "tls": ('.tbss, "awT"', "tls_object")}
_LINK = (
    "-shared", "-nostdlib", "-fPIC", "-g0", "-Wl,--build-id=none", "-Wl,--hash-style=gnu",
)  # fmt: skip


def make_stub(compiler: Sequence[str], folder: Path, library: str, symbols: Sequence[CappedSymbol]) -> None:
    """Assemble and link the stub of a library.

    Args:
        compiler: the words of a compiler that links for the library's processor.
        folder: where to put it.
        library: its name, which is also the name of its file.
        symbols: what it is to offer.

    Raises:
        ProcessError: when the compiler refuses.
    """
    source, script = f"{library}.s", f"{library}.map"
    _render(folder / source, "stub.s.jinja", functions=_of_type(symbols, "func"), data=_data(symbols))
    _render(folder / script, "stub.map.jinja", versions=_versions(symbols))
    versions = [f"-Wl,--version-script={script}"] if any(one.version for one in symbols) else []
    command = [*compiler, *_LINK, f"-Wl,-soname,{library}", *versions, "-o", library, "-x", "assembler", source]
    run(command, cwd=folder, env=QUIET_ENVIRONMENT)
    (folder / source).unlink()
    (folder / script).unlink()


def make_link_names(folder: Path, libraries: CappedLibraries, loader: str) -> None:
    """Write what `-lc`, `-lm`, … stand for, in the language of linkers; names of files there are those of the folder.

    Args:
        folder: where the stubs are.
        libraries: the stubs.
        loader: the name of the dynamic loader.
    """
    there = {*libraries.libraries, "libc_nonshared.a", "libstdc++_nonshared.a", "-lgcc"}
    for name, link in library_facts()["links"].items():
        always, as_needed = (
            [file for file in (word.replace("LOADER", loader) for word in link.get(kind, ())) if file in there]
            for kind in ("always", "as_needed")
        )
        if always:
            _render(folder / f"lib{name}.so", "script.so.jinja", name=name, always=always, as_needed=as_needed)


def _of_type(symbols: Sequence[CappedSymbol], type_: str) -> list[CappedSymbol]:
    return [symbol for symbol in symbols if symbol.type == type_]


def _data(symbols: Sequence[CappedSymbol]) -> list[tuple[str, str, list[list[CappedSymbol]]]]:
    """The sections of data: what assemblers call them and their symbols, and these place by place."""
    found = []
    for type_, (section, called) in _SECTIONS.items():
        places: dict[int, list[CappedSymbol]] = defaultdict(list)
        for symbol in _of_type(symbols, type_):
            places[symbol.place].append(symbol)
        if places:
            found.append((section, called, [sorted(one, key=lambda each: -each.size) for one in places.values()]))
    return found


def _versions(symbols: Sequence[CappedSymbol]) -> list[tuple[str, list[str]]]:
    names: dict[str, list[str]] = defaultdict(list)
    for symbol in symbols:
        if symbol.version is not None:
            names[symbol.version].append(symbol.name)
    return sorted(names.items())


def _render(path: Path, template: str, **values: Any) -> None:
    install_text(path, _environment().get_template(template).render(values))


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(templates_dir() / "manylinux", encoding="utf-8"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - that is for HTML
        trim_blocks=True,
        newline_sequence="\n",
        keep_trailing_newline=True,
    )
