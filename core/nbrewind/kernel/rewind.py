"""Back to the state after a recorded run: everything, or nothing."""

from __future__ import annotations

import ast
import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Collection, Iterable, Mapping
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nbrewind import unpatched
from nbrewind.kernel import patches
from nbrewind.kernel.files import handles
from nbrewind.kernel.head import environment_first
from nbrewind.kernel.left_behind import keep_unfinished, kept_by_loggers, replace_handlers
from nbrewind.kernel.own_modules import changed_since, import_modules, keepers, let_go, reached, root
from nbrewind.kernel.recompute import Recomputer
from nbrewind.kernel.trace import RELOADED
from nbrewind.model import ABSENT, DEFAULT, Checkpoint, LostName, RewindReport, Run, Version
from nbrewind.planning.history import branch
from nbrewind.planning.keeper import FileKeeper
from nbrewind.planning.trace import LOCAL, is_initial, module_of
from nbrewind.state import Loaded, LoadError, held, is_fixed
from nbrewind.store import StoreError

if TYPE_CHECKING:
    from nbrewind.kernel.recorder import Recorder


class RewindError(Exception):
    """A rewind that can't be done; nothing was changed. One line says why."""


def rewind(target: str | int, *, partial: bool = False, files: bool = False) -> RewindReport:
    """Go back to the state after a recorded run.

    Works between cells, or as the only statement of a cell on the main thread.

    Args:
        target: a checkpoint id, a cell id (its last run on the head's branch, else the newest anywhere), a label, or a
            cell's number counted from 1 over all cells of the notebook's file.
        partial: leave out what can't be brought back; otherwise nothing is changed if anything can't.
        files: put files that runs wrote back also over what is recorded nowhere; otherwise only where nothing is lost.

    Returns:
        What was done, name by name. ``done`` is False if nothing was changed.

    Raises:
        RewindError: nothing is recorded, the target is not known, or called from inside other code.
    """
    from nbrewind.kernel.agent import current

    agent = current()
    if agent is None or agent.recorder is None:
        raise RewindError("nothing is recorded here: start recording with %load_ext nbrewind")
    entry = agent.hooks.current if agent.hooks is not None else None
    if threading.current_thread() is not threading.main_thread():
        raise RewindError("a rewind works on the main thread only")
    if entry is not None:
        if (agent.hooks is not None and agent.hooks.depth > 1) or not alone(entry.source, agent.shell):
            raise RewindError("a rewind works only as the only statement of a cell: inside other code it refuses")
        if agent.recorder.steps.busy:
            raise RewindError("a rewind can't be a step of a plan: run the cell yourself")
        entry.extra["skip"] = True
    return perform(agent.recorder, str(target), partial=partial, files=files)


def alone(source: str, shell: Any) -> bool:
    """Whether a cell consists of a single statement, or of this project's magics only."""
    from nbrewind.analysis import analyze

    if analyze(source).own:
        return True
    try:
        body = ast.parse(shell.transform_cell(source)).body
    except SyntaxError:
        return False
    return len(body) == 1 and isinstance(body[0], ast.Expr | ast.Assign)


def perform(recorder: Recorder, target: str, *, partial: bool = False, files: bool = False) -> RewindReport:
    """Rewind a kernel; see `rewind`."""
    with recorder.store.writing():  # what is loaded must not be removed before the head is there
        return _perform(recorder, target, partial=partial, files=files)


