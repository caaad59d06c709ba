"""The agent: attached to a stock IPython kernel, it puts the observers in place and says what is recorded."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbrewind import unpatched
from nbrewind._version import __version__
from nbrewind.kernel import log
from nbrewind.kernel.hooks import Hooks
from nbrewind.kernel.substitute import Substitution
from nbrewind.kernel.tasks import Tasks
from nbrewind.model import PROTOCOL, TaskWay, new_id
from nbrewind.store import Notebook, Store, StoreError

if TYPE_CHECKING:
    from nbrewind.kernel.recorder import Recorder

MODES = ("audit", "repeat", "off")

_agent: Agent | None = None


class AttachError(Exception):
    """Recording can't start here. One line says why, and what to do."""


class Agent:
    """What is attached to one kernel."""

    def __init__(self, shell: Any, notebook: str, store: str | None, mode: str) -> None:
        """Prepare to record ``shell``; use `attach` instead."""
        self.shell = shell
        self.session = new_id()
        self.mode = mode
        self.path = notebook
        self.error = ""
        """Why nothing is recorded, in one line; empty if all is well."""
        self.unanswered = ""
        """Why no record answers though the mode is repeat, in a sentence; empty if they do."""
        self.store: Store | None = None
        self.recorder: Recorder | None = None
        self.hooks: Hooks | None = None
        self.tasks: Tasks | None = None
        self.substitution = Substitution(shell)
        try:
            self.store = Store.open(store)
            index = _index(self.store, notebook)
            from nbrewind.kernel.recorder import Recorder
            from nbrewind.kernel.steps import Steps
            from nbrewind.kernel.texts import Texts

            self.recorder = Recorder(shell, self.store, index, self.session)
            self.recorder.steps = Steps(self.recorder, self.substitution)
            self.texts = Texts(self.recorder)
            folder = self.recorder.folder
            tasks = Tasks(shell.kernel, self.store, self.session, index.id, folder, self._ignore)
            self.tasks, self.recorder.logs = tasks, tasks.logs
            self.recorder.software.elsewhere = lambda: tasks.modules
        except (StoreError, OSError) as error:
            self.error = str(error)
            self.mode = "off"
        except Exception as error:  # whatever it is, it must not be the user's problem
            log.quiet("attaching", error)
            self.error = f"recording could not start: {type(error).__name__}: {error}"
            self.mode = "off"

    def install(self) -> None:
        """Put the observers in place."""
        from nbrewind.kernel import magics

        magics.register(self.shell)
        if self.recorder is None:
            return
        if self.tasks is not None and self.mode != "off":
            self.tasks.install()
        self.recorder.install()
        self.texts.install()
        self.hooks = Hooks(self.shell, _Switch(self), self.substitution.interrupt)
        self.hooks.register()
        self._set_replayer()

    def remove(self) -> None:
        """Take them away; what was recorded stays."""
        from nbrewind.kernel import magics

        magics.unregister(self.shell)
        if self.hooks is not None:
            self.hooks.unregister()
        if self.recorder is not None:
            self.texts.remove()
            self.recorder.remove()
        if self.tasks is not None:
            self.tasks.remove()
        if self.store is not None:
            self.store.close()

    def _ignore(self, folder: str) -> None:
        """Leave out of runs what happens below a folder from now on: a library keeps its own files there."""
        from nbrewind.kernel import effects

        if self.recorder is not None:
            self.recorder.ignored += (os.path.realpath(folder),)
            effects.ignore(folder)

    def set_mode(self, mode: str) -> str:
        """Change the mode. Returns what it means from now on, in a sentence."""
        if self.error:
            return f"Nothing is recorded: {self.error}"
        if self.recorder is not None and self.mode == "off" and mode != "off":
            self.recorder.outside("recording was off")
        if self.tasks is not None and "off" in (mode, self.mode) and mode != self.mode:
            (self.tasks.remove if mode == "off" else self.tasks.install)()
        self.mode = mode
        self._set_replayer()
        words = {
            "audit": "Every run is recorded.",
            "repeat": "Every run is recorded; a cell that a recorded run answers is not run, its results are loaded.",
            "off": "Nothing is recorded from now on.",
        }
        return self.unanswered or words[mode]

    def _set_replayer(self) -> None:
        if self.recorder is None:
            return
        self.recorder.replayer, self.unanswered = None, ""
        from nbrewind.planning.policies import PolicyError, policies_of

        way: TaskWay = "repeat" if self.mode == "repeat" else "audit"
        metadata = _metadata(self.path)
        self.recorder.limits.never = _never(metadata)
        try:
            policies = policies_of(metadata, place=os.path.basename(self.path))
        except PolicyError as error:
            self.unanswered = f"No record answers in this kernel: {error}"
            if self.tasks is not None:
                self.tasks.set_way("run")
            return
        if self.tasks is not None:
            self.tasks.set_policies(policies)
            self.tasks.set_way(way)
        if self.mode == "repeat":
            from nbrewind.kernel.replay import Replayer

            self.recorder.replayer = Replayer(self.recorder, self.substitution, policies)

    def handshake(self) -> dict[str, Any]:
        """Return what a client checks before it trusts the records; plain data."""
        return {
            "agent": __version__,
            "protocol": PROTOCOL,
            "python": platform.python_version(),
            "session": self.session,
            "mode": self.mode,
            "store": str(self.store.directory) if self.store else "",
            "store_nonce": self.store.nonce if self.store else "",
            "notebook": self.path,
            "head": self.recorder.head if self.recorder else "",
            "error": self.error,
        }

    def status(self) -> dict[str, Any]:
        """Return the handshake, the number of recorded runs, and the last failure of recording in words."""
        recorder = self.recorder
        return {
            **self.handshake(),
            "runs": recorder.number if recorder else 0,
            "failure": (recorder.failure or recorder.saver.failure if recorder else "") or log.last,
        }

    def describe(self) -> str:
        """Return the status as a few lines for people."""
        if self.error:
            return f"nbrewind records nothing: {self.error}"
        found = self.status()
        lines = [
            f"nbrewind {found['agent']}, mode {found['mode']}",
            f"  notebook    {found['notebook']}",
            f"  store       {found['store']}",
            f"  session     {found['session']}, {found['runs']} runs recorded",
            f"  checkpoint  {found['head'] or 'none yet'}",
        ]
        if self.unanswered:
            lines.append(f"  {self.unanswered}")
        if found["failure"]:
            lines.append(f"  last failure: {found['failure']}")
        return "\n".join(lines)


