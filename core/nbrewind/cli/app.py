"""The command's entry: a group of commands. Each is loaded when it is used, so that help appears at once."""

from __future__ import annotations

import importlib
from keyword import iskeyword

import click

from nbrewind._version import __version__

COMMANDS = {
    "audit": ("run", "Run a whole notebook in a new kernel and record it."),
    "repeat": ("run", "Bring a notebook up to date, running only what must run."),
    "export": ("package", "Write a notebook and its records into one package that repeats elsewhere."),
    "inspect": ("package", "Show what is in a package; nothing of it is run."),
    "verify": ("verify", "Check a package; nothing of it is run unless asked for."),
    "import": ("package", "Write a package's notebook and data into a folder."),
    "trust": ("package", "Let a package's records answer here."),
    "environment": ("environment", "Build the environment that a package records, also for workers."),
    "sweep": ("sweep", "Run variants that differ in parameters, computing once what they share."),
    "engine": ("engines", "Look at what an engine would start."),
    "status": ("records", "Show the state of every cell, with the reason."),
    "graph": ("records", "Show which cell reads what from which."),
    "history": ("records", "Show the checkpoint tree of a notebook."),
    "tasks": ("tasks", "Show the tasks that a cell submitted, and what their managers logged."),
    "show": ("states", "Show a checkpoint's variables, or what differs between two."),
    "store": ("storage", "Look at the store of records."),
    "gc": ("space", "Make room in the store: remove what is cheap to make again."),
    "forget": ("space", "Remove for good what is recorded of a notebook."),
    "kernels": ("kernels", "Install the kernels that record from their start elsewhere."),
    "doctor": ("storage", "Check the store, and say what is wrong where."),
}
"""Name to module and help in one line."""


class Commands(click.Group):
    """The group: knows its commands' names and short help without loading them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"nbrewind.cli.{COMMANDS[cmd_name][0]}")
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = getattr(module, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def app() -> None:
    """Record notebooks, rewind their kernels, and repeat only what an edit touches.

    Example: nbrewind audit analysis.ipynb -o done.ipynb
    """
