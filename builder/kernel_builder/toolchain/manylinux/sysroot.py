"""Makes the folder that stands for an old system on the line that links a kernel, and keeps it."""

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from kernel_builder.binary import BinaryError
from kernel_builder.errors import ToolchainError
from kernel_builder.process import run
from kernel_builder.resources import templates_dir
from kernel_builder.toolchain.manylinux.locate import HostLibraries, locate_libraries
from kernel_builder.toolchain.manylinux.policy import DEFAULT_POLICY, Policy, load_policy
from kernel_builder.toolchain.tools import QUIET_ENVIRONMENT
from kernel_builder.tree import build_lock, install_text, install_tree, staging_dir

__all__ = ["Sysroot", "default_policy", "manylinux_sysroot"]

_LIBSTDCXX = "libstdc++.so.6"
_LIBSTDCXX_NONSHARED = "libstdc++_nonshared.a"
_LIBC_NONSHARED = "libc_nonshared.a"
_NEWER = "newer.json"
_FOLDER, _FILES = "folder", "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sysroot:
    """What takes part in linking a library that keeps to a policy; what compiles does not know of it.

    ::

        g++ -shared -o kernel.so LINK_OPTIONS kernel.o LIBRARIES libc10.so libtorch_cpu.so

    Attributes:
        folder: where the stubs are.
        link_options: options for the compiler as it links; before the objects.
        libraries: files to link right after the objects and before all other libraries: `libtorch_cpu.so` shows its own
            copies of newer parts of the C++ library to everybody, and a kernel must not take those.
        newer: names that the host's libraries have and nothing here has → the oldest version that the host has them in.
            Linkers leave such a name undefined and say nothing; see the documentation of this package.
    """

    folder: Path
    link_options: tuple[str, ...]
    libraries: tuple[Path, ...]
    newer: dict[str, str]


def default_policy(machine: str) -> Policy:
    """The policy that kernels keep to when no other is asked for.

    Raises:
        ToolchainError: when it is not defined for a processor.
    """
    return load_policy(DEFAULT_POLICY, machine)


def manylinux_sysroot(compiler: Sequence[str], policy: Policy, cache: Path) -> Sysroot:
    """The sysroot for what a compiler links: made once for the libraries that it links with, and kept.

    Args:
        compiler: the words of a C++ compiler for Linux with libstdc++ and glibc; a cross compiler will do.
        policy: what may be needed, for the processor that the compiler makes code for.
        cache: a folder, which need not exist, with one folder for each sysroot.

    Raises:
        ToolchainError: when the libraries of the compiler are of another kind or processor, or one is missing.
        ProcessError: when the compiler fails.
        BuilderError: when a file or a link is in the place of the cache.
        OSError: when the cache cannot be written.
    """
    cache = cache.absolute()  # what links may run elsewhere
    note = cache / f"{_key(compiler, policy)}.json"
    folder = _remembered(note)
    if folder is None:
        try:
            folder = _made(compiler, policy, note)
        except BinaryError as error:
            raise ToolchainError(str(error), hint="Install the libraries of the compiler again.") from None
    return Sysroot(
        folder=folder,
        link_options=(
            f"-L{folder}",
            f"-Wl,--exclude-libs,{_LIBSTDCXX_NONSHARED}:{_LIBC_NONSHARED}",
            "-Wl,--gc-sections",
        ),
        libraries=(folder / _LIBSTDCXX, folder / _LIBSTDCXX_NONSHARED),
        newer=json.loads((folder / _NEWER).read_text("utf-8")),
    )


def _made(compiler: Sequence[str], policy: Policy, note: Path) -> Path:
    """Make the sysroot of a compiler, unless it is there already for the same libraries, and remember which it is."""
    host = locate_libraries(compiler)
    if host.machine != policy.machine:
        message = f"{compiler[0]} links for {host.machine}, and {policy.name} was asked for {policy.machine}"
        raise ToolchainError(message, hint=f"Set CXX to a compiler for {policy.machine}.")
    folder = note.with_name(_digest(host, compiler, policy))
    with build_lock(note.parent, on_wait=lambda: None):
        if not folder.is_dir():
            with staging_dir(folder) as stage:
                _make(stage, compiler, policy, host)
                install_tree(stage, folder)
        _remember(note, folder, host)
    return folder


