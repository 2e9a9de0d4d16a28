"""`kernel-builder skills`: instructions for AI coding assistants."""

import json
from pathlib import Path

import click

from kernel_builder.cli._options import PathToWrite, json_option
from kernel_builder.skills import assistants, global_folder, install_skills, list_skills, project_folder

__all__ = ["skills"]

_NAMES = tuple(skill.name for skill in list_skills())


@click.group("skills")
def skills() -> None:
    """Teach AI coding assistants (Claude, Codex, OpenCode) to write kernels with this tool."""


@skills.command("list")
@json_option
def list_command(as_json: bool) -> None:
    r"""List the skills that ship with this version, with what each is for.

    \b
    Examples:
      kernel-builder skills list
      kernel-builder skills list --json
    """
    found = list_skills()
    if as_json:
        document = [{"name": skill.name, "description": skill.description} for skill in found]
        click.echo(json.dumps({"skills": document}, indent=2))
        return
    for skill in found:
        click.echo(f"{skill.name}\n{click.wrap_text(skill.description, 100, '    ', '    ')}")


@skills.command("add")
@click.option(
    "--skill",
    "names",
    type=click.Choice(_NAMES),
    multiple=True,
    default=_NAMES[:1],
    show_default=True,
    help="The skill to add; give the option again for another.",
)
@click.option("--claude", is_flag=True, help="Add it for Claude: .claude/skills.")
@click.option("--codex", is_flag=True, help="Add it for Codex: .codex/skills.")
@click.option("--opencode", is_flag=True, help="Add it for OpenCode: .opencode/skills.")
@click.option(
    "-g",
    "--global",
    "for_user",
    is_flag=True,
    help="Add it for you everywhere (~/.claude/skills, ~/.codex/skills, ~/.config/opencode/skills) instead of in the "
    "current folder.",
)
@click.option(
    "--dest",
    type=PathToWrite(file_okay=False, path_type=Path),
    metavar="PATH",
    help="Add it to another folder of skills.",
)
@click.option("--force", is_flag=True, help="Replace a skill that is there already and differs.")
@json_option
def add_command(
    names: tuple[str, ...],
    claude: bool,
    codex: bool,
    opencode: bool,
    for_user: bool,
    dest: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    r"""Add a skill for one or more AI coding assistants. Needs no network: the skills are part of this package.

    A skill that is there already and differs is not touched without --force; with it, the skill's own files are
    replaced in one step, and files that you added to its folder stay. Exits with 7 when --force is needed.

    \b
    Examples:
      kernel-builder skills add --claude                          for Claude, in the current project
      kernel-builder skills add --skill rocm-kernels --codex      another skill, for Codex
      kernel-builder skills add --codex --global                  for Codex, in all projects
      kernel-builder skills add --claude --codex --opencode       for several assistants
      kernel-builder skills add --dest ~/my-skills --force        into another folder, replacing what is there
    """
    chosen = dict(zip(("claude", "codex", "opencode"), (claude, codex, opencode), strict=True))
    wanted = [assistant for assistant in assistants() if chosen[assistant]]
    if not wanted and dest is None:
        message = "say whom the skill is for: --claude, --codex, --opencode, or a folder with --dest PATH"
        raise click.UsageError(message)
    folders = [global_folder(one) if for_user else project_folder(one, Path.cwd()) for one in wanted]
    if dest is not None:
        folders.append(_expand(dest))
    # Two names of one folder are one place.
    places = {folder.resolve(): folder for folder in reversed(folders)}
    results = install_skills(tuple(dict.fromkeys(names)), list(reversed(places.values())), force=force)
    if as_json:
        document = [{"skill": one.skill, "path": str(one.path), "state": one.state} for one in results]
        click.echo(json.dumps({"skills": document}, indent=2))
        return
    for one in results:
        click.echo(f"{one.state}: {one.path}")


def _expand(dest: Path) -> Path:
    """The absolute path, also where no shell has replaced the tilde, as after `--dest=`."""
    try:
        return dest.expanduser().absolute()
    except RuntimeError as error:
        message = f"{dest}: {error}"
        raise click.BadParameter(message, param_hint="--dest") from None
