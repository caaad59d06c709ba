"""A step of a plan in a kernel that somebody else uses too: its cell sees the state of notebook order, nothing else.

Before a plan's cell runs, the namespace is made what it would be in a full run: what the cell may look up is bound to
the versions of that state, everything else that the user has is set aside (the very objects, with all that is known of
them), settings are brought to that state. When the cell has ended, what it wrote stays, and all else is put back. So
the history goes on from the user's head, the run is bound to what it really saw, and what the head says is what the
namespace has.

All of this happens inside the cell's own request, so nobody can come in between: values are loaded before, and where
something else ran meanwhile the plan's cell does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Any

from nbrewind.kernel.guard import Guard
from nbrewind.kernel.head import SETTINGS, VAR, belonging, variables
from nbrewind.kernel.hooks import Entry
from nbrewind.kernel.own_modules import import_modules
from nbrewind.kernel.rewind import load_all
from nbrewind.kernel.shield import shielded
from nbrewind.kernel.substitute import Substitution
from nbrewind.kernel.taken import Taken, taken
from nbrewind.model import DEFAULT, Checkpoint, Run, Version, new_id
from nbrewind.planning.trace import module_of
from nbrewind.state import Aside, Loaded

if TYPE_CHECKING:
    from nbrewind.kernel.recorder import Recorder

REQUEST = "nbrewind-plan_"
"""How the message ids of a plan's requests begin."""

Sources = Mapping[str, Iterable[str]]
"""A state as the plan knows it: run id to the keys of which that run made the versions."""


@dataclass
class Staged:
    """What is ready for the plan's next cell."""

    request: str
    mark: str
    state: dict[str, Version]
    loaded: Loaded
    kept: set[str]
    """Names whose live values are those of ``state``."""
    held: dict[str, str] = field(default_factory=dict)
    """The ids of their versions at the head: they must be the same still when the cell starts."""
    entered: bool = False
    before: dict[str, Version] = field(default_factory=dict)
    virtual: set[str] = field(default_factory=set)
    aside: Aside = field(default_factory=lambda: Aside({}, {}, {}, {}))
    settings: list[str] = field(default_factory=list)
    """Keys of the settings that were brought to ``state``."""
    modules: Taken = field(default_factory=Taken)
    """What is taken out of libraries' modules meanwhile."""
    guard: Guard | None = None
    """Stops the cell from doing anything to the world: it runs ahead of its turn."""


