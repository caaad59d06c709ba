"""Where a kernel session stands: the head, its state, and what of it is live."""

from __future__ import annotations

import importlib
import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from time import time
from typing import Any, TypeVar

import msgspec

from nbrewind.kernel.imports import Imports
from nbrewind.kernel.log import quiet
from nbrewind.kernel.own_modules import let_go, loaded
from nbrewind.kernel.saver import Saver
from nbrewind.kernel.shield import shielded
from nbrewind.kernel.snapshots import Limits
from nbrewind.kernel.software import SoftwareRecord
from nbrewind.model import DEFAULT, Action, Checkpoint, Run, Version, new_id
from nbrewind.planning.trace import HISTORY, IMPORT, LOCAL, module_of
from nbrewind.state import Ambient, Limit, LiveState, Loaded, Space, held, together
from nbrewind.store import Notebook, Store

Number = TypeVar("Number", int, float)

VAR = "var:"
SETTINGS = ("ambient:", "env:")

SECONDS, BYTES = 5.0, 4 << 30
"""What reading the values after one cell may cost by default."""


class Head:
    """The head of one session. Every kernel has its own (rule 15)."""

    def __init__(self, shell: Any, store: Store, notebook: Notebook, session: str) -> None:
        """Start at no checkpoint, with what is live in ``shell`` not known yet."""
        self.shell, self.store, self.notebook, self.session = shell, store, notebook, session
        self.saver = Saver(shell.kernel, store, notebook)
        self.software = SoftwareRecord(store, session)
        self.namespace: dict[str, Any] = shell.user_ns
        self.live = LiveState(self.namespace, self.hidden, limit())
        self.limits = Limits(_setting("NBREWIND_VALUE_BYTES", int, math.inf, "a whole number of bytes above 0"))
        self.ambient = Ambient(os.path.realpath(os.path.dirname(notebook.path)))
        self.imports = Imports()
        self.state: dict[str, Version] = {}
        """Every key to its version."""
        self.head = ""
        """Id of the checkpoint; empty before the first."""
        self.mark = ""
        """The last of the head's checkpoints that a run, an adoption or a rewind made, not a change between cells."""
        self.virtual: set[str] = set()
        """Names that the state has and the namespace has not (yet), or with another value: answered by a skip."""
        self.fresh: set[str] = set()
        """Modules of the user's own that were loaded since the last record."""
        self.gone: set[str] = set()
        """Those that are not loaded any more."""
        self.reloaded: set[str] = set()
        """Those that were loaded again into the same module: then it has another specification."""
        self._specs: dict[str, Any] = {}
        self.large: set[str] = set()
        """Top-level packages of the user's own that are loaded and too large to be looked at."""
        self._loaded = (0, "")
        self._bound = dict[str, int]()
        """Which object every name of the user's was bound to when the last run had ended, by identity."""
        self._own: frozenset[str] | None = None
        """Names that IPython had bound before the first run; None before that."""
        self._met: set[str] = set()
        """Names that were ever met in the namespace."""
        self._history: set[str] = set()
        """Those of them that are of IPython's history: there are more with every cell."""
        self._newest = (0, "")
        self._doubts: dict[str, None] = {"there were values before recording began": None}

    def reset(self, reason: str) -> None:
        """Stand at no checkpoint again, with nothing known of what is live; ``reason`` says why."""
        self.live = LiveState(self.namespace, self.hidden, limit())
        self._loaded = (0, "")
        self.ambient.restart()
        self.imports = Imports()
        self.state, self.virtual = {}, set()
        self.head = self.mark = ""
        self._doubts = {reason: None}

    def find_modules(self) -> None:
        """Look which modules of the user's own are loaded; quick if none was loaded or put away since."""
        known = self.live.space.modules
        mark = len(sys.modules), next(reversed(sys.modules), "")
        if mark != self._loaded or not all(sys.modules.get(name) is module for name, module in known.items()):
            self._loaded = mark
            found, self.large = loaded()
            self.live.space.modules = found
            self.fresh.update(name for name, module in found.items() if known.get(name) is not module)
            self.fresh &= found.keys()
            self.gone = (self.gone | known.keys()) - found.keys()
        specs = {name: held(module).get("__spec__") for name, module in self.live.space.modules.items()}
        same = (name for name, spec in specs.items() if name in self.fresh or self._specs.get(name) is spec)
        self.reloaded |= specs.keys() - same
        self._specs = specs

    def outside(self, reason: str) -> None:
        """Note that something other than a run may have changed the state."""
        self._doubts[reason] = None

    def hidden(self) -> set[str]:
        """Return the names of the namespace that are IPython's own, not the user's.

        What it hides besides those that it had bound before the first run, a run has bound (``%pylab``).
        """
        own = self.shell.user_ns_hidden
        names = own if self._own is None else self._own
        newest = len(self.namespace), next(reversed(self.namespace), "")  # a name that was not met is the last one
        if newest != self._newest:
            self._newest = newest
            new = self.namespace.keys() - self._met
            self._met |= new
            self._history.update(n for n in new if type(n) is str and n[:1] in "_IO" and HISTORY.match(n))
        found = self._history.copy()
        found.update(name for name in names if self.namespace.get(name, found) is own.get(name, own))
        found.update(("__warningregistry__", "get_ipython", "exit", "quit", "open", "__session__"))
        return found

    def take(self, writes: Iterable[Version], removed: Iterable[str]) -> None:
        """Bring the state to what it is after a run."""
        for key in removed:
            self.state.pop(key, None)
            self.virtual.discard(key.removeprefix("var:"))
        for version in writes:
            self.state[version.key] = version
            self.virtual.discard(version.key.removeprefix("var:"))

    def users(self, run: Run) -> set[str]:
        """Return live names that refer to functions or classes for which a recorded run has other versions.

        They refer to the objects as they were before, and must be loaded with those (rule 9).
        """
        held = {name: version for name, version in self.live.versions.items() if name not in self.virtual}
        written = {version.key[4:]: version for version in run.writes if version.key.startswith("var:")}
        replaced = {name for name, old in held.items() if name in written and not is_same(written[name], old)}
        others = {name: version for name, version in held.items() if name not in written}
        return self.live.dependents(replaced, others) - replaced

    def stuck(self, run: Run) -> list[str]:
        """Return those of its `users` that can't be loaded: it can't be taken over."""
        return sorted(name for name in self.users(run) if "." in name or not self.live.versions[name].loadable)

    def adopt(self, run: Run, cell: str, action: Action, record: Callable[[Checkpoint], None] | None = None) -> str:
        """Take over a recorded run's results: bound (``load``) or only known of (``skip``). Returns the checkpoint.

        ``record`` commits the checkpoint, by default as one that cites the run; with action ``run`` also the run, which
        was made elsewhere: then its results are only known of, too.
        """
        users = self.users(run) if action != "load" else set()
        away = {key.removeprefix(LOCAL) for key in run.removed if key.startswith(LOCAL)}
        with_them = [key for key in self.state if key.startswith(VAR) and module_of(key[4:], self.state) in away]
        removed = list(dict.fromkeys([*run.removed, *with_them]))
        delta = dict.fromkeys(removed, "") | {version.key: version.id for version in run.writes}
        checkpoint = Checkpoint(
            id=new_id(), parent=self.head, notebook=self.notebook.id, session=self.session, cell=cell, run=run.id,
            action=action, time=time(), delta=delta,
        )  # fmt: skip
        with shielded():
            if record is None:
                self.notebook.add_checkpoint(checkpoint, versions=run.writes)
            else:
                record(checkpoint)
            self.head = self.mark = checkpoint.id
            held = {name: version for name, version in self.live.versions.items() if name not in self.virtual}
            self.take(run.writes, removed)
        if away:
            let_go(self, away)
            self.live.install(Loaded({}, {}), remove=[key[4:] for key in with_them])
            self.gone -= away
        for version in run.writes:
            if version.key.startswith(("ambient:", "env:")):
                failure = self.restore_setting(version.key, version, run.imports)
                if failure:
                    self.outside(f"{version.key.partition(':')[2]} could not be brought back: {failure}")
            if version.key.startswith(IMPORT) and (failure := self.imports.bring(version.key.removeprefix(IMPORT))):
                self.outside(f"{version.key.removeprefix(IMPORT)} could not be imported: {failure}")
        if action != "load":
            written = {version.key[4:]: version for version in run.writes if version.key.startswith("var:")}
            bound = {name for name, version in written.items() if name in held and is_same(version, held[name])}
            self.live.versions.update({name: written[name] for name in bound})
            self.virtual.update(written.keys() - bound, users)
            gone = {key[4:] for key in run.removed if key.startswith("var:")} | users
            gone |= {name for name in written.keys() - bound if "." not in name}  # a module works with what it has
            gone &= self.live.bound.keys()
            if gone:  # an older value must not be met, nor taken for what a later run made
                self.live.install(Loaded({}, {}), remove=sorted(gone))
        self.settle()
        if record is None:
            self.saver.take_over([checkpoint.id])
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
        else:
            self.ambient.versions.pop(key, None)
        return ""

    def move(self, checkpoint: str, state: dict[str, Version], *, virtual: set[str]) -> None:
        """Move the head, as a rewind does."""
        with shielded():
            self.notebook.set_head(self.session, checkpoint)
            self.head = self.mark = checkpoint
            self.state, self.virtual = dict(state), virtual
            self.fresh, self.gone, self.reloaded = set(), set(), set()
        self.settle()

    def reknown(self, run: str, changed: Mapping[str, Version]) -> dict[str, Version]:
        """Return new versions of live values of which the head says less than is known."""
        found = {}
        for name, version in self.live.versions.items():
            held = self.state.get("var:" + name)
            if name not in changed and name not in self.virtual and (held is None or held.id != version.id):
                found[name] = renew(version, run)
        return found

    def rebound(self, names: Iterable[str], run: str) -> dict[str, Version]:
        """Return new versions of live values under names that ``run`` bound: it made them, though they are equal."""
        live = {name: self.live.versions.get(name) for name in names if name in self.namespace}
        return {name: renew(version, run) for name, version in live.items() if version is not None}

    def renamed(self) -> set[str]:
        """Return the names that are bound to another object than when the last run had ended, or gone."""
        hidden = self.hidden()
        now = self._identities()
        changed = now.items() ^ self._bound.items() if now != self._bound else ()
        return {name for name, _ in changed} - hidden

    def settle(self) -> None:
        """Take the names as they are bound now for those of the last run."""
        self._bound = self._identities()

    def _identities(self) -> dict[str, int]:
        """Return which object every name is bound to, without IPython's history, by identity."""
        bound = self.live.bound
        found = bound.flat() if isinstance(bound, Space) else dict(bound)  # threads of the user's may add names
        history = self._history
        return {name: id(value) for name, value in found.items() if name not in history}


