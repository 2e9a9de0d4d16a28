"""The manylinux policies: which versions of the system's libraries a library may need. Data, read once.

The source of the data, and of what a policy is, is auditwheel; `scripts/update_abi.py` refreshes `policy.json`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kernel_builder.errors import ToolchainError

__all__ = ["DEFAULT_POLICY", "Policy", "load_policy", "policy_names"]

#: The policy that the requirements for kernels name.
DEFAULT_POLICY = "manylinux_2_28"

_NUMBERED = re.compile(r"[0-9]+(?:\.[0-9]+)*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a manylinux policy allows on one kind of processor.

    Attributes:
        name: its name with the version of glibc, such as `manylinux_2_28`, whatever it was asked for as.
        machine: the processor, as in the names of systems: `x86_64`.
        versions: the allowed versions of symbols by what stands before the first underscore: `GLIBC` →
            `{"2.2.5", …, "2.28"}`. Some are no numbers, such as `TM_1` and `LDBL_1.3` of `CXXABI`.
        libraries: the libraries that may be needed (DT_NEEDED) and need not be shipped; the dynamic loader, which is
            always there, is not among them.
    """

    name: str
    machine: str
    versions: Mapping[str, frozenset[str]]
    libraries: frozenset[str]

    def newest(self, prefix: str) -> str | None:
        """The newest version of a prefix that is a number, without the prefix.

        Returns:
            Such as `2.28` for `GLIBC`; `None` where the policy allows none, or says nothing of the prefix.
        """
        numbered = [version for version in self.versions.get(prefix, ()) if _NUMBERED.match(version)]
        return max(numbered, key=lambda version: tuple(map(int, version.split("."))), default=None)

    def allows(self, version: str) -> bool | None:
        """Whether a symbol may be needed in a version such as `GLIBC_2.28`; `None` where the policy does not say."""
        prefix, _, number = version.partition("_")
        allowed = self.versions.get(prefix)
        return None if allowed is None else number in allowed


@cache
def load_policy(name: str, machine: str) -> Policy:
    """A policy by its name or an older name of it: `manylinux_2_17` is `manylinux2014`.

    Raises:
        ToolchainError: when there is no such policy, or none for the processor.
    """
    wanted = _found(name)
    libraries: set[str] = set()
    versions: dict[str, set[str]] = {}
    for policy in _policies():
        libraries.update(policy["libraries"])
        for prefix, added in policy["versions"].get(machine, {}).items():
            versions.setdefault(prefix, set()).update(added)
        if policy is wanted:
            break
    if machine not in wanted["versions"]:
        message = f"{wanted['name']} is not defined for {machine}"
        raise ToolchainError(message, hint=_hint_for_machine(wanted, machine))
    return Policy(
        name=wanted["name"],
        machine=machine,
        versions={prefix: frozenset(allowed) for prefix, allowed in versions.items()},
        libraries=frozenset(libraries),
    )


def policy_names() -> tuple[str, ...]:
    """The policies by their names, from the oldest glibc to the newest."""
    return tuple(policy["name"] for policy in _policies())


def _found(name: str) -> dict[str, Any]:
    for policy in _policies():
        if name in (policy["name"], *policy["aliases"]):
            return policy
    from kernel_builder.config.report import closest, shown

    known = policy_names()
    guess = closest(name, (*known, *(alias for policy in _policies() for alias in policy["aliases"])))
    meant = f"Did you mean {guess}? " if guess else ""
    message = f"there is no manylinux policy {shown(name)}"
    raise ToolchainError(message, hint=f"{meant}The policies are {', '.join(known)}.")


def _hint_for_machine(policy: dict[str, Any], machine: str) -> str:
    names = [one["name"] for one in _policies() if machine in one["versions"]]
    if names:
        return f"The policies for {machine} are {', '.join(names)}."
    return f"Its processors are {', '.join(policy['versions'])}."


@cache
def _policies() -> tuple[dict[str, Any], ...]:
    document = json.loads(Path(__file__).with_name("policy.json").read_text("utf-8"))
    return tuple(document["policies"])