class Steps:
    """The steps of plans in one kernel."""

    def __init__(self, recorder: Recorder, substitution: Substitution) -> None:
        """Work for ``recorder``'s kernel."""
        self._recorder = recorder
        self._substitution = substitution
        self._staged: Staged | None = None
        self._runs: dict[str, Run] = {}
        self.done: dict[str, Any] = {}
        """The last step that was begun: its ``request``, and its ``run`` or why there is none (``refused``); what it
        tried to do to the world though it must not (``stopped``)."""

    @property
    def busy(self) -> bool:
        """Whether a plan's cell is running."""
        return self._staged is not None and self._staged.entered

    @property
    def look(self) -> Callable[[str, Sequence[Any]], None] | None:
        """What stops the plan's cell that is running from doing anything to the world; None if it may."""
        guard = self._staged.guard if self._staged is not None and self._staged.entered else None
        return guard.look if guard is not None else None

    # -- before the request -------------------------------------------------------------------------------------------

    def state(self, sources: Sources) -> dict[str, Version]:
        """Return the versions that some runs made of some keys."""
        found: dict[str, Version] = {}
        for run_id, keys in sources.items():
            run = self._runs.get(run_id) or self._recorder.store.run(run_id)
            if run is None:
                raise LookupError(f"there is no run {run_id} in the store")
            self._runs[run_id] = run
            made = {version.key: version for version in run.writes}
            found.update({key: made[key] for key in keys})
        return found

    def prepare(
        self, request: str, mark: str, state: dict[str, Version], names: Iterable[str], *, ahead: bool = False
    ) -> dict[str, Any]:
        """Load what the cell of ``request`` may look up (``names``) of ``state``, beside the namespace.

        ``ahead``: it runs before its turn, and must do nothing but compute.

        Returns ``moved``: something ran since ``mark``; ``lost``: names that can't be brought back, with reasons.
        """
        recorder, self._staged = self._recorder, None
        if recorder.mark != mark:
            return {"moved": True, "lost": {}}
        known = variables(state)
        _, lost = import_modules(recorder, state)
        kept = whole(recorder.live.matching(known.values()), known, recorder)
        wanted = belonging(names, known)
        loaded, unloadable = load(recorder, {name: known[name] for name in wanted - kept}, known)
        lost |= unloadable
        lost |= {
            f"setting {key.partition(':')[2]}": version.reason or "its value was not kept"
            for key, version in state.items()
            if key.startswith(SETTINGS) and self._differs(key, version) and _is_gone(version)
        }
        if not lost:
            modules = taken(recorder, state)
            state = state | modules.left
            self._staged = Staged(request, mark, state, loaded, kept, self._held(kept), modules=modules)
            self._staged.guard = Guard("runs ahead of its turn") if ahead else None
        return {"moved": False, "lost": lost}

    def _held(self, names: Iterable[str]) -> dict[str, str]:
        versions = self._recorder.live.versions
        return {name: versions[name].id for name in names if name in versions}

    def _differs(self, key: str, version: Version | None) -> bool:
        held = self._recorder.state.get(key)
        return (held.digest if held else DEFAULT) != (version.digest if version else DEFAULT)

    # -- around the cell ----------------------------------------------------------------------------------------------

    def recover(self, request: str) -> None:
        """Leave a step whose cell ended without telling."""
        if self._staged is not None and self._staged.entered and self._staged.request != request:
            self.end(None)

    def begin(self, entry: Entry) -> bool:
        """Enter the step that belongs to a cell. Returns False if the cell must do nothing."""
        if not entry.request.startswith(REQUEST):
            self._staged = None
            return True
        staged, recorder = self._staged, self._recorder
        if staged is not None and staged.entered:
            return True  # an interrupt came while the run was being opened: it is opened again
        why = ""
        if staged is None or staged.request != entry.request or staged.mark != recorder.mark:
            why = "something else ran in this kernel in between"
        elif self._held(staged.kept) != staged.held:
            why = "values were changed in between"
        else:
            why = self._enter(staged)
        self.done = {"request": entry.request, "run": "", "mark": "", "refused": why}
        if why:
            self._refuse()
        return not why

    def pass_by(self, entry: Entry) -> None:
        """Take note of a cell that starts while nothing is recorded: a plan's does nothing then."""
        if entry.request.startswith(REQUEST):
            self.done = {"request": entry.request, "run": "", "mark": "", "refused": "recording was turned off"}
            self._refuse()

    def _refuse(self) -> None:
        """Let the plan's cell that starts now do nothing."""
        self._staged = None
        self._substitution.arm("pass")

    def _enter(self, staged: Staged) -> str:
        """Make the namespace what ``staged`` says. Returns why that failed; everything is as it was then."""
        recorder = self._recorder
        with shielded():
            staged.before, staged.virtual = recorder.state, recorder.virtual
            others = (name for name in recorder.live.names() if name not in staged.kept)
            known = (name for name in others if name in recorder.namespace or module_of(name, staged.state))
            staged.aside = recorder.live.set_aside(list(known))
            staged.entered = True
            recorder.live.install(staged.loaded, keep=[staged.state[VAR + name] for name in staged.kept])
            keys = {key for key in (*staged.state, *staged.before) if key.startswith(SETTINGS)}
            for key in sorted(key for key in keys if self._differs(key, staged.state.get(key))):
                staged.settings.append(key)
                failure = recorder.restore_setting(key, staged.state.get(key))
                if failure:
                    self._leave(staged, frozenset(), set())
                    return f"{key.partition(':')[2]} could not be brought back: {failure}"
            staged.modules.take()
            recorder.state = dict(staged.state)
            bound = staged.kept | set(staged.loaded.values)
            recorder.virtual = {name for name in variables(staged.state) if name not in bound}
        recorder.settle()
        return ""

    def end(self, run: Run | None) -> None:
        """Leave the step whose cell has ended; ``run`` is its record, None if there is none."""
        staged, self._staged = self._staged, None
        if staged is None or not staged.entered:
            return
        recorder, referring = self._recorder, set[str]()
        with shielded():
            if run is None:
                entered = {**staged.loaded.values}
                bound = set(recorder.live.names()) - staged.kept
                unknown = {n for n in bound if n not in entered or recorder.live.bound[n] is not entered[n]}
                self._leave(staged, frozenset(), unknown)
                recorder.outside("a step of a plan could not be recorded")
            else:
                keys = frozenset((*(version.key for version in run.writes), *run.removed))
                names = {key[4:] for key in keys if key.startswith(VAR)}
                stay = belonging(names, variables(recorder.state)) - names
                brought = {name: recorder.state[VAR + name] for name in stay if name in staged.loaded.values}
                after = dict(staged.before)
                for key in run.removed:
                    after.pop(key, None)
                after.update({version.key: version for version in run.writes})
                self._leave(staged, keys, names | set(brought))
                recorder.state = after
                recorder.virtual = staged.virtual - names
                cite(recorder, brought.values(), self._runs)
                referring = recorder.live.dependents(names, variables(after)) - names
            recorder.look_apart("a plan brought back older values beside these", referring)
        stopped = staged.guard.why if staged.guard is not None else ""
        self.done |= {"run": run.id if run else "", "mark": recorder.mark, "stopped": stopped}

    def _leave(self, staged: Staged, keys: Collection[str], stay: Collection[str]) -> None:
        """Put back what was set aside: all but the ``keys`` that the cell wrote, and names that ``stay``."""
        recorder, live = self._recorder, self._recorder.live
        recorder.state, recorder.virtual = dict(staged.before), set(staged.virtual)
        staged.modules.put_back(keys)
        live.set_aside([name for name in staged.loaded.values if name not in stay])
        live.put_back(staged.aside, [name for name in staged.aside.values if name not in stay])
        for name in staged.kept:
            version = staged.before.get(VAR + name)
            if name not in stay and version is not None and name in live.versions:
                live.versions[name] = version
        for key in staged.settings:
            failure = "" if key in keys else recorder.restore_setting(key, staged.before.get(key))
            if failure:
                recorder.outside(f"{key.partition(':')[2]} could not be put back: {failure}")

    # -- in the end ---------------------------------------------------------------------------------------------------

    def bind(self, mark: str, state: dict[str, Version], answered: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Bind the versions of ``state``, as checkpoints that cite the runs which made them; all else stays.

        ``answered`` are runs, each with the cell for which it stands, that get a checkpoint in any case, in this order.
        Returns ``moved`` and ``lost`` as `prepare` does, and the names that were ``loaded``.
        """
        recorder = self._recorder
        if recorder.mark != mark:
            return {"moved": True, "lost": {}, "loaded": []}
        known = variables(state)
        _, lost = import_modules(recorder, state)
        kept = whole(recorder.live.matching(known.values()), known, recorder)
        loaded, unloadable = load(
            recorder, {name: version for name, version in known.items() if name not in kept}, known
        )
        lost |= unloadable
        settings = [key for key in state if key.startswith(SETTINGS) and self._differs(key, state[key])]
        if lost:
            return {"moved": False, "lost": lost, "loaded": []}
        with shielded():
            recorder.live.set_aside([name for name in loaded.values if name in recorder.live.bound])
            recorder.live.install(loaded)
            brought = [known[name] for name in loaded.values]
            for key in sorted(settings):
                failure = recorder.restore_setting(key, state[key])
                if failure:
                    lost[f"setting {key.partition(':')[2]}"] = failure
                else:
                    brought.append(state[key])
            cite(recorder, brought, self._runs, answered)
            recorder.look_apart("a plan brought back older values beside these")
        return {"moved": False, "lost": lost, "loaded": sorted(loaded.values)}


def whole(live: set[str], known: Mapping[str, Version], recorder: Recorder) -> set[str]:
    """Return those of the ``live`` names that are so with all that they refer to by name (rule 9)."""
    return set(known) - recorder.live.dependents(set(known) - live, known)


def load(
    recorder: Recorder, versions: Mapping[str, Version], known: Mapping[str, Version]
) -> tuple[Loaded, dict[str, str]]:
    """Load versions beside the namespace. Returns them, and those that can't be with reasons."""
    lost = {}
    for name, version in versions.items():
        unknown = [other for other in (*version.needs, *version.members) if other not in known]
        if unknown:
            lost[name] = f"it needs {unknown[0]}, which does not exist there"
    loaded, more = load_all(recorder, {name: version for name, version in versions.items() if name not in lost})
    return loaded, lost | more


def cite(
    recorder: Recorder,
    versions: Iterable[Version],
    runs: Mapping[str, Run],
    answered: Iterable[tuple[str, str]] = (),
) -> None:
    """Add a checkpoint for every run whose versions were brought back and stay bound, and for those in ``answered``."""
    by_run: dict[str, list[Version]] = {}
    for version in versions:
        by_run.setdefault(version.run, []).append(version)
    pairs = list(answered)
    others = by_run.keys() - {run for run, _ in pairs}
    pairs = [(run, runs[run].cell if run in runs else "") for run in by_run if run in others] + pairs
    cited = []
    for run_id, cell in pairs:
        made = by_run.pop(run_id, [])
        checkpoint = Checkpoint(
            id=new_id(), parent=recorder.head, notebook=recorder.notebook.id, session=recorder.session,
            cell=cell, run=run_id, action="load" if made else "skip", time=time(),
            delta={version.key: version.id for version in made},
        )  # fmt: skip
        recorder.notebook.add_checkpoint(checkpoint, versions=made)
        recorder.head = recorder.mark = checkpoint.id
        recorder.take(made, ())
        cited.append(checkpoint.id)
    if cited:
        recorder.saver.take_over(cited)


def _is_gone(version: Version) -> bool:
    return version.digest != DEFAULT and not version.snapshot
