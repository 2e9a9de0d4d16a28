"""`kernel-builder upload`, and the options of uploading that `build-and-upload` has too."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kernel_builder.cli._options import PathToWrite, json_option, kernel_dir_argument
from kernel_builder.errors import ConfigError, PublishError
from kernel_builder.tree import install_text

if TYPE_CHECKING:
    from kernel_builder.config.model import KernelConfig
    from kernel_builder.publish.model import Release
    from kernel_builder.publish.upload import BranchState, Uploaded

__all__ = ["UploadRequest", "publish", "show_uploaded", "upload", "upload_options"]

_REPO_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_Command = TypeVar("_Command", bound=Callable[..., Any])
_OPTIONS = (
    click.option(
        "--repo-id",
        metavar="OWNER/NAME",
        help="The repository to upload to (default: `repo-id` in [general.hub] of build.toml).",
    ),
    click.option(
        "--branch",
        metavar="BRANCH",
        help="The branch for the builds (default: `branch` in [general.hub], else v and the version of the builds).",
    ),
    click.option(
        "--private",
        is_flag=True,
        help="Make the repository private, if it has to be made; one that is public is refused.",
    ),
    click.option(
        "--repo-type",
        type=click.Choice(["kernel", "model"]),
        default="kernel",
        show_default=True,
        help="The type of the repository; kernels are loaded from kernel repositories only.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Show neither the plan nor notes nor progress."),
    click.option(
        "--create-pr", is_flag=True, help="Open pull requests, one for each branch, and leave the branches as they are."
    ),
    click.option(
        "--output-json",
        type=PathToWrite(dir_okay=False, path_type=Path),
        metavar="PATH",
        help="Write to this file what was done: status, repo_id, branch, url and pull_requests.",
    ),
    click.option("--dry-run", is_flag=True, help="Check everything, show what would be done, and write nothing."),
    click.option("--allow-dirty", is_flag=True, help="Upload builds of sources that are not committed."),
    click.option(
        "--no-verify",
        is_flag=True,
        help="Leave out the checks of layout and ABI; digests, where builds come from, and what must not leave are "
        "looked at even so.",
    ),
    click.option("--require-nix", is_flag=True, help="Refuse builds that were not made by Nix, from pinned inputs."),
    click.option(
        "--allow-removal",
        is_flag=True,
        help="Remove the variants that the branch has and the builds lack; who uses them is left without.",
    ),
)


def upload_options(command: _Command) -> _Command:
    """The options of uploading; `UploadRequest.take` makes a value of them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, kw_only=True)
class UploadRequest:
    """What the command line says of an upload; the fields are the options."""

    repo_id: str | None
    branch: str | None
    private: bool
    repo_type: str
    quiet: bool
    create_pr: bool
    output_json: Path | None
    dry_run: bool
    allow_dirty: bool
    no_verify: bool
    require_nix: bool
    allow_removal: bool

    @classmethod
    def take(cls, options: dict[str, Any]) -> "UploadRequest":
        """Take its own out of the options of a command."""
        return cls(**{field.name: options.pop(field.name) for field in fields(cls)})


@click.command("upload")
@kernel_dir_argument
@upload_options
@click.option(
    "--build-dir",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    metavar="DIR",
    help="The folder of the builds (default: build/, else result/, else KERNEL_DIR itself).",
)
@json_option
def upload(kernel_dir: Path, build_dir: Path | None, as_json: bool, **options: Any) -> None:
    r"""Upload the builds of the kernel in KERNEL_DIR (default: the current folder) to the Hub.

    Everything is checked first: the builds, where they come from, and that no file leaves that should not. Then each
    branch gets one commit: the builds and benchmarks theirs, v<version>, and the card the main branch, as README.md. A
    branch is what it was or what it is to be, whenever the upload is interrupted; running it again sends what is
    missing. What is there already is not sent, and when nothing has changed, nothing is.

    The token is the one that `hf auth login` stored, or that of HF_TOKEN. A folder of builds without build.toml is
    uploaded with --repo-id.

    \b
    Examples:
      kernel-builder upload
      kernel-builder upload --dry-run
      kernel-builder upload --repo-id OWNER/NAME --private
      kernel-builder upload --create-pr --output-json uploaded.json
    """
    request = UploadRequest.take(options)
    done = publish(kernel_dir, _config(kernel_dir), request, build_dir=build_dir)
    show_uploaded(done, as_json=as_json)


