"""What modules of the user's own hold: nothing that depends on it is called fresh when it may be another."""

from __future__ import annotations

import pytest

TEXT = "N = 1\nreg = []\ndef add(x): reg.append(x)\n"
FINE = {"fresh", "unknown"}


@pytest.fixture
def text(notebook_path):
    notebook_path.with_name("nbr_fresh.py").write_text(TEXT)


def words(cells) -> dict[str, str]:
    return {name: said[0] for name, said in cells.said().items()}


@pytest.mark.usefixtures("text")
def test_running_all_again_makes_nothing_stale(book) -> None:
    cells = book("import nbr_fresh", "from nbr_fresh import N", "print(N)", "print(nbr_fresh.N)", "x = 1")
    assert set(words(cells).values()) <= FINE
    cells.run()
    said = cells.said()
    assert {word for word, _ in said.values()} <= FINE, said
    assert said["c1"][0] == said["c2"][0] == said["c3"][0] == said["c5"][0] == "fresh"


@pytest.mark.usefixtures("text")
def test_who_imports_what_a_cell_below_changed_is_not_fresh(book) -> None:
    cells = book("from nbr_fresh import N, reg", "import nbr_fresh\nnbr_fresh.N = 2", "print(N)")
    assert words(cells)["c1"] == "fresh"
    cells.run("c1", "c3")
    said = cells.said()
    assert said["c1"] == ("out of order", "it read nbr_fresh.N as cell 2 made it, which stands below")
    assert said["c3"][0] != "fresh"


@pytest.mark.usefixtures("text")
def test_who_reads_a_variable_that_shares_with_a_module_is_not_fresh_when_its_changer_is_gone(book) -> None:
    cells = book("import nbr_fresh", "r = nbr_fresh.reg", "nbr_fresh.add(1)", "print(r)")
    assert {flow for flow in cells.flows() if flow[1] == "c4"} == {("c3", "c4", "r")}
    cells.delete("c3")
    assert words(cells)["c4"] != "fresh"


@pytest.mark.usefixtures("text")
def test_who_reads_a_variable_that_shares_with_a_module_is_not_fresh_when_its_changer_was_edited(book) -> None:
    cells = book("import nbr_fresh", "r = nbr_fresh.reg", "nbr_fresh.add(1)", "print(r)")
    cells.text["c3"] = "nbr_fresh.add(2)"
    assert words(cells)["c4"] != "fresh"


@pytest.mark.usefixtures("text")
def test_cells_that_use_no_module_are_fresh_beside_one(book) -> None:
    cells = book("import nbr_fresh", "a = [1]", "nbr_fresh.add(1)", "a.append(2)", "print(a)")
    assert {words(cells)[name] for name in ("c1", "c2", "c4", "c5")} == {"fresh"}
    cells.run("c3")
    assert {words(cells)[name] for name in ("c1", "c2", "c4", "c5")} == {"fresh"}


@pytest.mark.usefixtures("text")
def test_what_was_never_changed_since_the_import_makes_no_edge_of_its_own(book) -> None:
    cells = book("import nbr_fresh", "print(nbr_fresh.N)", "nbr_fresh.N = 3", "print(nbr_fresh.N)")
    flows = cells.flows()
    assert ("c1", "c2", "nbr_fresh") in flows and ("c3", "c4", "nbr_fresh.N") in flows
    assert not [flow for flow in flows if flow[0] == "c1" and "." in flow[2]]
