"""One computation of a graph of dask: what records answer, and what runs.

The graph is made over before dask's own scheduler gets it: a task that a record answers needs nothing, so what only it
needs falls away. Keys rest on the digests of what tasks have made (`settled`), which records tell before anything runs.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeAlias

import dask._task_spec as nodes

from .calls import answerable, ended, name_of, runs_apart, submitted
from .graphs import Unknown, called_in, vertex
from .key import Keys
from .memo import DIFFERS, Memo
from .parts import Key, NoKey, Pending, settled
from .policies import Policies
from .printed import Printed, captured, print_again, texts_of
from .records import Outcome, Record
from .results import Result
from .tied import Tied

Name: TypeAlias = Any
"""Of a task in a graph, by which dask knows it."""
OWNED = "owned"
"""Said of a task whose result is of a class of the user's own (`Result.owned`)."""


class _Task:
    """A task of the graph."""

    def __init__(self, node: Any, policies: Policies) -> None:
        self.node = node
        self.needs: tuple[Name, ...] = tuple(sorted(node.dependencies, key=repr))
        self.called = called_in(node)
        rule = policies.rule(function=name_of(self.called))
        self.rule = rule._replace(verify=float(random.random() < rule.verify))
        """Whether it runs to be compared is drawn once."""
        self.key: Key | NoKey = NoKey("it is given what is not known yet")
        """By which it is looked for."""
        self.unsettled = ""
        """The digest of its key without what it is given by others; empty until that is known, and if it has none."""
        self.occurrence = 0
        self.digest = ""
        """Of what it gives, by its record, which was not loaded yet."""
        self.result: Result | None = None
        """What it gives, if that is at hand before anything has run."""
        self.record: Record | None = None
        """What has answered it."""

    @property
    def is_foreseen(self) -> bool:
        """Whether it needs nothing of others, as far as is known before anything has run."""
        return not isinstance(self.node, nodes.Alias) and (bool(self.digest) or self.result is not None)

    @property
    def given(self) -> Result | None:
        """What stands for what it gives in the keys of others, as far as that is known before anything has run."""
        return Result.told(self.digest) if self.digest else self.result


