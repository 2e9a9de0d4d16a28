"""The manylinux policies."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from kernel_builder.errors import ToolchainError
from kernel_builder.toolchain.manylinux.policy import DEFAULT_POLICY, Policy, load_policy, policy_names


@pytest.mark.parametrize(
    ("name", "machine", "newest"),
    [
        (
            DEFAULT_POLICY,
            "x86_64",
            {"GLIBC": "2.28", "GLIBCXX": "3.4.24", "CXXABI": "1.3.11", "GCC": "7.0.0", "LIBATOMIC": "1.2"},
        ),
        (DEFAULT_POLICY, "aarch64", {"GLIBC": "2.28", "GLIBCXX": "3.4.24", "CXXABI": "1.3.11", "GCC": "7.0.0"}),
        ("manylinux_2_17", "x86_64", {"GLIBC": "2.17", "GLIBCXX": "3.4.19", "CXXABI": "1.3.7", "LIBATOMIC": None}),
        ("manylinux_2_36", "loongarch64", {"GLIBC": "2.36", "GLIBCXX": "3.4.30", "MADE_UP": None}),
    ],
)
def test_the_newest_versions(name: str, machine: str, newest: dict[str, str | None]) -> None:
    """The newest version of each prefix is the one that the requirements name; versions are compared as numbers."""
    policy = load_policy(name, machine)
    assert (name, machine) == (policy.name, policy.machine)
    assert newest == {prefix: policy.newest(prefix) for prefix in newest}


@pytest.mark.parametrize(
    ("version", "allowed"),
    [
        ("GLIBC_2.28", True),
        ("GLIBC_2.2.5", True),
        ("GLIBC_2.29", False),
        ("GLIBC_2.100", False),
        ("GLIBC_PRIVATE", False),
        ("GLIBC_ABI_DT_RELR", False),
        ("GLIBCXX_3.4.24", True),
        ("GLIBCXX_3.4.25", False),
        ("CXXABI_TM_1", True),
        ("CXXABI_FLOAT128", True),
        ("GCC_7.0.0", True),
        ("GCC_12.0.0", False),
        ("libcudart.so.12", None),
        ("OPENSSL_3.0.0", None),
        ("GLIBC", False),
    ],
)
def test_versions(version: str, allowed: bool | None) -> None:
    """A version of the system is allowed or not, whether it is a number or not; of others the policy says nothing."""
    assert allowed is load_policy(DEFAULT_POLICY, "x86_64").allows(version)


def test_libraries() -> None:
    """The libraries are those that every such system has; the vector one came later."""
    assert {"libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1", "libpthread.so.0", "libmvec.so.1"} <= (
        load_policy(DEFAULT_POLICY, "x86_64").libraries
    )
    assert "libmvec.so.1" not in load_policy("manylinux_2_17", "x86_64").libraries


@pytest.mark.parametrize(
    ("alias", "name"),
    [("manylinux1", "manylinux_2_5"), ("manylinux2010", "manylinux_2_12"), ("manylinux2014", "manylinux_2_17")],
)
def test_older_names(alias: str, name: str) -> None:
    """A policy is found by its older name, and called by the one with glibc's version."""
    assert load_policy(name, "x86_64") == load_policy(alias, "x86_64")
    assert name == load_policy(alias, "x86_64").name


@pytest.mark.parametrize(
    ("name", "machine", "message", "hint"),
    [
        ("manylinux_2_82", "x86_64", "there is no manylinux policy 'manylinux_2_82'", "Did you mean manylinux_2_"),
        ("manylinux2041", "x86_64", "there is no manylinux policy 'manylinux2041'", "Did you mean manylinux2014?"),
        ("musllinux", "x86_64", "there is no manylinux policy 'musllinux'", "manylinux_2_27, manylinux_2_28,"),
        ("\x1b[31m" + "x" * 9999, "x86_64", "there is no manylinux policy '\\x1b[31m", "The policies are"),
        ("manylinux_2_28", "riscv64", "manylinux_2_28 is not defined for riscv64", "riscv64 are manylinux_2_31,"),
        ("manylinux_2_28", "e_machine 9", "manylinux_2_28 is not defined for e_machine 9", "x86_64, aarch64,"),
    ],
)
def test_unknown_policies(name: str, machine: str, message: str, hint: str) -> None:
    """What is not there is named, with what was probably meant and what there is."""
    with pytest.raises(ToolchainError) as raised:
        load_policy(name, machine)
    assert message in str(raised.value)
    assert hint in raised.value.hint
    assert len(str(raised.value)) < 200


@pytest.mark.skipif(find_spec("auditwheel") is None, reason="auditwheel is what the policies are compared with")
def test_they_are_those_of_auditwheel() -> None:
    """Every policy allows on every processor what auditwheel's does: the same versions, the same libraries."""
    spec = find_spec("auditwheel")
    assert spec is not None
    assert spec.origin is not None
    source = json.loads((Path(spec.origin).parent / "policy" / "manylinux-policy.json").read_text("utf-8"))
    expected = {
        (one["name"], machine): Policy(
            name=one["name"],
            machine=machine,
            versions={prefix: frozenset(allowed) for prefix, allowed in versions.items()},
            libraries=frozenset(one["lib_whitelist"]),
        )
        for one in source
        for machine, versions in one["symbol_versions"].items()
    }
    assert expected == {key: load_policy(*key) for key in expected}
    assert {name for name, _ in expected} == {*policy_names()}