def _make(stage: Path, compiler: Sequence[str], policy: Policy, host: HostLibraries) -> None:
    from kernel_builder.toolchain.manylinux.archive import Member, read_archive, write_archive
    from kernel_builder.toolchain.manylinux.capped import cap_libraries
    from kernel_builder.toolchain.manylinux.shims import make_shims
    from kernel_builder.toolchain.manylinux.stubs import make_link_names, make_stub
    from kernel_builder.toolchain.manylinux.subtract import defined_names, subtract

    capped = cap_libraries(host.shared, policy)
    for library, symbols in capped.libraries.items():
        make_stub(compiler, stage, library, symbols)
    cxx = frozenset(symbol.name for symbol in capped.libraries[_LIBSTDCXX])
    newer_cxx = subtract(host.libstdcxx.read_bytes(), cxx, str(host.libstdcxx))
    libc = []
    if host.libc_nonshared is not None:
        path = str(host.libc_nonshared)
        members = read_archive(host.libc_nonshared.read_bytes(), path)
        libc = [Member(one.name, one.data, defined_names(one.data, f"{path}({one.name})")) for one in members]
    libc += make_shims(compiler, stage, capped.names | {name for member in libc for name in member.index})
    (stage / _LIBSTDCXX_NONSHARED).write_bytes(write_archive(newer_cxx))
    (stage / _LIBC_NONSHARED).write_bytes(write_archive(libc))
    make_link_names(stage, capped, host.loader)
    supplied = {name for member in (*newer_cxx, *libc) for name in member.index}
    newer = {name: version for name, version in capped.newer.items() if name not in supplied}
    install_text(stage / _NEWER, json.dumps(newer, indent=1) + "\n")


def _digest(host: HostLibraries, compiler: Sequence[str], policy: Policy) -> str:
    """What a sysroot is made from, whichever folders that is in."""
    digest = sha256(_method())
    digest.update(run([*compiler, "--version"], env=QUIET_ENVIRONMENT).encode())
    digest.update(repr(_policy_facts(policy)).encode())
    for path in host.files:
        digest.update(f"{path.name} ".encode())
        digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def _method() -> bytes:
    """What this package is: another version of it may make other sysroots."""
    folders = (Path(__file__).parent, templates_dir() / "manylinux")
    files = sorted(
        path for folder in folders for path in folder.iterdir() if path.suffix in (".py", ".json", ".c", ".jinja")
    )
    return sha256(b"".join(path.read_bytes() for path in files)).digest()


def _policy_facts(policy: Policy) -> tuple[Any, ...]:
    return policy.name, policy.machine, sorted((prefix, sorted(words)) for prefix, words in policy.versions.items())


def _key(compiler: Sequence[str], policy: Policy) -> str:
    """What must be the same for the answers of a compiler to be remembered."""
    programs = [_stamp(Path(found).resolve()) for word in compiler if (found := shutil.which(word))]
    return sha256(repr((_method(), *compiler, programs, _policy_facts(policy))).encode()).hexdigest()[:32]


def _stamp(path: Path) -> tuple[str, int, int]:
    facts = path.stat()
    return str(path), facts.st_size, facts.st_mtime_ns


def _remember(note: Path, folder: Path, host: HostLibraries) -> None:
    text = json.dumps({_FOLDER: folder.name, _FILES: [_stamp(path) for path in host.files]})
    install_text(note, text + "\n")


def _remembered(note: Path) -> Path | None:
    """The sysroot that was made for a compiler, where its libraries are still what they were."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(note.read_text("utf-8"))
        folder = note.with_name(known[_FOLDER])
        if folder.is_dir() and all([*_stamp(Path(one[0]))] == one for one in known[_FILES]):
            return folder
    return None
