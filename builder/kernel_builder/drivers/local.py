"""Builds with the toolchain and the Torch of this machine: CMake and Ninja, out of the source tree.

The work folder `.kernel-builder/<variant>` keeps the rendered project and the objects, so that the next build compiles
only what has changed.
"""

import json
import re
import time
from pathlib import Path
from typing import Any

from kernel_builder.checks import check_tree
from kernel_builder.drivers.assemble import assemble
from kernel_builder.drivers.base import BuildRequest, Built, Log, Note, Progress, Report, Stage
from kernel_builder.drivers.inputs import unlisted_inputs
from kernel_builder.drivers.targets import local_targets
from kernel_builder.drivers.workspace import Workspace
from kernel_builder.errors import CheckError, ToolchainError
from kernel_builder.matrix import BuildTarget, host_platform
from kernel_builder.process import run
from kernel_builder.project.metadata import build_metadata
from kernel_builder.project.render import ops_id, render
from kernel_builder.provenance import Provenance, build_inputs, find_provenance
from kernel_builder.toolchain.tools import QUIET_ENVIRONMENT, available_cores, find_compiler, find_tool
from kernel_builder.toolchain.torch import TorchFacts, find_torch
from kernel_builder.tree import build_lock, check_places, install_tree, same_trees, staging_dir

__all__ = ["LocalDriver"]

_FACTS = "torch-facts.cmake"
_STEP = re.compile(r"\[(\d+)/(\d+)\] ")
_COMPILING = re.compile(r"\[\d+/\d+\] Building ")


class LocalDriver:
    """CMake, Ninja, the system's compiler, and the Torch of the running environment."""

    name = "local"

    def build(self, request: BuildRequest, report: Report) -> list[Built]:
        """Build each variant that this machine can build, one after the other.

        Raises:
            ToolchainError: when Torch or a tool is missing.
            TargetError: when nothing can be built here.
            ProcessError: when CMake or the compiler fails.
            CheckError: when a build does not meet the requirements; the tree that was there stays.
        """
        project_dir = request.project_dir
        _check_path(project_dir)
        facts = find_torch()
        targets = local_targets(request.config, facts, host_platform(), request.variant)
        work_dir = project_dir / ".kernel-builder"
        check_places(request.build_dir)

        def wait() -> None:
            report(Stage(targets[0].name, "wait for another build"))

        with build_lock(work_dir, wait):
            provenance = find_provenance(project_dir, request.config)
            if provenance.note:
                report(Note(provenance.note))
            return [_Build(request, report, facts, provenance, target).run() for target in targets]


def _check_path(project_dir: Path) -> None:
    """Refuse a folder whose name CMake or Ninja would take apart."""
    found = re.search(r"[\";|`\[\]\x00-\x1f]|\$[{<]|\\", project_dir.as_posix())
    if found:
        message = f"CMake cannot work in {str(project_dir)!r}: the path has {found[0]!r} in it"
        raise ToolchainError(message, hint="Move the project to a folder with a plainer name.")


