"""The ``nbrewind`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command with the arguments of the process."""
    from nbrewind.cli.app import app

    app(prog_name="nbrewind")


__all__ = ["main"]
