"""Libraries that components depend on beside the framework: what a generated project is told of them."""

import json
from pathlib import Path
from typing import Any

from kernel_builder.config.model import KernelConfig
from kernel_builder.config.names import component_depends

__all__ = ["dependencies", "dependency_variables"]

#: Names a folder of copies of all libraries.
_COPIES = "KERNEL_BUILDER_DEPENDENCIES"


def dependencies(config: KernelConfig) -> dict[str, dict[str, Any]]:
    """The rows of `dependencies.json` for the libraries that a kernel needs, each with the backends that have it."""
    document = json.loads(Path(__file__).with_name("dependencies.json").read_text("utf-8"))
    names = sorted({name for component in config.kernels for name in component.depends} - {"torch"})
    backends = component_depends()
    return {name: {"backends": backends[name], **document[name]} for name in names if name in document}


def dependency_variables(config: KernelConfig) -> tuple[str, ...]:
    """The environment variables that say where copies of a kernel's libraries are, such as `CUTLASS_SRC_DIR`."""
    variables = sorted({row["variable"] for row in dependencies(config).values()})
    return (*variables, _COPIES) if variables else ()
