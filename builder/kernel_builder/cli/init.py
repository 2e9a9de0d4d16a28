"""`kernel-builder init`."""

import json
import platform
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kernel_builder.cli._options import PathToWrite, json_option
from kernel_builder.config.model import FRAMEWORKS
from kernel_builder.config.values import RULES
from kernel_builder.scaffold.choices import ALL, ChoiceError, choose, parse_backends
from kernel_builder.scaffold.names import Place, choose_place
from kernel_builder.scaffold.render import render
from kernel_builder.scaffold.write import stage_files, write_files
from kernels.backend import BACKENDS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["init"]

_BACKENDS = "--backends"
#: In the context's `meta`: whether the next word would be one more backend.
_ENDS_IN_BACKENDS = f"{__name__}.ends_in_backends"


class _ManyBackends(click.Command):
    """A command whose option `--backends` takes every bare value up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give each of the values the option's name, which is how click knows an option with several."""
        spread: list[str] = []
        expected: str | None = None  # the "first" value of --backends, or "more" of them
        for index, word in enumerate(args):
            if word == "--":
                spread += args[index:]
                break
            if word.startswith("-"):
                option, equals, _ = word.partition("=")
                expected = ("more" if equals else "first") if option == _BACKENDS else None
            elif expected == "more":
                spread.append(_BACKENDS)
            elif expected == "first":
                expected = "more"
            spread.append(word)
        ctx.meta[_ENDS_IN_BACKENDS] = expected == "more"
        return super().parse_args(ctx, spread)


def _complete_backends(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's signature
    return [name for name in (*BACKENDS, ALL) if name.startswith(incomplete.lower())]


class _Folder(PathToWrite):
    """PATH, in whose place a shell may be completing one more backend."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Folders, or backends where the words before are those of `--backends`."""
        if not ctx.meta.get(_ENDS_IN_BACKENDS):
            return super().shell_complete(ctx, param, incomplete)
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in _complete_backends(ctx, param, incomplete)]


def _check_license(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if problem := RULES["text"](value):
        message = f"the license {problem.message}"
        raise click.BadParameter(message, ctx=ctx, param=param)
    return value


@click.command("init", cls=_ManyBackends)
@click.argument("path", type=_Folder(file_okay=False), required=False)
@click.option("--name", metavar="OWNER/NAME", help="The kernel and its repository on the Hub.")
@click.option(
    _BACKENDS,
    metavar="BACKEND...",
    multiple=True,
    shell_complete=_complete_backends,
    help=f"What to compute on: one or more of {', '.join(BACKENDS)}, or `{ALL}` for all that the framework has. Values "
    "run to the next option, and may be divided by commas. Default: cuda; on macOS metal.",
)
@click.option(
    "--framework",
    type=click.Choice(list(FRAMEWORKS)),
    help="torch: C++ and a GPU language, compiled for each Torch. torch-noarch: Python only, with Triton. tvm-ffi: "
    "compiled without Torch's ABI. Default: torch; torch-noarch for cann, neuron and tpu.",
)
@click.option(
    "--license",
    "license_id",
    metavar="ID",
    default="Apache-2.0",
    show_default=True,
    callback=_check_license,
    help="The license of the kernel, as the Hub spells it.",
)
@click.option("--overwrite", is_flag=True, help="Replace files of the template that exist; other files are kept.")
@json_option
def init(
    path: str | None,
    name: str | None,
    backends: tuple[str, ...],
    framework: str | None,
    license_id: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    r"""Make a new kernel project in PATH: a small kernel that builds, with tests, a benchmark, an example and a card.

    PATH is a folder, by default the current one, whose name becomes that of the kernel; or OWNER/NAME, for a new folder
    NAME and the repository OWNER/NAME on the Hub, unless there is a folder OWNER (write ./FOLDER/NAME to be sure). It
    goes before --backends, or after `--`. The Hub is not asked.

    The files are staged in git, in a new repository when the folder is in none. Nothing is committed.

    \b
    Examples:
      kernel-builder init                                    in the current folder, for cuda (on macOS metal)
      kernel-builder init my-org/my-kernel                   in ./my-kernel, to be published as my-org/my-kernel
      kernel-builder init --name my-org/my-kernel --backends cuda xpu
      kernel-builder init ./kernels/relu --backends all      for every backend that is compiled
      kernel-builder init my-kernel --framework torch-noarch --backends cuda rocm
      kernel-builder init --backends cpu -- my-kernel        a PATH after the backends
    """
    try:
        choice = choose(parse_backends(backends), framework, system=platform.system())
        place = choose_place(path, name, Path.cwd())
    except ChoiceError as error:
        message = f"Invalid value for '{error.option}': {error}; {error.hint}."
        raise click.UsageError(message, click.get_current_context()) from None
    names = place.names
    files = render(names, choice, license_id)
    write_files(files, place.folder, overwrite=overwrite)
    staged = stage_files(place.folder, list(files))
    notes = [*_notes(place), *filter(None, (choice.note, staged.note))]
    for note in notes:
        click.echo(f"note: {note}", err=True)
    if as_json:
        document = {
            "name": names.name,
            "repo-id": names.repo_id,
            "path": str(place.folder.resolve()),
            "framework": choice.framework,
            "backends": choice.backends,
            "files": list(files),
            "git": staged.state,
            "notes": notes,
        }
        click.echo(json.dumps(document, indent=2))
        return
    click.echo(f"Initialized `{names.repo_id or names.name}` at {place.folder.resolve()}")
    _show_next_steps(place.folder)


def _notes(place: Place) -> list[str]:
    names, notes = place.names, []
    if place.asked != names.name:
        notes.append(f"the kernel is named {names.name}, since {place.asked!r} cannot be a name")
    if names.repo_id is None:
        notes.append("nobody said whose it is: add `repo-id` to [general.hub] in build.toml before you publish it")
    return notes


def _show_next_steps(folder: Path) -> None:
    steps = ["kernel-builder build", "python -m pytest tests", "kernels benchmark ."]
    if folder.resolve() != Path.cwd():
        below = folder.is_relative_to(Path.cwd())
        steps.insert(0, f"cd {shlex.quote(str(folder.relative_to(Path.cwd()) if below else folder))}")
    click.echo("next:\n" + "\n".join(f"  {step}" for step in steps), err=True)
