"""Whether a kernel has the builds that compliant kernels have.

The reference page 'Build variants' asks for completeness by backend and system: a kernel for CUDA on x86_64 Linux has a
build for every world of that kind that it lists. It need not serve every backend on every system; and of a Python-only
kernel, one build is enough.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kernel_builder.checks.findings import Finding
from kernel_builder.config.model import KernelConfig, NoarchExtension
from kernel_builder.matrix import Matrix, target_for
from kernels.variant import Platform

__all__ = ["Coverage", "check_matrix", "coverage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The builds of a kernel for one backend on one system.

    Attributes:
        backend: the backend.
        system: the system, as `CPU-OS`.
        required: the variants that a kernel needs to be compliant there, in the order of the matrix.
        optional: the variants that the kernel can have there beside them.
        present: those of both that it has.
    """

    backend: str
    system: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    present: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The required variants that there is no build of."""
        return tuple(name for name in self.required if name not in self.present)


def coverage(config: KernelConfig, matrix: Matrix, names: Iterable[str]) -> tuple[Coverage, ...]:
    """What there is of a kernel for each backend and system that it can have builds for.

    Args:
        config: the kernel.
        matrix: the build matrix.
        names: the names of the builds that there are.

    Returns:
        One for each pair, in the order of the backends in `build.toml`; none for a Python-only kernel.
    """
    if isinstance(config.framework, NoarchExtension):
        return ()
    known = set(names)
    worlds: dict[tuple[str, Platform], dict[str, bool]] = {}
    for row in matrix.rows:
        target = target_for(config, row)
        if target is not None:
            variants = worlds.setdefault((row.compute.backend, row.platform), {})
            # One build on the stable ABI serves several worlds, and is required as soon as one of them is.
            variants[target.name] = variants.get(target.name, False) or row.required
    order = config.general.backends
    return tuple(
        Coverage(
            backend=backend,
            system=str(platform),
            required=tuple(name for name, is_required in variants.items() if is_required),
            optional=tuple(name for name, is_required in variants.items() if not is_required),
            present=tuple(name for name in variants if name in known),
        )
        for (backend, platform), variants in sorted(worlds.items(), key=lambda item: order.index(item[0][0]))
    )


def check_matrix(found: Iterable[Coverage], foreign: Iterable[str], *, require_all: bool = False) -> list[Finding]:
    """Name the required variants that are missing, by backend and system, and the builds that are not the kernel's.

    Args:
        found: what `coverage` says.
        foreign: the builds that `build.toml` does not make (`kernel_builder.checks.builds.foreign_builds`), by name.
        require_all: whether every backend must be complete on every system, and what is missing is an error; by default
            those that have no build at all are passed over, and the others are warnings: one machine rarely builds all.
    """
    missing = [
        _finding(
            "missing-variants",
            f"{one.backend} on {one.system} lacks {', '.join(one.missing)}",
            "Build them where their Torch is installed, or with Nix, and put them into the same build/ folder.",
            severity="error" if require_all else "warning",
        )
        for one in found
        if one.missing and (one.present or require_all)
    ]
    others = [
        _finding(
            "foreign-variant",
            "is not made by build.toml, and the loader may take it",
            "Remove it, or add what makes it to build.toml.",
            file=name,
        )
        for name in foreign
    ]
    return missing + others


def _finding(code: str, message: str, remedy: str, *, file: str = "", severity: str = "warning") -> Finding:
    return Finding(check="matrix", code=code, message=message, file=file, remedy=remedy, severity=severity)
