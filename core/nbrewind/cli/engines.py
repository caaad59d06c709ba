"""What commands say of engines: where cells run that need not wait for their turn."""

from __future__ import annotations

import click

from nbrewind.cli.common import Usage, command_options, emit
from nbrewind.cli.show import count, note, say
from nbrewind.driver.engines.engine import Engine, EngineError

ENGINE = click.option(
    "--engine", "engine_name", type=click.Choice(["local", "taskvine"]), metavar="NAME",
    help="Run cells that need not wait for others beside each other: local (kernels here) or taskvine (workers).",
)  # fmt: skip
JOBS = click.option(
    "--jobs", type=click.IntRange(1, 256), metavar="N", help="Cells at the same time (default: one a processor)."
)
SWEEP_ENGINE = click.option(
    "--engine", "engine_name", type=click.Choice(["taskvine"]), metavar="NAME",
    help="Run cells of the variants on workers: taskvine.",
)  # fmt: skip
PROFILE = click.option("--profile", metavar="FILE", help="Where workers of the engine taskvine run (TOML).")


def chosen_engine(name: str | None, jobs: int | None, profile: str | None) -> Engine | None:
    """Return the engine of a command; None if it asks for none."""
    if name is None and (jobs is not None or profile is not None):
        raise Usage(f"{'--jobs' if jobs is not None else '--profile'} needs --engine")
    if name != "taskvine" and profile is not None:
        raise Usage("--profile is for --engine taskvine")
    if jobs is not None and profile is not None:
        raise Usage("--jobs and --profile exclude each other: the profile says how many workers there are")
    if name is None:
        return None
    if name == "local":
        from nbrewind.driver.engines.local import LocalEngine

        return LocalEngine(jobs)
    from nbrewind.driver.engines.local import processors
    from nbrewind.driver.engines.profile import Profile, read_profile
    from nbrewind.driver.engines.taskvine import TaskVineEngine

    try:
        return TaskVineEngine(read_profile(profile) if profile else Profile(cores=jobs or processors()))
    except EngineError as error:
        raise Usage(str(error)) from error


@click.group()
def engine() -> None:
    """Look at what an engine would start.

    Example: nbrewind engine check cluster.toml
    """


@engine.command("check")
@click.argument("profile")
@command_options
def check_profile(profile: str, store_dir: str | None, as_json: bool) -> None:
    """Show what vine_factory would start for PROFILE; nothing is started.

    Example: nbrewind engine check cluster.toml
    """
    from nbrewind.driver.engines.check import check
    from nbrewind.driver.engines.profile import read_profile

    try:
        found = read_profile(profile)
        told = check(found)
    except EngineError as error:
        raise Usage(str(error)) from error
    if as_json:
        answer = {"kind": found.kind, "slots": found.slots, "python": found.worker_python()}
        emit(answer | {"factory": told.factory, "worker": told.worker, "missing": told.missing})
        return
    say(f"{count(found.max_workers, 'worker')} of kind {found.kind}, {count(found.slots, 'cell')} at a time")
    say(f"factory: {told.factory}")
    say(f"worker:  {told.worker}")
    say(f"python:  {found.worker_python()}")
    for name in told.missing:
        note(f"there is no {name} here: start from a machine that can submit jobs")
