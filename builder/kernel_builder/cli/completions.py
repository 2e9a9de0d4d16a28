"""`kernel-builder completions`."""

import click

from kernel_builder.cli._completion import SHELLS, script

__all__ = ["completions"]


@click.command("completions")
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
def completions(shell: str) -> None:
    r"""Print the script with which SHELL completes commands, options, and the variants of the project.

    Put the line for your shell into its start-up file. Bash has to be 4.4 or later; that of macOS is older.

    \b
    Examples:
      eval "$(kernel-builder completions bash)"                                # ~/.bashrc
      eval "$(kernel-builder completions zsh)"                                 # ~/.zshrc, after compinit
      kernel-builder completions fish | source                                 # ~/.config/fish/config.fish
      eval (kernel-builder completions elvish | slurp)                         # ~/.config/elvish/rc.elv
      kernel-builder completions powershell | Out-String | Invoke-Expression   # $PROFILE
    """
    click.echo(script(shell).encode(), nl=False)
