"""What a driver asks of the kernel between cells: by silent execute, JSON in and out."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from nbrewind.kernel import effects, ending
from nbrewind.kernel.agent import MODES, current
from nbrewind.kernel.enter import Stuck
from nbrewind.kernel.enter import enter as enter_run
from nbrewind.kernel.own_modules import import_modules
from nbrewind.kernel.peek import look
from nbrewind.kernel.recorder import Recorder
from nbrewind.kernel.results import take_number
from nbrewind.kernel.rewind import load_all
from nbrewind.kernel.rewind import perform as perform_rewind
from nbrewind.kernel.system_trace import SystemTrace
from nbrewind.model import Action, Run, TaskWay
from nbrewind.planning.policies import DEFAULT_POLICIES
from nbrewind.planning.trace import module_of


def call(verb: str, arguments: str) -> str:
    """Carry out a verb. Returns JSON: ``{"result": …}``, or ``{"error": one line}``."""
    try:
        agent = current()
        if agent is None or agent.recorder is None:
            raise RuntimeError((agent.error if agent else "") or "nothing is recorded here")
        result = VERBS[verb](agent.recorder, **msgspec.json.decode(arguments))
        return msgspec.json.encode({"result": result}).decode()
    except Exception as error:
        return msgspec.json.encode({"error": f"{type(error).__name__}: {error}"}).decode()


def state(recorder: Recorder) -> dict[str, Any]:
    """Return the head and what the kernel has of it. Quick: nothing is read again unless something may have changed.

    ``mark`` is the last checkpoint that is no change between cells; ``step`` says how the last step of a plan went.
    """
    agent = current()
    recorder.steps.recover("")
    recorder.look_outside()
    return {
        "session": recorder.session,
        "python": platform.python_version(),
        "head": recorder.head,
        "mark": recorder.mark,
        "mode": agent.mode if agent is not None else "off",
        "step": recorder.steps.done,
        "live": sorted(recorder.live.versions),
        "virtual": sorted(recorder.virtual),
    }


def adopt(recorder: Recorder, run_id: str, cell_id: str, action: Action = "skip", source: str = "") -> dict[str, Any]:
    """Take over the results of a recorded run without running the cell: the head moves, its names are not bound.

    With its ``source`` the cell takes the next number in IPython's history. ``unset`` are the settings that it changed
    and that could not be brought back: nothing may run on without them. ``stuck`` are names that refer to a function
    or class that it changed, and can't be loaded with it: then nothing was taken over, the cell has to run.
    """
    run = recorder.store.run(run_id)
    if run is None:
        raise LookupError(f"there is no run {run_id} in the store")
    recorder.look_outside()
    if stuck := recorder.stuck(run):
        return {"stuck": stuck}
    checkpoint = recorder.adopt(run, cell_id, action)
    if source:
        take_number(recorder.shell, source)
    return {"checkpoint": checkpoint, "unset": _unset(recorder, run)}


def _unset(recorder: Recorder, run: Run) -> list[str]:
    """Return the settings that ``run`` changed and that are not as it left them."""
    settings = {version.key: version.id for version in run.writes if version.key.startswith(("ambient:", "env:"))}
    held = {key: version.id for key, version in recorder.ambient.versions.items()}
    return sorted(key for key, name in settings.items() if held.get(key) != name)


def materialise(recorder: Recorder, names: Iterable[str]) -> dict[str, Any]:
    """Bind names that were only adopted so far, with all that belongs to them.

    Returns the names that were loaded, and those that can't be, with reasons.
    """
    wanted = recorder.belonging(set(names) & recorder.virtual)
    _, lost = import_modules(recorder, recorder.state)
    wanted = {name for name in wanted if module_of(name, recorder.state) not in lost}
    loaded, unloadable = load_all(recorder, {name: recorder.state["var:" + name] for name in wanted})
    if loaded.values:
        recorder.live.install(loaded)
        recorder.virtual -= set(loaded.values)
        recorder.settle()
    return {"loaded": sorted(loaded.values), "lost": lost | unloadable}


def enter(
    recorder: Recorder, place: str, run_id: str, cell_id: str, source: str, number: int, added: int
) -> dict[str, Any]:
    """Take over a run that an engine has made of a cell, as one of this session; see `enter_run`.

    ``unset`` are settings and ``stuck`` names as in `adopt`.
    """
    recorder.look_outside()
    try:
        run = enter_run(recorder, place, run_id, cell_id, source, number, added)
    except Stuck as error:
        return {"stuck": error.names}
    take_number(recorder.shell, source)
    return {"unset": _unset(recorder, run)}


def prepare(
    recorder: Recorder, request: str, mark: str, state: dict[str, list[str]], names: list[str], ahead: bool = False
) -> dict[str, Any]:
    """Make ready what the cell of the execute request ``request`` may look up; see `Steps.prepare`.

    ``state``: run id to the keys whose versions of that run the cell meets; ``names``: the variables to be bound.
    """
    recorder.steps.recover("")
    recorder.look_outside(whole=True)
    found: dict[str, Any] = recorder.steps.prepare(request, mark, recorder.steps.state(state), names, ahead=ahead)
    return found


def bind(recorder: Recorder, mark: str, state: dict[str, list[str]], answered: list[tuple[str, str]]) -> dict[str, Any]:
    """Bind versions, given as for `prepare`. ``answered``: run and cell for which it stands; see `Steps.bind`."""
    recorder.steps.recover("")
    recorder.look_outside(whole=True)
    found: dict[str, Any] = recorder.steps.bind(mark, recorder.steps.state(state), answered)
    recorder.settle()
    return found


def outside(recorder: Recorder, keys: Iterable[str]) -> dict[str, str]:
    """Return the digests of packages and environment variables as they are in this kernel."""
    return {key: recorder.world.digest(key) for key in keys}


def set_mode(recorder: Recorder, mode: str) -> dict[str, Any]:
    """Change the mode; ``words`` says what it means from now on, in a sentence."""
    agent = current()
    if agent is None or mode not in MODES:
        raise ValueError(f"unknown mode {mode!r}: use {', '.join(MODES)}")
    return {"words": agent.set_mode(mode), "mode": agent.mode}


def peek(recorder: Recorder, checkpoint: str, name: str) -> dict[str, str]:
    """Return the first lines of a value as it was at a checkpoint, or the ``reason`` why there are none."""
    text, reason = look(recorder, checkpoint, name)
    return {"text": text, "reason": reason}


def set_parameters(recorder: Recorder, values: dict[str, Any]) -> dict[str, Any]:
    """Bind JSON values to names, as an outside run."""
    recorder.namespace.update(values)
    recorder.outside("parameters were set")
    recorder.look_outside()
    return {"head": recorder.head}


def rewind(
    recorder: Recorder, target: str, partial: bool = False, files: bool = False, head: str = ""
) -> dict[str, Any]:
    """Rewind; returns the report. If the kernel is not at ``head`` any more, nothing is done: returns ``moved``."""
    if head and recorder.head != head:
        return {"moved": recorder.head}
    report: dict[str, Any] = msgspec.to_builtins(perform_rewind(recorder, target, partial=partial, files=files))
    return report


def flush(recorder: Recorder) -> dict[str, Any]:
    """Return when all checkpoints so far are saved, or known to be lost."""
    recorder.tee.flush_late()
    recorder.saver.flush()
    return {"failure": recorder.saver.failure}


def end_quickly(recorder: Recorder) -> dict[str, Any]:
    """Let the kernel end without delay; see `nbrewind.kernel.ending`. Before the first cell."""
    ending.end_quickly(recorder.shell)
    return {}


def trace(recorder: Recorder, file: str) -> dict[str, Any]:
    """Add what `strace` writes to ``file`` of this process and all that it starts to what is recorded from now on."""
    effects.trace(SystemTrace(file))
    return {}


def tasks(recorder: Recorder, way: TaskWay | None = None, policies: Mapping[str, str] | None = None) -> dict[str, int]:
    """Say what becomes of recorded tasks from now on; return how many were answered, ran and failed so far.

    ``policies``: all that the user has set; by default what the notebook says.
    """
    agent = current()
    if agent is None or agent.tasks is None:
        return {}
    if way is not None:
        agent.tasks.set_way(way)
    if policies is not None:
        agent.tasks.set_policies(DEFAULT_POLICIES.with_(policies, "policies"))
    return agent.tasks.counts()


VERBS: dict[str, Callable[..., Any]] = {
    "prepare": prepare,
    "bind": bind,
    "outside": outside,
    "set_mode": set_mode,
    "peek": peek,
    "state": state,
    "adopt": adopt,
    "enter": enter,
    "materialise": materialise,
    "set_parameters": set_parameters,
    "rewind": rewind,
    "flush": flush,
    "end_quickly": end_quickly,
    "tasks": tasks,
    "trace": trace,
}
