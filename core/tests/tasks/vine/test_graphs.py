"""Graphs of dask, submitted by `DaskVine`: their tasks are recorded and answered. With a real manager and worker."""

from __future__ import annotations

from functools import partial

import pytest
from tasks.programs import cell

from nbrewind.tasks import Keys, NoKey, Pending
from nbrewind.tasks.graphs import Unknown
from nbrewind.tasks.vine.graphs import vertex

dask = pytest.importorskip("dask")

WORK = """
import dask
def load(n): return list(range(n))
def double(values): return [2 * value for value in values]
def total(parts): return sum(sum(part) for part in parts)
def graph():
    parts = [dask.delayed(double)(dask.delayed(load)(n)) for n in (2, 3, 4)]
    return dask.delayed(total)(parts)
"""


@pytest.fixture
def get(session):
    """Compute what a program's `graph` gives, by a new manager; without a worker, only records can answer."""

    def compute(source: str, *, worker: bool, **options):
        session.begin()
        manager = session.vine.DaskVine(0, run_info_path=str(session.folder / "info"))
        session.managers.append(manager)
        if worker:
            session.worker(manager)
        made = cell(source)["graph"]()
        (found,) = manager.get(dict(made.__dask_graph__()), [made.key], progress_disable=True, retries=1, **options)
        assert worker or manager.__dict__.get("_taskvine") is None  # it has opened no socket
        return found, session.actions()

    return compute


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_graphs_of_dask(get):
    """Results stay in the cluster, but for the last; dask's own names are new each time."""
    get = partial(get, resources={"cores": 1})
    assert get(WORK, worker=True) == (20, ["ran"] * 7)
    assert get(WORK, worker=False) == (20, ["answered"] * 7)
    # What is answered, and no longer in the cluster, is made again for what needs it.
    found, actions = get(WORK.replace("2 * value", "3 * value"), worker=True)
    assert (found, actions.count("answered")) == (30, 3)


def test_graphs_of_dask_as_calls_of_a_library(get):
    get = partial(get, task_mode="function-calls", lib_resources={"cores": 1, "slots": 1})
    assert get(WORK, worker=True) == (20, ["ran"] * 7)
    assert get(WORK, worker=False) == (20, ["answered"] * 7)
    found, actions = get(WORK.replace("2 * value", "3 * value"), worker=True)
    assert (found, actions.count("answered")) == (30, 3)


def key(source, name="total"):
    """Return the key of the task of a program's graph that calls a function."""
    dag = pytest.importorskip("ndcctools.taskvine.dask_dag").DaskVineDag(dict(cell(source)["graph"]().__dask_graph__()))
    dag.set_targets([])
    (node,) = [node for node in dag._working_graph.values() if node.func.__name__ == name]
    given = {needed: f"{needed}.p" for needed in dag.get_dependencies(node.key)}
    (function, args), names, salt = vertex((None, node, given, list(given)))
    inputs = {stands: Pending(stands) for stands in names.values()}
    return Keys().key(function, args, inputs=inputs, salt=salt)


def test_keys_of_vertices():
    assert key(WORK) == key(WORK)
    assert not isinstance(key(WORK), NoKey)
    for old, new in {
        "sum(sum(part) for part in parts)": "len(parts)",
        "(2, 3, 4)": "(2, 3)",
        "(total)(parts)": "(total)(parts[::-1])",
        "(total)(parts": "(total)((parts[0], parts[0], parts[2])",
    }.items():
        changed = WORK.replace(old, new)
        assert changed != WORK
        same = old == "(total)(parts)"  # it is told by what is given, not by dask's names
        assert (key(changed) == key(WORK)) == same, old
    with pytest.raises(Unknown):
        vertex((print, None, {}, []))
