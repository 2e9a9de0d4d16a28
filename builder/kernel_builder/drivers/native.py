"""Compiles one variant of a kernel: CMake and Ninja, out of the source tree, against Torch or tvm-ffi."""

import importlib.metadata
import json
import os
import re
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from kernel_builder.cache import cache_dir
from kernel_builder.drivers.base import BuildRequest, Log, Made, Progress, Report, Stage
from kernel_builder.drivers.inputs import unlisted_inputs
from kernel_builder.drivers.workspace import Workspace
from kernel_builder.errors import CheckError, ToolchainError
from kernel_builder.matrix import BuildTarget, host_platform
from kernel_builder.process import run
from kernel_builder.project.dependencies import dependency_variables
from kernel_builder.project.metadata import build_metadata
from kernel_builder.project.render import ops_id, render
from kernel_builder.provenance import Provenance, build_inputs
from kernel_builder.toolchain.accelerator import Accelerator, find_accelerator
from kernel_builder.toolchain.manylinux.policy import Policy, load_policy
from kernel_builder.toolchain.manylinux.sysroot import Sysroot, manylinux_sysroot
from kernel_builder.toolchain.tools import (
    QUIET_ENVIRONMENT,
    compile_jobs,
    compiler_command,
    find_compiler,
    find_launcher,
    find_tool,
)
from kernel_builder.toolchain.torch import TorchFacts
from kernel_builder.toolchain.tvm_ffi import TvmFfiFacts

__all__ = ["NativeBuild", "check_path"]

_FACTS = "facts.cmake"
#: What a compiler takes at most for a source that includes all of Torch's headers, in bytes (measured: 1.8 GB).
_MEMORY_PER_JOB = 2 * 1024**3
#: What __DATE__ and __TIME__ say: 1980-01-01, in seconds since 1970, the first day that every archive format knows.
_EPOCH = "315532800"
#: Takes nothing from a compiler cache, and is rare.
_AFRESH = {"CCACHE_DISABLE": "1", "SCCACHE_RECACHE": "1", "TZ": "Pacific/Chatham", "LC_ALL": "C", "LANG": "C"}
#: The languages that a backend has beside C++.
_LANGUAGES = {"cuda": ("CUDA",), "rocm": ("HIP",), "metal": ("OBJCXX",)}
_STEP = re.compile(r"\[(\d+)/(\d+)\] ")
_COMPILING = re.compile(r"\[\d+/\d+\] Building ")


def check_path(folder: Path, *, hint: str = "Move the project to a folder with a plainer name.") -> None:
    """Refuse a folder whose name CMake or Ninja would take apart.

    Raises:
        ToolchainError: with what is in the way, and the hint.
    """
    found = re.search(r"[\";|`\[\]\x00-\x1f]|\$[{<]|\\", folder.as_posix())
    if found:
        message = f"CMake cannot work in {str(folder)!r}: the path has {found[0]!r} in it"
        raise ToolchainError(message, hint=hint)


