"""What a `build.toml` says, as values: the one model that every edition of the format is read into.

The classes mirror the tables of the file. Each field's metadata holds what the reader, the schema and the reference
documentation need; a key is spelled as its field, with dashes for underscores. The formats are those of the reference
page "Writing Hub kernels with kernel-builder" and of the editions 5 and 6. `kernel_builder.config.editions` says how a
file of an older edition becomes data of this model.

The metadata of a field:

- `doc`: what it is, in one sentence.
- `rule`: the name of the rule in `kernel_builder.config.values` that its text, or each text of its list, must obey.
- `alias`: a second spelling of the key that is accepted.
- `since`: the first edition that has the key.
- `since_list`: the first edition in which the value may be an array; in every edition it may be one text.
- `since_table`: the first edition in which the value may be a table of backends.
- `required_since`: the first edition that requires the key.
- `required_before`: the first edition that requires the key no longer.
- `until`: the last edition that has the key.
- `instead`: the key that says it in the editions after that; `cpp-<value>` is its value there.
- `keys`: of a table's class, the keys that this table takes.
- `backends`: of a component's key, the backends that have it.
"""

from dataclasses import dataclass, field
from typing import Any

from kernel_builder.config.bound import Bound

__all__ = [
    "FRAMEWORKS",
    "BackendOptions",
    "Bound",
    "General",
    "Hub",
    "KernelComponent",
    "KernelConfig",
    "KernelDepend",
    "NoarchExtension",
    "TorchExtension",
    "TvmFfiExtension",
]


