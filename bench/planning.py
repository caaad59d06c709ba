"""How long planning takes: the static graph of 1,000 cells, and freshness and plan over 100 recorded runs per cell.

Nothing is asserted. Prints milliseconds, the least of several rounds; the analysis of the sources is warm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from time import perf_counter

from nbrewind.model import Input, Run, Version
from nbrewind.planning.edges import edges
from nbrewind.planning.freshness import freshness
from nbrewind.planning.notebook import History, SourceCell
from nbrewind.planning.plan import plan
from nbrewind.planning.trace import bind_inputs, read_names

CELLS, RUNS, ROUNDS = 1000, 100, 5


class Nowhere:
    """An outside in which nothing exists."""

    def digest(self, key: str) -> str:
        """Return that it does not exist."""
        return "absent"


def notebook(cells: int = CELLS) -> list[SourceCell]:
    """Cells that each read three earlier names and a function, and bind one."""
    sources = ["def f(v):\n    return v + scale", "scale = 2"]
    for number in range(2, cells):
        reads = ", ".join(f"v{max(2, number - back)}" for back in (1, 7, 40)) if number > 2 else "1"
        sources.append(f"v{number} = f([{reads}])\nprint(v{number})")
    return [SourceCell(f"c{number}", number, source) for number, source in enumerate(sources)]


def history(cells: list[SourceCell], runs: int = RUNS) -> History:
    """Record every cell ``runs`` times, each time with other values; the newest runs are of the last generation."""
    found: list[Run] = []
    for generation in range(runs):
        state: dict[str, Version] = {}
        for cell in cells:
            name = f"r{generation}-{cell.index}"
            inputs = bind_inputs(read_names(cell.analysis, state), state)
            inputs += (Input(key="package:pandas", digest="absent"), Input(key="python:", digest="absent"))
            writes = tuple(
                Version(
                    id=f"{name}-{written}", key="var:" + written, run=name, digest=f"b3:{generation}-{cell.index}",
                    members=(written,), refs=cell.analysis.late_reads,
                )
                for written in cell.analysis.writes
            )  # fmt: skip
            state.update((version.key, version) for version in writes)
            found.append(
                Run(
                    id=name, notebook="n", session="s", cell=cell.id, number=1, code=cell.analysis.code,
                    source=cell.digest, started=float(generation), seconds=1.0, inputs=inputs, writes=writes,
                )
            )  # fmt: skip
    by_code: dict[str, list[Run]] = defaultdict(list)
    for run in reversed(found):
        by_code[run.code].append(run)
    return History(found, lambda code: by_code.get(code, []))


def edited(cells: list[SourceCell], index: int) -> list[SourceCell]:
    """Change one cell."""
    return [
        SourceCell(cell.id, cell.index, cell.source + "\nprint('edited')") if cell.index == index else cell
        for cell in cells
    ]


def measure(label: str, work: Callable[[], object]) -> None:
    """Time some work and print it."""
    times = []
    for _ in range(ROUNDS):
        begin = perf_counter()
        work()
        times.append(perf_counter() - begin)
    print(f"{label:<58}{min(times) * 1000:8.1f} ms")


def main() -> None:
    """Measure everything."""
    cells = notebook()
    records = history(cells)
    for cell in cells:
        records.last_run(cell.id)
    top, middle, oldest = edited(cells, 1), edited(cells, CELLS // 2), history(cells)
    by_age = History(oldest.runs.values(), lambda code: list(reversed(records.candidates(code))))
    world = Nowhere()
    print(f"{CELLS} cells, {RUNS} recorded runs of each")
    measure("static graph", lambda: edges(cells))
    measure("observed graph", lambda: edges(cells, records))
    measure("plan, nothing changed", lambda: plan(cells, records, world))
    measure("plan, nothing changed, the run that holds comes last", lambda: plan(cells, by_age, world))
    measure("plan, second cell edited", lambda: plan(top, records, world))
    measure("plan, middle cell edited", lambda: plan(middle, records, world))
    measure("freshness, nothing changed", lambda: freshness(cells, records, world))
    measure("freshness, second cell edited", lambda: freshness(top, records, world))
    measure("freshness, middle cell edited", lambda: freshness(middle, records, world))


if __name__ == "__main__":
    main()