class NativeBuild:
    """The build of one variant, in the work folder `.kernel-builder/<variant>`.

    That folder keeps the rendered project and the objects, so that the next build compiles only what has changed. What
    was compiled in other folders comes from a compiler cache, where there is one. A build `afresh` takes nothing from
    one, and runs under settings that are rare. `on_work` is called as soon as there is something to do, if there is.
    """

    def __init__(
        self,
        request: BuildRequest,
        report: Report,
        facts: TorchFacts | TvmFfiFacts,
        provenance: Provenance,
        target: BuildTarget,
        *,
        on_work: Callable[[], None] = lambda: None,
        afresh: bool = False,
    ) -> None:
        self.request = request
        self.config = request.config
        self.report = report
        self.facts = facts
        self.provenance = provenance
        self.variant = target.name
        self.compute = target.row.compute
        self.backend = self.compute.backend
        self.on_work = on_work
        self.compiled = 0
        self.launcher = None if afresh else find_launcher()
        self.afresh = afresh

    def make(self) -> Made:
        """Configure, compile, and look at what the compiler read.

        Raises:
            ToolchainError: when a tool is missing.
            ProcessError: when CMake or the compiler fails.
            CheckError: when a source changed meanwhile, or one was read that `build.toml` does not list.
        """
        workspace = Workspace(self.request.work_dir / self.variant)
        rendered = render(self.config, self.provenance)
        inputs = build_inputs(self.request.project_dir, self.config)
        self._configure(workspace, rendered, inputs)
        self._compile(workspace)
        self._check_inputs(workspace, rendered, inputs)
        made = json.loads((workspace.cmake / "kernel-build.json").read_text("utf-8"))
        files = (workspace.cmake / made["library"], workspace.cmake / "_ops.py")
        toolchain = {"compiler": made["compiler"], self.config.framework_key: self.facts.version}
        if self.accelerator is not None:
            toolchain[self.backend] = self.accelerator.name
        if self.policy is not None:
            toolchain["manylinux"] = self.policy.name
        return Made(
            files=files,
            metadata=self._metadata(made["archs"]),
            toolchain=toolchain,
            compiled=self.compiled,
            objects=_objects(workspace.cmake, inputs),
            libraries=self.accelerator.libraries if self.accelerator else (),
        )

    @cached_property
    def accelerator(self) -> Accelerator | None:
        """What compiles for the backend; `None` for the CPU, which the C++ compiler is for."""
        if self.backend == "cpu":
            return None
        cache = cache_dir("toolchains")
        check_path(cache, hint="Set KERNEL_BUILDER_CACHE to a folder with a plainer name.")
        return find_accelerator(self.backend, self.compute.version, cache=cache)

    @cached_property
    def policy(self) -> Policy | None:
        """What the library may need of the system; `None` for no limit."""
        platform = host_platform()
        if self.request.manylinux is None or platform.os != "linux":
            return None
        return load_policy(self.request.manylinux, platform.cpu)

    @cached_property
    def sysroot(self) -> Sysroot | None:
        """What the library is linked against instead of this machine's own libraries; `None` for these."""
        if self.policy is None:
            return None
        cache = cache_dir("manylinux")
        check_path(cache, hint="Set KERNEL_BUILDER_CACHE to a folder with a plainer name.")
        return manylinux_sysroot(compiler_command(), self.policy, cache)

    @cached_property
    def environment(self) -> dict[str, str | None]:
        """Without flags from outside, and with what makes objects the same in every folder and at every time."""
        settings = {
            "SOURCE_DATE_EPOCH": _EPOCH,
            "CCACHE_BASEDIR": str(self.request.project_dir),
            "CCACHE_NOHASHDIR": "1",
            # ccache does not look at -ffile-prefix-map, and what was compiled under another map is not the same.
            "CCACHE_NAMESPACE": f"kernel-builder-{importlib.metadata.version('kernel-builder')}",
        }
        accelerator = self.accelerator.environment if self.accelerator else {}
        return {**QUIET_ENVIRONMENT, **settings, **accelerator, **(_AFRESH if self.afresh else {})}

    def _configure(self, workspace: Workspace, rendered: dict[str, str], inputs: tuple[str, ...]) -> None:
        self.report(Stage(self.variant, "configure"))
        cmake, ninja = find_tool("cmake"), find_tool("ninja")
        project_dir = self.request.project_dir
        workspace.prepare(
            {**rendered, _FACTS: self.facts.cmake},
            base=[
                str(cmake),
                str(ninja),
                *find_compiler(),
                os.environ.get("CMAKE_CXX_COMPILER_LAUNCHER", ""),
                self.facts.version,
                str(project_dir),
                *self._settings(),
                *(os.environ.get(name, "") for name in dependency_variables(self.config)),
                *(self.accelerator.identity if self.accelerator else ()),
            ],
            sources=[project_dir / name for name in inputs],
        )
        if not workspace.configured:
            self.on_work()
            self._run_cmake(workspace, cmake, ninja)
        workspace.mark_configured()

    def _run_cmake(self, workspace: Workspace, cmake: Path, ninja: Path) -> None:
        command: list[str | Path] = [
            cmake, "-S", workspace.project, "-B", workspace.cmake, "-G", "Ninja",
            f"-DCMAKE_MAKE_PROGRAM={ninja}",
            "-DCMAKE_BUILD_TYPE=Release",
            f"-DKERNEL_SOURCE_DIR={self.request.project_dir}",
            f"-DKERNEL_BACKEND={self.backend}",
            f"-DKERNEL_FACTS={workspace.project / _FACTS}",
            f"-DPython_EXECUTABLE={sys.executable}",
            f"-DKERNEL_CACHE_DIR={cache_dir('dependencies')}",
            *self._settings(),
        ]  # fmt: skip
        run(command, env=self.environment, on_line=self._log)

    def _settings(self) -> list[str]:
        """What this machine adds to the command of CMake."""
        languages = ("CXX", *_LANGUAGES.get(self.backend, ()))
        settings = [f"-DCMAKE_{name}_COMPILER_LAUNCHER={self.launcher}" for name in languages if self.launcher]
        if self.accelerator is not None:
            settings += self.accelerator.settings
        if self.backend == "cuda":
            # What is published is for every device, not for the one of this machine.
            settings.append("-DKERNEL_ALL_ARCHS=ON")
        if self.sysroot is not None:
            settings += [
                f"-DKERNEL_LINK_OPTIONS={';'.join(self.sysroot.link_options)}",
                f"-DKERNEL_LINK_FIRST={';'.join(path.as_posix() for path in self.sysroot.libraries)}",
            ]
        return settings

    def _compile(self, workspace: Workspace) -> None:
        self.report(Stage(self.variant, "compile"))
        jobs = self.request.cores or compile_jobs(_MEMORY_PER_JOB)
        command: list[str | Path] = [find_tool("ninja"), "-C", workspace.cmake, "-j", str(jobs)]
        run(command, env={**self.environment, "NINJA_STATUS": "[%f/%t] "}, on_line=self._step)

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

    def _metadata(self, archs: list[str]) -> dict[str, Any]:
        kernel_id = ops_id(self.config, self.backend, self.provenance.unique_id)
        metadata = build_metadata(self.config, self.backend, kernel_id, self.provenance)
        if archs:
            metadata["backend"]["archs"] = archs
        return metadata

    def _step(self, line: str) -> None:
        if match := _STEP.match(line):
            self.on_work()
            self.compiled += _COMPILING.match(line) is not None
            self.report(Progress(self.variant, int(match[1]), int(match[2])))
        self._log(line)

    def _log(self, line: str) -> None:
        self.report(Log(self.variant, line))


def _objects(cmake_dir: Path, inputs: tuple[str, ...]) -> tuple[Path, ...]:
    """The object files of a build's sources; those of sources that were taken out are still there."""
    # What was translated to HIP is compiled under another name.
    names = (*(f"/{name}.o" for name in inputs), ".hip.o")
    return tuple(sorted(path for path in (cmake_dir / "CMakeFiles").rglob("*.o") if path.as_posix().endswith(names)))
