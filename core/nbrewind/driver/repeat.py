"""Repeat: bring a notebook up to date in a new kernel; see `repeater.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from nbformat import NotebookNode

from nbrewind.driver.ahead import ahead_of, engine_of
from nbrewind.driver.audit import to_execute
from nbrewind.driver.engines.engine import Engine
from nbrewind.driver.repeater import ONCE_MORE, Repeat, Repeater
from nbrewind.driver.session import kernel_of, open_session
from nbrewind.planning.notebook import SourceCell
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies
from nbrewind.store import Store


async def repeat(
    notebook: NotebookNode,
    path: Path,
    store: Store,
    *,
    last: int | None = None,
    kernel: str = "",
    policies: Policies = DEFAULT_POLICIES,
    files: bool = False,
    verify: float = 0.0,
    engine: Engine | None = None,
    progress: Callable[[SourceCell], None] = lambda cell: None,
) -> Repeat:
    """Bring ``notebook`` up to date, up to the cell of index ``last``; outputs are set in place, as if all had run.

    ``files``: put recorded files back also over files that are not recorded themselves. ``verify``: which share of the
    cells that a record answers, from 0 to 1, runs nevertheless, chosen by chance, to be compared with it. ``engine``:
    where cells run that need not wait for others.
    """
    begin = perf_counter()
    cells = to_execute(notebook, last)
    options: dict[str, Any] = {"policies": policies, "files": files, "verify": verify}
    async with (
        engine_of(engine, store, path, kernel_of(notebook, kernel), cells, policies) as scratch,
        ahead_of(engine, store, scratch) as ahead,
        open_session(notebook, path, store=store.directory, kernel=kernel, policies=policies) as session,
    ):
        work = Repeater(notebook, path, store, session, cells, ahead=ahead, **options)
        result = await work.bring_all(progress)
    result.seconds = perf_counter() - begin
    return result


__all__ = ["ONCE_MORE", "Repeat", "repeat"]
