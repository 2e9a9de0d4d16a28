"""Which worlds of the build matrix a kernel is built for, and how each build is named."""

from dataclasses import dataclass

from kernel_builder.config.model import KernelConfig, NoarchExtension, TorchExtension
from kernel_builder.matrix.rows import Matrix, Row
from kernels.backend import COMPILED_BACKENDS, Compute, MajorMinor
from kernels.variant import NoarchVariant, Platform, StableAbiVariant, TorchVariant, TvmFfiVariant, Variant

__all__ = ["BuildTarget", "host_platform", "select", "target_for"]


@dataclass(frozen=True, slots=True)
class BuildTarget:
    """One build to make.

    Attributes:
        variant: the variant that it becomes.
        row: the world that it is built in.
    """

    variant: Variant
    row: Row

    @property
    def name(self) -> str:
        """The name of the variant."""
        return self.variant.variant_str

    @property
    def arch_name(self) -> str:
        """The name of the world: the variant's own, but for a Python-only kernel that of the Torch it is tested on.

        There is no such Torch for the backends that compile nothing.
        """
        tested_on_torch = isinstance(self.variant, NoarchVariant) and self.row.compute.backend in COMPILED_BACKENDS
        return _torch_variant(self.row).variant_str if tested_on_torch else self.name


def host_platform() -> Platform:
    """The system that this process runs on."""
    import platform

    return Platform.of(platform.machine(), platform.system())


def select(config: KernelConfig, matrix: Matrix, platform: Platform) -> tuple[BuildTarget, ...]:
    """The builds of a kernel on one system, in the order of the matrix.

    A kernel on the stable ABI is built with the newest Torch of each compute version, since that one build serves
    every release; a Python-only kernel is built once for each backend.
    """
    candidates = [target for row in matrix.on(platform) if (target := target_for(config, row)) is not None]
    newest = {target.name: target for target in candidates}
    return tuple(newest[name] for name in dict.fromkeys(target.name for target in candidates))


def target_for(config: KernelConfig, row: Row) -> BuildTarget | None:
    """The build of a kernel in one world, or `None` when the kernel is not made for it."""
    backend = row.compute.backend
    if backend not in config.general.backends or not _within_bounds(config, row.torch, row.compute):
        return None
    framework = config.framework
    if isinstance(framework, NoarchExtension):
        return BuildTarget(NoarchVariant(backend), row)
    if not config.components(backend):
        return None
    if not isinstance(framework, TorchExtension):
        version = row.tvm_ffi
        return BuildTarget(TvmFfiVariant(version, row.compute, row.platform), row) if version else None
    stable_abi = framework.stable_abi_for(backend)
    if stable_abi is None:
        return BuildTarget(_torch_variant(row), row)
    abi = MajorMinor(stable_abi.parts[0], stable_abi.parts[1] if len(stable_abi.parts) > 1 else 0)
    return BuildTarget(StableAbiVariant(abi, row.compute, row.platform), row) if abi <= row.torch else None


def _torch_variant(row: Row) -> TorchVariant:
    return TorchVariant(row.torch, row.compute, row.platform, "cxx11" if row.platform.os == "linux" else None)


def _within_bounds(config: KernelConfig, torch: MajorMinor, compute: Compute) -> bool:
    options = config.general.for_backend(compute.backend)
    pairs = [(options.minver, options.maxver, compute.version)] if compute.version else []
    if isinstance(config.framework, TorchExtension):
        pairs.append((config.framework.minver, config.framework.maxver, torch))
    return all(
        (low is None or low.allows_from(version)) and (high is None or high.allows_to(version))
        for low, high, version in pairs
    )
