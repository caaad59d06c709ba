"""`dask_get`: a scheduler for dask. Records answer tasks of its graphs; dask's own threads run the others.

dask is loaded when it is called: it need not be installed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from .current import current_memo
from .results import Result


def dask_get(
    dsk: Any, keys: Any, *, pool: Executor | None = None, num_workers: int | None = None, **options: Any
) -> Any:
    """Compute ``keys`` of a graph: ``x.compute(scheduler=nbrewind.dask_get)``.

    What tasks give is handed on as by dask's scheduler for processes: a copy to each that needs it.

    Args:
        dsk: a graph of dask, old or new, or an expression.
        keys: whose values are asked for; they may be in lists.
        pool: runs what no record answers; by default, dask's own threads.
        num_workers: how many tasks run at a time.
        options: of dask's scheduler for threads.
    """
    threads = isinstance(pool, ThreadPoolExecutor)
    if pool is not None and not threads:
        num_workers = num_workers or getattr(pool, "_max_workers", None) or os.cpu_count()
    from dask import threaded
    from dask._task_spec import convert_legacy_graph

    from .computing import Computing

    graph = convert_legacy_graph(dsk if isinstance(dsk, Mapping) else dsk.__dask_graph__())
    try:
        memo = current_memo()
        plan = Computing(memo, graph, None if threads else pool).plan(_flat(keys))
    except Exception:  # no store, or a graph that nobody has foreseen: all runs, or dask says what is wrong
        return threaded.get(graph, keys, pool=pool, num_workers=num_workers, **options)
    found = threaded.get(plan, keys, pool=pool if threads else None, num_workers=num_workers, **options)
    memo.close()
    return _taken(found)


def _flat(keys: Any) -> list[Any]:
    return [one for each in keys for one in _flat(each)] if isinstance(keys, list) else [keys]


def _taken(found: Any) -> Any:
    """Return the values of results, nested as they are."""
    return found.take() if isinstance(found, Result) else type(found)(_taken(each) for each in found)