def _perform(recorder: Recorder, target: str, *, partial: bool, files: bool) -> RewindReport:
    begin = perf_counter()
    recorder.look_outside(whole=True)
    before = recorder.head
    checkpoint, words = find(recorder, target)
    try:
        state = recorder.notebook.state(checkpoint.id)
    except StoreError as error:
        raise RewindError(str(error)) from error
    imported, absent = import_modules(recorder, state)
    variables = {key[4:]: version for key, version in state.items() if key.startswith("var:")}
    wanted = {name: version for name, version in variables.items() if module_of(name, state) not in absent}
    new = {name for name in wanted if module_of(name, state) in imported}
    initial = {name for name in wanted if not wanted[name].loadable and is_initial("var:" + name, state)}
    anew = {name for name in initial if name in new or is_initial("var:" + name, recorder.state)}
    kept, loaded, lost = gather(recorder, wanted, anew, {})
    made, refused, remade = dict[str, Any](), dict[str, str](), list[str]()
    todo = {name for name in lost if "." not in name}
    while todo:
        recomputer = Recomputer(recorder, wanted, kept)
        made, more = recomputer.make({*made, *todo})
        refused, remade = refused | more, recomputer.notes
        kept, loaded, lost = gather(recorder, wanted, anew, made)
        todo = {name for name in lost if "." not in name} - refused.keys() - todo  # what now has to be loaded as well
    lost |= {name: f"{lost[name]}; it can't be made again: {refused[name]}" for name in refused if name in lost}
    names = {
        "kept": tuple(sorted(name for name in kept if "." not in name)),
        "loaded": tuple(sorted(loaded.values.keys() - made.keys())),
        "recomputed": tuple(sorted(made)),
    }
    told = lost | absent | tied(recorder, loaded.values) | kept_by_loggers(recorder.live.bound, loaded.values)
    missing = tuple(LostName(name=name, reason=reason) for name, reason in sorted(told.items()))
    live = set(recorder.live.names())
    away = {key.removeprefix(LOCAL) for key in recorder.state.keys() - state.keys() if key.startswith(LOCAL)}
    put_away = {name for name in live if name not in recorder.namespace and module_of(name, recorder.state) in away}
    removed = tuple(sorted(live - set(wanted) - put_away))
    back, forth = crossed(recorder, checkpoint.id)
    between = [*back, *forth]
    steps, stuck = recorder.patches.steps(back, forth)
    missing += tuple(LostName(name="modules", reason=text) for text in stuck)
    missing += module_changes(recorder, state, between) + unkept_settings(recorder, state)
    results = recorder.results.plan(checkpoint.id, back, forth, loaded.values, [*removed, *lost])
    others = [
        f"{name} has the functions and classes that are in its file now"
        for name in changed_since(recorder, state, imported, led_to(recorder, checkpoint.id))
    ]
    notes = (*untouched(recorder, between, anew & kept), *others, *inexact(loaded, made), *remade)
    if missing and not partial:
        let_go(recorder, imported)
        return RewindReport(
            checkpoint=checkpoint.id,
            target=words,
            lost=missing,
            before=before,
            done=False,
            seconds=perf_counter() - begin,
            files=changed_files(recorder, state),
            notes=(*notes, *results.notes),
        )
    let_go(recorder, away)
    gone = [*removed, *put_away, *(name for name in lost if name in live)]
    old = {name: recorder.live.bound[name] for name in (*gone, *loaded.values) if name in recorder.live.bound}
    keep_unfinished(old.values(), recorder.live.space.modules)
    replace_handlers(old, loaded.values)
    recorder.live.install(loaded, remove=gone, keep=[wanted[name] for name in kept & new])
    old.clear()
    for name in kept:
        recorder.live.versions[name] = wanted[name]
    patches.apply(steps)
    notes = (*notes, *recorder.results.bring(results))
    ambient, unset = restore_ambient(recorder, state)
    missing = tuple(dict.fromkeys((*missing, *unset)))
    recorder.move(checkpoint.id, state, virtual=lost.keys() & variables.keys() | variables.keys() - wanted.keys())
    keeper = FileKeeper(
        recorder.store, recorder.world, consent=files, is_open=lambda path: path in recorder.open or is_written(path)
    )
    keeper.put_back(state.values())
    return RewindReport(
        checkpoint=checkpoint.id, target=words, **names, removed=removed, lost=missing, ambient=ambient,
        restored=tuple(sorted(keeper.written)),
        files=changed_files(recorder, {key: state[key] for key in keeper.left}, keeper.left),
        notes=notes, before=before, done=True,
        seconds=perf_counter() - begin,
    )  # fmt: skip


def gather(
    recorder: Recorder, wanted: Mapping[str, Version], anew: set[str], made: Mapping[str, Any]
) -> tuple[set[str], Loaded, dict[str, str]]:
    """Return the names that stay as they are live, the values that take the others' place, and what can't be had.

    ``anew``: names that are as an import makes them; those stay in it that are kept for that only.
    ``made``: values that were made again.
    """
    same = recorder.live.matching(wanted.values())
    anew.intersection_update(recorder.live.bound)
    anew -= same
    kept = (same | anew) - made.keys()
    needed = recorder.live.dependents(set(wanted) - kept, wanted)
    loaded, lost = load_all(recorder, {name: wanted[name] for name in needed - made.keys()}, made)
    loaded = Loaded({**loaded.values, **made}, {**loaded.versions, **{name: wanted[name] for name in made}})
    return set(wanted) - needed, loaded, lost