def limit() -> Limit:
    """Return what reading the values after one cell may cost: by the environment, else the default."""
    return Limit(
        _setting("NBREWIND_CELL_SECONDS", float, SECONDS, "a number of seconds above 0"),
        _setting("NBREWIND_CELL_BYTES", int, BYTES, "a whole number of bytes above 0"),
    )


def _setting(name: str, kind: Callable[[str], Number], default: Number, what: str) -> Number:
    """Return a number from the environment; where it is none, say so, once, and return the default."""
    text = os.environ.get(name, "")
    try:
        found = kind(text) if text else default
    except ValueError:
        found = kind("0")
    if found > 0:
        return found
    used = f"{default:g} is used" if default < math.inf else "it is not used"
    message = f"{name} is {text!r}, which is not {what}: {used}"
    quiet("reading a setting", message)
    print(f"nbrewind: {message}", file=sys.stderr)
    return default


def variables(state: Mapping[str, Version]) -> dict[str, Version]:
    """Return the variables of a state, by name."""
    return {key[4:]: version for key, version in state.items() if key.startswith(VAR)}


def belonging(names: Iterable[str], known: Mapping[str, Version]) -> set[str]:
    """Return names with those that must be bound with them: their groups and the definitions that they need."""
    return together(names, known).intersection(known)


def environment_first(key: str) -> tuple[bool, str]:
    """Return by what keys of settings are sorted: the environment comes first, other settings use it."""
    return not key.startswith("env:"), key


def is_same(one: Version, other: Version) -> bool:
    """Whether two versions of a name are proved to be the same value, in the same group."""
    exact = one.digest.startswith("b3:") and one.digest == other.digest and one.members == other.members
    return one.id == other.id or exact


def renew(version: Version, run: str) -> Version:
    """Return the same value as made anew by ``run``."""
    return msgspec.structs.replace(version, id=new_id(), run=run, sets=(), base="")
