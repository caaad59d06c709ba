"""From a cell that ran to its record: what it read and wrote, the checkpoint after it, contents in the store."""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
from collections import Counter
from collections.abc import Iterable, Mapping
from time import perf_counter, time
from typing import Any

import msgspec

from nbrewind.analysis import analyze, source_digest
from nbrewind.kernel import effects
from nbrewind.kernel.activity import RESTLESS_NAMES, Living
from nbrewind.kernel.files import Digests
from nbrewind.kernel.hooks import Entry
from nbrewind.kernel.log import quiet
from nbrewind.kernel.outputs import Tee
from nbrewind.kernel.shield import shielded
from nbrewind.kernel.snapshots import Written, lost_versions, write_ambient, write_changes
from nbrewind.kernel.trace import observe, touched_names
from nbrewind.kernel.watch import Watch
from nbrewind.model import DEFAULT, Action, CellAnalysis, Checkpoint, Run, RunStatus, Version, new_id, once
from nbrewind.planning.outside import World
from nbrewind.planning.trace import HISTORY
from nbrewind.state import Ambient, Changes, LiveState, Loaded, ScanInterrupted
from nbrewind.store import Notebook, Store, StoreError


class Recorder:
    """Records the runs of one kernel session into one notebook's history."""

    def __init__(self, shell: Any, store: Store, notebook: Notebook, session: str) -> None:
        """Record what ``shell`` runs, as ``session``."""
        self.shell, self.store, self.notebook, self.session = shell, store, notebook, session
        self.folder = os.path.realpath(os.path.dirname(notebook.path))
        self.namespace: dict[str, Any] = shell.user_ns
        self.world = World(self.folder)
        self.live = LiveState(self.namespace, self.hidden)
        self.ambient = Ambient()
        self.state: dict[str, Version] = {}
        """The head: every key to its version."""
        self.head = ""
        self.virtual: set[str] = set()
        """Names that the head has and the namespace has not (yet), or with another value: answered by a skip."""
        self.replayer: Any = None
        """Answers cells from records in mode repeat."""
        self.watch = Watch()
        self.tee = Tee(shell.kernel, self._late)
        self.living = Living()
        self.digests = Digests()
        self.number = 0
        self.failure = ""
        """Why the last run could not be recorded; empty if it was."""
        self._doubts: dict[str, None] = {"there were values before recording began": None}
        self._restless = False
        self._names: dict[str, int] = {}
        self._places: Counter[str] = Counter()
        self._analyses: dict[str, CellAnalysis] = {}
        self._pid = os.getpid()
        self._ignored = (str(store.directory), str(getattr(shell, "ipython_dir", "") or store.directory))

    def install(self) -> None:
        """Start to observe."""
        self.tee.install()
        self.watch.install()
        effects.install(self.watch.arm)

    def remove(self) -> None:
        """Stop to observe."""
        effects.stop()
        self.watch.remove()
        self.tee.remove()

    def hidden(self) -> set[str]:
        """Return the names of the namespace that are IPython's own, not the user's."""
        own = self.shell.user_ns_hidden
        found = {name for name in self.namespace if name[:1] in "_IO" and HISTORY.match(name)}
        found.update(name for name in own if self.namespace.get(name, found) is own[name])
        found.update(("__warningregistry__", "get_ipython", "exit", "quit", "open", "__session__"))
        return found

    def analysis(self, source: str) -> CellAnalysis:
        """Analyse a cell's text, once per text."""
        found = self._analyses.get(source)
        if found is None:
            if len(self._analyses) > 500:
                self._analyses.clear()
            found = self._analyses[source] = analyze(source)
        return found

    # -- observing ----------------------------------------------------------------------------------------------------

    def begin(self, entry: Entry) -> None:
        """Open a run."""
        begin = perf_counter()
        if os.getpid() != self._pid:
            entry.extra["skip"] = True
            return
        if entry.silent:
            self.outside("something was executed silently")
        analysis = entry.extra["analysis"] = self.analysis(entry.source)
        if analysis.own:
            entry.extra["skip"] = True
            return
        self.look_outside()
        if self.replayer is not None:
            self.replayer.prepare(entry, analysis)
        self.tee.begin(entry.request)
        self.watch.take()
        entry.extra["log"] = log = effects.EffectLog(self.folder, self._ignored, self.digests)
        effects.start(log)
        entry.extra["began"] = time()
        entry.extra["start"] = start = perf_counter()
        entry.extra["before"] = start - begin

    def end(self, entry: Entry, result: Any) -> None:
        """Close it and record it."""
        ended = perf_counter()
        effects.stop()
        extra = entry.extra
        if extra.get("skip") or "start" not in extra:
            self.tee.drop(entry.request)
            return
        extra["started"], extra["probes"] = self.watch.take()
        extra["seconds"], extra["ended"] = ended - extra["start"], ended
        try:
            self._record(entry, result)
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

    def outside(self, reason: str) -> None:
        """Note that something other than a run may have changed the state."""
        self._doubts[reason] = None

    def look_outside(self) -> None:
        """Record an outside run if something changed since the last run."""
        if self.watch.started:
            self.outside("user code ran between the cells")
        if self.living.any:
            self.outside("threads or tasks of the user's are running")
        if self._restless:
            self.outside("timers or callbacks may have run")
        if not self._doubts and not self._renamed():
            return
        reasons = list(self._doubts) or ["names were changed between the cells"]
        changes, settings = self.live.scan(), self.ambient.scan()
        written, run = Written(), new_id()
        write_changes(changes, run, self.store, lambda key: once(), written)
        write_ambient(settings, run, self.store, lambda key: once(), written)
        written.versions.update(self._reknown(run, written.versions))
        if written.all() or changes.removed:
            self._record_outside(run, reasons, changes, written)
        self._doubts.clear()

    def _renamed(self) -> bool:
        now = {name: id(value) for name, value in self.namespace.items()}
        if now == self._names:
            return False
        hidden = self.hidden()
        changed = {name for name in now.keys() | self._names.keys() if now.get(name) != self._names.get(name)}
        return bool(changed - hidden)

    def _reknown(self, run: str, changed: Mapping[str, Version]) -> dict[str, Version]:
        """Return new versions of live values of which the head says less than is known."""
        found = {}
        for name, version in self.live.versions.items():
            held = self.state.get("var:" + name)
            if name not in changed and name not in self.virtual and (held is None or held.id != version.id):
                found[name] = renew(version, run)
        return found

    # -- recording ----------------------------------------------------------------------------------------------------

    def _record(self, entry: Entry, result: Any) -> None:
        extra, analysis, run = entry.extra, entry.extra["analysis"], new_id()
        outputs = self.tee.collect(entry.request)
        status, error = outcome(result)
        executed = getattr(result, "error_before_exec", None) is None
        changes = self.live.scan(touched_names(self, entry) if executed else ())
        settings = self.ambient.scan() if executed else {}
        changed = {name for group in changes.groups for name in group.members}.union(changes.removed)
        trace = observe(self, entry, run, settings, changed)
        if not changes.complete:
            trace.unknown.append("values changed while they were read")
        written = Written(added=trace.files.added)
        write_changes(changes, run, self.store, trace.derive, written)
        write_ambient(settings, run, self.store, trace.derive, written)
        if executed and status == "ok":
            self._rebound(analysis, run, written)
        self._restless = self._restless or bool(RESTLESS_NAMES.intersection(analysis.attributes))
        record = Run(
            **self._frame(run, entry.source, analysis),
            cell=self.cell_of(entry),
            execution_count=getattr(result, "execution_count", None),
            started=extra["began"],
            seconds=extra["seconds"],
            overhead=perf_counter() - extra["ended"] + extra["before"],
            status=status,
            error=error,
            inputs=trace.inputs,
            writes=(*written.all(), *trace.files.writes),
            removed=(*("var:" + name for name in changes.removed), *trace.files.removed),
            imports=analysis.imports,
            effects=trace.effects,
            unknown=tuple(trace.unknown),
            prelude=analysis.prelude,
            stderr=any(output.get("name") == "stderr" for output in outputs),
        )
        self._commit(record, changes, written, outputs, entry.source, analysis)
        self.tee.recorded(entry.request, run)

    def _record_unknown(self, entry: Entry, reason: str) -> None:
        """Record a run of which only the outputs are known: everything may have another value since."""
        run = new_id()
        written = Written(versions=lost_versions(self.live.names(), run, reason))
        record = Run(
            **self._frame(run, entry.source, entry.extra["analysis"]),
            cell=self.cell_of(entry),
            started=entry.extra["began"],
            seconds=entry.extra["seconds"],
            writes=tuple(written.all()),
            unknown=(reason,),
        )
        outputs = self.tee.collect(entry.request)
        self._commit(record, None, written, outputs, entry.source, entry.extra["analysis"])
        self.tee.recorded(entry.request, run)

    # -- moving the head without a run --------------------------------------------------------------------------------

    def adopt(self, run: Run, cell: str, action: Action) -> str:
        """Take over a recorded run's results: bound (``load``) or only known of (``skip``). Returns the checkpoint."""
        delta = dict.fromkeys(run.removed, "") | {version.key: version.id for version in run.writes}
        checkpoint = Checkpoint(
            id=new_id(), parent=self.head, notebook=self.notebook.id, session=self.session, cell=cell, run=run.id,
            action=action, time=time(), delta=delta,
        )  # fmt: skip
        with shielded():
            self.notebook.add_checkpoint(checkpoint, versions=run.writes)
            self.head = checkpoint.id
            self._apply(run.writes, run.removed)
        for version in run.writes:
            if version.key.startswith(("ambient:", "env:")):
                failure = self.restore_setting(version.key, version, run.imports)
                if failure:
                    self.outside(f"{version.key.partition(':')[2]} could not be brought back: {failure}")
        if action == "skip":
            gone = [key[4:] for key in run.removed if key.startswith("var:") and key[4:] in self.namespace]
            if gone:
                self.live.install(Loaded({}, {}), remove=gone)
            self.virtual.update(version.key[4:] for version in run.writes if version.key.startswith("var:"))
        self.settle()
        return checkpoint.id

    def belonging(self, names: Iterable[str]) -> set[str]:
        """Return virtual names with those that must be bound with them: their groups, definitions and users."""
        wanted: set[str] = set()
        todo = [name for name in names if "var:" + name in self.state]
        while todo:
            name = todo.pop()
            if name in wanted:
                continue
            wanted.add(name)
            version = self.state["var:" + name]
            todo += [other for other in (*version.members, *version.needs) if other in self.virtual]
        return wanted

    def restore_setting(self, key: str, version: Version | None, modules: Iterable[str] = ()) -> str:
        """Bring interpreter state outside variables to a version, or to a new kernel's default.

        ``modules`` are imported if it takes that. Returns why it failed, in words; empty if it did not.
        """
        default = version is None or version.digest == DEFAULT
        if version is not None and not default and not version.snapshot:
            return version.reason or "its value was not kept"
        try:
            content = None if version is None or default else bytes(self.store.get(version.snapshot).stream)
            try:
                self.ambient.restore(key, content)
            except ValueError:
                for module in modules:
                    importlib.import_module(module)
                self.ambient.restore(key, content)
        except Exception as error:
            quiet("restoring a setting", error)
            return str(error)
        if version is not None:
            self.ambient.versions[key] = version
        return ""

    def move(self, checkpoint: str, state: dict[str, Version], *, virtual: set[str]) -> None:
        """Move the head, as a rewind does."""
        with shielded():
            self.notebook.set_head(self.session, checkpoint)
            self.head, self.state, self.virtual = checkpoint, dict(state), virtual
        self.settle()

    def settle(self) -> None:
        """Take the names as they are bound now for those of the last run."""
        self._names = {name: id(value) for name, value in self.namespace.items()}

    def _record_outside(self, run: str, reasons: Iterable[str], changes: Changes, written: Written) -> None:
        analysis = self.analysis("")
        record = Run(
            **self._frame(run, "", analysis),
            cell="",
            started=time(),
            writes=tuple(written.all()),
            removed=tuple("var:" + name for name in changes.removed),
            unknown=(*reasons,),
        )
        self._commit(record, changes, written, [], "", analysis)

    def _frame(self, run: str, source: str, analysis: CellAnalysis) -> dict[str, Any]:
        return {
            "id": run,
            "notebook": self.notebook.id,
            "session": self.session,
            "number": self.number + 1,
            "code": analysis.code,
            "source": source_digest(source),
            "python": platform.python_version(),
        }

    def _commit(
        self,
        run: Run,
        changes: Changes | None,
        written: Written,
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
            self.number, self.head = run.number, checkpoint.id
            self._apply(run.writes, run.removed)
            if changes is not None:
                self.live.commit(changes, written.versions)
                self.ambient.commit(written.ambient)
            for name, version in written.versions.items():
                if name in self.live.versions:
                    self.live.versions[name] = version
            self._save(checkpoint.id, written)

    def _save(self, checkpoint: str, written: Written) -> None:
        try:
            self.store.sync()
            if written.failed:
                self.notebook.mark_lost(checkpoint, written.failed)
            else:
                self.notebook.mark_saved(checkpoint, added=written.added)
        except (StoreError, OSError) as error:
            self.failure = str(error)
            quiet("saving a checkpoint", error)
            with contextlib.suppress(StoreError, OSError):
                self.notebook.mark_lost(checkpoint, str(error))

    def _apply(self, writes: Iterable[Version], removed: Iterable[str]) -> None:
        for key in removed:
            self.state.pop(key, None)
            self.virtual.discard(key.removeprefix("var:"))
        for version in writes:
            self.state[version.key] = version
            self.virtual.discard(version.key.removeprefix("var:"))

    def _rebound(self, analysis: CellAnalysis, run: str, written: Written) -> None:
        """A name that was bound again to an equal value was still made by this run."""
        for name in analysis.must_writes:
            version = self.live.versions.get(name)
            if name not in written.versions and version is not None and name in self.namespace:
                written.versions[name] = renew(version, run)

    def cell_of(self, entry: Entry) -> str:
        """Return the id of the cell that runs; for a client that sends none, its place by code and occurrence."""
        found = getattr(entry.info, "cell_id", None) or entry.parent.get("metadata", {}).get("cellId")
        if found:
            return str(found)
        code = entry.extra["analysis"].code.removeprefix("code:")[:16]
        self._places[code] += 1
        return f"place:{code}:{self._places[code]}"

    def _late(self, run: str, outputs: list[dict[str, Any]]) -> None:
        self.notebook.set_outputs(run, outputs)


def renew(version: Version, run: str) -> Version:
    """Return the same value as made anew by ``run``."""
    return msgspec.structs.replace(version, id=new_id(), run=run)


def outcome(result: Any) -> tuple[RunStatus, str]:
    """Return how a cell ended, from IPython's result; None stands for a cancelled cell."""
    if result is None:
        return "interrupted", "cancelled"
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        return "ok", ""
    try:
        text = f"{type(error).__name__}: {error}"[:500]
    except Exception:
        text = type(error).__name__
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "CancelledError":
        return "interrupted", text
    return "error", text
