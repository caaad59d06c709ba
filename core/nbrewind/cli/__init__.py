"""The ``nbrewind`` command."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Run the command with the arguments of the process."""
    from nbrewind.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ✓ shows ? and not a traceback
    app(prog_name="nbrewind")


__all__ = ["main"]
