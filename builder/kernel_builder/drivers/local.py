"""Builds with what this machine has: the system's compiler, and the Torch or tvm-ffi of the running environment."""

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kernel_builder.cache import cache_dir
from kernel_builder.checks import check_build, raise_errors
from kernel_builder.checks.digest import SIGNATURE
from kernel_builder.checks.findings import CHECKS
from kernel_builder.checks.listing import listing
from kernel_builder.checks.load import Ask, ready_to_load
from kernel_builder.config.model import NoarchExtension, TvmFfiExtension
from kernel_builder.drivers.assemble import assemble
from kernel_builder.drivers.base import BuildRequest, Built, End, Event, Log, Made, Note, Report, Stage
from kernel_builder.drivers.native import NativeBuild, check_path
from kernel_builder.drivers.python_only import make_python_only
from kernel_builder.drivers.rebuild import check_rebuild, rebuild_and_compare
from kernel_builder.drivers.targets import Facts, could_have, local_targets
from kernel_builder.errors import CheckError, TargetError
from kernel_builder.matrix import BuildTarget, host_platform
from kernel_builder.provenance import Provenance, find_provenance
from kernel_builder.toolchain.cuda.fetch import fetch_toolkit
from kernel_builder.toolchain.pip import Listener
from kernel_builder.toolchain.torch import TorchFacts, find_torch
from kernel_builder.toolchain.torches.choose import choose_torch
from kernel_builder.toolchain.tvm_ffi import find_tvm_ffi
from kernel_builder.tree import build_lock, check_places, install_tree, same_trees, staging_dir
from kernels.variant import NoarchVariant, parse_variant_or_none

__all__ = ["LocalDriver"]


class LocalDriver:
    """CMake, Ninja, the system's compiler, and the framework of the running environment; Python-only kernels need none.

    The work folder `.kernel-builder/<variant>` is kept from one build to the next.
    """

    name = "local"

    def build(self, request: BuildRequest, report: Report) -> list[Built]:
        """Build each variant that this machine can build, one after the other.

        Raises:
            ToolchainError: when Torch, tvm-ffi or a tool is missing.
            TargetError: when nothing can be built here.
            ProcessError: when CMake or the compiler fails.
            CheckError: when a build does not meet the requirements, or the sources changed meanwhile; the tree that was
                there stays.
        """
        listener = _listener(request, report)
        facts = _find_facts(request, listener)
        if request.fetch_toolkit and (request.variant is None or could_have(request.config, request.variant)):
            _fetch_toolkit(request, facts, listener)
        if facts is not None:
            check_path(request.project_dir)
        targets = local_targets(request.config, facts, host_platform(), request.variant)
        check_places(request.build_dir)

        def wait() -> None:
            report(Stage(targets[0].name, "wait for another build"))

        with build_lock(request.work_dir, wait):
            provenance = _provenance(request)
            if provenance.note:
                report(Note(provenance.note))
            jobs = [
                _Job(request=request, report=report, facts=facts, provenance=provenance, target=target)
                for target in targets
            ]
            return [job.run() for job in jobs]

    def compare(self, request: BuildRequest, report: Report, tree: Path) -> dict[str, str]:
        """Build one variant elsewhere, from the sources alone, and compare; nothing of the project is written.

        Raises:
            ToolchainError: when Torch, tvm-ffi or a tool is missing.
            TargetError: when the variant cannot be built here.
            ProcessError: when CMake or the compiler fails.
        """
        facts = _find_facts(request, _listener(request, report))
        (target,) = local_targets(request.config, facts, host_platform(), request.variant)
        provenance = _provenance(request)
        job = _Job(request=request, report=report, facts=facts, provenance=provenance, target=target)
        return job.compare(tree)


def _listener(request: BuildRequest, report: Report) -> Listener:
    name = request.variant or request.config.general.name
    return Listener(on_stage=lambda text: report(Stage(name, text)), on_line=lambda line: report(Log(name, line)))


def _find_facts(request: BuildRequest, listener: Listener) -> Facts:
    framework = request.config.framework
    if isinstance(framework, NoarchExtension):
        return None
    if isinstance(framework, TvmFfiExtension):
        return find_tvm_ffi()
    if request.variant is not None and not could_have(request.config, request.variant):
        # There is no Torch to look for; what can be built instead depends on the one that is here.
        return find_torch(python=request.torch.python)
    return choose_torch(request.variant, request.torch, listener)


def _provenance(request: BuildRequest) -> Provenance:
    return request.provenance or find_provenance(request.project_dir, request.config)


