"""From a cell that ran to its record: what it read and wrote, the checkpoint after it, contents in the store."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from time import perf_counter, time
from typing import Any

from nbrewind.analysis import analyze, source_digest
from nbrewind.kernel import effects, facts, modules, narrow, snapshots
from nbrewind.kernel.activity import RESTLESS_NAMES, Living
from nbrewind.kernel.afterwards import Afterwards
from nbrewind.kernel.figures import open_figures
from nbrewind.kernel.head import Head
from nbrewind.kernel.hooks import Entry, Outcome
from nbrewind.kernel.log import quiet
from nbrewind.kernel.outputs import Tee
from nbrewind.kernel.own_modules import only_loads
from nbrewind.kernel.parts import look, set_parts
from nbrewind.kernel.patches import Patches
from nbrewind.kernel.results import Results
from nbrewind.kernel.shield import shielded
from nbrewind.kernel.stores import compiled
from nbrewind.kernel.trace import RELOADED, RESULT, observe, reach_of, reloads
from nbrewind.kernel.watch import Watch
from nbrewind.model import PLACE, CellAnalysis, Checkpoint, Effect, Run, RunTasks, new_id, once
from nbrewind.planning.outside import World
from nbrewind.planning.trace import LOCAL, history_names, read_names, sees_all, used_packages
from nbrewind.state import Changes, ScanInterrupted
from nbrewind.state.files import Digests
from nbrewind.state.tracked import TRACKER
from nbrewind.store import Notebook, Store
from nbrewind.store.task_logs import TaskLog, add_logs

UNTOLD = "a value was changed by something that reached it through no variable: nobody saw which cell did that"
"""Why there is an outside run although nothing is known to have run between the cells."""

LATE = "code of the user's ran between its end and its record: what that changed is taken for its doing"


class Recorder(Head):
    """Records the runs of one kernel session into one notebook's history."""

    def __init__(self, shell: Any, store: Store, notebook: Notebook, session: str) -> None:
        """Record what ``shell`` runs, as ``session``."""
        super().__init__(shell, store, notebook, session)
        self.folder = os.path.realpath(os.path.dirname(notebook.path))
        self.world = World(self.folder)
        self.replayer: Any = None
        """Answers cells from records in mode repeat."""
        self.steps: Any = None
        """The steps of plans that are executed here."""
        self.watch = Watch()
        self.tee = Tee(shell.kernel, self._late, self.saver.run)
        self.living = Living()
        self.digests = Digests()
        self.patches = Patches()
        self.results = Results(self)
        self.makers: dict[str, str] = {}
        """Key of a folder, of a file or variable that is gone, or of IPython's last result to the run that last changed
        it: no version says that."""
        self.open: dict[str, effects.Mark | None] = {}
        """Files that are open for writing, with their marks."""
        self.number = 0
        self.failure = ""
        """Why the last run could not be recorded; empty if it was."""
        self.restless = False
        """Code of the user's may run between the cells."""
        self.logs: Callable[[], Sequence[TaskLog]] = tuple
        """Returns what managers of tasks have logged since it was asked last."""
        self.afterwards = Afterwards(shell, self.finish)
        self._unrecorded: tuple[Entry, Outcome] | None = None
        """A run that has ended, as it is until the kernel has replied."""
        self._ended: Run | None = None
        """The run that was recorded last."""
        self._new = False
        """No cell had run in the kernel when recording began."""
        self.reloads: set[str] = set()
        """Runs that changed modules of the user's own by loading them again, and not otherwise."""
        self._places: Counter[str] = Counter()
        self.analysis = lru_cache(maxsize=500)(analyze)
        """Analyses a cell's text, once per text."""
        self._pid = os.getpid()
        settings = getattr(shell, "ipython_dir", "") or store.directory
        self.ignored: tuple[str, ...] = (str(store.directory), str(settings))

    def install(self) -> None:
        """Start to observe."""
        self.saver.take_over()
        self.tee.install()
        self.afterwards.install()
        self.find_modules()
        self._new = self.shell.execution_count <= 1
        self.watch.install(late=not self._new or bool(self.live.space.modules))
        effects.install(self.watch.arm)

    def remove(self) -> None:
        """Stop to observe."""
        self.finish()
        self.afterwards.remove()
        effects.stop()
        self.watch.remove()
        self.tee.remove()
        self.saver.close()
        TRACKER.close()

    def _start_over(self) -> None:
        """Record from the beginning again: all records of the notebook were forgotten."""
        notebook = self.store.notebook(self.notebook.path)
        assert notebook is not None
        self.notebook = self.saver.notebook = notebook
        self.reset("what was recorded before was forgotten")
        self.makers.clear()

    # -- observing ----------------------------------------------------------------------------------------------------

    def begin(self, entry: Entry) -> None:
        """Open a run."""
        begin = perf_counter()
        if os.getpid() != self._pid:
            entry.extra["skip"] = True
            return
        if self._own is None:
            self._own = frozenset(self.shell.user_ns_hidden)
        if entry.silent:
            self.outside("something was executed silently")
        analysis = entry.extra["analysis"] = self.analysis(entry.source)
        if analysis.own:
            entry.extra["skip"] = True
            return
        if self.steps is not None:
            self.steps.recover(entry.request)
        if self.head and not self.notebook.stands(self.session):
            self._start_over()
        try:
            self.look_outside()
            names = read_names(analysis, self.state)
            self.prove(narrow.to_prove(self, analysis, names))
        except ScanInterrupted as error:
            raise KeyboardInterrupt from error
        if history_names(analysis, names) or sees_all(analysis, self.state):
            entry.extra["results"] = self.results.copies()
        if self.steps is not None and not self.steps.begin(entry):
            entry.extra["skip"] = True
            return
        if self.replayer is not None and not (self.steps is not None and self.steps.busy):
            self.replayer.prepare(entry, analysis)
        self.tee.begin(entry.request)
        entry.extra["wholes"] = look(analysis, self.namespace)
        entry.extra["figures"] = bool(open_figures())
        if not TRACKER.why_off:
            for name in set(analysis.must_writes).intersection(analysis.mutates):  # such as by ``+=``
                TRACKER.leave(self.namespace.get(name))
        self.watch.take()
        log = effects.EffectLog(self.folder, self.ignored, self.digests, self.open, self.watch.probes)
        entry.extra["log"] = log
        packages = used_packages(analysis, names, self.state)
        if facts.library_doubts(analysis, analysis.attributes, packages):
            log.unseen()
        entry.extra["own"] = own = compiled(entry.source)
        local = self.live.space.modules
        entry.extra["modules"] = modules.before(analysis, own, names, packages, self.namespace, self.state, local)
        self.imports.begin()
        effects.start(log, self.steps.look if self.steps is not None else None)
        entry.extra["began"] = time()
        entry.extra["start"] = start = perf_counter()
        entry.extra["spent"] = start - begin

    def end(self, entry: Entry, result: Any) -> None:
        """Close it, and have it recorded: when the kernel has replied, where nothing can come between."""
        self._ended = None
        ended = perf_counter()
        effects.stop()
        extra = entry.extra
        if extra.get("skip") or "start" not in extra:
            self.tee.drop(entry.request)
        else:
            extra["started"], extra["armed"], extra["setters"] = self.watch.take()
            extra["seconds"] = ended - extra["start"]
            extra["spent"] += perf_counter() - ended
            self._unrecorded = entry, Outcome.of(result)
        if not self._may_wait(entry):
            self.finish()
        if self.steps is not None and self.steps.busy:
            self.steps.end(self._ended)
            self.settle()

    def _may_wait(self, entry: Entry) -> bool:
        if self.living.may_be or entry.extra.get("modules") is not None or (self.steps is not None and self.steps.busy):
            return False
        return self.afterwards.defer(entry.parent)

    def finish(self) -> None:
        """Record the run that was closed last, if it is not yet recorded."""
        if self._unrecorded is None:
            return
        (entry, outcome), self._unrecorded = self._unrecorded, None
        entry.extra["late"] = bool(self.watch.started)
        try:
            with self.store.writing():
                self._record(entry, outcome)
            self.failure = ""
        except (KeyboardInterrupt, ScanInterrupted):
            self.outside("recording the run before was interrupted")
            with shielded():
                self._record_unknown(entry, "recording it was interrupted")
        except Exception as error:
            self.failure = str(error)
            self.outside(f"the run before could not be recorded ({error})")
            quiet("recording a run", error)
        self.settle()

    def look_outside(self, *, whole: bool = False) -> None:
        """Record an outside run if something changed since the last run.

        ``whole``: read also the values that were left out of scans since they were last looked at.
        """
        self._look_outside()
        if whole:
            self.prove(self.live.deferred)

    def prove(self, names: Collection[str]) -> None:
        """Read values that were left out of scans; what changed unseen is recorded as an outside run."""
        if not names:
            return
        deferred = set(self.live.deferred)
        found = self.live.scan((), only=names)
        self.live.deferred &= deferred  # nothing has run since the others were looked at
        if found.groups or found.removed:
            self._take_outside([UNTOLD], self.live.scan(()), {}, (Effect(kind="module", subject=UNTOLD),))

    def _look_outside(self) -> None:
        self.find_modules()
        if self.watch.started:
            self.outside("user code ran between the cells")
        if self.living.any:
            self.outside("threads or tasks of the user's are running")
        if self.restless:
            self.outside("timers or callbacks may have run")
        settings = self.ambient.scan()
        if not self._doubts and not self.renamed() and not self._tracked(settings):
            if settings:
                self.ambient.commit({})
            return
        reasons = list(self._doubts) or ["names or settings were changed between the cells"]
        self._take_outside(reasons, self.live.scan(), settings)
        self._doubts.clear()

    @property
    def undisturbed(self) -> bool:
        """Whether nothing is known to have happened since the last look that was no run."""
        return not self._doubts

    def _tracked(self, settings: Iterable[str]) -> bool:
        """Whether any of the changed settings counts: not so generators that nobody seeded or drew from.

        IPython draws from `random` whenever a client asks for the kernel's banner.
        """
        return any(key in self.state or not key.startswith("ambient:rng.") for key in settings)

    def look_apart(self, reason: str, touched: Collection[str] = ()) -> None:
        """Record values set apart from others that were brought back or put away; ``touched`` refer to what is new."""
        changes = self.live.scan(touched)
        if changes.groups or changes.removed:
            self._take_outside([reason], changes, {})

    def _take_outside(
        self, reasons: Iterable[str], changes: Changes, settings: Mapping[str, Any], effects: tuple[Effect, ...] = ()
    ) -> None:
        written, run = snapshots.Written(), new_id()
        with self.store.writing():
            snapshots.write_changes(changes, run, self.store, lambda key: once(), written, self.limits)
            snapshots.write_ambient(settings, run, self.store, lambda key: once(), written)
            snapshots.write_own_modules(self.fresh, run, written, only=self._new and not self.head)
            written.versions.update(self.reknown(run, written.versions))
            if written.all() or changes.removed:
                mark = self.mark
                self._record_outside(run, reasons, changes, written, (*effects, *reloads(self.reloaded)))
                self.mark = mark

    # -- recording ----------------------------------------------------------------------------------------------------

    def _record(self, entry: Entry, outcome: Outcome) -> None:
        begin = perf_counter()
        extra, analysis, run = entry.extra, entry.extra["analysis"], new_id()
        outputs, status, executed = self.tee.collect(entry.request), outcome.status, outcome.executed
        extra["shows"] = any("data" in output for output in outputs)
        self.find_modules()
        reach = reach_of(self, entry)
        settings = self.ambient.scan() if executed else {}
        if reach.local:
            self.live.space.forget()
        reach.unread |= narrow.unread(self, entry, reach)
        changes = narrow.scan(self, entry, reach, settings, status if executed else "")
        trace = observe(self, entry, reach, run, settings, changes, done=executed and status == "ok")
        written = snapshots.Written(added=trace.files.added)
        snapshots.write_changes(changes, run, self.store, trace.derive, written, self.limits)
        set_parts(self, entry, run, written.versions)
        snapshots.write_ambient(settings, run, self.store, trace.derive, written)
        snapshots.write_modules(trace.modules, run, trace.derive, written)
        snapshots.write_imports(trace.imports, run, written)
        if self.fresh:
            only = only_loads(analysis, extra["own"], self.namespace, self.fresh)
            snapshots.write_own_modules(self.fresh, run, written, only=only)
        if executed and status == "ok":
            bound = [name for name in analysis.must_writes if name not in written.versions]
            written.versions |= self.rebound(bound, run)
        words = {*analysis.attributes, *(call.rpartition(".")[2] for call in analysis.calls)}
        self.restless = self.restless or not RESTLESS_NAMES.isdisjoint(words)
        record = Run(
            **self._frame(run, entry.source, analysis, extra.get("tasks")),
            cell=self.cell_of(entry),
            execution_count=outcome.number,
            started=extra["began"],
            seconds=extra["seconds"],
            overhead=extra["spent"] + perf_counter() - begin,
            status=status,
            error=outcome.error,
            inputs=trace.inputs,
            writes=(*written.all(), *trace.files.writes),
            removed=(*self._removed(changes), *trace.files.removed),
            imports=analysis.imports,
            effects=trace.effects,
            unknown=(*trace.unknown, *([LATE] if extra["late"] else [])),
            prelude=analysis.prelude,
            stderr=any(output.get("name") == "stderr" for output in outputs),
        )
        shown = any(output.get("output_type") == "execute_result" for output in outputs)
        self.results.ended(run, extra.get("results"), outcome.number if shown else None)
        self._commit(record, changes, written, outputs, entry.source, analysis)
        if not reach.modules and any(effect.detail == RELOADED for effect in trace.effects):
            self.reloads.add(run)
        self.patches.note(run, extra.get("patches", {}))
        self.makers.update(dict.fromkeys(trace.files.folders, run))
        self.open = trace.files.open
        if shown:
            self.makers[RESULT] = run
        self.tee.recorded(entry.request, run)

    def _record_unknown(self, entry: Entry, reason: str) -> None:
        """Record a run of which only the outputs are known: everything may have another value since."""
        run = new_id()
        written = snapshots.Written(versions=snapshots.lost_versions(self.live.names(), run, reason))
        snapshots.write_own_modules(self.fresh, run, written)
        record = Run(
            **self._frame(run, entry.source, entry.extra["analysis"], entry.extra.get("tasks")),
            cell=self.cell_of(entry),
            started=entry.extra["began"],
            seconds=entry.extra["seconds"],
            writes=tuple(written.all()),
            removed=tuple(self._removed(Changes([], []))),
            unknown=(reason,),
        )
        outputs = self.tee.collect(entry.request)
        self._commit(record, None, written, outputs, entry.source, entry.extra["analysis"])
        self.tee.recorded(entry.request, run)

    def _record_outside(
        self,
        run: str,
        reasons: Iterable[str],
        changes: Changes,
        written: snapshots.Written,
        effects: tuple[Effect, ...],
    ) -> None:
        analysis = self.analysis("")
        record = Run(
            **self._frame(run, "", analysis),
            cell="",
            started=time(),
            writes=tuple(written.all()),
            removed=tuple(self._removed(changes)),
            effects=effects,
            unknown=(*reasons,),
        )
        self._commit(record, changes, written, [], "", analysis)

    def _removed(self, changes: Changes) -> list[str]:
        gone = (LOCAL + name for name in sorted(self.gone))
        return [*("var:" + name for name in changes.removed), *(key for key in gone if key in self.state)]

    def _frame(self, run: str, source: str, analysis: CellAnalysis, tasks: RunTasks | None = None) -> dict[str, Any]:
        return {
            "id": run,
            "notebook": self.notebook.id,
            "session": self.session,
            "number": self.number + 1,
            "code": analysis.code,
            "source": source_digest(source),
            "python": platform.python_version(),
            "tasks": tasks,
        }

    def _commit(
        self,
        run: Run,
        changes: Changes | None,
        written: snapshots.Written,
        outputs: list[dict[str, Any]],
        source: str,
        analysis: CellAnalysis,
    ) -> None:
        """Commit a run and its checkpoint, then take the new baseline: nothing is taken unless it is recorded."""
        delta = dict.fromkeys(run.removed, "") | {version.key: version.id for version in run.writes}
        checkpoint = Checkpoint(
            id=new_id(), parent=self.head, notebook=self.notebook.id, session=self.session, cell=run.cell, run=run.id,
            time=time(), delta=delta,
        )  # fmt: skip
        with shielded():
            self.notebook.record(run, checkpoint, source=source, outputs=outputs, analysis=analysis)
            self.number, self.head, self.mark, self._ended = run.number, checkpoint.id, checkpoint.id, run
            self.take(run.writes, run.removed)
            self.makers.update(dict.fromkeys(run.removed, run.id))
            self.fresh, self.gone, self.reloaded = set(), set(), set()
            if changes is not None:
                self.live.commit(changes, written.versions)
                self.ambient.commit(written.ambient)
            for name, version in written.versions.items():
                if name in self.live.versions:
                    self.live.versions[name] = version
        self._keep_logs(run)
        self.results.mark(checkpoint.id)
        self.saver.save(checkpoint.id, written.added, written.failed)
        self.saver.run(lambda: self.software.look(run))

    def _keep_logs(self, run: Run) -> None:
        """Keep with a run of a cell what managers of tasks have logged since the run before."""
        try:
            logs = self.logs() if run.cell else ()
            if logs:
                add_logs(self.notebook, run.id, logs)
        except Exception as error:  # whatever it is, the run is recorded
            quiet("keeping logs of tasks", error)

    def cell_of(self, entry: Entry) -> str:
        """Return the id of the cell that runs; for a client that sends none, its place by code and occurrence."""
        found = getattr(entry.info, "cell_id", None) or entry.parent.get("metadata", {}).get("cellId")
        if found:
            return str(found)
        code = entry.extra["analysis"].code.removeprefix("code:")[:16]
        self._places[code] += 1
        return f"{PLACE}{code}:{self._places[code]}"

    def _late(self, run: str, outputs: list[dict[str, Any]]) -> None:
        self.notebook.set_outputs(run, outputs)
