"""Whether the symbols that a library needs without a version are there wherever it is loaded.

A symbol without a version binds to whatever has its name: nothing in the file says that it needs a newer system, and no
check of versions sees it.
"""

import re
from collections.abc import Iterator

from kernel_builder.checks.abi.mangled import is_of_cxx_library, mentions_torch
from kernel_builder.checks.abi.providers import find_definitions
from kernel_builder.checks.abi.subject import ElfSubject
from kernel_builder.checks.findings import Finding
from kernel_builder.toolchain.manylinux.policy import Policy

__all__ = ["check_undefined"]

#: What libstdc++ and libgcc_s define beside what is in `std`.
_RUNTIME = re.compile(
    r"__cxa_|__gxx_|_Unwind_|_Zn[wa]|_Zd[la]|_ZT[VIS]N10__cxxabiv1|_ZT[IS][a-zP]|_ZN10__cxxabiv1|_ZN9__gnu_cxx"
)
_C_LIBRARY, _CXX_LIBRARY = "libc.so.6", "libstdc++.so.6"
#: What the loader itself defines.
_OF_LOADER = frozenset({"__tls_get_addr", "__stack_chk_guard"})


def check_undefined(subject: ElfSubject, policy: Policy | None) -> Iterator[Finding]:
    """Hold the undefined symbols without a version against the C library and the libraries that are needed.

    Raises:
        BinaryError: when its symbols cannot be read.
    """
    unknown = []
    for name in subject.open_names:
        if name.startswith("_Z"):
            if policy is not None and is_of_cxx_library(name) and not mentions_torch(name):
                message = f"{name} of the C++ library is needed without its version"
                yield subject.find("unversioned-cxx", message, symbol=name, origin=subject.origins.of(name))
            else:
                unknown.append(name)
        elif (since := _since(name, subject.elf.machine)) is None:
            unknown.append(name)
        elif policy is not None and not policy.allows(f"GLIBC_{since}"):
            yield _newer(subject, name, since, policy)
    yield from _check_provided(subject, unknown)


def _since(name: str, machine: str) -> str | None:
    from kernel_builder.checks.abi.glibc import first_version

    return first_version(name, machine)


def _newer(subject: ElfSubject, name: str, since: str, policy: Policy) -> Finding:
    allowed = policy.newest("GLIBC")
    return subject.find(
        "unversioned-newer",
        f"{name} is needed without a version; the C library has it since {since}, {policy.name} goes to {allowed}",
        symbol=name,
        needed=f"GLIBC_{since}",
        allowed=f"GLIBC_{allowed}",
        origin=subject.origins.of(name),
    )


def _check_provided(subject: ElfSubject, names: list[str]) -> Iterator[Finding]:
    names = [name for name in names if name not in _OF_LOADER]
    if not names:
        return
    search = find_definitions(names, subject.elf.needed, subject.limits.search)
    left = [name for name in names if name not in search.found]
    if _CXX_LIBRARY in search.reached:
        left = [name for name in left if not (_RUNTIME.match(name) or is_of_cxx_library(name))]
    missing, doubtful = search.missing, left
    if not missing and _C_LIBRARY not in subject.elf.needed:
        # It is in every process all the same. Where it is needed, what it defines has got a version from the linker.
        missing, doubtful = (_C_LIBRARY,), [name for name in left if not name.startswith("_Z")]
    if missing and doubtful:
        libraries = ", ".join(missing)
        subject.notes.append(f"whether {_count(doubtful)} can be found in {libraries}")
    excused = set(doubtful) if missing else ()
    for name in left:
        if name in excused:
            continue
        message = f"{name} is needed, which no library defines that this one lists"
        yield subject.find("undefined-symbol", message, symbol=name, origin=subject.origins.of(name))


def _count(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} symbols"
