"""`kernel-builder build`, `build-and-copy` and `build-and-upload`."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from kernel_builder.checks.builds import foreign_builds, variants_in
from kernel_builder.checks.findings import CHECKS
from kernel_builder.cli._manylinux import manylinux_option
from kernel_builder.cli._nix import NIX_OPTIONS, nix_options, take_nix_options
from kernel_builder.cli._options import (
    cores_option,
    json_option,
    kernel_dir_argument,
    logs_option,
    max_jobs_option,
    no_checks_option,
    variant_option,
)
from kernel_builder.cli._project import load_project
from kernel_builder.cli._report import Reporter
from kernel_builder.cli.upload import UploadRequest, publish, show_uploaded, upload_options
from kernel_builder.config.model import KernelConfig
from kernel_builder.drivers.base import BuildRequest, Built, Event, Report
from kernel_builder.drivers.choose import DRIVERS, choose_driver
from kernel_builder.drivers.nix.options import NixOptions
from kernel_builder.errors import ProcessError
from kernel_builder.publish.card import fill_card
from kernel_builder.toolchain.torches.sources import TorchSources
from kernel_builder.tree import install_text

__all__ = ["build", "build_and_copy", "build_and_upload"]

_driver = click.option(
    "--driver",
    type=click.Choice(DRIVERS),
    default="auto",
    envvar="KERNEL_BUILDER_DRIVER",
    show_default=True,
    help="local: the toolchain and the Torch or tvm-ffi of this machine. nix: the project's flake. auto: nix where it "
    "is installed and the project has a flake.nix, else local. KERNEL_BUILDER_DRIVER says it for all builds.",
)
_manylinux = manylinux_option(
    text="The manylinux policy whose symbol versions a library for Linux needs at most, with the local driver. "
    "off: the library needs what this machine has.",
)
#: One build is not compared with the build matrix.
_no_checks = no_checks_option(*(name for name in CHECKS if name != "matrix"))
_rebuild = click.option(
    "--rebuild", is_flag=True, help="Build each variant a second time, in another folder, and compare the bytes."
)
_python = click.option(
    "--python",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="PYTHON",
    help="Build against the Torch of this interpreter, with the local driver (default: the one that runs now).",
)
_fetch_torch = click.option(
    "--fetch-torch",
    is_flag=True,
    help="Download the Torch of --variant into the cache where neither the environment nor the cache has it; the "
    "environment stays as it is.",
)
_torch_index = click.option(
    "--torch-index",
    metavar="URL",
    help="The package index to download Torch from (default: the registry that pip is set up with).",
)
_fetch_toolkit = click.option(
    "--fetch-toolkit",
    is_flag=True,
    help="Download the CUDA toolkit of --variant, or of Torch, into the cache where this machine has none (CUDA 13 and "
    "later).",
)
#: Options that say what the local driver builds with.
_LOCAL = ("fetch_toolkit", "fetch_torch", "manylinux", "no_checks", "python", "torch_index")
_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class _Options:
    """What the command line says."""

    kernel_dir: Path
    driver: str
    max_jobs: int | None
    cores: int | None
    logs: bool
    as_json: bool
    manylinux: str | None
    no_checks: frozenset[str]
    rebuild: bool
    variant: str | None = None
    python: Path | None = None
    fetch_torch: bool = False
    torch_index: str | None = None
    fetch_toolkit: bool = False
    quiet: bool = False
    nix: NixOptions

    @classmethod
    def take(cls, options: dict[str, Any]) -> "_Options":
        """The value of the command's options."""
        return cls(nix=take_nix_options(options), **options)


@dataclass(frozen=True, kw_only=True)
class _Done:
    """What was built of what, and how."""

    config: KernelConfig
    driver: str
    builds: list[Built]

    def document(self, options: _Options) -> dict[str, object]:
        """For `--json`."""
        return {"driver": self.driver, "builds": [_as_json(built, options) for built in self.builds]}

    def lines(self, options: _Options) -> list[str]:
        """A line for each build."""
        again = ", a second build is the same" if options.rebuild else ""
        return [
            f"{'built' if built.changed else 'up to date'}: {built.path} ({built.seconds:.1f} s"
            f"{'' if built.compiled is None else f', {built.compiled} sources compiled'}{again})"
            for built in self.builds
        ]


def _run(options: _Options) -> None:
    done = _build(options)
    if options.as_json:
        click.echo(json.dumps(done.document(options), indent=2))
        return
    for line in done.lines(options):
        click.echo(line)


def _build(options: _Options) -> _Done:
    project_dir = options.kernel_dir
    config = load_project(project_dir)
    driver, reason = choose_driver(options.driver, project_dir)
    _check_options(driver.name)
    if not options.quiet:
        click.echo(f"building {config.general.name} with the {driver.name} driver ({reason})", err=True)
    card = fill_card(project_dir, config)  # first: a card that cannot be filled is no reason to compile
    request = BuildRequest(
        project_dir=project_dir,
        config=config,
        variant=options.variant,
        cores=options.cores,
        max_jobs=options.max_jobs,
        manylinux=options.manylinux,
        skip=options.no_checks,
        rebuild=options.rebuild,
        torch=_torch_sources(options),
        fetch_toolkit=options.fetch_toolkit,
        nix=options.nix,
    )
    try:
        with _reporter(options) as report:
            builds = driver.build(request, report)
    except ProcessError as error:
        if options.logs:
            error.output = ""  # it was shown line by line
        raise
    for path in foreign_builds(request.build_dir, config):
        click.echo(f"note: {path} is of another build.toml: remove it, or the loader may take it", err=True)
    if card is not None and (card := fill_card(project_dir, config, variants_in(request.build_dir))) is not None:
        install_text(request.build_dir / "CARD.md", card)
    return _Done(config=config, driver=driver.name, builds=builds)


