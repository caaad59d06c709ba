"""What checkpoints after every cell cost, side by side with Kishu, ``dill`` and ``cloudpickle``.

Run with ``python bench/state.py [--only WORDS] [--peers NAMES] [--json] [--docs]``. Real kernels, plain and with each
way to checkpoint, execute the same cells in turn. Printed are, per workload: what a cell takes from request to idle
without checkpoints and what each adds to it, median and 95th percentile where a cell runs several times; the bytes
that it added to what is stored; what going back to the state before the first change takes, and whether that was right
(the probe's value is the one that the workload had there); and the kernel's peak memory, above the plain kernel's.
``--docs`` writes ``docs/benchmarks.md`` and its plot.

A cell counts as done when the kernel is idle. What a way does after that is waited for, and told as ``after``.

``dill`` writes the session with ``dump_session`` after each cell, ``cloudpickle`` all variables. Kishu runs as its own
extension starts it, and with its experimental tracker. The peers come from the package index, into an environment of
their own below ``.setup/peers``. What cannot be installed is left out, and said to be.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cell_overhead import Kernel
from dataflow import installed, peer

PEERS = ("kishu==0.3.4", "dill==0.4.1", "cloudpickle==3.1.3")
SHARED = ("ipykernel", "ipython", "jupyter_client", "numpy", "pandas", "scikit-learn", "matplotlib")
"""What the peers' kernels get in the versions that ours runs with."""

EACH_CELL = """
def _each(_ip=get_ipython()):
    import os, {module}
    def save(result):
        {save}
    _ip.events.register('post_run_cell', save)
_each()
del _each
"""
KISHU = """
def _each():
    from pathlib import Path
    from kishu.jupyterint import KishuForJupyter
    from kishu.notebook_id import NotebookId
    from kishu.storage.config import Config
    Config.set('IDGRAPH', 'experimental_tracker', {experimental})
    found = KishuForJupyter(NotebookId('k', Path('n.ipynb').resolve(), 'kid'), ip=get_ipython())
    found.set_session_id(1)
    found.install_kishu_hooks()
    return found
_kishu = _each()
del _each
"""
CLOUDPICKLE = (
    "names = {k: v for k, v in _ip.user_ns.items() if not k.startswith('_') and k not in _ip.user_ns_hidden}\n"
    "        with open('state/all.pickle', 'wb') as file: cloudpickle.dump(names, file)"
)
START: dict[str, str] = {
    "kishu": KISHU.format(experimental=False),
    "kishu experimental": KISHU.format(experimental=True),
    "dill": EACH_CELL.format(module="dill", save="dill.dump_session('state/session.pkl')"),
    "cloudpickle": EACH_CELL.format(module="cloudpickle", save=CLOUDPICKLE),
}
"""How each peer begins. The last two have one file, that of the newest state: they are not asked to go back."""
OURS, PLAIN = "nbrewind", "plain"


@dataclass
class Workload:
    """Cells in order; those of ``again`` run so often, each time with another number."""

    cells: dict[str, str]
    """Name to source; ``{turn}`` differs each time that it runs."""
    again: int = 1
    setup: str = ""
    back: str = ""
    """The cell after which the state is that to which the kernel goes back at the end; empty: it does not."""
    probe: str = ""
    """An expression whose value is taken there, and must be the same after going back."""


