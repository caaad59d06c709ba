"""How far a cell that must run can reach: everything that it can change, by all that its text and the values say.

Used for freshness, where nothing may be called fresh that a stale cell could still change. A cell can change the values
that it can get hold of and that are not fixed: those it names, those that functions it can call name, and whatever
shares objects with them. A value made by a cell that has not run yet is taken to be connected with all of these.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Sequence

from nbrewind.model import CellAnalysis
from nbrewind.planning.known import Doubt, PlanState
from nbrewind.planning.notebook import SourceCell
from nbrewind.planning.tables import (
    AMBIENT_PACKAGES,
    AMBIENT_SETTERS,
    ENVIRONMENT_SETTERS,
    FILE_WRITER_STARTS,
    FILE_WRITERS,
    REGISTRIES,
    UNOWNED_CALLS,
    sets,
)
from nbrewind.planning.trace import IMPORT, direct_names, lookups, top_module

ALL_KINDS = ("var:", "ambient:rng.", "env:", "file:", "dir:")
GLOBAL = re.compile(r"\bglobal\s+([\w\s,]+)")
STORE = re.compile(r"^[ \t]*(\w+)(?:\.\w+)+(?:\[[^\n=]*\])?[ \t]*(?:[-+*/|&^%@]|//|\*\*|<<|>>)?=(?!=)", re.M)
"""A statement that sets an attribute, or an item of one; the name with which it begins."""
ATTRIBUTE = re.compile(r"(\w+|[)\]])\.\w+\s*(?:[-+*/|&^%@]|//|\*\*|<<|>>)?=(?!=)")
"""A store into an attribute; the name before it, or the bracket that ends what it is an attribute of."""
FROM_SYS = re.compile(r"\bfrom\s+sys\s+import\b")
INDIRECT = frozenset({"__dict__", "delattr", "patch", "setattr", "vars"})
"""Words by which code changes something that it does not spell out."""


def words_of(analysis: CellAnalysis) -> set[str]:
    """Return the words by which a cell's text can change something outside the variables."""
    calls = {part for call in analysis.calls for part in call.split(".")}
    return calls | set(analysis.attributes) | set(analysis.magics)


class Reach:
    """What the cells of one notebook can change."""

    def __init__(self, cells: Sequence[SourceCell]) -> None:
        """Look at all texts once: which names functions may rebind, which words functions use."""
        self._rebound = {
            name
            for cell in cells
            if "global" in cell.source
            for found in GLOBAL.findall(cell.source)
            for name in re.findall(r"\w+", found)
        }
        self._words = {word for cell in cells if cell.analysis.late_reads for word in words_of(cell.analysis)}
        self._patching = any(map(_sets_untold, cells))
        self._hands_on_sys = any(
            "sys" in cell.analysis.imports and (cell.analysis.late_reads or FROM_SYS.search(cell.source))
            for cell in cells
        )

    def of(self, cell: SourceCell, state: PlanState) -> frozenset[str]:
        """Return the names that a value made by the cell may be connected with."""
        return frozenset(_found(cell, state)[0].union(cell.analysis.late_reads, cell.analysis.writes))

    def doubt(self, cell: SourceCell, state: PlanState, expected: Collection[str], *, stale: bool, met: bool) -> None:
        """Doubt what a run of the cell is ``expected`` to change, and everything else that it can change.

        A cell that is not ``stale``, only not proved, may change nothing that it makes: it may make the same again.
        What it does outside the variables is told by its last run if that has ``met`` the same.
        """
        analysis = cell.analysis
        doubt = Doubt(cell.id, cell.label, expected=False)
        found, every = _found(cell, state)
        user_code = any(_runs_user_code(name, state) for name in found)
        late = set(analysis.late_reads)
        reach = self.of(cell, state)
        if every:
            self._everything(state, expected, doubt, reach)
        else:
            changed = self._changeable(found.difference(state.reach), state)
            changed |= {name for name in found.difference(state.reach) if "." in name and "var:" + name in state.items}
            if user_code or late:
                changed |= self._rebound.difference(state.reach)
            state.doubt([key for name in changed if (key := "var:" + name) not in expected], doubt, reach)
            if user_code or analysis.calls or analysis.magics:
                state.doubt_all(("ambient:rng.",), doubt)
            if not met:
                words = words_of(analysis) | (self._words if user_code else set())
                if not (self._hands_on_sys or any(_module(name, cell, state) == "sys" for name in found)):
                    words.discard("path")  # that of `os`
                self._outside(words, state, expected, doubt)
                untold = _sets_untold(cell) or (self._patching and bool(analysis.calls))
                keys = _set_modules(cell, state, untold) | {IMPORT + name for name in analysis.imports if "." in name}
                state.doubt(keys.difference(expected), doubt)
        state.doubt(expected, Doubt(cell.id, cell.label, expected=stale), reach)

    def _everything(self, state: PlanState, expected: Collection[str], doubt: Doubt, reach: frozenset[str]) -> None:
        state.doubt([key for key in state.items if key not in expected], doubt, reach)
        state.doubt([key for key in AMBIENT_PACKAGES if key not in expected], doubt)
        state.doubt_all(ALL_KINDS, doubt)

    def _changeable(self, names: Iterable[str], state: PlanState) -> set[str]:
        """Return those of ``names`` whose values can be changed in place, with the other members of their groups.

        What is in doubt already stays so; what it is connected with is among ``names``.
        """
        found: set[str] = set()
        for name in names:
            version = state.items.get("var:" + name)
            if version is not None and not version.fixed:
                found.update((name, *version.members))
        return found.difference(state.reach)

    def _outside(self, words: set[str], state: PlanState, expected: Collection[str], doubt: Doubt) -> None:
        for key, setters in AMBIENT_SETTERS.items():
            if key not in expected and not setters.isdisjoint(words):
                state.doubt((key,), doubt)
        if not ENVIRONMENT_SETTERS.isdisjoint(words):
            state.doubt_all(("env:",), doubt)
        if not FILE_WRITERS.isdisjoint(words) or any(word.startswith(FILE_WRITER_STARTS) for word in words):
            state.doubt_all(("file:", "dir:"), doubt)


