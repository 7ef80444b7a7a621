"""`graymesh completion`: scripts that let shells complete commands, options and targets."""

from __future__ import annotations

import os
from typing import ClassVar

import click
from click.shell_completion import (
    CompletionItem,
    FishComplete,
    ShellComplete,
    add_completion_class,
    get_completion_class,
)

from graymesh.commands.base import Command, Terminal

_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $env:%(complete_var)s = "powershell_complete"
    $env:COMP_WORDS = ($commandAst.CommandElements | ForEach-Object { $_.ToString() }) -join "`n"
    $env:COMP_WORD = $wordToComplete
    %(prog_name)s | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if (-not $help) { $help = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, "ParameterValue", $help)
    }
    Remove-Item Env:%(complete_var)s, Env:COMP_WORDS, Env:COMP_WORD
}
"""


class PowerShellComplete(ShellComplete):
    """Completion for PowerShell, which click does not bring: words come one a line, answers go out one a line."""

    name: ClassVar[str] = "powershell"
    source_template: ClassVar[str] = _POWERSHELL

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is being typed, and that one."""
        words, incomplete = os.environ["COMP_WORDS"].split("\n"), os.environ["COMP_WORD"]
        return words[1:-1] if incomplete else words[1:], incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Value and help, separated by a tab."""
        return f"{item.value}\t{item.help}" if item.help else str(item.value)


class WholeHelpFishComplete(FishComplete):
    """click's completion for fish, but for helps with a comma in them, which its script cuts off there."""

    source_template: ClassVar[str] = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')


add_completion_class(PowerShellComplete)
add_completion_class(WholeHelpFishComplete)


@click.command(
    cls=Command,
    examples="""
    eval "$(graymesh completion bash)"                              # in ~/.bashrc
    eval "$(graymesh completion zsh)"                               # in ~/.zshrc
    graymesh completion fish > ~/.config/fish/completions/graymesh.fish
    graymesh completion powershell | Out-String | Invoke-Expression # in $PROFILE
    """,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish", "powershell"]))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """Print a script that completes graymesh's commands and options in SHELL."""
    found = get_completion_class(shell)
    assert found is not None
    script = found(context.find_root().command, {}, "graymesh", "_GRAYMESH_COMPLETE")
    terminal: Terminal = context.obj
    terminal.out(script.source_template % script.source_vars(), end="")
    return 0
