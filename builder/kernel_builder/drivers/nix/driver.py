"""The driver: one evaluation, one build of everything that is wanted, and a verdict for each variant."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kernel_builder.drivers.base import BuildRequest, Built, End, Note, Report, Stage
from kernel_builder.drivers.nix.client import NixClient, find_nix
from kernel_builder.drivers.nix.evaluate import Derivation, evaluate
from kernel_builder.drivers.nix.events import Listener
from kernel_builder.drivers.nix.install import install, take_from_store
from kernel_builder.drivers.nix.preflight import check_project, check_variant
from kernel_builder.drivers.rebuild import compare_trees
from kernel_builder.errors import CheckError, ProcessError
from kernel_builder.process import run
from kernel_builder.tree import build_lock, check_places

__all__ = ["NixDriver"]

#: What Nix ends with when a second build is not the same, beside other bits for other failures.
_NOT_THE_SAME = 104


class NixDriver:
    """One derivation a variant, as the flake of the project defines them."""

    name = "nix"

    def build(self, request: BuildRequest, report: Report) -> list[Built]:
        """Build all variants of the flake for this system, or the one that is asked for, and copy each into `build/`.

        What can be built is built and copied, also where another variant fails.

        Raises:
            ToolchainError: when Nix is missing or not fit, or does not see the project's files.
            TargetError: when what is asked for is no name of a variant, or none of the flake.
            ProcessError: when Nix fails, or a variant cannot be built; Nix's own words are in the output.
            CheckError: when a second build was asked for and is not the same.
        """
        check_places(request.build_dir)
        started = time.monotonic()
        nix, derivations = _prepare(request, report)
        with build_lock(request.work_dir, lambda: report(Stage(request.config.general.name, "wait for another build"))):
            problem = _realise(nix, request, derivations, report)
            missing = _missing(nix, derivations)
            builds = []
            for one in derivations:
                if one.variant not in missing:
                    target = request.build_dir / one.variant
                    with take_from_store(nix, one.output) as tree:
                        changed = install(tree, target)
                    seconds = time.monotonic() - started
                    builds.append(Built(one.variant, target, changed=changed, compiled=None, seconds=seconds))
        if problem is not None:
            raise _verdict(problem, derivations, missing, builds, report)
        return builds

    def compare(self, request: BuildRequest, report: Report, tree: Path) -> dict[str, str]:
        """Let Nix build one variant again, even where it has it, and compare.

        Raises:
            ToolchainError: as `build`.
            TargetError: as `build`.
            ProcessError: as `build`.
            CheckError: when Nix's own two builds differ.
        """
        request = replace(request, variant=tree.name, rebuild=True)
        nix, derivations = _prepare(request, report)
        problem = _realise(nix, request, derivations, report)
        if problem is not None:
            raise problem
        with take_from_store(nix, derivations[0].output) as second:
            return compare_trees(second, tree)


def _prepare(request: BuildRequest, report: Report) -> tuple[NixClient, list[Derivation]]:
    if request.variant is not None:
        check_variant(request.variant)
    check_project(request.project_dir, request.config)
    nix = find_nix(request.nix)
    name = request.config.general.name
    report(Stage(name, "evaluate"))
    derivations = evaluate(nix, request.project_dir, request.variant, report)
    report(End(name))
    return nix, derivations


def _realise(
    nix: NixClient, request: BuildRequest, derivations: Sequence[Derivation], report: Report
) -> ProcessError | CheckError | None:
    """Build everything that can be built; what went wrong is returned, since the rest is to be copied first."""
    problem = _nix_build(nix, request, derivations, report)
    if problem is None and request.rebuild:  # which Nix only does to what was built before
        problem = _nix_build(nix, request, derivations, report, "--rebuild")
        if problem is not None and problem.returncode == _NOT_THE_SAME:
            names = ", ".join(one.variant for one in derivations)
            message = f"a second build is not the same (of {names}):\n{problem.output}"
            hint = "Look for what the sources take from outside, such as a random number or the number of processors."
            return CheckError(message, hint=f"{hint} The first builds are in their places.")
    return problem


def _nix_build(
    nix: NixClient, request: BuildRequest, derivations: Sequence[Derivation], report: Report, *more: str
) -> ProcessError | None:
    command = nix.command("build", "--no-link", "--keep-going", "--log-format", "internal-json", "-v", *more)
    for flag, value in (("--cores", request.cores), ("--max-jobs", request.max_jobs)):
        command += [flag, str(value)] if value is not None else []
    command += [nix.built(one.path) for one in derivations]
    listener = Listener(report, {one.path: one.variant for one in derivations})
    try:
        run(command, cwd=request.project_dir, on_line=listener)
    except ProcessError as error:
        error.output = listener.account
        return error
    return None


def _missing(nix: NixClient, derivations: Sequence[Derivation]) -> set[str]:
    """The variants that Nix has not built; what it printed does not tell, since its words change with its releases."""
    outputs = [one.output for one in derivations]
    invalid = set(run(nix.old_command("--check-validity", "--print-invalid", *outputs)).split())
    return {one.variant for one in derivations if one.output in invalid}


def _verdict(
    problem: ProcessError | CheckError,
    derivations: Sequence[Derivation],
    missing: set[str],
    builds: Sequence[Built],
    report: Report,
) -> ProcessError | CheckError:
    """What went wrong, with what became of each variant."""
    for built in builds:
        report(Note(f"{built.variant} is built: {built.path}"))
    if isinstance(problem, CheckError) or not missing:
        return problem
    message = f"{len(missing)} of {len(derivations)} variants could not be built: {', '.join(sorted(missing))}"
    error = ProcessError(message, command=problem.command, returncode=problem.returncode, output=problem.output)
    error.hint = (
        "Mend what Nix names above; `nix log` with a derivation shows its whole log, and -L every log as it grows."
    )
    return error
