"""`metadata.json`: what a build says of itself.

Keys: `name`, `id`, `version`, `license` and `backend` are required; `upstream`, `source`, `python-depends`,
`python-depends-backends`, `kernel-depends`, `digest`, `provenance` and `kernels-minver` are optional. Unknown keys
are ignored at every level, so that an older loader reads what a newer builder wrote.
"""

import json
import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernels._fields import OBJECT, OBJECTS, TEXT, TEXTS, Fields, Form, oddity, show
from kernels.backend import BACKENDS
from kernels.digest import ALGORITHMS, Digest
from kernels.errors import KernelNotFoundError, MetadataError

__all__ = ["BackendInfo", "KernelDependency", "Metadata", "read_metadata"]

#: A larger file is no metadata; it is refused before it is parsed.
MAX_BYTES = 1 << 20

# Names become names of files, and versions become numbers: both have bounds in Python and in file systems.
_NAME = re.compile(r"[a-z][-a-z0-9]{0,94}[a-z0-9]")
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_COMMIT = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
_MINVER = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}")


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_version(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_module_name(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None and not keyword.iskeyword(value)


_MODULE_NAME = Form("a Python identifier in ASCII of at most 200 characters", _is_module_name)
_KERNEL_NAME = Form("2 to 96 lower-case letters, digits and dashes, from a letter on", _matches(_NAME))
_VERSION = Form("a whole number of 0 or more", _is_version)
_BACKEND = Form(f"one of {', '.join(BACKENDS)}", lambda value: value in BACKENDS)
_ALGORITHM = Form(f"one of {', '.join(ALGORITHMS)}", lambda value: value in ALGORITHMS)
_FULL_COMMIT = Form("a full commit", _matches(_COMMIT))
_THREE_PART_VERSION = Form("a version of the form X.Y.Z", _matches(_MINVER))
_HASHES = Form(
    "an object of strings",
    lambda value: isinstance(value, dict) and all(isinstance(one, str) for one in value.values()),
)


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """The backend that a build is for.

    Attributes:
        type: one of `kernels.backend.BACKENDS`.
        archs: the GPU architectures in the build, such as `("8.0", "9.0a")` or `("gfx942",)`; empty when not given.
    """

    type: str
    archs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KernelDependency:
    """Another kernel that a kernel needs: a repository, and exactly one of a version and a revision."""

    repo_id: str
    version: int | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """The contents of a `metadata.json`, checked.

    Attributes:
        id: the name of the kernel's module, and of its namespace in `torch.ops`; a Python identifier.
        name: the name of the kernel; dashes become underscores in the name of its package.
        version: the major version, also the `N` of the branch `vN`.
        license: the license identifier.
        backend: the backend and its architectures.
        upstream: the repository that the kernel comes from.
        source: the repository that the build was made from.
        python_depends: curated names of Python packages that the kernel imports.
        kernel_depends: other kernels that it needs.
        digest: the hashes of the build's files.
        provenance: who built it from what, as written.
        kernels_minver: the oldest loader that can load it, as `X.Y.Z`.
    """

    id: str
    name: str
    version: int
    license: str
    backend: BackendInfo
    upstream: str | None = None
    source: str | None = None
    python_depends: tuple[str, ...] = ()
    kernel_depends: tuple[KernelDependency, ...] = ()
    digest: Digest | None = None
    provenance: Mapping[str, Any] | None = None
    kernels_minver: str | None = None

    @property
    def python_name(self) -> str:
        """The name of the kernel's package: `name` with underscores for dashes."""
        return self.name.replace("-", "_")

    @classmethod
    def parse(cls, document: bytes | str) -> "Metadata":
        """Check a document and take it in.

        Raises:
            MetadataError: with every problem of the document, each with the key it is about.
        """
        return _parse(document)


def read_metadata(variant_dir: Path) -> Metadata:
    """Read the `metadata.json` of a build.

    Raises:
        KernelNotFoundError: when there is none.
        MetadataError: when it cannot be read, is too large, is no JSON object, or has a key of the wrong form.
    """
    path = variant_dir / "metadata.json"
    try:
        with path.open("rb") as file:
            document = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        message = f"{variant_dir} is not a build of a kernel: it has no metadata.json"
        raise KernelNotFoundError(message) from None
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}"
        raise MetadataError(message) from None
    try:
        return Metadata.parse(document)
    except MetadataError as error:
        message = f"{path}: {error}"
        raise MetadataError(message) from None


def _parse(document: bytes | str) -> Metadata:
    if len(document) > MAX_BYTES:
        message = f"larger than {MAX_BYTES} bytes"
        raise MetadataError(message)
    try:
        data = json.loads(document)
    except (ValueError, RecursionError) as error:
        message = f"not valid JSON: {error}"
        raise MetadataError(message) from None
    if not isinstance(data, dict):
        message = "not a JSON object"
        raise MetadataError(message)
    if problem := oddity(data):
        message = f"not usable: {problem}"
        raise MetadataError(message)
    problems: list[str] = []
    fields = Fields(data, problems)
    backend = _read_backend(fields)
    metadata = Metadata(
        id=fields.required("id", _MODULE_NAME),
        name=fields.required("name", _KERNEL_NAME),
        version=fields.required("version", _VERSION),
        license=fields.required("license", TEXT),
        backend=backend,
        upstream=fields.optional("upstream", TEXT),
        source=fields.optional("source", TEXT),
        python_depends=_read_python_depends(fields, backend.type),
        kernel_depends=_read_kernel_depends(fields),
        digest=_read_digest(fields),
        provenance=_read_provenance(fields),
        kernels_minver=fields.optional("kernels-minver", _THREE_PART_VERSION),
    )
    if problems:
        raise MetadataError("; ".join(problems))
    return metadata


def _read_backend(fields: Fields) -> BackendInfo:
    if fields.required("backend", OBJECT) is None:
        return BackendInfo("")
    backend = fields.nested("backend")
    return BackendInfo(backend.required("type", _BACKEND) or "", tuple(backend.optional("archs", TEXTS) or ()))


def _read_python_depends(fields: Fields, backend: str) -> tuple[str, ...]:
    general = fields.optional("python-depends", TEXTS) or ()
    special = fields.nested("python-depends-backends").optional(backend, TEXTS) or ()
    return tuple(dict.fromkeys([*general, *special]))


def _read_kernel_depends(fields: Fields) -> tuple[KernelDependency, ...]:
    found = []
    for index, entry in enumerate(fields.optional("kernel-depends", OBJECTS) or ()):
        dependency = KernelDependency(entry.get("repo-id"), entry.get("version"), entry.get("revision"))
        one_of = (dependency.version is None) != (dependency.revision is None)
        version_good = dependency.version is None or _is_version(dependency.version)
        revision_good = dependency.revision is None or TEXT.fits(dependency.revision)
        known = entry.keys() <= {"repo-id", "version", "revision"}
        if not (TEXT.fits(dependency.repo_id) and one_of and version_good and revision_good and known):
            fields.problems.append(
                f"`kernel-depends[{index}]` is {show(entry)}, expected a `repo-id` and one of `version` and `revision`"
            )
        found.append(dependency)
    return tuple(found)


def _read_digest(fields: Fields) -> Digest | None:
    if fields.optional("digest", OBJECT) is None:
        return None
    digest = fields.nested("digest")
    files = digest.required("files", _HASHES) or {}
    return Digest(digest.required("algorithm", _ALGORITHM) or "", dict(sorted(files.items())))


def _read_provenance(fields: Fields) -> Mapping[str, Any] | None:
    provenance: Mapping[str, Any] | None = fields.optional("provenance", OBJECT)
    for name in ("kernel-builder", "kernel"):
        part = fields.nested("provenance").nested(name) if provenance else None
        if part is None:
            continue
        key = "commit" if "commit" in part.data else "sha"
        part.optional(key, _FULL_COMMIT)
        if (part.data.get(key) is None) != ("dirty" not in part.data):
            fields.problems.append(f"`provenance.{name}` needs `commit` and `dirty` together, or neither")
    return provenance
