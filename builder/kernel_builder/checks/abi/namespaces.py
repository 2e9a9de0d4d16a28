"""Whether the operators of a library are in the kernel's own namespace, as far as its symbols tell."""

import re
from collections.abc import Iterator

from kernel_builder.binary.elf import ElfFile
from kernel_builder.checks.abi.subject import ElfSubject
from kernel_builder.checks.findings import Finding

__all__ = ["check_namespaces"]

_SHT_SYMTAB = 2
#: What the macros of Torch, and those of its stable ABI, call the objects that register operators; mangled, a name
#: stands behind its length.
_REGISTRATION = re.compile(
    rb"(?P<length>[0-9]+)(?P<name>(?:STABLE_)?TORCH_LIBRARY_(?P<kind>IMPL_|FRAGMENT_)?static_init_[A-Za-z_0-9]+)"
)
#: What follows the namespace in such a name: a dispatch key, and a number.
_AFTER_NAMESPACE = {
    b"": re.compile(r"$"),
    b"IMPL_": re.compile(r"_[A-Za-z0-9]+_[0-9]+$"),
    b"FRAGMENT_": re.compile(r"_[0-9]+$"),
}
_MAX_DIGITS = 6


def check_namespaces(subject: ElfSubject, ops_id: str) -> Iterator[Finding]:
    """Look for registrations in another namespace.

    They are local symbols, so that a stripped file tells nothing of them.

    Raises:
        BinaryError: when the table of sections cannot be read.
    """
    for namespace, name in {namespace: name for name, namespace in _registered(subject.elf)}.items():
        if namespace != ops_id:
            message = f"it registers operators in {namespace}, and its namespace is {ops_id}"
            origin = _source(subject.elf, name)
            yield subject.find("foreign-namespace", message, symbol=namespace, allowed=ops_id, origin=origin)


def _source(elf: ElfFile, name: str) -> str | None:
    """The source file of a local symbol: the table names each one before its symbols."""
    source = None
    for symbol in elf.symtab():
        if symbol.type == "file":
            source = symbol.name
        elif name in symbol.name:
            return source
    return None


def _registered(elf: ElfFile) -> Iterator[tuple[str, str]]:
    """Each symbol that registers operators, without what mangling adds, and its namespace."""
    table = next((section for section in elf.sections if section.kind == _SHT_SYMTAB), None)
    if table is None or table.link >= len(elf.sections):
        return
    strings = elf.sections[table.link]
    if strings.offset + strings.size > len(elf.data):
        elf.fail("it ends within the names of its symbols")
    for found in _REGISTRATION.finditer(elf.data, strings.offset, strings.offset + strings.size):
        name = found["name"][: int(found["length"][-_MAX_DIGITS:])].decode("ascii")
        yield name, _AFTER_NAMESPACE[found["kind"] or b""].sub("", name.partition("static_init_")[2])
