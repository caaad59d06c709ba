"""Sweeps: a notebook with several sets of parameters, each in a kernel of its own, what they share computed once.

The variants are repeats (`repeat`) of one notebook against one store: what a variant has computed answers the same cell
of the next one. So the first runs alone, and the others, which need only what differs, may then run side by side. This
is multiversion replay as in CHEX (Manne et al., PVLDB 15(6), 2022), with records in the place of its cache.
"""

from __future__ import annotations

import asyncio
import copy
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from nbrewind.driver.ahead import ahead_of, engine_of
from nbrewind.driver.audit import to_execute
from nbrewind.driver.engines.engine import Engine
from nbrewind.driver.engines.scratch import Scratch
from nbrewind.driver.notebook_file import NotebookError, inject_parameters
from nbrewind.driver.repeater import Repeat, Repeater
from nbrewind.driver.session import KernelError, Session, kernel_of, open_session
from nbrewind.planning.policies import DEFAULT_POLICIES, Policies
from nbrewind.store import Store

MOST = 1000
"""Variants of one sweep: more is taken for a mistake."""


@dataclass
class Variant:
    """One set of parameters, and what came of it."""

    number: int
    """From 1."""
    parameters: Mapping[str, Any]
    notebook: NotebookNode
    result: Repeat = field(default_factory=Repeat)

    def count(self, *actions: str) -> int:
        """Return how many steps were one of some actions, without the prelude, which every kernel runs."""
        return sum(step.action in actions and not step.prelude for step in self.result.steps)


def variants(notebook: NotebookNode, grid: Mapping[str, Sequence[Any]]) -> list[Variant]:
    """Return a notebook for each combination of values, the last parameter changing fastest.

    Raises:
        NotebookError: no values, too many combinations, no cell for parameters, or a name that is none.
    """
    empty = [name for name, values in grid.items() if not values]
    if not grid or empty:
        raise NotebookError(f"-p {empty[0]}: no values" if empty else "a sweep needs -p NAME V1,V2,…")
    total = math.prod(map(len, grid.values()))
    if total > MOST:
        raise NotebookError(f"{total} variants are more than {MOST}")
    found = []
    for number, values in enumerate(product(*grid.values()), 1):
        parameters = dict(zip(grid, values, strict=True))
        content = copy.deepcopy(notebook)
        inject_parameters(content, parameters)
        found.append(Variant(number, parameters, content))
    return found


async def sweep(
    all_: Sequence[Variant],
    path: Path,
    store: Store,
    *,
    jobs: int = 1,
    kernel: str = "",
    policies: Policies = DEFAULT_POLICIES,
    engine: Engine | None = None,
    begins: Callable[[Variant], None] = lambda variant: None,
) -> None:
    """Bring every variant up to date; outputs and results are set in place. One that fails does not stop the others.

    ``jobs``: variants at the same time, after the first; ``begins`` is called before each. One kernel more is there: it
    starts while the others compute. ``engine``: where cells run that can be run elsewhere; those of all variants that
    are under way are there beside each other.
    """
    kernels, places, shared = asyncio.Semaphore(jobs + 1), asyncio.Semaphore(jobs), asyncio.Event()

    async def work(variant: Variant, session: Session, scratch: Scratch | None) -> None:
        begins(variant)
        cells = to_execute(variant.notebook)
        async with ahead_of(engine, store, scratch, beside=True) as ahead:
            repeater = Repeater(variant.notebook, path, store, session, cells, policies=policies, ahead=ahead)
            variant.result = await repeater.bring_all()
        with suppress(KernelError):  # it has died: what it has recorded is saved by the next kernel
            await session.call("flush")  # a run answers once it is saved

    async def try_(variant: Variant, scratch: Scratch | None) -> None:
        first = variant is all_[0]
        async with kernels:
            try:
                async with open_session(
                    variant.notebook, path, store=store.directory, kernel=kernel, policies=policies
                ) as session:
                    if not first:
                        await shared.wait()
                    async with places:
                        await work(variant, session, scratch)
                    shared.set()  # while the kernel ends, the others begin
            except KernelError as error:
                variant.result = Repeat(failed=str(error))
            if first:
                shared.set()

    first = all_[0].notebook
    async with engine_of(engine, store, path, kernel_of(first, kernel), to_execute(first), policies) as scratch:
        await asyncio.gather(*(try_(variant, scratch) for variant in all_))
