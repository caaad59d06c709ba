"""No cell stays stale for no reason: over all data-flow cases, running a maker and what stands below it settles them.

Some cells can't be run again without meeting or making another value (`a.append(1)`). What is demanded after such a run
is that running all cells, from the first one on, settles everything again.
"""

from __future__ import annotations

from typing import Any

import pytest
from dataflow.form import Case
from dataflow.test_cases import CASES, skip_unless_possible

from nbrewind.model import Run

from .book import Book

QUICK = (
    "simple", "augassign", "list_append", "np_view", "monkeypatch", "query_string", "csv", "appended",
    "environment_in_a_function", "relative_path_after_a_move", "seeded_draws", "option_of_pandas", "decimal_context",
    "closure_cell", "item_of_a_container", "fitted_on", "module_reloaded", "generator_resumed",
)  # fmt: skip
ONCE = {"database_file": "c2", "folder_made_once": "c2"}
"""Cases with a cell that is rightly stale from its first run on: it fails when it meets what it has made itself."""
TWICE = frozenset({"found_absent"})
"""Cases in which a cell makes a file that one above it asks for: the first runs are told, rightly, that it changed."""


NAMES = [pytest.param(case, marks=() if case.name in QUICK else pytest.mark.slow, id=case.name) for case in CASES]


def results(book: Book) -> list[Any]:
    """Return what the kernel holds, as far as that has an exact digest, and what the cells show."""
    index = book.store.notebook(book.path, create=False)
    assert index is not None
    (head,) = index.heads().values()
    held = {key: version.digest for key, version in index.state(head).items()}
    exact = {key: digest for key, digest in held.items() if not digest.startswith(("once:", "prov:"))}
    return [exact, [book.records.showed(run.id) for run in newest(book)]]


def newest(book: Book) -> list[Run]:
    """Return the last run of every cell."""
    return [run for name in book.order if (run := book.records.last_run(name))]


def met(book: Book) -> list[dict[str, str]]:
    """Return the variables that the last run of every cell read."""
    return [
        {entry.key: entry.digest for entry in run.inputs if entry.key.startswith("var:") and not entry.kept}
        for run in newest(book)
    ]


def unsettled(book: Book) -> dict[str, tuple[str, str]]:
    """Return what is said of the cells that are neither fresh nor unknown for a reason."""
    return {name: said for name, said in book.said().items() if said[0] not in ("fresh", "unknown") or not said[1]}


@pytest.mark.parametrize("case", NAMES)
def test_no_cell_stays_stale(case: Case, kernel, notebook_path, store) -> None:
    skip_unless_possible(case)
    book = Book(kernel, notebook_path, store, case.cells)
    assert set(book.run()) == {"ok"}
    if case.name in ONCE:
        assert ONCE[case.name] in unsettled(book)
        assert book.run(ONCE[case.name]) == ["error"]
        return
    if case.name in TWICE:
        assert unsettled(book) != {}
        assert set(book.run()) == {"ok"}
    assert unsettled(book) == {}
    first, read = results(book), met(book)
    for maker in sorted({maker for maker, _, _ in book.flows()}, key=book.order.index):
        names = book.order[book.order.index(maker) :]
        if set(book.run(*names)) == {"ok"} and results(book) == first and met(book) == read:
            assert unsettled(book) == {}, f"after running {', '.join(names)}"
        elif set(book.run()) == {"ok"} and results(book) == first:
            assert unsettled(book) == {}, f"after running {', '.join(names)}, then all"