def _fetch_toolkit(request: BuildRequest, facts: Facts, listener: Listener) -> None:
    """Download the toolkit of the variant that is wanted, or of the CUDA of Torch, if this machine has none."""
    variant = parse_variant_or_none(request.variant or "")
    compute = None if variant is None or isinstance(variant, NoarchVariant) else variant.compute
    if compute is None and isinstance(facts, TorchFacts):
        compute = facts.compute
    if compute is None or compute.backend != "cuda" or compute.version is None:
        message = "--fetch-toolkit downloads the CUDA toolkit of one variant"
        raise TargetError(
            message, hint="Name a variant for CUDA with --variant; `kernel-builder list-variants` has them."
        )
    fetch_toolkit(compute.version, cache_dir("toolchains"), listener)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """The build of one variant."""

    request: BuildRequest
    report: Report
    facts: Facts
    provenance: Provenance
    target: BuildTarget

    def run(self) -> Built:
        started = time.monotonic()
        with _Loading(self.facts, wanted="load" not in self.request.skip) as loading:
            made = self._make(self.request, on_work=loading.start)
            changed = self._install(made, loading)
        if self.request.rebuild:
            check_rebuild(self.request, self.report, self.target.name, self._make_elsewhere)
        self.report(End(self.target.name))
        path = self.request.build_dir / self.target.name
        return Built(self.target.name, path, changed, made.compiled, time.monotonic() - started)

    def compare(self, tree: Path) -> dict[str, str]:
        """Build elsewhere and compare with a finished build; how each file differs."""
        return rebuild_and_compare(self.request, self.report, tree, self._make_elsewhere)

    def _make_elsewhere(self, request: BuildRequest) -> Made:
        return replace(self, report=self._report_elsewhere)._make(request, afresh=True)

    def _report_elsewhere(self, event: Event) -> None:
        """Tell the stages of the second build from those of the first."""
        self.report(replace(event, name=f"{event.name}, in another folder") if isinstance(event, Stage) else event)

    def _make(self, request: BuildRequest, **how: Any) -> Made:
        if self.facts is None:
            made = make_python_only(request, self.provenance, self.target)
        else:
            made = NativeBuild(request, self.report, self.facts, self.provenance, self.target, **how).make()
        record = made.metadata["provenance"]
        record["driver"] = request.built_by or LocalDriver.name
        if made.toolchain:
            record["toolchain"] = made.toolchain
        if request.skip:
            record["skipped-checks"] = [name for name in CHECKS if name in request.skip]
        return made

    def _install(self, made: Made, loading: "_Loading") -> bool:
        """Stage, check and install a build; whether it differs from the one that was there."""
        request, place = self.request, self.request.build_dir / self.target.name
        with staging_dir(place) as stage:
            assemble(
                stage, config=request.config, project_dir=request.project_dir, made=made.files, metadata=made.metadata
            )
            # The Python files were read only now, and may have changed after git was asked.
            if _provenance(request) != self.provenance:
                message = f"the sources in {request.project_dir} changed while the kernel was being built"
                raise CheckError(message, hint="Build again; this variant was not installed.")
            if same_trees(stage, place, besides=(SIGNATURE,)):
                return False
            self.report(Stage(self.target.name, "check"))
            self._check(stage, made, loading)
            self.report(Stage(self.target.name, "install"))
            install_tree(stage, place)
        return True

    def _check(self, stage: Path, made: Made, loading: "_Loading") -> None:
        found = check_build(
            stage,
            module=self.request.config.general.python_name,
            python=loading.python,
            place=loading.place,
            variant=self.target.variant,
            manylinux=self.request.manylinux,
            search=(*((self.facts.root / "lib",) if self.facts is not None else ()), *made.libraries),
            objects=made.objects,
            skip=self.request.skip,
            ready=loading.ready,
        )
        raise_errors(found)
        if self.request.manylinux is None and made.objects:
            self.report(Note(f"{self.target.name} is for systems that are no older than this one, and not for the Hub"))
        for line in listing(found):
            self.report(Note(f"{self.target.name}: {line}"))


class _Loading(ExitStack):
    """The process that a finished build is loaded in: it imports Torch while the compilers run."""

    def __init__(self, facts: Facts, *, wanted: bool) -> None:
        super().__init__()
        self.python = facts.python if facts is not None else Path(sys.executable)
        self.place = facts.place if isinstance(facts, TorchFacts) else None
        self.ready: Ask | None = None
        self._wanted = wanted

    def start(self) -> None:
        """Start it, if it is wanted and has not been started."""
        if self._wanted:
            self._wanted = False
            self.ready = self.enter_context(ready_to_load(self.python, self.place))
