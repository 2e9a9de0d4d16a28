"""The `metadata.json` of a build, in the key order of the reference format."""

import importlib.metadata
from typing import Any

from kernel_builder.config.model import KernelConfig, KernelDepend, NoarchExtension
from kernel_builder.provenance import Provenance

__all__ = ["UNKNOWN_LICENSE", "build_metadata"]

#: The Hub's own identifier for a license that was not given; readers of metadata.json require the key.
UNKNOWN_LICENSE = "unknown"


def build_metadata(config: KernelConfig, backend: str, kernel_id: str, provenance: Provenance) -> dict[str, Any]:
    """What is known of a build before it is made; the digest, and what was compiled for, are added when it exists."""
    general = config.general
    options = general.for_backend(backend)
    document: dict[str, Any] = {
        "name": general.name,
        "id": kernel_id,
        "version": general.version,
        "license": general.license or UNKNOWN_LICENSE,
    }
    if general.upstream_url:
        document["upstream"] = general.upstream_url
    if general.source:
        document["source"] = general.source
    document["python-depends"] = list(dict.fromkeys([*general.python_depends, *options.python_depends]))
    if depends := [*general.kernel_depends, *options.kernel_depends]:
        document["kernel-depends"] = [_kernel_depend(depend) for depend in depends]
    document["backend"] = {"type": backend, **_archs(config, backend)}
    document["provenance"] = {"kernel-builder": {"version": importlib.metadata.version("kernel-builder")}}
    if provenance.commit is not None:
        document["provenance"]["kernel"] = {"commit": provenance.commit, "dirty": provenance.dirty}
    return document


def _archs(config: KernelConfig, backend: str) -> dict[str, list[str]]:
    """The architectures that a Python-only kernel says it runs on; those of a compiled one are what was compiled."""
    framework = config.framework
    if not isinstance(framework, NoarchExtension):
        return {}
    archs = {"cuda": framework.cuda_capabilities, "rocm": framework.rocm_archs}.get(backend, ())
    return {"archs": list(dict.fromkeys(archs))} if archs else {}


def _kernel_depend(depend: KernelDepend) -> dict[str, Any]:
    choice = {"version": depend.version} if depend.revision is None else {"revision": depend.revision}
    return {"repo-id": depend.repo_id, **choice}
