"""Renders a kernel project's build files: the same configuration always gives the same bytes."""

import json
from typing import Any

from kernel_builder.config.model import KernelConfig, TorchExtension
from kernel_builder.errors import TargetError
from kernel_builder.project.environment import environment
from kernel_builder.project.metadata import build_metadata
from kernel_builder.project.packages import python_packages
from kernel_builder.provenance import Provenance
from kernel_builder.resources import templates_dir

__all__ = ["RENDERED_BACKENDS", "ops_id", "render"]

#: The backends that the generated CMake can build, in the order of preference.
RENDERED_BACKENDS = ("cpu",)

_VERBATIM = (
    "cmake/kernel.cmake",
    "cmake/torch.cmake",
    "cmake/torch_facts.py",
    "cmake/_ops.py.in",
    "cmake/kernel-build.json.in",
    "torch-ext/registration.h",
)
_TEMPLATES = ("CMakeLists.txt", "pyproject.toml")


def ops_id(config: KernelConfig, backend: str, unique_id: str) -> str:
    """The name of the native module, of `torch.ops.<ops id>`, and the `id` of the metadata."""
    return f"_{config.general.python_name}_{backend}_{unique_id}"


def render(config: KernelConfig, provenance: Provenance, *, source_dir: str = ".") -> dict[str, str]:
    """Render the project of a Torch extension.

    Args:
        config: the kernel.
        provenance: where its sources stand; names the unique id.
        source_dir: the POSIX path of the kernel's folder from the folder that the project is written to.

    Returns:
        POSIX path within that folder → text.

    Raises:
        TargetError: when the kernel has no backend that the generated CMake can build, or is no Torch extension.
        ConfigError: when a value of the configuration cannot be carried into a generated file.
    """
    backends = _backends(config)
    templates = templates_dir() / "project" / "torch"
    files = {name: (templates / name).read_text("utf-8") for name in _VERBATIM}
    values = _values(config, backends, provenance, source_dir)
    files |= {name: environment().get_template(f"project/torch/{name}.jinja").render(values) for name in _TEMPLATES}
    files |= {
        f"metadata-{backend}.json": json.dumps(
            build_metadata(config, backend, ops_id(config, backend, provenance.unique_id), provenance), indent=2
        )
        + "\n"
        for backend in backends
    }
    return dict(sorted(files.items()))


def _backends(config: KernelConfig) -> tuple[str, ...]:
    if not isinstance(config.framework, TorchExtension):
        message = f"[{config.framework_key}] projects cannot be rendered by this version, only [torch] ones"
        raise TargetError(message, hint="Build the kernel with a later version of kernel-builder.")
    backends = tuple(backend for backend in config.general.backends if config.components(backend))
    if not set(backends) & set(RENDERED_BACKENDS):
        message = (
            f"{config.general.name} has no component for a backend that this version can render"
            f" ({', '.join(RENDERED_BACKENDS)}); it has {', '.join(backends) or 'none'}"
        )
        raise TargetError(message, hint='Add a component, such as [kernel.NAME] with backend = "cpu", to build.toml.')
    return backends


def _values(config: KernelConfig, backends: tuple[str, ...], provenance: Provenance, source_dir: str) -> dict[str, Any]:
    framework = config.framework
    assert isinstance(framework, TorchExtension)  # noqa: S101 - _backends has refused the others
    rendered = [backend for backend in RENDERED_BACKENDS if backend in backends]
    stable_abi = {backend: version.text for backend in rendered if (version := framework.stable_abi_for(backend))}
    in_place = source_dir == "."
    return {
        "general": config.general,
        "module": config.general.python_name,
        "python_dir": config.python_dir,
        "framework": framework,
        "minver": framework.minver and framework.minver.text,
        "maxver": framework.maxver and framework.maxver.text,
        "backends": rendered,
        "stable_abi": stable_abi,
        "components": [kernel for kernel in config.kernels if kernel.backend in RENDERED_BACKENDS],
        "unique_id": provenance.unique_id,
        "source_prefix": "" if in_place else f"/{source_dir}",
        "source_prefix_path": "" if in_place else f"{source_dir}/",
        "packages": python_packages(config),
    }
