"""The command's entry: a group of commands, one module each."""

from __future__ import annotations

import click

from nbrewind._version import __version__
from nbrewind.cli.records import graph, history, status
from nbrewind.cli.run import audit, repeat
from nbrewind.cli.storage import doctor, store


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def app() -> None:
    """Record notebooks, rewind their kernels, and repeat only what an edit touches.

    Example: nbrewind audit analysis.ipynb -o done.ipynb
    """


for command in (audit, repeat, graph, status, history, store, doctor):
    app.add_command(command)
