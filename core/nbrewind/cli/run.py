"""``nbrewind audit`` and ``nbrewind repeat``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click
from nbformat import NotebookNode

from nbrewind.cli.common import (
    ENV,
    FAILED,
    POLICY,
    Records,
    Usage,
    command_options,
    emit,
    load_notebook,
    open_store,
    read_policies,
    records_of,
)
from nbrewind.cli.engines import ENGINE, JOBS, PROFILE, chosen_engine
from nbrewind.cli.reports import failure, place_of_step, print_audit, print_places, print_steps, unrecorded
from nbrewind.cli.show import at_work, count, progress_bar
from nbrewind.driver.ahead import expected_places
from nbrewind.driver.audit import Audit, AuditedRun, to_execute
from nbrewind.driver.audit import audit as run_audit
from nbrewind.driver.notebook_file import (
    cell_index,
    check_writable,
    inject_parameters,
    parameter_value,
    write_notebook,
)
from nbrewind.driver.repeat import Repeat
from nbrewind.driver.repeat import repeat as run_repeat
from nbrewind.model import Step
from nbrewind.planning.keeper import FileKeeper
from nbrewind.planning.outside import World
from nbrewind.planning.plan import plan
from nbrewind.planning.policies import Policies


class Share(click.ParamType):  # type: ignore[type-arg]
    """A part of a whole: ``0.1`` or ``10%``."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return it as a number from 0 to 1."""
        text = str(value)
        try:
            found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            found = -1.0
        if not 0 <= found <= 1:
            self.fail(f"{text!r} is no share: use a number from 0 to 1, or a percentage")
        return found


PARAMETER = click.option(
    "-p", "--parameter", "parameters", nargs=2, multiple=True, metavar="NAME VALUE", help="Set a parameter (papermill)."
)
OUTPUT = click.option("-o", "--output", metavar="OUT", help="Write the executed notebook to OUT.")
INPLACE = click.option("--inplace", is_flag=True, help="Write the executed notebook back to NOTEBOOK.")
VERIFY = "Run this share of what could be skipped (0.1, 10%), and compare."
KERNEL = click.option("--kernel", default="", metavar="NAME", help="Kernelspec to use (default: the notebook's own).")


@click.command()
@click.argument("notebook")
@OUTPUT
@INPLACE
@PARAMETER
@KERNEL
@click.option("--allow-errors", is_flag=True, help="Go on after a cell that raises.")
@click.option("--trace", is_flag=True, help="Record also what other programs and C libraries open (with strace).")
@command_options
def audit(
    notebook: str,
    output: str | None,
    inplace: bool,
    parameters: tuple[tuple[str, str], ...],
    kernel: str,
    allow_errors: bool,
    trace: bool,
    store_dir: str | None,
    as_json: bool,
) -> None:
    """Run the whole NOTEBOOK in a new kernel and record it.

    Stops at the first cell that raises, unless it is tagged raises-exception. The notebook itself is left as it is; ask
    for the executed one with -o or --inplace.

    Example: nbrewind audit analysis.ipynb -o done.ipynb -p YEAR 2013
    """
    content, path, target = _prepare(notebook, output, inplace, parameters)
    total = len(to_execute(content))
    with open_store(store_dir) as store, progress_bar("Auditing", total) as begin:
        work = run_audit(content, path, store, kernel=kernel, allow_errors=allow_errors, trace=trace, progress=begin)
        result = asyncio.run(work)
    if target is not None:
        write_notebook(content, target)
    if as_json:
        emit(_audited(result))
    else:
        print_audit(result, target)
    why = failure(result)
    if why:
        end(why)


def _prepare(
    notebook: str, output: str | None, inplace: bool, parameters: tuple[tuple[str, str], ...]
) -> tuple[NotebookNode, Path, Path | None]:
    """Read the notebook and set its parameters. Returns it, its path, and where the executed one goes."""
    if output and inplace:
        raise Usage("-o and --inplace exclude each other")
    content, path = load_notebook(notebook)
    inject_parameters(content, {name: parameter_value(value) for name, value in parameters})
    target = Path(output) if output else path if inplace else None
    if target is not None:
        check_writable(target)
    return content, path, target


def _audited(result: Audit) -> dict[str, Any]:
    return {
        "runs": [_audited_run(done) for done in result.runs if done.run],
        "seconds": result.seconds,
        "failed": failure(result),
        "unrecorded": [done.cell.id for done in unrecorded(result)],
    }


def _audited_run(done: AuditedRun) -> dict[str, Any]:
    assert done.run is not None
    return {
        "cell": done.cell.id,
        "index": done.cell.index,
        "run": done.run.id,
        "seconds": done.run.seconds,
        "overhead": done.run.overhead,
        "bytes": done.stored,
        "status": done.run.status,
    }