def load_all(
    recorder: Recorder, versions: Mapping[str, Version], given: Mapping[str, Any] = MappingProxyType({})
) -> tuple[Loaded, dict[str, str]]:
    """Load as many versions as can be, beside the namespace. Returns them, and the others with their reasons.

    ``given``: definitions to be used instead of those in the namespace.
    """
    wanted = dict(versions)
    lost: dict[str, str] = {}
    while wanted:
        try:
            return recorder.live.load(wanted.values(), recorder.store.fetch, given), lost
        except LoadError as error:
            lost.update(error.reasons)
            before = len(wanted)
            wanted = {name: version for name, version in wanted.items() if name not in lost}
            if len(wanted) == before:
                lost.update(dict.fromkeys(wanted, str(error)))
                break
    return Loaded({}, {}), lost


def find(recorder: Recorder, target: str) -> tuple[Checkpoint, str]:
    """Return the checkpoint that a target means, and that meaning in words."""
    checkpoints = recorder.notebook.checkpoints()
    by_id = {checkpoint.id: checkpoint for checkpoint in checkpoints}
    if target in by_id:
        return by_id[target], f"checkpoint {target}"
    found = of_cell(recorder, by_id, target)
    if found is not None:
        return found[0], f"cell {target}: {found[1]}"
    labelled = [checkpoint for checkpoint in checkpoints if checkpoint.label == target]
    if labelled:
        return labelled[-1], f"checkpoint {labelled[-1].id}, labelled {target}"
    if target.isdigit():
        cell = cell_of_number(recorder.notebook.path, int(target))
        found = of_cell(recorder, by_id, cell) if cell else None
        if found is not None:
            return found[0], f"cell {target} ({cell}): {found[1]}"
    raise RewindError(f"{target!r} is no checkpoint, label, or cell with a recorded run of this notebook")


def of_cell(recorder: Recorder, by_id: Mapping[str, Checkpoint], cell: str) -> tuple[Checkpoint, str] | None:
    """Return the checkpoint after the last run of a cell on the head's branch, else the newest anywhere."""
    place = recorder.head
    while place in by_id:
        if by_id[place].cell == cell:
            return by_id[place], f"its last run on this branch, checkpoint {place}"
        place = by_id[place].parent
    others = [checkpoint for checkpoint in by_id.values() if checkpoint.cell == cell]
    if not others:
        return None
    return others[-1], f"its newest run, on another branch, checkpoint {others[-1].id}"


def cell_of_number(path: str, number: int) -> str:
    """Return the id of a cell of a notebook file, counted from 1; empty where there is none."""
    try:
        with unpatched.open(path, encoding="utf-8") as stream:
            cells = json.load(stream)["cells"]
        return str(cells[number - 1].get("id", "")) if 1 <= number <= len(cells) else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def crossed(recorder: Recorder, target: str) -> tuple[list[Run], list[Run]]:
    """Return the runs whose effects a rewind to ``target`` takes back, newest first, and brings about, oldest first."""
    by_id = {checkpoint.id: checkpoint for checkpoint in recorder.notebook.checkpoints()}

    def line(place: str) -> dict[str, None]:
        found: dict[str, None] = {}
        while place in by_id and place not in found:
            found[place] = None
            place = by_id[place].parent
        return found

    here, there = line(recorder.head), line(target)
    runs = {run.id: run for run in recorder.notebook.runs()}

    def ran(places: Iterable[str]) -> list[Run]:
        made = [by_id[place] for place in places]
        return [runs[checkpoint.run] for checkpoint in made if checkpoint.action == "run" and checkpoint.run in runs]

    return ran(place for place in here if place not in there), ran(
        place for place in reversed(there) if place not in here
    )


def led_to(recorder: Recorder, target: str) -> list[Run]:
    """Return the runs that led to a checkpoint, oldest first."""
    runs = {run.id: run for run in recorder.notebook.runs()}
    line = [*branch(recorder.notebook.checkpoints(), target)]
    return [runs[checkpoint.run] for checkpoint in reversed(line) if checkpoint.run in runs]


def tied(recorder: Recorder, names: Collection[str]) -> dict[str, str]:
    """Return those of ``names`` whose values functions of the user's modules keep, too: they would keep the old."""
    found: dict[str, str] = {}
    bound = recorder.live.bound
    for place, module in recorder.live.space.modules.items():
        for function, values in keepers(module):
            ids = reached(values)
            for name in names:
                if name in bound and not is_fixed(bound[name]) and not ids.isdisjoint(reached([bound[name]])):
                    found[name] = f"the function {place}.{function} keeps it, or a part of it, by itself"
    return found


