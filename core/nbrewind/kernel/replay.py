"""Mode repeat in the kernel: a cell that a recorded run answers is not run, its values and outputs are brought back."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from nbrewind.analysis import source_digest
from nbrewind.kernel.hooks import Entry
from nbrewind.kernel.log import quiet
from nbrewind.kernel.substitute import Substitution
from nbrewind.model import RECORDED, CellAnalysis, Run
from nbrewind.planning.keeper import is_as_left
from nbrewind.planning.known import state_of
from nbrewind.planning.match import answer
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies
from nbrewind.planning.trace import asked_results, read_names
from nbrewind.state import Loaded, LoadError
from nbrewind.store import StoreError

if TYPE_CHECKING:
    from nbrewind.kernel.recorder import Recorder

LACKING = (
    "Out[{0}] is not known: In[{0}] was answered by its record, which does not keep it. Run that cell again after "
    "`%nbrewind audit`, or bring the notebook up to date with `nbrewind repeat`."
)

PERFORM = "__import__('nbrewind.kernel.replay', fromlist=['perform']).perform()"

_ready: Replayer | None = None


class Replayer:
    """Answers cells of one kernel from the records."""

    def __init__(self, recorder: Recorder, substitution: Substitution, policies: Policies = DEFAULT_POLICIES) -> None:
        """Answer for ``recorder``'s kernel."""
        self._recorder = recorder
        self._substitution = substitution
        self._policies = policies
        self._entry: Entry | None = None
        self._run: Run | None = None
        self._loaded: Loaded | None = None
        self._messages: list[dict[str, Any]] = []
        self._missing: list[int] = []
        """Numbers of results that cells showed which were answered, and that IPython does not have."""

    def prepare(self, entry: Entry, analysis: CellAnalysis) -> None:
        """Look for a run that answers the cell that starts now, load it beside the namespace, and substitute the cell.

        Everything that can fail happens here: where it does, the cell runs as it is.
        """
        global _ready
        recorder = self._recorder
        lacking = self._lacking(entry, analysis)
        if lacking:
            self._substitution.arm(f"raise RuntimeError({LACKING.format(min(lacking))!r})")
            return
        run = self._find(entry, analysis)
        if run is None:
            return
        try:
            versions = [version for version in run.writes if version.key.startswith("var:")]
            versions += [recorder.live.versions[name] for name in recorder.users(run)]
            if not all(recorder.live.has_place(version.key.removeprefix("var:")) for version in versions):
                return  # it belongs to a module that is not loaded here
            self._loaded = recorder.live.load(versions, recorder.store.fetch)
            self._messages = recorder.store.messages(run.id)
        except (LoadError, StoreError) as error:
            quiet("loading a recorded run", error)
            return
        self._entry, self._run = entry, run
        _ready = self
        self._substitution.arm(PERFORM)

    def _lacking(self, entry: Entry, analysis: CellAnalysis) -> set[int]:
        """Return the numbers of results that the cell may ask for and that IPython does not have."""
        if not self._missing:
            return set()
        recorder = self._recorder
        shown = sorted({*self._missing, *recorder.namespace.get("_oh", ())})
        names = read_names(analysis, recorder.state)
        return asked_results(analysis, names, entry.source, shown).intersection(self._missing)

    def _find(self, entry: Entry, analysis: CellAnalysis) -> Run | None:
        if analysis.prelude or analysis.error:
            return None
        recorder = self._recorder
        candidates = recorder.store.candidates(analysis.code)
        if not candidates:
            return None
        source = source_digest(entry.source)
        found = answer(candidates, analysis, source, state_of(recorder.state), recorder.world, self._policies)
        return found if isinstance(found, Run) and is_as_left(found, recorder.world) else None

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
        note(recorder.shell.kernel, run.id)
        if any(message["output_type"] == "execute_result" for message in self._messages):
            name = last_name(entry.source)
            if name in recorder.namespace:
                recorder.shell.displayhook.update_user_ns(recorder.namespace[name])
            else:
                self._missing.append(recorder.shell.displayhook.prompt_count)
        publish(recorder.shell, self._messages)


def note(kernel: Any, run: str) -> None:
    """Have the reply to the request that is being worked on say which recorded run gave it."""
    finish = kernel.finish_metadata

    def finish_once(parent: Any, metadata: dict[str, Any], content: Any) -> Any:
        vars(kernel).pop("finish_metadata", None)
        return finish(parent, {**metadata, RECORDED: run}, content)

    kernel.finish_metadata = finish_once


def last_name(source: str) -> str:
    """Return the variable that a cell shows as its result; empty if it shows something else."""
    try:
        last = ast.parse(source).body[-1:]
    except SyntaxError:
        return ""
    value = last[0].value if last and isinstance(last[0], ast.Expr) else None
    return value.id if isinstance(value, ast.Name) else ""


def perform() -> None:
    """Do what was prepared; called from the substituted cell."""
    global _ready
    ready, _ready = _ready, None
    if ready is not None:
        ready.perform()


def publish(shell: Any, messages: list[dict[str, Any]]) -> None:
    """Send what was recorded to the clients, exactly as it was, for the request that is being worked on."""
    kernel, count = shell.kernel, shell.displayhook.prompt_count
    parent = shell.get_parent() if hasattr(shell, "get_parent") else shell.parent_header
    for message in messages:
        content = {key: value for key, value in message.items() if key != "output_type"}
        kind = message["output_type"]
        if kind == "execute_result":
            content["execution_count"] = count
        if "data" in content:
            content.setdefault("transient", {})
        kernel.session.send(kernel.iopub_socket, kind, content, parent=parent, ident=kernel._topic(kind))