class _Switch:
    """Passes runs on to the recorder while recording is on."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._pid = os.getpid()

    def before(self) -> None:
        if self._agent.recorder is not None and os.getpid() == self._pid:
            self._agent.recorder.finish()

    def begin(self, entry: Any) -> None:
        recorder = self._agent.recorder
        if recorder is None or self._agent.mode == "off" or os.getpid() != self._pid:
            entry.extra["skip"] = True
            if recorder is not None:
                recorder.steps.pass_by(entry)
            return
        if self._agent.tasks is not None:
            self._agent.tasks.begin(getattr(entry.info, "cell_id", None) or "")
        recorder.begin(entry)

    def end(self, entry: Any, result: Any) -> None:
        self._agent.substitution.disarm()
        recorder = self._agent.recorder
        if recorder is not None and os.getpid() == self._pid:
            if self._agent.tasks is not None:
                self._agent.tasks.end()
                if not entry.extra.get("skip"):
                    entry.extra["tasks"] = self._agent.tasks.take()
            recorder.end(entry, result)

    def outside(self, reason: str) -> None:
        if self._agent.recorder is not None and os.getpid() == self._pid:
            self._agent.recorder.outside(reason)


def attach(
    ip: Any = None,
    *,
    notebook: str | os.PathLike[str] | None = None,
    store: str | os.PathLike[str] | None = None,
    mode: str | None = None,
) -> Agent:
    """Start recording in this kernel. Attaching again changes nothing but the mode, where one is given.

    Args:
        ip: the IPython shell; by default that of this process.
        notebook: path of the notebook; by default ``$NBREWIND_NOTEBOOK``, else ``$JPY_SESSION_NAME``, else a name
            of its own in the working directory.
        store: directory of the store; by default ``$NBREWIND_STORE``, else under Jupyter's data directory.
        mode: ``audit``, ``repeat`` or ``off``; by default ``$NBREWIND_MODE``, else ``audit``.

    Raises:
        AttachError: not called in an IPython kernel, or wrong arguments.
    """
    global _agent
    shell = ip if ip is not None else _shell()
    if shell is None or not hasattr(getattr(shell, "kernel", None), "iopub_thread"):
        raise AttachError("nbrewind records IPython kernels (ipykernel) only, and this is none")
    chosen = mode or os.environ.get("NBREWIND_MODE") or "audit"
    if chosen not in MODES:
        raise AttachError(f"unknown mode {chosen!r}: use {', '.join(MODES)}")
    path = _notebook_path(notebook)
    if _agent is not None and not _agent.error and _agent.shell is shell and path in ("", _agent.path):
        if store is None or _agent.store is None or Path(store).resolve() == _agent.store.directory.resolve():
            if mode is not None and mode != _agent.mode:
                _agent.set_mode(mode)
            return _agent
    detach(shell)
    _agent = Agent(shell, path or _own_path(), os.fspath(store) if store is not None else None, chosen)
    _agent.install()
    return _agent


def detach(ip: Any = None) -> None:
    """Stop recording. What was recorded stays."""
    global _agent
    if _agent is not None and (ip is None or _agent.shell is ip):
        agent, _agent = _agent, None
        agent.remove()


def current() -> Agent | None:
    """Return the agent attached to this process's kernel, if there is one."""
    return _agent