def module_changes(recorder: Recorder, state: Mapping[str, Version], between: Iterable[Run]) -> tuple[LostName, ...]:
    """Say which modules runs may have changed although no effect tells how."""
    told = {
        version.key
        for run in between
        if any(effect.kind == "module" and not effect.detail for effect in run.effects)
        for version in run.writes
    }
    keys = {key for key in (*state, *recorder.state) if key.startswith("module:")} - told
    keys = {key for key in keys if LOCAL + key[7:] not in recorder.state}  # what they hold is known
    changed = sorted(key for key in keys if state.get(key) != recorder.state.get(key))
    return tuple(LostName(name="modules", reason=f"it may be changed what is in {key[7:]}") for key in changed)


def unkept_settings(recorder: Recorder, state: Mapping[str, Version]) -> tuple[LostName, ...]:
    """Say which interpreter state outside variables is another now, and was not kept."""
    return tuple(
        LostName(name=f"setting {key.partition(':')[2]}", reason=then.reason or "its value was not kept")
        for key in differing_settings(recorder, state)
        if (then := state.get(key)) is not None and then.digest != DEFAULT and not then.snapshot
    )


def untouched(recorder: Recorder, between: Iterable[Run], anew: Collection[str]) -> tuple[str, ...]:
    """Say what a rewind leaves as it is now although runs between may have changed it.

    ``anew``: names of which the values come from an import.
    """
    notes = {f"{name} is as importing its module anew makes it": None for name in sorted(anew)}
    used: set[str] = set()
    for run in between:
        for effect in run.effects:
            if effect.kind == "module" and effect.detail:
                used.add(effect.subject)
            if effect.kind == "module" and effect.detail == RELOADED:
                notes[f"the functions and classes of the module {effect.subject} are those of its last load"] = None
    for name in sorted(used & recorder.large):
        notes[f"what the package {name} holds is as it is now: it is too large to be recorded"] = None
    for name, module in recorder.live.space.modules.items():
        if root(name) in used and not str(held(module).get("__file__") or ".py").endswith((".py", ".pyc")):
            notes[f"what the compiled module {name} keeps by itself is as it is now"] = None
        for function, values in keepers(module) if root(name) in used else ():
            if any(type(each) is not object for each in values):  # else it is no more than a mark
                notes[f"what {name}.{function} keeps (defaults, what it encloses, a cache) is as it is now"] = None
    return tuple(notes)


def inexact(loaded: Loaded, made: Collection[str]) -> tuple[str, ...]:
    """Say which values were loaded, not ``made``, of which it is not known whether all that they held was saved."""
    versions = ((name, version) for name, version in loaded.versions.items() if name not in made)
    names = sorted(name for name, version in versions if not version.digest.startswith("b3:"))
    if not names:
        return ()
    return (f"{', '.join(names)}: loaded as far as such values can be saved (exceptions have no traceback any more)",)


def is_written(path: str) -> bool:
    """Whether this process has a file open for writing, as far as the system tells."""
    for handle, target in handles():
        with contextlib.suppress(OSError):
            if target == path and fcntl.fcntl(handle, fcntl.F_GETFL) & (os.O_WRONLY | os.O_RDWR):
                return True
    return False


def changed_files(
    recorder: Recorder, state: Mapping[str, Version], left: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, ...]:
    """Say which files differ now from what they were at a checkpoint; ``left``: keys of those not put back, and why."""
    found = []
    for key, version in sorted(state.items()):
        if not key.startswith("file:"):
            continue
        now = recorder.world.digest(key)
        if now != version.digest:
            words = "is gone" if now == ABSENT else "has other content now"
            found.append(f"{key[5:]} {words}" + (f": it {left[key]}" if key in left else ""))
    return tuple(found)


def differing_settings(recorder: Recorder, state: Mapping[str, Version]) -> list[str]:
    """Return the keys of interpreter state that is another now; the environment, which other settings use, first."""
    keys = {key for key in (*state, *recorder.state) if key.startswith(("ambient:", "env:"))}
    then, now = (
        {key: found[key].digest if key in found else DEFAULT for key in keys} for found in (state, recorder.state)
    )
    return sorted((key for key in keys if then[key] != now[key]), key=environment_first)


def restore_ambient(recorder: Recorder, state: Mapping[str, Version]) -> tuple[tuple[str, ...], tuple[LostName, ...]]:
    """Bring interpreter state outside variables to what it was. Returns what was changed, and what could not be."""
    changed, lost = [], []
    for key in differing_settings(recorder, state):
        failure = recorder.restore_setting(key, state.get(key))
        name = key.partition(":")[2]
        if failure:
            lost.append(LostName(name=f"setting {name}", reason=failure))
        else:
            changed.append(name)
    return tuple(changed), tuple(lost)