FRAME = "import numpy as np, pandas as pd\ndf = pd.DataFrame(np.random.default_rng(0).random((10_000_000, 5)), columns=list('abcde'))"
WORKLOADS: dict[str, Workload] = {
    "trivial cell, 10 names": Workload({"assign": "x = {turn}"}, 40, "n = [[i] for i in range(10)]; a, b, c, d, e, f, g, h, i, j = n; del n"),
    "trivial cell, 100 names": Workload({"assign": "x = {turn}"}, 40, "for i in range(100): globals()[f'n{{i}}'] = [i]"),
    "trivial cell, 1,000 names": Workload({"assign": "x = {turn}"}, 20, "for i in range(1000): globals()[f'n{{i}}'] = [i]"),
    "array of 400 MB": Workload(
        {
            "create": "import numpy as np\na = np.random.default_rng(0).random(50_000_000)",
            "read": "s = a.sum()",
            "one element": "a[0] = 1.0",
            "an alias": "b = a[:10]",
        },
        back="read",
        probe="float(a[0])",
    ),
    "frame of 400 MB": Workload(
        {"create": FRAME, "read": "m = df.a.mean()", "a new column": "df['f'] = 1.0", "drop in place": "df.drop(columns='b', inplace=True)"},
        back="read",
        probe="list(df.columns)",
    ),
    "1,000,000 strings": Workload(
        {
            "create": "words = [f'word {{i}}' for i in range(1_000_000)]",
            "read": "n = len(words)",
            "one changed": "words[7] = 'other'",
        },
        back="read",
        probe="words[7]",
    ),
    "300,000 dictionaries": Workload(
        {
            "create": "rows = [{{'i': i, 'text': str(i)}} for i in range(300_000)]",
            "read": "n = len(rows)",
            "one changed": "rows[7]['i'] = -1",
        },
        back="read",
        probe="rows[7]",
    ),
    "random forest": Workload(
        {
            "import": "from sklearn.datasets import load_digits\nfrom sklearn.ensemble import RandomForestClassifier\nX, y = load_digits(return_X_y=True)",
            "fit": "forest = RandomForestClassifier(300, random_state=0).fit(X, y)",
            "predict": "found = forest.predict(X)",
            "fit another": "forest = RandomForestClassifier(10, random_state=1).fit(X, y)",
        },
        back="predict",
        probe="len(forest.estimators_)",
    ),
    "ten arrays of 40 MB": Workload(
        {
            "create": "import numpy as np\nfor i in range(10): globals()[f'a{{i}}'] = np.random.default_rng(i).random(5_000_000)",
            "read one": "s = a5.sum()",
            "one element": "a0[0] = 1.0",
        },
        back="read one",
        probe="float(a0[0])",
    ),
}  # fmt: skip


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


def begin(kind: str, place: Path, python: str) -> Kernel:
    """Start a kernel of a kind in a folder."""
    place.mkdir()
    (place / "state").mkdir()
    (place / "n.ipynb").write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    if kind not in START:
        return Kernel(place, kind == OURS)
    os.environ.update(ENV_KISHU_TEST_MODE="true", KISHU_PATH_ROOT=str(place), HOME=str(place))
    kernel = Kernel(place, False, python=python)
    try:
        kernel.run(START[kind])
    except RuntimeError as error:
        if "PostWithoutPre" not in str(error):  # Kishu's hook, in the cell that sets it
            raise
    return kernel


def stored(place: Path) -> int:
    """Return the bytes in a kernel's folder."""
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file() and not path.is_symlink())


