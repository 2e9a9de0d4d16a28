"""Files that are no library of ours at all, or no whole one: of another kind, cut short, or with headers that lie."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable

from support.elf_edit import Editor
from support.elf_files import I386, PPC64, S390X, X86_64
from support.libraries import module
from support.library_corpus.elf_links import program
from support.library_corpus.sample import LIBRARY, Sample, edited, linked, made, written

__all__ = ["DAMAGED", "OTHER_FILES"]

_LOAD, _DYNAMIC = 1, 2
_NEW = "GLIBC_2.34"
_FAR = 0x7FFFFFFFFFFF0000
_DT_NEEDED, _DT_STRTAB, _DT_SYMTAB, _DT_STRSZ = 1, 5, 6, 10
_DT_VERSYM, _DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFF0, 0x6FFFFFFE, 0x6FFFFFFF

#: Has each of the tables that can be damaged.
_make_sound = linked("fresh", library="libm.so.6", version="GLIBC_2.28", flags=("-Wl,--hash-style=both",))

_PROGRAM = ("-Wl,-e,PyInit_kernel", "-rdynamic")


def _bytes(name: str, data: bytes) -> Sample:
    return Sample(name=name, make=written(data), codes=("unreadable",), tools=())


def _made(name: str, data: bytes, *codes: str, cpu: str = "{cpu}") -> Sample:
    return Sample(name=name, make=written(data), codes=codes, variant=f"torch213-cxx11-cpu-{cpu}-linux", tools=())


def _changed(name: str, change: Callable[[Editor], object], code: str = "unreadable") -> Sample:
    return Sample(name=name, make=edited(_make_sound, change), codes=(code,))


def _cut_in(part: str) -> Sample:
    """A copy that ended early, in the middle of a part."""

    def cut(editor: Editor) -> None:
        del editor.data[editor.places()[part].middle :]

    return _changed(f"cut-in-{part.replace(' ', '-')}", cut)


def _cut_at(name: str, at: Callable[[Editor], int]) -> Sample:
    def cut(editor: Editor) -> None:
        del editor.data[at(editor) :]

    return _changed(name, cut)


def _end_of_headers(editor: Editor) -> int:
    place = editor.places()["segments"]
    return place.start + place.size


def _set(name: str, tag: int, value: int) -> Sample:
    return _changed(name, lambda editor: editor.set_dynamic(tag, value))


def _no_dynamic(editor: Editor) -> None:
    editor.put("I", editor.segment(_DYNAMIC), 0)


def _outside(kind: int) -> Callable[[Editor], None]:
    """A segment whose place lies behind the end of the file and of its memory."""

    def change(editor: Editor) -> None:
        for field in (8, 16):
            editor.put("Q", editor.segment(kind) + field, _FAR)

    return change


def _version_place(offset: int, layout: str, value: int) -> Callable[[Editor], None]:
    """Another number in the first record of the versions that are needed."""

    def change(editor: Editor) -> None:
        editor.put(layout, editor.places()["version needs"].start + offset, value)

    return change


def _unknown_version(editor: Editor) -> None:
    """The version of a symbol is a number that stands for none."""
    place = editor.places()["versions"]
    numbers = [editor.number("H", at) for at in range(place.start, place.start + place.size, 2)]
    editor.put("H", place.start + 2 * numbers.index(max(numbers)), 77)


def _far_name(editor: Editor) -> None:
    """The name of the first symbol lies behind the names."""
    place = editor.places()["symbols"]
    editor.put("I", place.start + 24, 0x7FFFFFFF)


def _zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("kernel/__init__.py", "x = 1")
    return target.getvalue()


def _tar() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("kernel"))
    return target.getvalue()


OTHER_FILES = (
    _bytes("empty", b""),
    _bytes("one-byte", b"\x7f"),
    _bytes("zeros", bytes(4096)),
    _bytes("text", b"This file was removed to save space.\n"),
    _bytes("pointer-to-large-file", b"version https://git-lfs.example/spec/v1\noid sha256:0\nsize 123\n"),
    _bytes("script", b"#!/bin/sh\nexec true\n"),
    _bytes("linker-script", b"/* GNU ld script */\nINPUT ( libkernel.so.1 )\n"),
    _bytes("zip", _zip()),
    _bytes("tar", _tar()),
    _bytes("gzip", gzip.compress(made(machine=X86_64))),
    _bytes("archive", b"!<arch>\nkernel.o/       0           0     0     644     4         `\n\x7fELF"),
    _bytes("python-bytecode", b"\xa7\r\r\n" + bytes(60)),
    _bytes("bitcode", b"BC\xc0\xde" + bytes(60)),
    _bytes("elf-behind-other-bytes", b"\n" + made(machine=X86_64)),
    Sample(name="object", make=program("-c", "-fPIC"), codes=("not-shared",)),
    Sample(name="program", make=program("-no-pie", *_PROGRAM), codes=("not-shared",)),
    Sample(name="program-at-any-address", make=program("-pie", "-fPIE", *_PROGRAM), codes=("not-shared",)),
    Sample(name="program-without-libraries", make=program("-static", *_PROGRAM), codes=("not-shared",)),
    _changed("core", lambda editor: editor.put("H", 16, 4), "not-shared"),
    _changed("unknown-kind", lambda editor: editor.put("H", 16, 0xFE00), "not-shared"),
    Sample(
        name="32-bit",
        make=lambda folder: module(folder / LIBRARY, "", "-m32"),
        codes=("32-bit", "wrong-machine"),
        tools=("gcc", "m32"),
    ),
    _made("32-bit-made", made(bits=32, machine=I386), "32-bit", "wrong-machine"),
    _made("32-bit-too-new", made(bits=32, machine=I386, version=_NEW), "32-bit", "manylinux-version", "wrong-machine"),
    _made("x32", made(bits=32, machine=X86_64), "32-bit", cpu="x86_64"),
    _made("big-endian", made(endian=">", machine=S390X), "wrong-machine"),
    _made("big-endian-too-new", made(endian=">", machine=S390X, version=_NEW), "manylinux-version", cpu="s390x"),
    _made("big-endian-powerpc", made(endian=">", machine=PPC64), "manylinux-machine", "wrong-machine"),
    _made("32-bit-powerpc", made(bits=32, endian=">", machine=20), "32-bit", "manylinux-machine", "wrong-machine"),
)

DAMAGED = (
    _cut_in("header"),
    _cut_in("segments"),
    _cut_at("cut-behind-the-headers", _end_of_headers),
    _cut_in("gnu hash"),
    _cut_in("hash"),
    _cut_in("symbols"),
    _cut_in("strings"),
    _cut_in("versions"),
    _cut_in("version needs"),
    _cut_in("dynamic"),
    _cut_at("cut-by-a-byte", lambda editor: len(editor.data) - 1),
    _changed("no-dynamic-section", _no_dynamic, "no-dynamic-section"),
    _changed("dynamic-section-outside", _outside(_DYNAMIC)),
    _changed("segment-outside", _outside(_LOAD)),
    _set("strings-outside", _DT_STRTAB, _FAR),
    _set("strings-without-size", _DT_STRSZ, 0),
    _set("strings-of-endless-size", _DT_STRSZ, _FAR),
    _set("symbols-outside", _DT_SYMTAB, _FAR),
    _set("versions-outside", _DT_VERSYM, _FAR),
    _set("version-needs-outside", _DT_VERNEED, _FAR),
    _set("needed-name-outside", _DT_NEEDED, 0x7FFFFFFF),
    # The loader follows these lists to their end, however many there are said to be: a wrong number could hide some.
    _set("endless-version-needs", _DT_VERNEEDNUM, 0xFFFFFFFF),
    _set("version-needs-counted-as-none", _DT_VERNEEDNUM, 0),
    _changed("versions-counted-as-none", _version_place(2, "H", 0)),
    _changed("endless-versions", _version_place(2, "H", 0xFFFF)),
    _changed("version-that-is-none", _unknown_version),
    _changed("no-program-headers", lambda editor: editor.put("H", 56, 0), "no-dynamic-section"),
    _changed("unknown-version-of-the-format", lambda editor: editor.put("I", 20, 0)),
    _changed("for-another-system", lambda editor: editor.put("B", 7, 9), "wrong-system"),
    _changed("version-without-name", _version_place(4, "I", 0x7FFFFFFF)),
    _changed("next-library-far-away", _version_place(12, "I", 0x7FFFFFFF)),
    _changed("versions-far-away", _version_place(8, "I", 0x7FFFFFFF)),
    _changed("symbol-name-outside", _far_name),
    _changed("program-headers-of-another-size", lambda editor: editor.put("H", 54, 32)),
    _changed("program-headers-outside", lambda editor: editor.put("Q", 32, _FAR)),
    _changed("unknown-class", lambda editor: editor.put("B", 4, 3)),
    _changed("unknown-byte-order", lambda editor: editor.put("B", 5, 0)),
)