def _doc(text: str, **facts: Any) -> dict[str, Any]:
    return {"doc": text, **facts}


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelDepend:
    """`kernel-depends`: another kernel, by repository and exactly one of version and revision."""

    repo_id: str = field(metadata=_doc("The Hub repository of the kernel.", rule="repo-id"))
    version: int | None = field(default=None, metadata=_doc("Its version; excludes `revision`."))
    revision: str | None = field(
        default=None, metadata=_doc("A branch, tag or commit; excludes `version`.", rule="revision")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendOptions:
    """`[general.<backend>]`: what holds for one backend only."""

    minver: Bound | None = field(default=None, metadata=_doc("The oldest toolkit version to build for (CUDA)."))
    maxver: Bound | None = field(default=None, metadata=_doc("The newest toolkit version to build for (CUDA)."))
    python_depends: tuple[str, ...] = field(
        default=(), metadata=_doc("Python packages needed on this backend.", rule="text")
    )
    kernel_depends: tuple[KernelDepend, ...] = field(
        default=(), metadata=_doc("Kernels needed on this backend.", since=5)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """`[general.hub]`: where uploads go."""

    repo_id: str | None = field(default=None, metadata=_doc("The Hub repository to upload to.", rule="repo-id"))
    branch: str | None = field(
        default=None, metadata=_doc("The branch to upload to, in place of `v<version>`.", rule="revision")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class General:
    """`[general]`: the kernel as a whole."""

    name: str = field(
        metadata=_doc("The name; `torch-ext/<name>` (dashes as underscores) holds its Python code.", rule="name")
    )
    version: int = field(metadata=_doc("The major version; uploads go to the branch `v<version>`."))
    backends: tuple[str, ...] = field(metadata=_doc("The backends to build for.", rule="backend"))
    license: str | None = field(
        default=None, metadata=_doc("The license identifier, as the Hub spells it.", rule="text", required_since=5)
    )
    upstream: tuple[str, ...] = field(
        default=(), metadata=_doc("Git URL, or URLs, that the kernel comes from.", rule="git-url", since_list=6)
    )
    source: str | None = field(default=None, metadata=_doc("Git URL of this project.", rule="git-url"))
    python_depends: tuple[str, ...] = field(
        default=(), metadata=_doc("Curated Python packages that it imports.", rule="text")
    )
    kernel_depends: tuple[KernelDepend, ...] = field(default=(), metadata=_doc("Other kernels that it needs.", since=5))
    hub: Hub = field(default_factory=Hub, metadata=_doc("Where uploads go."))
    cuda: BackendOptions = field(
        default_factory=BackendOptions,
        metadata=_doc("CUDA bounds and dependencies.", keys=("minver", "maxver", "python-depends", "kernel-depends")),
    )
    neuron: BackendOptions = field(
        default_factory=BackendOptions, metadata=_doc("Neuron dependencies.", keys=("python-depends", "kernel-depends"))
    )
    tpu: BackendOptions = field(
        default_factory=BackendOptions, metadata=_doc("TPU dependencies.", keys=("python-depends",), since=5)
    )
    xpu: BackendOptions = field(
        default_factory=BackendOptions, metadata=_doc("XPU dependencies.", keys=("python-depends", "kernel-depends"))
    )

    @property
    def upstream_url(self) -> str | None:
        """The first URL that the kernel comes from, for formats that have room for one."""
        return next(iter(self.upstream), None)

    @property
    def python_name(self) -> str:
        """The name of the kernel's package: dashes become underscores."""
        return self.name.replace("-", "_")

    def for_backend(self, backend: str) -> BackendOptions:
        """The options of one backend; empty for a backend that has no table."""
        options: BackendOptions = getattr(self, backend, None) or BackendOptions()
        return options


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchExtension:
    """`[torch]`: a native Torch extension."""

    src: tuple[str, ...] = field(default=(), metadata=_doc("Binding sources and headers.", rule="source"))
    include: tuple[str, ...] = field(
        default=(), metadata=_doc("Include folders, from the project's top.", rule="folder")
    )
    pyext: tuple[str, ...] = field(
        default=("py", "pyi"), metadata=_doc("Extensions of the Python files to take.", rule="pyext")
    )
    minver: Bound | None = field(default=None, metadata=_doc("The oldest Torch to build for."))
    maxver: Bound | None = field(default=None, metadata=_doc("The newest Torch to build for."))
    stable_abi: Bound | dict[str, Bound] | None = field(
        default=None,
        metadata=_doc("Build on the Torch stable ABI of this version, for all or per backend.", since_table=5),
    )
    cxx_flags: tuple[str, ...] = field(default=(), metadata=_doc("More flags for the C++ compiler.", rule="text"))

    def stable_abi_for(self, backend: str) -> Bound | None:
        """The stable ABI that builds of a backend use, if any."""
        return self.stable_abi.get(backend) if isinstance(self.stable_abi, dict) else self.stable_abi


@dataclass(frozen=True, slots=True, kw_only=True)
class NoarchExtension:
    """`[torch-noarch]`: Python only."""

    pyext: tuple[str, ...] = field(
        default=("py", "pyi"), metadata=_doc("Extensions of the Python files to take.", rule="pyext")
    )
    cuda_capabilities: tuple[str, ...] = field(
        default=(),
        metadata=_doc("CUDA capabilities that it runs on.", rule="cuda-capability", alias="cuda_capabilities"),
    )
    rocm_archs: tuple[str, ...] = field(
        default=(), metadata=_doc("ROCm architectures that it runs on.", rule="rocm-arch", alias="rocm_archs")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TvmFfiExtension:
    """`[tvm-ffi]`: a native extension on tvm-ffi, without Torch."""

    src: tuple[str, ...] = field(
        default=(), metadata=_doc("Binding sources and headers.", rule="source", required_before=6)
    )
    include: tuple[str, ...] = field(
        default=(), metadata=_doc("Include folders, from the project's top.", rule="folder")
    )
    pyext: tuple[str, ...] = field(
        default=("py", "pyi"), metadata=_doc("Extensions of the Python files to take.", rule="pyext")
    )
    cxx_flags: tuple[str, ...] = field(default=(), metadata=_doc("More flags for the C++ compiler.", rule="text"))


#: The framework tables, of which a file has exactly one, and what each is read into.
FRAMEWORKS: dict[str, type[TorchExtension] | type[NoarchExtension] | type[TvmFfiExtension]] = {
    "torch": TorchExtension,
    "torch-noarch": NoarchExtension,
    "tvm-ffi": TvmFfiExtension,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelComponent:
    """`[kernel.<id>]`: sources that are compiled for one backend with one set of flags."""

    id: str
    backend: str = field(
        metadata=_doc(
            "The backend: cpu, cuda, metal, rocm or xpu.", rule="compiled-backend", until=5, instead="language"
        )
    )
    depends: tuple[str, ...] = field(
        metadata=_doc("Libraries that it needs, such as `torch` or `cutlass_4_0`.", rule="depend")
    )
    src: tuple[str, ...] = field(metadata=_doc("Sources and headers.", rule="source"))
    include: tuple[str, ...] = field(
        default=(), metadata=_doc("Include folders, from the project's top.", rule="folder")
    )
    cxx_flags: tuple[str, ...] = field(default=(), metadata=_doc("More flags for the C++ compiler.", rule="text"))
    cargo_manifest: str | None = field(
        default=None,
        metadata=_doc("The Cargo.toml of a component in Rust (cpu).", rule="source", backends=("cpu",), since=6),
    )
    cuda_capabilities: tuple[str, ...] | None = field(
        default=None, metadata=_doc("CUDA capabilities (cuda).", rule="cuda-capability", backends=("cuda",))
    )
    cuda_flags: tuple[str, ...] = field(
        default=(), metadata=_doc("More flags for nvcc (cuda).", rule="text", backends=("cuda",))
    )
    cuda_minver: Bound | None = field(
        default=None, metadata=_doc("The oldest CUDA that has it (cuda).", backends=("cuda",))
    )
    rocm_archs: tuple[str, ...] | None = field(
        default=None, metadata=_doc("ROCm architectures (rocm).", rule="rocm-arch", backends=("rocm",))
    )
    hip_flags: tuple[str, ...] = field(
        default=(), metadata=_doc("More flags for the HIP compiler (rocm).", rule="text", backends=("rocm",))
    )
    sycl_flags: tuple[str, ...] = field(
        default=(), metadata=_doc("More flags for the SYCL compiler (xpu).", rule="text", backends=("xpu",))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelConfig:
    """A whole `build.toml`.

    Attributes:
        general: the kernel as a whole.
        framework: the one framework table.
        kernels: the components, in the order of the file.
    """

    general: General
    framework: TorchExtension | NoarchExtension | TvmFfiExtension
    kernels: tuple[KernelComponent, ...] = ()

    @property
    def framework_key(self) -> str:
        """The name of the framework's table: `torch`, `torch-noarch` or `tvm-ffi`."""
        return next(key for key, framework in FRAMEWORKS.items() if isinstance(self.framework, framework))

    @property
    def python_dir(self) -> str:
        """The folder of the kernel's Python code, from the project's top."""
        folder = "tvm-ffi-ext" if isinstance(self.framework, TvmFfiExtension) else "torch-ext"
        return f"{folder}/{self.general.python_name}"

    def components(self, backend: str) -> tuple[KernelComponent, ...]:
        """The components of one backend, in the order of the file."""
        return tuple(kernel for kernel in self.kernels if kernel.backend == backend)