def status() -> dict[str, Any]:
    """Return what is recorded in this kernel, and where; ``error`` says why if nothing is."""
    return _agent.status() if _agent is not None else {"mode": "off", "error": "not attached: call nbrewind.attach()"}


def load(shell: Any) -> None:
    """Start recording, as ``%load_ext nbrewind`` does: what prevents it is said once, in one line."""
    try:
        agent = attach(shell)
    except AttachError as error:
        print(error, file=sys.stderr)
        return
    if agent.error:
        print(f"nbrewind records nothing: {agent.error}", file=sys.stderr)
    elif agent.unanswered:
        print(agent.unanswered, file=sys.stderr)


def _shell() -> Any:
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    return get_ipython()


def _notebook_path(given: str | os.PathLike[str] | None) -> str:
    found = os.fspath(given) if given is not None else ""
    found = found or os.environ.get("NBREWIND_NOTEBOOK", "") or os.environ.get("JPY_SESSION_NAME", "")
    return os.path.abspath(found) if found else ""


def _own_path() -> str:
    return os.path.abspath(f"kernel-{os.getpid()}-{new_id()}.ipynb")


def _index(store: Store, path: str) -> Notebook:
    found = store.notebook(path, create=False)
    if found is None:
        found = store.notebook(path, cells=_cell_ids(path))
    if found is None:
        raise StoreError(f"{path} could not be registered in the store at {store.directory}")
    return found


def _cell_ids(path: str) -> list[str]:
    try:
        return [str(cell["id"]) for cell in _content(path)["cells"] if "id" in cell]
    except (KeyError, TypeError):
        return []


def _metadata(path: str) -> dict[str, Any]:
    """Return the metadata of a notebook's file; nothing where there is none yet."""
    found = _content(path).get("metadata")
    return found if isinstance(found, dict) else {}


def _content(path: str) -> dict[str, Any]:
    """Return what is in a notebook's file; nothing where it can't be read."""
    try:
        with unpatched.open(path, encoding="utf-8") as stream:
            found = json.load(stream)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _never(metadata: Mapping[str, Any]) -> frozenset[str]:
    """Return the variables that are never recorded, by the notebook's metadata; what is no list of names is none."""
    own = metadata.get("nbrewind")
    names = own.get("never_record") if isinstance(own, Mapping) else None
    return frozenset(name for name in names if type(name) is str) if isinstance(names, list) else frozenset()