@click.command()
@click.argument("notebook", metavar="NOTEBOOK|PACKAGE")
@OUTPUT
@INPLACE
@PARAMETER
@KERNEL
@click.option("--into", metavar="DIR", help="Where a package's notebook is written (default: named as the package).")
@click.option("--data", metavar="DIR", help="Look here for files that a package only names, by their content.")
@click.option("--fetch", is_flag=True, help="Fetch files that a package only names, if it says from where.")
@ENV
@click.option("--to", "target", metavar="CELL", help="Only up to this cell: an id, or a number counted from 1.")
@click.option("--dry-run", is_flag=True, help="Show the plan and run nothing.")
@click.option("--files", is_flag=True, help="Put recorded files back also over files that are not recorded.")
@POLICY
@click.option("--verify", type=Share(), default=0.0, metavar="SHARE", help=VERIFY)
@ENGINE
@JOBS
@PROFILE
@command_options
@click.pass_context
def repeat(
    context: click.Context,
    notebook: str,
    output: str | None,
    inplace: bool,
    parameters: tuple[tuple[str, str], ...],
    kernel: str,
    into: str | None,
    data: str | None,
    fetch: bool,
    env: str | None,
    target: str | None,
    dry_run: bool,
    files: bool,
    policies: tuple[str, ...],
    verify: float,
    engine_name: str | None,
    jobs: int | None,
    profile: str | None,
    store_dir: str | None,
    as_json: bool,
) -> None:
    """Bring NOTEBOOK up to date in a new kernel, running only what must run; or the notebook of a trusted PACKAGE.

    Outputs in OUT are complete, as if every cell had run. The first use runs everything and records it.

    Example: nbrewind repeat analysis.ipynb -o done.ipynb -p YEAR 2014
    """
    if dry_run and (output or inplace):
        raise Usage("--dry-run writes no notebook; leave out -o and --inplace")
    given, notebook = notebook, _notebook_of(notebook, into, data, fetch, store_dir)
    if env:
        from nbrewind.cli.environment import beside, built, go_on

        folder = built(Path(given), beside(Path(notebook)), store_dir)
        go_on(folder, context, {"notebook": notebook}, without={"env", "into", "data", "fetch"})
    content, path, place = _prepare(notebook, output, inplace, parameters)
    last = cell_index(content, target) if target else None
    chosen = read_policies(content, notebook, policies)
    engine = chosen_engine(engine_name, jobs, profile)
    if dry_run:
        with records_of(store_dir, content, path) as records, at_work("Planning"):
            result = _expected(content, path, last, records, chosen, files=files)
            if engine is not None:
                result.where = expected_places(to_execute(content, last), records.history, path, chosen)
    else:
        total = len(to_execute(content, last))
        with open_store(store_dir) as store, progress_bar("Repeating", total) as begin:
            work = run_repeat(
                content,
                path,
                store,
                last=last,
                kernel=kernel,
                policies=chosen,
                files=files,
                verify=verify,
                engine=engine,
                progress=begin,
            )
            result = asyncio.run(work)
        if place is not None:
            write_notebook(content, place)
    if as_json:
        emit(_repeated(result, engine.name if engine is not None else ""))
    else:
        print_steps(result, content, place, dry_run=dry_run)
        if engine is not None and not dry_run:
            print_places(result, engine.name)
    if result.failed:
        end(result.failed)
    if result.differing:
        first = result.differing[0]
        many = f"{len(result.differing)} of {count(result.verified, 'cell')}"
        end(f"{many} came out otherwise than recorded; the first: cell {first.index + 1}: {first.what}")


def _notebook_of(given: str, into: str | None, data: str | None, fetch: bool, store_dir: str | None) -> str:
    """Return the notebook to be repeated, which may be in a package."""
    from nbrewind.cli.package import is_package, supplied, unpacked

    if is_package(Path(given)):
        given = str(unpacked(given, into, store_dir))
    elif into:
        raise Usage("--into is for packages")
    if data or fetch:
        supplied(Path(given), data, fetch, store_dir)
    return given


def _expected(
    content: NotebookNode, path: Path, last: int | None, records: Records, policies: Policies, *, files: bool
) -> Repeat:
    """Plan a repeat without a kernel, and without making a store where there is none."""
    world = World(path.parent)
    found = plan(to_execute(content, last), records.history, world, policies=policies)
    seconds = sum(step.seconds for step in found.steps)
    notes = list(found.notes)
    if records.store is not None:
        answers = [(step, run) for step in found.steps if step.run and (run := records.store.run(step.run))]
        told = FileKeeper(records.store, world, consent=files).foresee([run for _, run in answers])
        notes += [f"cell {step.index + 1}: {text}" for (step, _), text in zip(answers, told, strict=True) if text]
    return Repeat(steps=found.steps, seconds=seconds, failed=found.blocked, notes=notes)


def _repeated(result: Repeat, engine: str) -> dict[str, Any]:
    return {
        "steps": [step_of(step) | place_of_step(step, result, engine) for step in result.steps],
        "tasks": {
            "answered": result.tasks.get("answered", 0),
            "ran": result.tasks.get("ran", 0) + result.tasks.get("failed", 0),
        },
        "seconds": result.seconds,
        "failed": result.failed,
        "notes": result.notes,
        "verified": result.verified,
        "differences": [{"cell": one.cell, "index": one.index, "what": one.what} for one in result.differing],
    }


def step_of(step: Step) -> dict[str, Any]:
    """Return a step as it is in JSON."""
    return {
        "cell": step.cell,
        "index": step.index,
        "action": step.action,
        "reason": step.reason,
        "seconds": step.seconds,
        "prelude": step.prelude,
    }


def end(why: str) -> None:
    """End with the one line on standard error that says what failed."""
    error = Usage(why)
    error.show()
    raise SystemExit(FAILED)
