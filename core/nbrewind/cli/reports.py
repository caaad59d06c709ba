"""What an audit or repeat did, for people."""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode
from rich.text import Text

from nbrewind.cli.show import Row, count, duration, note, rows, say, size
from nbrewind.driver.audit import Audit, AuditedRun
from nbrewind.driver.repeat import Repeat
from nbrewind.model import Step
from nbrewind.planning.notebook import code_cells

PRELUDE = "imports, options and definitions run in every kernel"
STYLES = {"run": "bold", "load": "cyan", "skip": "dim"}


def unrecorded(result: Audit) -> list[AuditedRun]:
    """Return the runs that should have been recorded and were not."""
    return [done for done in result.runs if done.run is None and done.cell.active]


def failure(result: Audit) -> str:
    """Say in one line what failed; empty if nothing did."""
    if result.failed is not None:
        if result.failed.died:
            return result.failed.error
        how = "was interrupted" if result.failed.status == "interrupted" else f"raised {result.failed.error}"
        return f"{result.failed.cell.label} {how}"
    missing = unrecorded(result)
    if missing:
        labels = ", ".join(str(done.cell.index + 1) for done in missing)
        which = f"cells {labels} ran but were" if len(missing) > 1 else f"cell {labels} ran but was"
        why = next((done.error for done in missing if done.error), "")
        return f"{which} not recorded{f': {why}' if why else ''}"
    return ""


def print_audit(result: Audit, target: Path | None) -> None:
    """Print one row per recorded run, what will always run again, and a summary."""
    recorded = [(done, done.run) for done in result.runs if done.run is not None]
    found = []
    for done, run in recorded:
        columns = (str(done.cell.index + 1), duration(run.seconds), duration(run.overhead), size(done.stored))
        found.append(Row(columns, done.cell.title, "" if done.status == "ok" else f"{done.status}: {done.error}"))
    if found:
        rows(("cell", "time", "overhead", "stored", "code"), found, right=(0, 1, 2, 3))
        say()
    for done, run in recorded:
        if run.unknown:
            note(f"{done.cell.label} will always run again: {run.unknown[0]}")
    overhead = sum(run.overhead for _, run in recorded)
    stored = sum(done.stored for done, _ in recorded)
    share = f" ({overhead / result.seconds:.1%} of the time)" if result.seconds else ""
    say(
        f"{count(len(recorded), 'cell')} recorded in {duration(result.seconds)}; "
        f"overhead {duration(overhead)}{share}; {size(stored)} stored"
    )
    _say_target(target)


def print_steps(result: Repeat, content: NotebookNode, target: Path | None, *, dry_run: bool) -> None:
    """Print one row per step, and a summary."""
    titles = {cell.id: cell.title for cell in code_cells(content.cells)}
    if result.steps:
        where = result.where
        found = [_step_row(step, titles.get(step.cell, ""), where.get(step.cell, "")) for step in result.steps]
        rows(("cell", "step", "expected" if dry_run else "time", "code"), found, right=(0, 2))
        say()
    for text in result.notes:
        note(text)
    number = {action: sum(1 for step in result.steps if step.action == action) for action in STYLES}
    prelude = sum(1 for step in result.steps if step.prelude and step.action == "run")
    ran = f"{count(number['run'], 'cell')} {'would run' if dry_run else 'ran'}"
    of_it = f" ({prelude} of the prelude)" if prelude else ""
    rest = f"{number['load']} loaded, {number['skip']} skipped"
    say(f"{ran}{of_it}, {rest}; {'expected ' if dry_run else ''}{duration(result.seconds)}")
    if result.verified and not result.differing:
        say(f"{count(result.verified, 'cell')} ran to be compared: as recorded")
    _say_target(target)


def place_of_step(step: Step, result: Repeat, engine: str) -> dict[str, str]:
    """Return where a step ran, or would, as it is in JSON; nothing without an engine, or where nothing runs."""
    if not engine or step.action != "run":
        return {}
    why = result.where.get(step.cell, PRELUDE if step.prelude else "")
    here = step.cell not in result.where or bool(why)
    return {"engine": "" if here else engine, "kernel": why}


def print_places(result: Repeat, engine: str) -> None:
    """Print how many cells the engine ran."""
    number = sum(step.action == "run" and result.where.get(step.cell) == "" for step in result.steps)
    say(f"{count(number, 'cell')} ran on the engine {engine}")


def _step_row(step: Step, title: str, why: str) -> Row:
    action = Text(step.action, style=STYLES[step.action])
    if step.prelude:
        action = action + Text(" prelude", style="dim")
    seconds = duration(step.seconds) if step.action == "run" else ""
    told = step.prelude or step.action == "skip"  # the word says why, and it is the same for all of them
    reason = step.reason.partition("; ")[2] if told else step.reason
    if why:
        reason = f"{reason}; in the notebook's kernel: {why}"
    return Row((str(step.index + 1), action, seconds), title, reason)


def _say_target(target: Path | None) -> None:
    if target is not None:
        say(f"The executed notebook is in {target}")
