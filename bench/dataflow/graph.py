"""The static graph of a notebook and of one edit in it, timed in a process that has done nothing before.

Run with ``python bench/dataflow/graph.py ours|marimo``, in an environment that has it. Prints, as JSON, the
milliseconds, of time and of processor time, from the texts of all cells to the graph, those after the edit of one cell
(the median of several), and how many edges between cells were found. No two cells bind one name:
marimo would refuse that.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from time import perf_counter, process_time

CELLS, EDITS = 1000, 15
KINDS = (
    "import numpy as np{n}\nimport pandas as pd{n}\nfrom collections import Counter as Counter{n}",
    "def f{n}(values, scale=2):\n    total = 0\n    for value in values:\n        total += value * scale\n"
    "    return total + x{a}",
    "x{n} = [x{a}, x{b}, x{c}]\nprint(x{n})",
    "# A comment, as people write them.\nx{n} = {{'rows': x{a}, 'names': ['a', 'b']}}\ny{n} = f{f}([1, 2, 3])\n"
    "print(f'{{y{n}:.2f}} of {{x{n}}}')",
    "x{n} = [item for item in range(len(str(x{a}))) if item % 2]\nx{n}",
    "class C{n}:\n    limit = 3\n\n    def __init__(self, value):\n        self.value = value\n\n"
    "    def double(self):\n        return self.value * 2 + self.limit\n\n\nx{n} = C{n}(x{b}).double()",
    "if len(str(x{a})) > 3:\n    x{n} = x{b}\nelse:\n    x{n} = x{c}\nprint(sorted(str(x{n}))[:10])",
    "x{n} = {{}}\nfor key{n}, value{n} in enumerate(str(x{a})):\n    x{n}[key{n}] = f{f}([key{n}, len(value{n})])\n"
    "assert len(x{n}) >= 0, 'nothing was found'",
)


def sources(cells: int = CELLS) -> list[str]:
    """Return the cells: each reads a function and values that cells 1 to 40 places above it made."""
    found = ["x0 = 1", "def f1(values):\n    return sum(values) + x0"]
    made, functions = [0], [1]
    for number in range(2, cells):
        kind = KINDS[number % len(KINDS)]
        a, b, c = (made[max(0, len(made) - back)] for back in (1, 7, 40))
        found.append(kind.format(n=number, a=a, b=b, c=c, f=functions[-1]))
        if f"x{number} = " in found[-1]:
            made.append(number)
        elif kind.startswith("def"):
            functions.append(number)
    return found


Times = tuple[float, float]


def timed(work: Callable[[], object]) -> Times:
    """Return the milliseconds that some work takes, and those of processor time."""
    begin, used = perf_counter(), process_time()
    work()
    return (perf_counter() - begin) * 1000, (process_time() - used) * 1000


def ours(texts: list[str], edits: list[tuple[int, str]]) -> tuple[Times, list[Times], int]:
    """Analyse and connect all cells, then again after each edit; texts seen before are not analysed again."""
    from nbrewind.planning.edges import edges
    from nbrewind.planning.notebook import SourceCell

    def graph() -> None:
        nonlocal found
        found = edges([SourceCell(f"c{index}", index, text) for index, text in enumerate(texts)])

    found = edges([])
    whole = timed(graph)
    count = len({(edge.from_, edge.to) for edge in found})
    single = []
    for index, text in edits:
        texts[index] = text
        single.append(timed(graph))
    return whole, single, count


def marimo(texts: list[str], edits: list[tuple[int, str]]) -> tuple[Times, list[Times], int]:
    """Compile and register all cells, then take out and register each edited one: what marimo's runtime does."""
    from marimo._ast.compiler import compile_cell
    from marimo._runtime.dataflow import DirectedGraph

    graph = DirectedGraph()

    def add(index: int, text: str) -> None:
        graph.register_cell(f"c{index}", compile_cell(text, f"c{index}"))

    def edit(index: int, text: str) -> None:
        graph.delete_cell(f"c{index}")
        add(index, text)

    whole = timed(lambda: [add(index, text) for index, text in enumerate(texts)])
    count = sum(map(len, graph.children.values()))
    return whole, [timed(lambda given=given: edit(*given)) for given in edits], count


def main() -> None:
    """Time one of the two."""
    texts = sources()
    edits = []
    for turn in range(EDITS):
        index = (turn + 1) * len(texts) // (EDITS + 1)
        edits.append((index, f"{texts[index]}\nprint('edit {turn}')"))
    whole, single, count = {"ours": ours, "marimo": marimo}[sys.argv[1]](texts, edits)
    edit = [statistics.median(part) for part in zip(*single, strict=True)]
    print(json.dumps({"whole": whole, "edit": edit, "edges": count}))


if __name__ == "__main__":
    main()