def show_uploaded(done: "Uploaded", *, as_json: bool, more: Mapping[str, object] | None = None) -> None:
    """Print the addresses; or all of it as JSON, after what else is to be in the document."""
    from kernel_builder.cli._upload_text import plan_as_json, result_lines, uploaded_as_json

    if as_json:
        plans = [plan_as_json(plan) for plan in done.plans]
        click.echo(json.dumps({**(more or {}), **uploaded_as_json(done), "plans": plans}, indent=2))
        return
    for line in result_lines(done):
        click.echo(line)


def publish(
    kernel_dir: Path, config: "KernelConfig | None", request: UploadRequest, *, build_dir: Path | None = None
) -> "Uploaded":
    """Upload builds, and show the plan and the progress on standard error.

    Args:
        kernel_dir: the folder of the project, or of builds.
        config: what its build.toml says, where it has one.
        request: what is asked for.
        build_dir: the folder of the builds, where it is another.

    Raises:
        ConfigError: when the repository is not known.
        PublishError: when we or the Hub refuse it.
    """
    from kernel_builder.cli._upload_text import plan_lines, progress, uploaded_as_json
    from kernel_builder.publish.hub import Hub
    from kernel_builder.publish.release import find_release
    from kernel_builder.publish.upload import UploadOptions
    from kernel_builder.publish.upload import upload as run_upload

    repo_id = _repo_id(request, config)
    release = find_release(kernel_dir, config, build_dir=build_dir)

    def approve(states: "Sequence[BranchState]") -> None:
        if not request.quiet:
            for line in plan_lines([state.plan for state in states], each_file=request.dry_run):
                click.echo(line, err=True)
        _preflight(release, config, request, states)

    options = UploadOptions(
        branch=request.branch or (config and config.general.hub.branch) or f"v{release.version}",
        private=request.private,
        create_pr=request.create_pr,
        dry_run=request.dry_run,
        remove_missing=request.allow_removal,
    )
    hub = Hub(repo_id, repo_type=request.repo_type)
    with progress(quiet=request.quiet) as report:
        done = run_upload(release, hub, options, report=report, approve=approve)
    if request.output_json is not None:
        install_text(request.output_json, json.dumps(uploaded_as_json(done)) + "\n")
    return done


def _preflight(
    release: "Release", config: "KernelConfig | None", request: UploadRequest, states: "Sequence[BranchState]"
) -> None:
    """Show what is to be said of the release, and refuse it when it has errors."""
    from kernel_builder.checks.listing import listing
    from kernel_builder.cli._report import painted
    from kernel_builder.publish.preflight import PreflightOptions, preflight

    found = preflight(
        release,
        config,
        PreflightOptions(
            allow_dirty=request.allow_dirty,
            verify=not request.no_verify,
            require_nix=request.require_nix,
            allow_removal=request.allow_removal,
        ),
        states,
    )
    errors = [finding for finding in found if finding.severity == "error"]
    shown = ("warning",) if request.quiet else ("warning", "note")
    for line in listing(finding for finding in found if finding.severity in shown):
        click.echo(painted(line), err=True)
    if errors:
        lines = "\n".join(f"  {line}" for line in listing(errors))
        message = f"this cannot be published:\n{lines}"
        raise PublishError(message, findings=found)


def _config(kernel_dir: Path) -> "KernelConfig | None":
    """What `build.toml` says; `None` where there is none, as in a folder of builds."""
    from kernel_builder.cli._project import load_project

    return load_project(kernel_dir) if (kernel_dir / "build.toml").is_file() else None


def _repo_id(request: UploadRequest, config: "KernelConfig | None") -> str:
    if request.repo_id is not None:
        if not _REPO_ID.fullmatch(request.repo_id):
            message = f"{request.repo_id!r} is not of the form OWNER/NAME"
            raise click.BadParameter(message, param_hint="--repo-id")
        return request.repo_id
    if config is None:
        message = "there is no build.toml that names the repository, and no --repo-id"
        raise click.UsageError(message)
    if config.general.hub.repo_id is None:
        message = "build.toml does not say which repository of the Hub the kernel belongs to"
        raise ConfigError(message, hint='Add `repo-id = "OWNER/NAME"` to [general.hub], or pass --repo-id OWNER/NAME.')
    return config.general.hub.repo_id
