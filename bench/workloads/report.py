"""The figures of `bench/state.py` as tables and a picture."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PLAIN = "plain"
OUR_OWN = "nbrewind"
TITLE = """# Benchmarks

## Checkpoints after every cell
What each way to make checkpoints adds to a cell, side by side in one run, in real kernels that execute the same cells
in turn: `python bench/state.py --docs`, which wrote this page. A cell is measured from the request until the kernel is
idle; where it ran several times it is the median, with the 95th percentile behind it. What is done between that and the
next cell stands behind the plus sign. The bytes are what the folder grew by; `dill` and `cloudpickle` overwrite one
file, and are not asked to go back.

![What a checkpoint adds, by cell](pictures/checkpoints.svg)
"""


@dataclass
class Cell:
    """What one cell of a workload took, each time that it ran."""

    seconds: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    """Until the kernel had done what it does after a cell."""
    stored: int = 0
    """Bytes that were added to what is stored, in all."""


@dataclass
class Result:
    """What came of one workload in one kernel."""

    cells: dict[str, Cell] = field(default_factory=dict)
    back: float = 0.0
    """Seconds; 0 if it does not go back."""
    right: bool | None = None
    peak: int = 0
    """Bytes of memory at most."""
    failed: str = ""


Found = Mapping[str, Mapping[str, Result]]
"""Per workload and kind."""


def table(title: str, results: Mapping[str, Result], *, whole: bool) -> str:
    """Return one workload as a table. ``whole``: only the sum of the cells counts."""
    plain = results[PLAIN]
    others = {kind: result for kind, result in results.items() if kind != PLAIN}
    rows = [["cell", "takes", *others], ["---"] * (2 + len(others))]
    for cell in [] if whole else plain.cells:
        base = statistics.median(plain.cells[cell].seconds)
        rows.append([f"`{cell}`" if "=" in cell else cell, _ms(base)])
        rows[-1] += [_adds(result.cells.get(cell), base, plain.cells[cell]) for result in others.values()]
    if whole:
        base = _sum(plain)
        rows.append(["all", _ms(base), *(f"{_sum(result) / base:.2f} times" for result in others.values())])
        stored = (sum(cell.stored for cell in result.cells.values()) for result in others.values())
        rows.append(["stored", "", *(f"{size / 1e6:.2f} MB" for size in stored)])
    if any(result.back for result in others.values()):
        rows.append(["*back*", "", *(_back(result) for result in others.values())])
    rows.append(["*peak memory*", "", *(f"{(result.peak - plain.peak) / 1e6:+.0f} MB" for result in others.values())])
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    failures = [f"{kind} failed: {result.failed}" for kind, result in others.items() if result.failed]
    return "\n".join([f"### {title}", *lines, *([""] if failures else []), *failures])


def _sum(result: Result) -> float:
    return sum(
        time + after for cell in result.cells.values() for time, after in zip(cell.seconds, cell.after, strict=True)
    )


def _ms(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:,.0f} ms" if abs(milliseconds) >= 100 else f"{milliseconds:.1f} ms"


def _adds(cell: Cell | None, base: float, plain: Cell) -> str:
    if cell is None or not cell.seconds:
        return "-"
    adds = statistics.median(cell.seconds) - base
    worst = sorted(cell.seconds)[int(len(cell.seconds) * 0.95)] - base
    after = statistics.median(cell.after) - statistics.median(plain.after)
    words = _ms(adds) + (f" ({_ms(worst)})" if len(cell.seconds) > 10 else "")
    return f"{words}{f' + {_ms(after)}' if after > 0.0005 else ''}, {cell.stored / len(cell.seconds) / 1e6:.2f} MB"


def _back(result: Result) -> str:
    return f"{_ms(result.back)}{'' if result.right else ', **wrong**'}" if result.back else "-"


def write(versions: Mapping[str, str], found: Found, wholes: frozenset[str]) -> None:
    """Write the page and its picture."""
    tables = [table(name, results, whole=name in wholes) for name, results in found.items()]
    said = "\n".join(f"- {name}: {words}" for name, words in versions.items())
    page = "\n\n".join([TITLE.strip(), "\n\n".join(tables), "### Versions\n" + said])
    (ROOT / "docs" / "benchmarks.md").write_text(page + "\n")
    draw({name: results for name, results in found.items() if name not in wholes})


def draw(found: Found) -> None:
    """Draw what is added to each cell, a row for each."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "nbrewind", "svg.fonttype": "none", "font.size": 8})
    import matplotlib.pyplot as plt

    rows = [(name, cell) for name, results in found.items() for cell in results[PLAIN].cells]
    kinds = [kind for kind in next(iter(found.values())) if kind != PLAIN]
    figure, axes = plt.subplots(figsize=(8, 0.28 * len(rows) + 1), layout="constrained")
    for kind, marker in zip(kinds, "os^Dv", strict=False):
        points = []
        for place, (name, cell) in enumerate(rows):
            measured = found[name][kind].cells.get(cell)
            if measured is not None and measured.seconds:
                base = statistics.median(found[name][PLAIN].cells[cell].seconds)
                points.append((max((statistics.median(measured.seconds) - base) * 1000, 0.1), place))
        across, down = zip(*points, strict=True)
        size = 36 if kind == OUR_OWN else 18
        axes.scatter(across, down, size, marker=marker, label=kind, alpha=0.85, zorder=3)
    axes.set(
        xscale="log", xlabel="milliseconds that a checkpoint adds, from request to idle (less than 0.1 is drawn there)"
    )
    axes.set_yticks(range(len(rows)), [f"{name}: {cell}" for name, cell in rows])
    axes.invert_yaxis()
    axes.grid(axis="both", alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(ROOT / "docs" / "pictures" / "checkpoints.svg", metadata={"Date": None})