class _Build:
    """The build of one variant."""

    def __init__(
        self, request: BuildRequest, report: Report, facts: TorchFacts, provenance: Provenance, target: BuildTarget
    ) -> None:
        self.request = request
        self.config = request.config
        self.report = report
        self.facts = facts
        self.provenance = provenance
        self.variant = target.name
        self.backend = target.row.compute.backend
        self.compiled = 0

    def run(self) -> Built:
        started = time.monotonic()
        workspace = Workspace(self.request.project_dir / ".kernel-builder" / self.variant)
        rendered = render(self.config, self.provenance)
        inputs = build_inputs(self.request.project_dir, self.config)
        self._configure(workspace, rendered, inputs)
        self._compile(workspace)
        self._check_inputs(workspace, rendered, inputs)
        target = self.request.build_dir / self.variant
        with staging_dir(target) as stage:
            self._stage(workspace, stage)
            changed = not same_trees(stage, target)
            if changed:
                self.report(Stage(self.variant, "check"))
                check_tree(stage, self.config.general.python_name, self.facts.python)
                self.report(Stage(self.variant, "install"))
                install_tree(stage, target)
        return Built(self.variant, target, changed, self.compiled, time.monotonic() - started)

    def _configure(self, workspace: Workspace, rendered: dict[str, str], inputs: tuple[str, ...]) -> None:
        self.report(Stage(self.variant, "configure"))
        cmake, ninja = find_tool("cmake"), find_tool("ninja")
        project_dir = self.request.project_dir
        workspace.prepare(
            {**rendered, _FACTS: self.facts.cmake},
            base=[str(cmake), str(ninja), *find_compiler(), self.facts.version, str(project_dir)],
            sources=[project_dir / name for name in inputs],
        )
        if not workspace.configured:
            self._run_cmake(workspace, cmake, ninja)
        workspace.mark_configured()

    def _run_cmake(self, workspace: Workspace, cmake: Path, ninja: Path) -> None:
        command: list[str | Path] = [
            cmake, "-S", workspace.project, "-B", workspace.cmake, "-G", "Ninja",
            f"-DCMAKE_MAKE_PROGRAM={ninja}",
            "-DCMAKE_BUILD_TYPE=Release",
            f"-DKERNEL_SOURCE_DIR={self.request.project_dir}",
            f"-DKERNEL_BACKEND={self.backend}",
            f"-DKERNEL_TORCH_FACTS={workspace.project / _FACTS}",
        ]  # fmt: skip
        run(command, env=QUIET_ENVIRONMENT, on_line=self._log)

    def _compile(self, workspace: Workspace) -> None:
        self.report(Stage(self.variant, "compile"))
        cores = self.request.cores or available_cores()
        command: list[str | Path] = [find_tool("ninja"), "-C", workspace.cmake, "-j", str(cores)]
        run(command, env={**QUIET_ENVIRONMENT, "NINJA_STATUS": "[%f/%t] "}, on_line=self._step)

    def _check_inputs(self, workspace: Workspace, rendered: dict[str, str], inputs: tuple[str, ...]) -> None:
        if changed := workspace.changed_meanwhile():
            message = f"{', '.join(changed)} changed while the kernel was being built"
            raise CheckError(message, hint="Build again; nothing was installed.")
        unlisted = unlisted_inputs(
            find_tool("ninja"), workspace.cmake, self.request.project_dir, listed=inputs, generated=rendered
        )
        if unlisted:
            message = f"the compiler read {', '.join(unlisted)}, which build.toml does not list"
            raise CheckError(
                message,
                hint="Add each to the `src` of the component that includes it, so that every build has it and its "
                "changes are seen; remove what another tool generated.",
            )

    def _stage(self, workspace: Workspace, stage: Path) -> None:
        made = json.loads((workspace.cmake / "kernel-build.json").read_text("utf-8"))
        assemble(
            stage,
            config=self.config,
            project_dir=self.request.project_dir,
            native=(workspace.cmake / made["library"], workspace.cmake / "_ops.py"),
            metadata=self._metadata(made),
        )

    def _metadata(self, made: dict[str, Any]) -> dict[str, Any]:
        kernel_id = ops_id(self.config, self.backend, self.provenance.unique_id)
        metadata = build_metadata(self.config, self.backend, kernel_id, self.provenance)
        if made["archs"]:
            metadata["backend"]["archs"] = made["archs"]
        metadata["provenance"]["driver"] = LocalDriver.name
        metadata["provenance"]["toolchain"] = {"compiler": made["compiler"], "torch": self.facts.version}
        return metadata

    def _step(self, line: str) -> None:
        if match := _STEP.match(line):
            self.compiled += _COMPILING.match(line) is not None
            self.report(Progress(self.variant, int(match[1]), int(match[2])))
        self._log(line)

    def _log(self, line: str) -> None:
        self.report(Log(self.variant, line))