def peak(kernel: Kernel) -> int:
    """Return the most memory that a kernel has had, in bytes."""
    for line in Path(f"/proc/{kernel.manager.provisioner.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def value(kernel: Kernel, expression: str) -> str:
    """Return what an expression is worth, as text."""
    request = kernel.client.execute("", silent=True, user_expressions={"value": expression})
    while (message := kernel.client.get_shell_msg(timeout=600))["parent_header"].get("msg_id") != request:
        pass
    return str(message["content"]["user_expressions"]["value"].get("data", {}).get("text/plain", "an error"))


def go_back(kernel: Kernel, kind: str, cell: str, number: int) -> None:
    """Return to the state after a cell, the ``number``-th that ran."""
    if kind == OURS:
        kernel.run(f"%rewind {cell}")
    else:
        # Its commits bear the execution counts; the first cell is the one that started it.
        kernel.run(f"_kishu.checkout('1:0:{number + 1}', skip_notebook=True)")


def settle(kernel: Kernel) -> float:
    """Wait until a kernel takes up messages again; return the seconds."""
    start = time.perf_counter()
    kernel.client.comm_info(reply=True, timeout=600)
    return time.perf_counter() - start


def play(name: str, kinds: dict[str, str]) -> dict[str, Result]:
    """Run one workload in a kernel of each kind, cell by cell in turn."""
    work, results = WORKLOADS[name], {kind: Result() for kind in kinds}
    with tempfile.TemporaryDirectory(dir=os.environ.get("NBREWIND_BENCH")) as folder:
        places = {kind: Path(folder, kind.replace(" ", "-")) for kind in kinds}
        kernels = {kind: begin(kind, places[kind], python) for kind, python in kinds.items()}
        before: dict[str, str] = {}
        if work.setup:
            for kernel in kernels.values():
                kernel.run(work.setup.format())
        number = 1 + bool(work.setup)
        for cell, source in work.cells.items():
            for turn in range(work.again):
                for kind, kernel in kernels.items():
                    result = results[kind]
                    if not result.failed:
                        try:
                            _run(
                                kernel,
                                places[kind],
                                result.cells.setdefault(cell, Cell()),
                                cell,
                                source.format(turn=turn),
                            )
                        except Exception as error:
                            result.failed = f"{cell}: {str(error).splitlines()[-1][:200]}"
                number += 1
            if cell == work.back:
                target = number - 1
                before = {
                    kind: value(kernel, work.probe) for kind, kernel in kernels.items() if not results[kind].failed
                }
        for kind, kernel in kernels.items():
            result = results[kind]
            if work.back and not result.failed and kind not in (PLAIN, "dill", "cloudpickle"):
                try:
                    start = time.perf_counter()
                    go_back(kernel, kind, work.back, target)
                    result.back = time.perf_counter() - start
                    result.right = value(kernel, work.probe) == before[kind]
                except Exception as error:
                    result.failed = f"going back: {str(error).splitlines()[-1][:200]}"
            result.peak = peak(kernel)
            kernel.stop()
    return results


def _run(kernel: Kernel, place: Path, found: Cell, cell: str, source: str) -> None:
    held = stored(place)
    found.seconds.append(kernel.run(source, cell))
    found.after.append(settle(kernel))
    time.sleep(0.1)  # what is done in the background: it is not measured, but must not disturb the next
    found.stored += stored(place) - held


def show(name: str, results: dict[str, Result]) -> None:
    """Print one workload."""
    plain = results[PLAIN]
    print(f"\n{name}")
    for cell in plain.cells:
        base = statistics.median(plain.cells[cell].seconds) * 1000
        print(f"  {cell:<16} plain {base:9.1f} ms")
        for kind, result in results.items():
            if kind != PLAIN and cell in result.cells:
                took = result.cells[cell]
                adds = statistics.median(took.seconds) * 1000 - base
                after = statistics.median(took.after) * 1000
                runs = len(took.seconds)
                worst = f", 95 % below {sorted(took.seconds)[int(runs * 0.95)] * 1000 - base:+.1f}" if runs > 10 else ""
                print(
                    f"    {kind:<20} {adds:+9.1f} ms{worst}, after it {after:.1f} ms, {took.stored / 1e6:.2f} MB stored"
                )
    for kind, result in results.items():
        back = f"back in {result.back * 1000:.0f} ms, {'right' if result.right else 'WRONG'}; " if result.back else ""
        print(
            f"    {kind:<20} {back}peak {(result.peak - plain.peak) / 1e6:+.0f} MB"
            + (f"; FAILED {result.failed}" if result.failed else "")
        )


def main() -> None:
    """Measure all workloads, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--peers", default=",".join(START))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    shared = [f"{name}=={found}" for name in SHARED if (found := installed(name))]
    python, words = peer("state", *PEERS, *shared) if options.peers else ("", "not asked for")
    kinds = {PLAIN: "", OURS: ""} | {kind: python for kind in START if python and kind in options.peers.split(",")}
    versions = {
        "python": platform.python_version(),
        "ours": ", ".join(shared).replace("==", " "),
        "peers": words,
        "machine": f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}",
    }
    if not options.json:
        print("\n".join(f"{name}: {said}" for name, said in versions.items()))
    found = {}
    for name in WORKLOADS:
        if options.only in name:
            found[name] = play(name, kinds)
            if not options.json:
                show(name, found[name])
    plain = {name: {kind: asdict(result) for kind, result in results.items()} for name, results in found.items()}
    if options.json:
        print(json.dumps({"versions": versions, "workloads": plain}))


if __name__ == "__main__":
    main()
