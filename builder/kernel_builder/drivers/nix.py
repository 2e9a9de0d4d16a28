"""Builds through the project's flake: `nix build`, then the variants are copied into `build/`."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

from kernel_builder.checks.digest import SIGNATURE
from kernel_builder.drivers.base import BuildRequest, Built, Log, Report, Stage
from kernel_builder.drivers.rebuild import compare_trees
from kernel_builder.errors import BuilderError, TargetError
from kernel_builder.process import run
from kernel_builder.tree import build_lock, check_places, install_tree, same_trees, staging_dir
from kernels.errors import VariantNameError
from kernels.variant import parse_variant, parse_variant_or_none

__all__ = ["NixDriver"]


class NixDriver:
    """One derivation a variant, as the flake of the project defines them."""

    name = "nix"

    def build(self, request: BuildRequest, report: Report) -> list[Built]:
        """Build the flake's bundle, or one variant of it, and copy each variant into `build/`.

        Raises:
            ProcessError: when Nix fails; its own words are in the output.
            TargetError: when what was asked for is no name of a variant.
            BuilderError: when the flake made no variant.
        """
        check_places(request.build_dir)
        started = time.monotonic()
        what = request.variant or "bundle"
        trees = self._make(request, report, what)
        with build_lock(request.work_dir, lambda: report(Stage(what, "wait for another build"))):
            return [self._install(name, tree, request, started) for name, tree in sorted(trees.items())]

    def compare(self, request: BuildRequest, report: Report, tree: Path) -> dict[str, str]:
        """Let Nix build one variant again, even where it has it, and compare.

        Raises:
            ProcessError: when Nix fails; also when its own two builds differ.
            TargetError: when what was asked for is no name of a variant.
        """
        (second,) = self._make(replace(request, rebuild=True), report, tree.name).values()
        return compare_trees(second, tree)

    def _make(self, request: BuildRequest, report: Report, what: str) -> dict[str, Path]:
        """Name of each variant → what Nix built, in its store."""
        if request.variant is not None:
            _check_variant(request.variant)
        report(Stage(what, "nix build"))
        command, log = self._command(request), lambda line: report(Log(what, line))
        output = run(command, cwd=request.project_dir, on_line=log)
        if request.rebuild:  # which Nix only does to what was built before
            run([*command, "--rebuild"], cwd=request.project_dir, on_line=log)
        store = next((Path(line) for line in reversed(output.splitlines()) if line.startswith("/")), None)
        trees = {} if store is None else {request.variant: store} if request.variant else _variants(store)
        if not trees:
            message = f"nix built {store or 'nothing'}, which holds no variant"
            raise BuilderError(message, hint="The flake's default package must be the bundle of the kernel's variants.")
        return trees

    def _command(self, request: BuildRequest) -> list[str]:
        attribute = f"#redistributable.{request.variant}" if request.variant else ""
        command = ["nix", "--extra-experimental-features", "nix-command flakes", "build", "--no-link"]
        command += ["--print-out-paths", f".{attribute}"]
        for flag, value in (("--cores", request.cores), ("--max-jobs", request.max_jobs)):
            command += [flag, str(value)] if value is not None else []
        return command

    def _install(self, name: str, tree: Path, request: BuildRequest, started: float) -> Built:
        target = request.build_dir / name
        changed = not same_trees(tree, target, besides=(SIGNATURE,))
        if changed:
            with staging_dir(target) as stage:
                shutil.copytree(tree, stage, dirs_exist_ok=True, copy_function=shutil.copyfile)
                install_tree(stage, target)
        return Built(name, target, changed=changed, compiled=None, seconds=time.monotonic() - started)


def _check_variant(name: str) -> None:
    try:
        parse_variant(name)  # it becomes part of a path and of a flake reference
    except VariantNameError as error:
        raise TargetError(str(error)) from None


def _variants(bundle: Path) -> dict[str, Path]:
    return {
        path.name: path.resolve()
        for path in bundle.iterdir()
        if parse_variant_or_none(path.name) is not None and (path / "metadata.json").is_file()
    }
