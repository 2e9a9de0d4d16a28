"""Whether a library needs no newer versions of the system's libraries than a manylinux policy allows."""

from collections.abc import Iterator
from functools import cache

from kernel_builder.binary.elf import VersionNeed
from kernel_builder.checks.abi.libraries import is_system_library
from kernel_builder.checks.abi.subject import ElfSubject
from kernel_builder.checks.findings import Finding
from kernel_builder.toolchain.manylinux.policy import Policy, load_policy

__all__ = ["check_versions"]

_DT_RELR = 36
_RELR = "GLIBC_ABI_DT_RELR"
_PRIVATE = "GLIBC_PRIVATE"


def check_versions(subject: ElfSubject, policy: Policy) -> Iterator[Finding]:
    """Hold the versions that a library needs against a policy; symbols are only looked at where one exceeds it.

    Raises:
        BinaryError: when the tables cannot be read.
    """
    needs = subject.elf.version_needs
    is_packed = _DT_RELR in (subject.elf.dynamic or {}) or any(need.version == _RELR for need in needs)
    if is_packed and not policy.allows(_RELR):
        yield subject.find("manylinux-relr", "its relative relocations are packed (DT_RELR)", **_about(policy, _RELR))
    for need in needs:
        if need.version != _RELR and not policy.allows(need.version) and _is_judged(need, policy):
            yield from _exceeding(subject, policy, need)


def _is_judged(need: VersionNeed, policy: Policy) -> bool:
    """Whether a version is one of the system's: libraries of others, such as CUDA's, count their own."""
    return need.version.partition("_")[0] in policy.versions or is_system_library(need.library)


def _exceeding(subject: ElfSubject, policy: Policy, need: VersionNeed) -> Iterator[Finding]:
    columns = subject.columns
    names = [columns.name(index) for index in columns.of_version(need.index)]
    fields = _about(policy, need.version)
    code = _code(policy, need.version)
    what = {
        "manylinux-private": f"keeps to itself ({need.version})",
        "manylinux-unknown-version": f"has in a version that {policy.name} does not know ({need.version})",
    }.get(code, f"has since {need.version}, and {policy.name} goes to {fields.get('allowed')}")
    for name in names:
        origin = subject.origins.of(name) or need.library
        yield subject.find(code, f"{name} is needed, which {need.library} {what}", symbol=name, origin=origin, **fields)
    if not names:
        message = f"something is needed that {need.library} {what}"
        yield subject.find(code, message, origin=need.library, **fields)


def _code(policy: Policy, version: str) -> str:
    if version == _PRIVATE:
        return "manylinux-private"
    return "manylinux-version" if _allowed(policy, version) else "manylinux-unknown-version"


def _allowed(policy: Policy, version: str) -> str | None:
    """The newest version that is allowed of the same series; `None` where the version is none of a series."""
    prefix, _, number = version.partition("_")
    newest = _newest(policy.name, policy.machine, prefix)
    return f"{prefix}_{newest}" if newest and number[:1].isdecimal() else None


@cache
def _newest(name: str, machine: str, prefix: str) -> str | None:
    return load_policy(name, machine).newest(prefix)


def _about(policy: Policy, version: str) -> dict[str, str | None]:
    return {"needed": version, "allowed": _allowed(policy, version)}
