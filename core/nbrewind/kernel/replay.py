"""Mode repeat in the kernel: a cell that a recorded run answers is not run, its values and outputs are brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbrewind.analysis import source_digest
from nbrewind.kernel.hooks import Entry
from nbrewind.kernel.log import quiet
from nbrewind.kernel.substitute import Substitution
from nbrewind.model import CellAnalysis, Run
from nbrewind.planning.match import PackagePolicy, answer, state_of
from nbrewind.state import Loaded, LoadError
from nbrewind.store import StoreError

if TYPE_CHECKING:
    from nbrewind.kernel.recorder import Recorder

PERFORM = "__import__('nbrewind.kernel.replay', fromlist=['perform']).perform()"

_ready: Replayer | None = None


class Replayer:
    """Answers cells of one kernel from the records."""

    def __init__(self, recorder: Recorder, substitution: Substitution, policy: PackagePolicy = "compatible") -> None:
        """Answer for ``recorder``'s kernel."""
        self._recorder = recorder
        self._substitution = substitution
        self._policy = policy
        self._entry: Entry | None = None
        self._run: Run | None = None
        self._loaded: Loaded | None = None
        self._outputs: list[dict[str, Any]] = []

    def prepare(self, entry: Entry, analysis: CellAnalysis) -> None:
        """Look for a run that answers the cell that starts now, load it beside the namespace, and substitute the cell.

        Everything that can fail happens here: where it does, the cell runs as it is.
        """
        global _ready
        run = self._find(entry, analysis)
        if run is None:
            return
        recorder = self._recorder
        try:
            versions = [version for version in run.writes if version.key.startswith("var:")]
            if not all(recorder.live.has_place(version.key.removeprefix("var:")) for version in versions):
                return  # it belongs to a module that is not loaded here
            self._loaded = recorder.live.load(versions, recorder.store.fetch)
            self._outputs = recorder.store.outputs(run.id)
        except (LoadError, StoreError) as error:
            quiet("loading a recorded run", error)
            return
        self._entry, self._run = entry, run
        _ready = self
        self._substitution.arm(PERFORM)

    def _find(self, entry: Entry, analysis: CellAnalysis) -> Run | None:
        if analysis.prelude or analysis.error:
            return None
        recorder = self._recorder
        candidates = recorder.store.candidates(analysis.code)
        if not candidates:
            return None
        source = source_digest(entry.source)
        found = answer(candidates, analysis, source, state_of(recorder.state), recorder.world, self._policy)
        if not isinstance(found, Run):
            return None
        files = [version for version in found.writes if version.key.startswith("file:")]
        if any(recorder.world.digest(version.key) != version.digest for version in files):
            return None
        return found

    def perform(self) -> None:
        """Bind the recorded values and publish the recorded outputs, in the place of the cell."""
        entry, run, loaded, recorder = self._entry, self._run, self._loaded, self._recorder
        self._entry = self._run = self._loaded = None
        if entry is None or run is None or loaded is None:
            return
        removed = [key[4:] for key in run.removed if key.startswith("var:")]
        recorder.live.install(loaded, remove=[name for name in removed if name in recorder.live.bound])
        recorder.adopt(run, recorder.cell_of(entry), "load")
        entry.extra["skip"] = True
        publish(recorder.shell, self._outputs)


def perform() -> None:
    """Do what was prepared; called from the substituted cell."""
    global _ready
    ready, _ready = _ready, None
    if ready is not None:
        ready.perform()


def publish(shell: Any, outputs: list[dict[str, Any]]) -> None:
    """Send recorded outputs to the clients, exactly as they were, for the request that is being worked on."""
    kernel, count = shell.kernel, shell.execution_count - 1
    parent = shell.get_parent() if hasattr(shell, "get_parent") else shell.parent_header
    for output in outputs:
        content = {key: value for key, value in output.items() if key != "output_type"}
        kind = output["output_type"]
        if kind == "execute_result":
            content["execution_count"] = count
        if kind in ("display_data", "execute_result"):
            content.setdefault("transient", {})
        kernel.session.send(kernel.iopub_socket, kind, content, parent=parent, ident=kernel._topic(kind))