class Computing:
    """One computation."""

    def __init__(self, memo: Memo, graph: Mapping[Name, Any], pool: Executor | None) -> None:
        self._memo, self._graph, self._pool = memo, graph, pool
        self._apart = pool is not None and runs_apart(pool)
        self._place, self._occurrences = memo.place, memo.occurrences
        self._keys = Keys()
        self._keys.count_versions(memo.policies.packages, memo.policies.python)
        self._lock = threading.Lock()
        self._tasks: dict[Name, _Task] = {}
        self._again: dict[Name, Result] = {}
        """What tasks gave that ran though the plan said that they are answered: their records are gone since."""

    # -- before anything runs -----------------------------------------------------------------------------------------

    def plan(self, targets: list[Name]) -> dict[Name, Any]:
        """Return the graph that makes the targets out of what is recorded."""
        for name in self._ordered(targets):
            task = self._tasks[name] = _Task(self._graph[name], self._memo.policies)
            self._foresee(task)
        plan: dict[Name, Any] = {}
        left = list(targets)
        while left:
            name = left.pop()
            if name not in plan:
                task = self._tasks[name]
                needs = () if task.is_foreseen else task.needs
                plan[name] = nodes.Task(name, partial(self._step, name), *[nodes.TaskRef(need) for need in needs])
                left += needs
        return plan

    def _ordered(self, targets: list[Name]) -> list[Name]:
        """Return the tasks that the targets need, each after those that it needs."""
        ordered: dict[Name, None] = {}
        left = [(name, False) for name in reversed(targets)]
        while left:
            name, is_ready = left.pop()
            if is_ready:
                ordered[name] = None
            elif name not in ordered:
                left.append((name, True))
                left += [(need, False) for need in sorted(self._graph[name].dependencies, key=repr)]
        return list(ordered)

    def _foresee(self, task: _Task) -> None:
        """Make the key of a task, and find what it gives by its record, if both can be known now."""
        if isinstance(task.node, nodes.DataNode):
            task.result = Result(task.node.value)
            return
        given = {name: one for name in task.needs if (one := self._tasks[name].given) is not None}
        if len(given) < len(task.needs):
            return
        if isinstance(task.node, nodes.Alias):
            target = self._tasks[task.node.target]
            task.digest, task.result = target.digest, target.result
            return
        self._identify(task, given)
        if isinstance(task.key, Key) and self._memo.answers(task.rule) and not task.rule.verify:
            task.digest = self._memo.made(task.key, task.occurrence, unless=OWNED) or ""
            task.result = None if task.digest else self._find(task)

    def _identify(self, task: _Task, given: Mapping[Name, Result]) -> None:
        """Make the key by which a task is looked for, which is given this."""
        key, made = self._key(task, given)
        if isinstance(key, Key):
            key = self._memo.scoped(key, self._place)
            task.unsettled, task.occurrence = key.digest, self._occurrences.next(key)
            key = settled(key, made)
        task.key = key

    def _key(self, task: _Task, given: Mapping[Name, Result]) -> tuple[Key | NoKey, dict[str, str]]:
        """Return the key of a task without what it is given by others, or why it has none; and digests of that."""
        values = {name: None if one.digest else one.take() for name, one in given.items()}
        try:
            found = vertex(task.node, values, [name for name, one in given.items() if one.digest])
        except Unknown as why:
            return NoKey(str(why)), {}
        made = {name: given[key].digest for key, name in found.names.items()}
        function, args = found.call
        with self._lock:
            inputs = {name: Pending(name) for name in made}
            key = self._keys.key(function, args, inputs=inputs, salt=f"dask_get {found.version}")
        return key if isinstance(key, NoKey) else answerable(self._memo, key, args, apart=self._apart), made

    def _find(self, task: _Task) -> Result | None:
        """Return what the record of a task holds; None if it has to run."""
        if isinstance(task.key, NoKey):
            return None
        record = self._memo.find(task.key, occurrence=task.occurrence, rule=task.rule)
        if record is None or record.result is None:
            return None
        try:
            result, texts = Result.loaded(record.result), texts_of(record.stdout)
        except Exception:  # of a class that is not there any more, or has changed
            return None
        print_again(texts)
        task.record = record
        self._tell(task, result)
        return result

    def _tell(self, task: _Task, result: Result) -> None:
        """Take note of what stands for the result of a task that is recorded."""
        if isinstance(task.key, Key) and not result.is_owned:
            result.digest = self._memo.made(task.key, task.occurrence, unless=OWNED) or ""

    # -- while it runs ------------------------------------------------------------------------------------------------

    def _step(self, name: Name, *made: Result) -> Result:
        """Return what a task gives, by its record, or because it runs. In one of dask's threads."""
        task = self._tasks[name]
        if isinstance(task.node, nodes.Alias):
            return made[0]
        if not task.is_foreseen:
            return self._give(task, dict(zip(task.needs, made, strict=True)))
        result = task.result or self._find(task)
        if result is None:  # its record is gone since: so is what it is given
            return self._make(name)
        if task.record is not None:
            submitted(self._memo, self._place, task.called, task.rule, task.key, task.occurrence, task.record)
        return result

    def _make(self, name: Name) -> Result:
        """Return what a task gives of which the plan did not know that it has to run."""
        task = self._tasks[name]
        if isinstance(task.node, nodes.Alias):
            return self._make(task.node.target)
        with self._lock:
            known = self._again.get(name) or task.result
        if known is None:
            known = self._give(task, {need: self._make(need) for need in task.needs})
            with self._lock:
                known = self._again.setdefault(name, known)
        return known

    def _give(self, task: _Task, given: dict[Name, Result]) -> Result:
        """Answer a task which is given this, or have it run."""
        if not task.unsettled:
            self._identify(task, given)
        result = self._find(task)
        if result is not None:
            submitted(self._memo, self._place, task.called, task.rule, task.key, task.occurrence, task.record)
            return result
        tracked = submitted(self._memo, self._place, task.called, task.rule, task.key, task.occurrence)
        if tracked is not None:
            tracked.is_running = True
        begin = time.time()
        try:
            printed = self._run(task, {name: one.take() for name, one in given.items()})
        except BaseException as error:
            ended(self._memo, tracked, error, began=begin, seconds=time.time() - begin)
            raise
        result, note = self._record(task, given, printed, begin)
        ended(self._memo, tracked, note=note, began=begin, seconds=time.time() - begin)
        return result

    def _run(self, task: _Task, values: dict[Name, Any]) -> Printed:
        """Have a task run."""
        if self._pool is None:
            return Printed(task.node(values), [])
        if self._apart:
            printed: Printed = self._pool.submit(captured, task.node, (values,), {}).result()
            return printed
        return Printed(self._pool.submit(task.node, values).result(), [])

    def _record(self, task: _Task, given: Mapping[Name, Result], printed: Printed, begin: float) -> tuple[Result, str]:
        """Record what a task has given; return that, and why it is not recorded, or something else to be told."""
        if isinstance(task.key, NoKey):
            return Result(printed.here().value), task.key.reason
        try:
            result = Result.saved(printed.value) if printed.data is None else Result.loaded(printed.data)
        except Tied as why:  # others get it itself: there is no copy of what it is tied to
            return Result(printed.value), str(why)
        except Exception:  # what it gave can't be pickled, or loaded: nothing that concerns the user
            return Result(printed.here().value), "what it returned can't be saved"
        key, _ = self._key(task, given)
        if isinstance(key, NoKey) or self._memo.scoped(key, self._place).digest != task.unsettled:
            return result, "what it was given, or what its code reads, changed while it ran"
        outcome = Outcome(
            result.data,
            printed.written(),
            submitted=begin,
            started=printed.began or begin,
            finished=printed.began + printed.seconds if printed.began else time.time(),
            category=task.rule.category,
            resources={OWNED: result.is_owned},
        )
        options: dict[str, Any] = {"occurrence": task.occurrence, "rule": task.rule, "place": self._place}
        if not self._memo.record(task.key, outcome, **options):
            return result, self._memo.trouble or "it is not recorded, by policy"
        self._tell(task, result)
        return result, DIFFERS if self._memo.differs(task.key, task.occurrence) else ""
