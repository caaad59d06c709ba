"""Tasks that cells submit: answered and recorded by `nbrewind.tasks`, once a library of tasks is imported."""

from __future__ import annotations

import atexit
import importlib.util
import sys
from collections import Counter
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nbrewind.kernel.log import quiet
from nbrewind.kernel.stand_in import TASKVINE, StandIn
from nbrewind.model import RunTasks, TaskWay
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies
from nbrewind.store import Store, StoreError

if TYPE_CHECKING:
    from nbrewind.kernel.live_tasks import LiveNews
    from nbrewind.store.task_logs import TaskLog
    from nbrewind.tasks import Mark, Memo
    from nbrewind.tasks import Policies as TaskPolicies
    from nbrewind.tasks.policies import Trust

CORE = "nbrewind.tasks.current"
MARKS: dict[str, Mark] = {
    "clock": "clock",
    "network": "network",
    "processes": "subprocess",
    "randomness": "randomness",
}
"""By policies of the notebook, what the code of tasks can reach that they speak of."""
ALWAYS = ("clock", "network", "randomness")
"""In audits, tasks whose code can reach this run, unless the user has said otherwise."""


class Tasks:
    """The doors of one kernel. Nothing is loaded before a library of tasks is."""

    def __init__(
        self, kernel: Any, store: Store, session: str, notebook: str, folder: str, ignore: Callable[[str], None]
    ) -> None:
        """Keep records of tasks in ``store``.

        Args:
            kernel: in which they are submitted.
            store: where.
            session: id of the kernel session.
            notebook: id of the notebook from which they are submitted.
            folder: where relative paths begin.
            ignore: is told of folders where libraries of tasks keep files of their own.
        """
        self._kernel = kernel
        self._store = store
        self._session = session
        self._notebook = notebook
        self._folder = folder
        self._ignore = ignore
        self._watchers = [_Watcher(CORE, self._begin_memo), _Watcher(TASKVINE, self._open_door)]
        self._stand_in = StandIn(self._may_stand_in, self._open_door)
        self._memo: Memo | None = None
        self._news: LiveNews | None = None
        self._way: TaskWay = "audit"
        self._said = DEFAULT_POLICIES
        self._counts: dict[str, int] = {}
        self.modules: set[str] = set()
        """The top-level modules that tasks of this kernel have loaded in workers."""

    def install(self) -> None:
        """Wait for a library of tasks to be imported."""
        for watcher in self._watchers:
            watcher.install()

    def remove(self) -> None:
        """Let all tasks run unrecorded from now on."""
        for watcher in self._watchers:
            watcher.remove()
        self._stand_in.remove()
        if self._memo is not None:
            from nbrewind.tasks import set_memo
            from nbrewind.tasks.vine import close_door

            close_door()
            set_memo(None)
            self._memo = None
        if self._news is not None:
            self._news.close()
            atexit.unregister(self._news.close)

    def _begin_memo(self, _: ModuleType) -> None:
        """Have all doors of this kernel use one memo; the core of the doors has been imported."""
        from nbrewind.kernel.live_tasks import LiveNews
        from nbrewind.tasks.current import set_memo
        from nbrewind.tasks.journal import Journal
        from nbrewind.tasks.memo import Memo
        from nbrewind.tasks.seen import here
        from nbrewind.tasks.vine.views import views

        self._memo = Memo(self._store, policies=self._policies(), look=here(self._folder))
        self._news = LiveNews(self._kernel, self._store, self._session, self._notebook, views)
        self._memo.journal = self._news.journal = Journal(self._memo, self._news.soon, self._news.now)
        atexit.register(self._news.close)
        set_memo(self._memo)

    def _open_door(self, vine: ModuleType) -> None:
        """Build the door to TaskVine, which has been imported."""
        try:
            from nbrewind.tasks.vine import install, open_door

            install(vine)
            assert self._memo is not None
            door = open_door(self._memo, folder=self._folder)
            door.ignore = self._ignore
        except Exception as error:  # whatever it is, tasks go on as without
            quiet("building the door to TaskVine", error)

    def _may_stand_in(self) -> bool:
        """Whether a stand-in may be imported where TaskVine is not installed, in a repeat."""
        try:
            return self._way == "repeat" and self._store.tasks.any()
        except StoreError:
            return False

    def set_way(self, way: TaskWay) -> None:
        """Say what becomes of recorded tasks from now on."""
        self._way = way
        if way == "repeat":
            self._stand_in.install()
        self._apply()

    def set_policies(self, policies: Policies) -> None:
        """Say what the notebook's user leaves to the records from now on."""
        self._said = policies
        self._apply()

    def _apply(self) -> None:
        if self._memo is not None:
            self._memo.policies = self._policies()

    def _policies(self) -> TaskPolicies:
        from nbrewind.tasks.policies import Policies as TaskPolicies

        said = self._said
        marks: dict[Mark, Trust] = {}
        for name, mark in MARKS.items():
            if name in said.given:
                marks[mark] = getattr(said, name)
            elif self._way == "audit" and name in ALWAYS:
                marks[mark] = "run"
        return TaskPolicies(
            use=said.tasks,
            categories=said.categories,
            marks=marks,
            verify=said.verify,
            packages=said.packages,
            python=said.python,
            answers=self._way != "run",
        )

    def begin(self, cell: str) -> None:
        """Take note of the cell that runs."""
        if self._memo is not None:
            from nbrewind.tasks import Place
            from nbrewind.tasks.vine.parts import next_turn

            next_turn()
            self._memo.begin(Place(self._notebook, cell))

    def end(self) -> None:
        """Have what was recorded of tasks safely on disk: the run that submitted them is recorded next."""
        if self._memo is None:
            return
        from nbrewind.tasks.vine.door import current

        door = current()
        events = door.take_events() if door is not None else []
        if door is not None and not door.modules <= self.modules:
            self.modules = self.modules | door.modules
        try:
            self._memo.flush()
        except StoreError as error:
            quiet("recording tasks", error)
        for event in events:
            self._counts[event.action] = self._counts.get(event.action, 0) + 1

    def take(self) -> RunTasks | None:
        """Return what the record of the run that has ended is to tell of tasks; None if there were none."""
        journal = self._memo.journal if self._memo is not None else None
        try:
            return journal.take() if journal is not None else None
        except Exception as error:  # whatever it is, the run is recorded without
            quiet("telling of tasks", error)
            return None

    def logs(self) -> list[TaskLog]:
        """Return what managers of this kernel have logged since this was asked last."""
        if self._memo is None:
            return []
        from nbrewind.tasks.vine.logs import collect, limit

        most = limit()
        return list(collect(most)) if most else []

    def counts(self) -> dict[str, int]:
        """Return how many tasks of this session were answered, ran or failed.

        ``differing``: how many gave something else than their records; ``stand-in``: TaskVine is absent.
        """
        counts = Counter(self._counts)
        if self._memo is not None:
            counts["differing"] = len(self._memo.differing)
            if self._memo.journal is not None:
                counts.update(self._memo.journal.calls())
        counts["stand-in"] = int(self._stand_in.used)
        return dict(+counts)


class _Watcher:
    """An entry of `sys.meta_path` that finds nothing itself: it tells when a module has been imported."""

    def __init__(self, name: str, then: Callable[[ModuleType], None]) -> None:
        self._name = name
        self._then = then
        self._asking = False

    def install(self) -> None:
        """Begin to watch, or tell at once."""
        if self._name in sys.modules:
            self._then(sys.modules[self._name])
        else:
            sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return how others load the module, and be told when it is done."""
        if name != self._name or self._asking:
            return None
        self._asking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self)  # type: ignore[assignment]
        return spec

    def loaded(self, module: ModuleType) -> None:
        """Tell of a module, and stop to watch."""
        self.remove()
        self._then(module)

    def remove(self) -> None:
        """Stop to watch."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)


class _Loader:
    """Loads a module as its own loader does."""

    def __init__(self, own: Any, watcher: _Watcher) -> None:
        self._own = own
        self._watcher = watcher

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Make the module."""
        made: ModuleType | None = self._own.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        """Load it; nothing is left that tells of this loader."""
        module.__loader__ = self._own
        if module.__spec__ is not None:
            module.__spec__.loader = self._own
        self._own.exec_module(module)
        self._watcher.loaded(module)
