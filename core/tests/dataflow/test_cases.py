"""Every case: all edges that must be there, none that must not. Real kernels, each case in a new one."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from nbrewind.planning.edges import edges
from nbrewind.planning.notebook import History, SourceCell
from nbrewind.planning.outside import World
from nbrewind.store import Store

from . import (
    cases_calls,
    cases_files,
    cases_given,
    cases_ipython,
    cases_modules,
    cases_names,
    cases_outside,
    cases_parts,
    cases_precision,
    cases_scopes,
    cases_values,
)
from .form import Case, Pair, case

MODULES = (
    cases_given,
    cases_scopes,
    cases_ipython,
    cases_calls,
    cases_names,
    cases_values,
    cases_files,
    cases_outside,
    cases_precision,
    cases_parts,
    cases_modules,
)
MISSED = {
    "rebinding_leaves_the_object": "a value that no longer shares its object has a new version (rule 2)",
}
if sys.version_info < (3, 12):  # which functions start is not seen
    MISSED |= {
        "iteration_protocol": "making an object counts as reading what its methods read",
        "attribute_hook": "making an object counts as reading what its methods read",
        "sorted_by_attribute": "reading an object counts as reading what its methods read",
    }
"""Cases that are not exact, each with the reason. `docs/limits.md` says the same."""

CASES: list[Case] = [case for module in MODULES for case in module.CASES]


def found(case: Case, path: Path, store: Store) -> set[Pair]:
    """Return the edges that the records and the texts tell."""
    index = store.notebook(path, create=False)
    assert index is not None
    cells = [SourceCell(f"c{number}", number, text) for number, text in enumerate(case.cells)]
    graph = edges(cells, History(index.runs(), store.candidates))
    return {(int(edge.from_[1:]), int(edge.to[1:])) for edge in graph if edge.kind != "order"}


def skip_unless_possible(case: Case) -> None:
    """Skip a case that this Python does not understand, or whose packages are not here."""
    if sys.version_info < case.python:
        pytest.skip(f"needs Python {case.python[0]}.{case.python[1]}")
    for package in case.needs:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs {package}")


def compare(case: Case, edges: set[Pair]) -> None:
    """Fail unless the edges are exactly those of the case; one that is known not to be exact must not be."""
    if case.name in MISSED:
        assert case.must - edges or edges - case.must - case.may, f"{case.name} is exact now"
        pytest.xfail(MISSED[case.name])
    assert (case.must - edges, edges - case.must - case.may) == (set(), set()), case.why


def test_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))


def params() -> list[Any]:
    """Return the cases. Those of which the text tells nearly all run on the older Python in `make test-all` only."""
    by_text = (cases_given, cases_scopes, cases_names, cases_parts, cases_precision)
    return [
        pytest.param(case, id=case.name, marks=() if module in by_text else pytest.mark.py311)
        for module in MODULES
        for case in module.CASES
    ]


@pytest.mark.parametrize("case", params())
def test_edges(case: Case, kernel, notebook_path, store) -> None:
    skip_unless_possible(case)
    for number, (reply, messages) in enumerate(kernel.cells(list(case.cells))):
        assert reply["status"] == "ok", (number, reply, messages)
    kernel.verb("flush")
    compare(case, found(case, notebook_path, store))


def test_what_a_cell_read_before_it_failed_is_an_edge(kernel, notebook_path, store) -> None:
    """Others read what it left: through it they depend on what it read."""
    cells = ["xs = [1]\nit = (x for x in xs)", "xs.append(2)", "it\nnothing", "print(xs)"]
    statuses = [reply["status"] for reply, _ in kernel.cells(cells)]
    assert statuses == ["ok", "ok", "error", "ok"]
    kernel.verb("flush")
    edges = found(case("failed", cells, why="the list is what the second cell made of it"), notebook_path, store)
    assert {(0, 1), (1, 2), (2, 3)} <= edges


def test_data_of_an_installed_package_is_an_input(kernel, notebook_path, store) -> None:
    """Imported or not: what it reads may be other data in another version."""
    spec = importlib.util.find_spec("pytest")
    assert spec is not None and spec.origin is not None
    ((reply, _),) = kernel.cells([f"text = open({str(Path(spec.origin).parent / 'py.typed')!r}).read()"])
    assert reply["status"] == "ok"
    kernel.verb("flush")
    (run,) = store.notebook(notebook_path, create=False).runs()
    assert "package:pytest" in {item.key for item in run.inputs}


@pytest.mark.parametrize(
    "source", ["import sys\np = sys.prefix", "from importlib.util import find_spec\nfind_spec('pytest')"]
)
def test_where_packages_are_installed_is_an_input_of_what_asks(source, kernel, notebook_path, store) -> None:
    """In another environment it is another place."""
    kernel.cells([source])
    kernel.verb("flush")
    (run,) = store.notebook(notebook_path, create=False).runs()
    (found,) = (item for item in run.inputs if item.key == "installation:")
    assert World(notebook_path.parent).digest("installation:") == found.digest