def _reporter(options: _Options) -> AbstractContextManager[Report]:
    return nullcontext(_ignore) if options.quiet and not options.logs else Reporter(logs=options.logs)


def _ignore(event: Event) -> None:
    """Show nothing of an event."""


def _torch_sources(options: _Options) -> TorchSources:
    if options.torch_index and not options.fetch_torch:
        message = "--torch-index is for --fetch-torch"
        raise click.UsageError(message)
    # An interpreter of a virtual environment is a link, and knows its environment by the place of the link.
    python = options.python and options.python.absolute()
    return TorchSources(python=python, fetch=options.fetch_torch, index=options.torch_index)


def _check_options(driver: str) -> None:
    """Refuse options that say something to the other driver, which would not hear it."""
    foreign, reason = {
        "local": (NIX_OPTIONS, "for --driver nix"),
        "nix": (_LOCAL, "for the local driver; what Nix builds with is in the flake"),
    }[driver]
    parameters = click.get_current_context().command.params
    given = [option.opts[0] for option in parameters if option.name in foreign and _is_given(option.name)]
    if given:
        message = f"{', '.join(given)} {'is' if len(given) == 1 else 'are'} {reason}"
        raise click.UsageError(message)


def _is_given(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source not in (None, click.core.ParameterSource.DEFAULT)


def _as_json(built: Built, options: _Options) -> dict[str, object]:
    return {
        "variant": built.variant,
        "path": str(built.path),
        "changed": built.changed,
        "compiled": built.compiled,
        "seconds": round(built.seconds, 3),
        "reproduced": True if options.rebuild else None,
    }


#: The options of a build, in the order of the help.
_OPTIONS = (
    variant_option,
    _driver,
    _python,
    _fetch_torch,
    _torch_index,
    _fetch_toolkit,
    max_jobs_option,
    cores_option,
    _manylinux,
    _no_checks,
    _rebuild,
    logs_option,
)


def _build_options(command: _Command) -> _Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("build")
@kernel_dir_argument
@_build_options
@nix_options
@json_option
def build(**options: Any) -> None:
    r"""Build the kernel in KERNEL_DIR (default: the current folder) into its build/ folder.

    Each variant is staged, checked and put into its place in one step; what was there before stays when anything
    fails. A second build compiles only what has changed.

    The compiler is that of the environment variable CXX, or the system's. Flags are taken from build.toml only:
    CXXFLAGS, LDFLAGS and the like are set aside, because the same sources must give the same build. ccache or sccache
    is used where it is on PATH.

    A Python-only kernel needs no compiler; it is built for every backend that it has on this system.

    A variant for CUDA needs a Torch for that CUDA, and its nvcc, but no GPU. --fetch-torch and --fetch-toolkit download
    what this machine lacks into the cache (KERNEL_BUILDER_CACHE), so that variants of several releases of Torch and
    CUDA can be built on one machine.

    \b
    Examples:
      kernel-builder build
      kernel-builder build --variant torch213-cxx11-cpu-x86_64-linux -L
      kernel-builder build kernels/relu --driver local --json
      kernel-builder build --rebuild
      kernel-builder build --variant torch213-cxx11-cu130-x86_64-linux --fetch-torch --fetch-toolkit
    """
    _run(_Options.take(options))


@click.command("build-and-copy")
@kernel_dir_argument
@_driver
@max_jobs_option
@cores_option
@_manylinux
@_no_checks
@_rebuild
@logs_option
@nix_options
@json_option
def build_and_copy(**options: Any) -> None:
    r"""Build the kernel in KERNEL_DIR and copy every variant into its build/ folder; the same as `build`.

    \b
    Examples:
      kernel-builder build-and-copy
      kernel-builder build-and-copy --driver nix --max-jobs 4 --cores 8
    """
    _run(_Options.take(options))


@click.command("build-and-upload")
@kernel_dir_argument
@_build_options
@nix_options
@upload_options
@json_option
def build_and_upload(**options: Any) -> None:
    r"""Build the kernel in KERNEL_DIR and upload every variant that is in its build/ folder.

    The same as `build` and, when that has succeeded, `upload`.

    \b
    Examples:
      kernel-builder build-and-upload
      kernel-builder build-and-upload --driver nix --require-nix
      kernel-builder build-and-upload --variant torch213-cxx11-cpu-x86_64-linux --dry-run
    """
    request = UploadRequest.take(options)
    build_options = _Options.take({**options, "quiet": request.quiet})
    built = _build(build_options)
    if not request.quiet:
        for line in built.lines(build_options):
            click.echo(line, err=True)
    uploaded = publish(build_options.kernel_dir, built.config, request)
    show_uploaded(uploaded, as_json=build_options.as_json, more=built.document(build_options))
