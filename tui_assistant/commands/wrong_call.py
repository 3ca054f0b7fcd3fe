"""What to say of a call that click refuses: one line, with what shows the right one."""

from __future__ import annotations

import click

from tui_assistant.commands import guard

ANYWHERE = "--config"  # of the program and of most commands, but not of those inside a group


def options_of(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


def misplaced(option: str, group: click.Command, command: str) -> click.UsageError:
    """`option` of the assistant itself stands before the name of a command in `group`."""
    known = isinstance(group, click.Group) and option in options_of(group.commands[command])
    why = "must stand behind" if known else "belongs to the assistant itself, not to"
    return click.UsageError(f"{option} {why} `{command}`")


def told(error: click.ClickException, program: str) -> int:
    """Says it on stderr; gives the exit status."""
    context = getattr(error, "ctx", None)
    message = error.format_message().rstrip(".")
    if message.startswith("Usage: "):  # a group without a command: its help
        click.echo(message, err=True)
        return error.exit_code
    above = getattr(context, "parent", None)
    if getattr(error, "option_name", "") == ANYWHERE and above is not None and ANYWHERE in options_of(above.command):
        message = f"{ANYWHERE} must stand before `{getattr(context, 'info_name', '')}`"
    guard.tell(f"{message} (`{getattr(context, 'command_path', program)} --help` shows what there is)")
    return error.exit_code