def _found(cell: SourceCell, state: PlanState) -> tuple[set[str], bool]:
    """Return all names that a run of the cell may look up, and whether it may look up any name."""
    analysis = cell.analysis
    names = direct_names(analysis, state.items).union(analysis.strings)
    found, every = lookups(names, state.items, state.reach)
    return found, every or bool(analysis.opaque)


def _sets_untold(cell: SourceCell) -> bool:
    """Whether a text sets attributes of something that it does not tell: an argument, an item."""
    known = {"self", "cls", *cell.analysis.writes, *cell.analysis.reads}
    return any(name not in known for name in ATTRIBUTE.findall(cell.source)) or not INDIRECT.isdisjoint(
        words_of(cell.analysis)
    )


def _set_modules(cell: SourceCell, state: PlanState, untold: bool) -> set[str]:
    """Return the keys of the modules that the text may change: by ``math.pi = 3``, by functions that set something.

    ``untold``: the cell may set attributes of any module that it can get hold of.
    """
    analysis = cell.analysis
    names = set(STORE.findall(cell.source))
    if untold:
        names |= {*analysis.reads, *analysis.strings, *(module.partition(".")[0] for module in analysis.imports)}
    setters = set()
    for call in analysis.calls:
        first, last = call.partition(".")[0], call.rpartition(".")[2]
        if last in UNOWNED_CALLS:
            names.add(first)
        setters.add((first, last))
    found = {_module(name, cell, state) for name in names}
    roots = {(_module(first, cell, state), last) for first, last in setters}
    found |= {
        REGISTRIES.get(root, root) for root, last in roots if root in sys.stdlib_module_names and sets(root, last)
    }
    return {"module:" + name for name in (found | ({"builtins"} if "sys" in found else set())) - {""}}


def _module(name: str, cell: SourceCell, state: PlanState) -> str:
    """Return the top-level module that a name stands for; empty if it stands for none."""
    version = state.items.get("var:" + name)
    if version is not None and version.kind == "module":
        return top_module(version.preview)
    return name if any(module.partition(".")[0] == name for module in cell.analysis.imports) else ""


def _runs_user_code(name: str, state: PlanState) -> bool:
    """Whether a value may hold functions of the user's: then what they do is done by whoever reads it."""
    version = state.items.get("var:" + name)
    return name in state.reach or (version is not None and bool(version.refs or version.needs or not version.loadable))
