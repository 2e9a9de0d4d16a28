"""Renders a kernel project's build files: the same configuration always gives the same bytes.

The folders of `templates/project` are the plan: a project has the files of `any` and of the framework's own folder;
when the framework compiles, also of `compiled`, of `backend-<name>` for each of its backends, and of `dependencies` if
a component depends on more than the framework. What ends in `.jinja` is rendered, the rest is taken as it stands;
`MODULE` in the name of a folder is the kernel's Python package. Beside these a project has one metadata file for each
backend.
"""

import json
from pathlib import Path
from typing import Any

from kernel_builder.config.capabilities import (
    default_capabilities,
    family_cuda,
    known_capabilities,
    oldest_capability,
    oldest_cudas,
    rocm_archs,
    rocm_llvm,
)
from kernel_builder.config.model import KernelConfig, NoarchExtension, TorchExtension
from kernel_builder.errors import TargetError
from kernel_builder.project.dependencies import dependencies
from kernel_builder.project.environment import environment
from kernel_builder.project.metadata import build_metadata
from kernel_builder.project.packages import python_packages
from kernel_builder.provenance import Provenance
from kernel_builder.resources import templates_dir

__all__ = ["ops_id", "render", "render_ops"]

_SUFFIX = ".jinja"
_OPS_TEMPLATE = "project/torch-noarch/torch-ext/MODULE/_ops.py.jinja"
#: Framework → what its package needs in order to be built, and to run.
_BUILD_REQUIRES = {
    "torch": ("scikit-build-core>=0.11", "cmake>=3.26", "ninja", "torch"),
    "torch-noarch": ("scikit-build-core>=1.1",),
    "tvm-ffi": ("scikit-build-core>=0.11", "cmake>=3.26", "ninja", "apache-tvm-ffi"),
}
_RUN_REQUIRES = {"torch": "torch", "torch-noarch": "torch", "tvm-ffi": "apache-tvm-ffi"}


def ops_id(config: KernelConfig, backend: str, unique_id: str) -> str:
    """The name of the native library, of `torch.ops.<ops id>`, and the `id` of the metadata."""
    return f"_{config.general.python_name}_{backend}_{unique_id}"


def render(config: KernelConfig, provenance: Provenance, *, source_dir: str = ".") -> dict[str, str]:
    """Render the project of a kernel, of whatever framework and backends.

    Args:
        config: the kernel.
        provenance: where its sources stand; names the unique id.
        source_dir: the POSIX path of the kernel's folder from the folder that the project is written to.

    Returns:
        POSIX path within that folder → text, sorted.

    Raises:
        TargetError: when the kernel has nothing to compile although its framework compiles, or a component in Rust.
        ConfigError: when a value of the configuration cannot be carried into a generated file.
    """
    backends = _backends(config)
    values = _values(config, backends, provenance, source_dir)
    files = {}
    for path in _templates(config, backends):
        name = path.relative_to(templates_dir()).as_posix()
        target = name.split("/", 2)[2].removesuffix(_SUFFIX).replace("MODULE", config.general.python_name)
        is_template = name.endswith(_SUFFIX)
        files[target] = environment().get_template(name).render(values) if is_template else path.read_text("utf-8")
    for backend in backends:
        metadata = build_metadata(config, backend, ops_id(config, backend, provenance.unique_id), provenance)
        files[f"metadata-{backend}.json"] = json.dumps(metadata, indent=2) + "\n"
    return dict(sorted(files.items()))


def render_ops(config: KernelConfig, backend: str, unique_id: str) -> str:
    """Render the `_ops.py` of one build of a Python-only kernel."""
    return environment().get_template(_OPS_TEMPLATE).render(ops_ids={backend: ops_id(config, backend, unique_id)})


def _templates(config: KernelConfig, backends: tuple[str, ...]) -> list[Path]:
    """Every file that makes one of a project's."""
    layers = ["any", config.framework_key]
    if not isinstance(config.framework, NoarchExtension):
        layers += ["compiled", *(f"backend-{backend}" for backend in backends)]
        layers += ["dependencies"] if _has_dependencies(config) else []
    top = templates_dir() / "project"
    paths = [path for layer in layers for path in (top / layer).rglob("*") if path.is_file()]
    return [path for path in paths if "__pycache__" not in path.parts]


def _has_dependencies(config: KernelConfig) -> bool:
    """Whether a component needs a library beside the framework."""
    return any(set(component.depends) - {"torch"} for component in config.kernels)


def _backends(config: KernelConfig) -> tuple[str, ...]:
    """The backends that a kernel is built for."""
    if isinstance(config.framework, NoarchExtension):
        return config.general.backends
    rust = [kernel.id for kernel in config.kernels if kernel.cargo_manifest]
    if rust:
        message = f"Rust components are not built by this version: {', '.join(rust)}"
        raise TargetError(message, hint="Build the kernel with a later version of kernel-builder.")
    backends = tuple(backend for backend in config.general.backends if config.components(backend))
    if not backends:
        message = f"{config.general.name} has no component for any of its backends, so that there is nothing to compile"
        raise TargetError(message, hint='Add a component, such as [kernel.NAME] with backend = "cpu", to build.toml.')
    return backends


def _cuda_data() -> dict[str, Any]:
    """What CUDA's compilers compile for, as texts."""
    return {
        "known": [str(one) for one in known_capabilities()],
        "families": ".".join(map(str, family_cuda())),
        "lists": [
            {
                "cuda": ".".join(map(str, cuda)),
                "oldest": str(oldest_capability(cuda)),
                "capabilities": [str(one) for one in default_capabilities(cuda)],
            }
            for cuda in oldest_cudas()
        ],
    }


def _values(config: KernelConfig, backends: tuple[str, ...], provenance: Provenance, source_dir: str) -> dict[str, Any]:
    framework = config.framework
    packages = python_packages(config)
    in_place = source_dir == "."
    values = {
        "general": config.general,
        "module": config.general.python_name,
        "python_dir": config.python_dir,
        "framework_key": config.framework_key,
        "framework_module": config.framework_key.replace("-", "_"),
        "has_dependencies": _has_dependencies(config),
        "dependencies_data": json.dumps(dependencies(config), indent=2),
        "is_compiled": not isinstance(framework, NoarchExtension),
        "framework": framework,
        "backends": backends,
        "components": config.kernels,
        "ops_ids": {backend: ops_id(config, backend, provenance.unique_id) for backend in backends},
        "unique_id": provenance.unique_id,
        "source_prefix": "" if in_place else f"/{source_dir}",
        "source_prefix_path": "" if in_place else f"{source_dir}/",
        "build_requires": _BUILD_REQUIRES[config.framework_key],
        "dependencies": list(dict.fromkeys([_RUN_REQUIRES[config.framework_key], *packages["general"]])),
        "optional_dependencies": packages["backends"],
        "cuda": _cuda_data(),
        "rocm": {"supported": rocm_archs().supported, "llvm": rocm_llvm()},
        "minver": None,
        "maxver": None,
        "stable_abi": {},
    }
    if isinstance(framework, TorchExtension):
        abis = {backend: framework.stable_abi_for(backend) for backend in backends}
        values["minver"] = framework.minver and framework.minver.text
        values["maxver"] = framework.maxver and framework.maxver.text
        values["stable_abi"] = {backend: abi.text for backend, abi in abis.items() if abi}
    return values
