"""Python packages in a text file, each with the faults that its lines are marked with, and the builds that they make.

A case begins with `==== ` and its name; after ` | ` come words on its metadata: `backend=…`, `depends=…`,
`kernel-depends`. A file of it begins with `---- ` and its path. A line with errors ends in `#! ` and their codes, one
with warnings in `#? ` and theirs, one with both in both.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kernel_builder.checks.findings import Finding
from kernel_builder.checks.python import check_python
from kernel_builder.resources import templates_dir
from kernels.metadata import BackendInfo, KernelDependency, Metadata

__all__ = ["MODULE", "OPS_ID", "Case", "Fault", "check_files", "faults", "read_corpus"]

MODULE, OPS_ID = "k", "_k_cpu_abc"
_MARK = re.compile(r"#(?P<kind>[!?]) (?P<codes>[-a-z ]+)")

#: A file, a line, a severity and a code.
Fault = tuple[str, int, str, str]


@dataclass
class Case:
    """A package, with what is wrong with it."""

    name: str
    words: list[str]
    files: dict[str, str] = field(default_factory=dict)

    @property
    def faults(self) -> list[Fault]:
        """What the lines are marked with."""
        found = []
        for file, text in self.files.items():
            for line, said in enumerate(text.split("\n"), 1):
                for mark in _MARK.finditer(said):
                    severity = "error" if mark["kind"] == "!" else "warning"
                    found += [(file, line, severity, code) for code in mark["codes"].split()]
        return sorted(found)

    @property
    def metadata(self) -> Metadata:
        """What the build says of itself."""
        words = dict(word.partition("=")[::2] for word in self.words)
        return Metadata(
            id=OPS_ID,
            name=MODULE,
            version=1,
            license="MIT",
            backend=BackendInfo(words.get("backend", "cpu")),
            python_depends=tuple(words["depends"].split(",")) if "depends" in words else (),
            kernel_depends=(KernelDependency("kernels-test/activation", version=1),)
            if "kernel-depends" in words
            else (),
        )


def read_corpus(path: Path) -> list[Case]:
    """The cases of a file."""
    cases: list[Case] = []
    file = ""
    for line in path.read_text("utf-8").split("\n"):
        if line.startswith("==== "):
            name, _, words = line[5:].partition(" | ")
            cases.append(Case(name, words.split()))
        elif line.startswith("---- "):
            file = line[5:]
            cases[-1].files[file] = ""
        elif cases:
            cases[-1].files[file] += line + "\n"
    return cases


def check_files(folder: Path, files: Mapping[str, str | bytes], metadata: Metadata | None) -> list[Finding]:
    """Write a build with the files, a native library and the `_ops.py` that kernel-builder writes, and check it."""
    ops = (templates_dir() / "project" / "torch" / "cmake" / "_ops.py.in").read_text("utf-8")
    everything: dict[str, str | bytes] = {
        "_ops.py": ops.replace("@KERNEL_OPS_ID@", OPS_ID),
        f"{OPS_ID}.abi3.so": "",
        **files,
    }
    for name, contents in everything.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode("utf-8"))
    return check_python(folder, metadata, MODULE)


def faults(findings: list[Finding]) -> list[Fault]:
    """What is found, in the form that a case says it."""
    return sorted((one.file, one.line or 0, one.severity, one.code) for one in findings)
