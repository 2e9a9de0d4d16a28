"""Arguments and options that several commands share, and what they say of how to talk."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = [
    "Manner",
    "PathToWrite",
    "cores_option",
    "debug_option",
    "json_option",
    "kernel_dir_argument",
    "logs_option",
    "max_jobs_option",
    "no_checks_option",
    "output_argument",
    "target_dir_argument",
    "variant_option",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(slots=True, kw_only=True)
class Manner:
    """How a command is to speak when it fails; the object of click's context.

    Attributes:
        debug: with the traceback.
        as_json: as JSON on standard output too.
    """

    debug: bool = False
    as_json: bool = False


def _remember_debug(ctx: click.Context, param: click.Parameter, value: bool) -> bool:  # noqa: ARG001 - click's signature
    ctx.ensure_object(Manner).debug = value
    return value


def _remember_json(ctx: click.Context, param: click.Parameter, value: bool) -> bool:  # noqa: ARG001 - click's signature
    ctx.ensure_object(Manner).as_json = value
    return value


class _Variant(click.types.StringParamType):
    """The name of a variant, which a shell completes from the project's own."""

    name = "variant"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":  # noqa: ARG002
        """The variants that the project has on this system; none where there is no build.toml that can be read."""
        from click.shell_completion import CompletionItem

        from kernel_builder.config.reader import read_config
        from kernel_builder.matrix import host_platform, load_matrix, select

        # Click stops at the option that has no value yet, and leaves what stands before it as words.
        project_dir = Path(ctx.args[0]) if ctx.args else ctx.params.get("kernel_dir") or Path()
        config = read_config(project_dir).config
        targets = select(config, load_matrix(), host_platform()) if config else ()
        return [CompletionItem(target.name) for target in targets if target.name.startswith(incomplete)]


class PathToWrite(click.Path):
    """A place to write to, which has to be said: an empty text, as an unset variable of a shell gives, is no path."""

    def convert(
        self, value: "str | os.PathLike[str]", param: click.Parameter | None, ctx: click.Context | None
    ) -> "str | bytes | os.PathLike[str]":
        """As click's; a file is to lie in a folder that exists."""
        if not os.fspath(value):
            self.fail("the path is empty", param, ctx)
        folder = Path(value).parent
        if not self.dir_okay and not folder.is_dir():
            self.fail(f"there is no folder {str(folder)!r}", param, ctx)
        return super().convert(value, param, ctx)


kernel_dir_argument = click.argument(
    "kernel_dir",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    default=".",
)

target_dir_argument = click.argument(
    "target_dir", type=PathToWrite(file_okay=False, resolve_path=True, path_type=Path), required=False
)

output_argument = click.argument("output", type=PathToWrite(dir_okay=False, path_type=Path), required=False)

variant_option = click.option("--variant", type=_Variant(), metavar="VARIANT", help="Build this variant only.")

max_jobs_option = click.option(
    "--max-jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many variants Nix builds at once; the local driver builds one after the other.",
)

cores_option = click.option(
    "--cores", type=click.IntRange(min=1), metavar="N", help="How many processors one build may use (default: all)."
)

logs_option = click.option("-L", "--print-build-logs", "logs", is_flag=True, help="Print what the compilers print.")


def no_checks_option(*names: str) -> Callable[[_Command], _Command]:
    """The option to leave out some of these checks; its parameter `no_checks` is a frozenset of their names."""
    return click.option(
        "--no-checks",
        type=click.Choice(names),
        multiple=True,
        metavar="NAME",
        callback=lambda ctx, param, value: frozenset(value),  # noqa: ARG005 - click's signature
        help=f"Leave out a check: {', '.join(names)}. May be given several times.",
    )


#: A command with this option raises before it prints, or prints its one document and ends with `ctx.exit`: a failure
#: that is raised is shown as a document of its own, `{"error": …}`.
json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    is_eager=True,
    callback=_remember_json,
    help="Print the result as JSON on standard output; also an error.",
)

debug_option = click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_remember_debug,
    help="Show the traceback of a failure.",
)
