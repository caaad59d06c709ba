"""What commands say of engines: where cells run that need not wait for their turn."""

from __future__ import annotations

import click

from nbrewind.cli.common import Usage
from nbrewind.driver.engines.engine import Engine

ENGINE = click.option(
    "--engine", "engine_name", type=click.Choice(["local"]), metavar="NAME",
    help="Run cells that need not wait for others beside each other: local, in kernels on this machine.",
)  # fmt: skip
JOBS = click.option(
    "--jobs", type=click.IntRange(1, 256), metavar="N", help="Cells at the same time (default: one a processor)."
)


def chosen_engine(name: str | None, jobs: int | None) -> Engine | None:
    """Return the engine of a command; None if it asks for none."""
    if name is None:
        if jobs is not None:
            raise Usage("--jobs needs --engine")
        return None
    from nbrewind.driver.engines.local import LocalEngine

    return LocalEngine(jobs)
