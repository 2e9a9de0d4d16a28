"""A kernel project: which of its variants can be built here, and what is in the way of the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kernel_builder.config.model import KernelConfig, NoarchExtension, TorchExtension, TvmFfiExtension
from kernel_builder.config.reader import check_config
from kernel_builder.doctor.here import Here
from kernel_builder.doctor.hub import free_space
from kernel_builder.doctor.model import Diagnosis, Question, Remedy, Status, Verdict
from kernel_builder.doctor.packages import command_line
from kernel_builder.drivers.targets import Facts, local_targets
from kernel_builder.errors import TargetError, ToolchainError
from kernel_builder.matrix import BuildTarget, load_matrix, select
from kernel_builder.toolchain.tvm_ffi import find_tvm_ffi

__all__ = ["Project", "VariantHere", "examine_project"]

_TOPIC = "Project"


@dataclass(frozen=True, slots=True)
class VariantHere:
    """A variant of the kernel on this system.

    Attributes:
        name: the variant.
        local: whether the toolchain of this machine can build it.
        nix: whether Nix can build it here.
        reason: why the toolchain of this machine cannot; empty when it can.
    """

    name: str
    local: bool
    nix: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A kernel project on this machine.

    Attributes:
        path: its folder.
        diagnoses: what is to be said of the folder.
        variants: those of this system, by the build matrix and by the Torch that is installed.
    """

    path: Path
    diagnoses: tuple[Diagnosis, ...]
    variants: tuple[VariantHere, ...]


def examine_project(path: Path, here: Here, ways: Mapping[str, Mapping[str, Verdict]]) -> Project:
    """Look at a kernel project.

    Args:
        path: its folder.
        here: this machine.
        ways: backend → `local` and `nix` → whether kernels for it can be built that way; variants for other backends
            are left out.
    """
    result = check_config(path)
    question = Question(id="build-toml", topic=_TOPIC, text="build.toml", needed_for=("build",))
    if result.config is None:
        remedy = Remedy(commands=(command_line("kernel-builder", "check-config", str(path)),))
        return Project(path=path, diagnoses=(question.no("has errors", remedy),), variants=())
    config = result.config
    found = question.yes(f"{config.general.name} for {', '.join(config.general.backends)}")
    flake = _flake(path)
    space = Question(id="project-space", topic=_TOPIC, text="room for builds")
    room = free_space(space, path, Remedy(step="Free some space on the disk of the project."))
    has_flake = flake.status is Status.YES
    variants = _variants(config, here, ways, has_flake=has_flake)
    return Project(path=path, diagnoses=(found, flake, room), variants=variants)


def _flake(path: Path) -> Diagnosis:
    question = Question(id="flake", topic=_TOPIC, text="flake.nix", needed_for=("build --driver nix",))
    if (path / "flake.nix").is_file():
        return question.yes("is there")
    step = "Copy the flake.nix of a project that `kernel-builder init` makes; without one, Nix cannot build the kernel."
    return question.no("is not there", Remedy(step=step))


def _variants(
    config: KernelConfig, here: Here, ways: Mapping[str, Mapping[str, Verdict]], *, has_flake: bool
) -> tuple[VariantHere, ...]:
    in_matrix = {target.name: target for target in select(config, load_matrix(), here.platform)}
    built_here, refusal = _targets_here(config, here)
    found = []
    for name, target in {**built_here, **in_matrix}.items():
        way = ways.get(target.row.compute.backend)
        if way is None:
            continue
        missing = _missing(config, way["local"])
        reason = _why_not(config, here, target, missing, refusal) if name not in built_here or missing else ""
        can_nix = name in in_matrix and has_flake and way["nix"].status is Status.YES
        found.append(VariantHere(name, local=not reason, nix=can_nix, reason=reason))
    return tuple(found)


def _targets_here(config: KernelConfig, here: Here) -> tuple[dict[str, BuildTarget], str]:
    """The variants for the framework that is installed, and why there is none."""
    facts: Facts = None
    try:
        if isinstance(config.framework, TvmFfiExtension):
            facts = find_tvm_ffi()
        elif isinstance(config.framework, TorchExtension):
            facts = here.torch
            if facts is None:
                return {}, here.torch_problem
        return {target.name: target for target in local_targets(config, facts, here.platform)}, ""
    except (TargetError, ToolchainError) as error:
        return {}, str(error)


def _missing(config: KernelConfig, local: Verdict) -> list[str]:
    """What stands in the way of compiling for a backend here; a Python-only kernel is not compiled."""
    if isinstance(config.framework, NoarchExtension):
        return []
    needs_torch = isinstance(config.framework, TorchExtension)
    return [f"{one.question.text} {one.detail}" for one in local.because if needs_torch or one.question.id != "torch"]


def _why_not(config: KernelConfig, here: Here, target: BuildTarget, missing: list[str], refusal: str) -> str:
    """Why the toolchain of this machine cannot build a variant, from the general to the particular."""
    if missing:
        return "; ".join(missing)
    if not isinstance(config.framework, TorchExtension):
        return refusal or f"the {config.framework_key} that is installed makes another variant"
    if here.torch is not None and here.torch.release != target.row.torch:
        return f"it is for Torch {target.row.torch}; {here.torch.version} is installed"
    if here.compute is not None and here.compute != target.row.compute:
        return f"it is for {target.row.compute}; the Torch that is installed is for {here.compute}"
    return refusal or "the Torch that is installed makes another variant"
