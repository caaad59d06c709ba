"""What following the data flow costs, side by side with ipyflow and with marimo's analyser.

Run with ``python bench/dataflow.py [--seconds S] [--only WORDS] [--json]``. Three real kernels, plain, recorded by us,
and ipyflow's, execute each cell in turn, in an order that changes. Printed are the medians from request to idle, and
the median of the paired differences from the plain kernel with its 95 % confidence interval (bootstrap); the same of
the kernel's processor time, in which a busy machine counts for less, and what is done after the reply for more. Then
the static graph of 1,000 cells and one edit in it, each time in a new process, beside what marimo's runtime does then.

The peers come from the package index, into environments of their own below ``.setup/peers``. What cannot be installed
is left out, and said to be. ipyflow is spared what its front end asks for after each cell.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cell_overhead import Kernel
from ui import interval

ROOT = Path(__file__).parent.parent
PEERS = ROOT / ".setup" / "peers"
IPYFLOW, MARIMO = "ipyflow-core==0.0.231", "marimo==0.25.2"
SHARED = ("ipykernel", "ipython", "jupyter_client", "numpy", "pandas", "scikit-learn", "matplotlib")
"""What ipyflow's kernel gets in the versions that ours runs with."""
NAMES = "for _i in range(10): globals()[f'n{_i}'] = list(range(_i))"
FRAME = "import numpy as np, pandas as pd\ndf = pd.DataFrame({'k': np.arange(20000) % 7, 'v': np.arange(20000.0)})"
DIGITS = (
    "from sklearn.datasets import load_digits\nfrom sklearn.linear_model import LogisticRegression\n"
    "X, y = load_digits(return_X_y=True)"
)
FIGURE = "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()"

WORKLOADS: dict[str, tuple[str, str]] = {
    "trivial": (NAMES + "\nx0 = 0", "x{next} = x{turn} + 1"),
    "2,000 statements": (NAMES, "\n".join(f"n{n % 10} = {n} + {{turn}}" for n in range(2000))),
    "2,000 new values": (NAMES, "\n".join(f"s{n} = {n} + {{turn}}" for n in range(2000))),
    "fib(24)": ("def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)", "y = fib(24)  # {turn}"),
    "100,000 method calls": (
        "class Counter:\n    def __init__(self): self.n = 0\n    def add(self, k): self.n += k\nc = Counter()",
        "for _i in range(100_000): c.add({turn})",
    ),
    "loop of 1,000,000": ("s = 0", "for _i in range(1_000_000): s += _i  # {turn}"),
    "numpy": ("import numpy as np\na = np.arange(250_000.0)", "b = np.sort(np.sin(a * {turn} + 1))\nm = b.mean()"),
    "pandas": (
        FRAME,
        "df['w'] = df['v'] * {turn}\ng = df.groupby('k').agg(['mean', 'std'])\ntop = df.nlargest(5, 'w')",
    ),
    "scikit-learn": (DIGITS, "m = LogisticRegression(max_iter=20 + {turn} % 2).fit(X, y)\nscore = m.score(X, y)"),
    "matplotlib": (
        FIGURE,
        "fig, ax = plt.subplots()\nax.plot(range(100), [i * {turn} for i in range(100)])\nplt.show()",
    ),
}
"""Name to set-up and cell; ``{turn}`` differs each time, ``{next}`` is one more."""
WARM, LEAST, MOST = 1, 5, 41
"""Turns that do not count (caches of fonts, first calls), and how many do."""
COLUMNS = "{:<26}{:>10}{:>11}{:>10}{:>10}{:>23}{:>7}{:>10}{:>23}{:>4}"
HEADS = ("", "takes", "adds", "95 % interval", "ratio", "processor", "95 % interval", "n")
Times = dict[str, list[tuple[float, float]]]
"""Milliseconds per kind, turn by turn: of time, and of the kernel's processor time since the turn before."""


def installed(name: str) -> str:
    """Return the version of a distribution here; empty if there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def peer(name: str, *requirements: str) -> tuple[str, str]:
    """Install into an environment of its own; returns its Python, if that went well, and what is there, in words."""
    place = PEERS / name
    python, stamp, key = str(place / "bin" / "python"), place / "requirements", " ".join((sys.version, *requirements))
    if not (stamp.exists() and stamp.read_text() == key):
        uv = shutil.which("uv") or str(ROOT / ".setup" / "bin" / "uv")
        steps = (
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(place)],
            [uv, "pip", "install", "--quiet", "--python", python, *requirements],
        )
        try:
            for step in steps:
                subprocess.run(step, check=True, stdout=sys.stderr)
        except (OSError, subprocess.CalledProcessError) as error:
            return "", f"could not be installed ({error})"
        stamp.write_text(key)
    names = [requirement.partition("=")[0] for requirement in requirements]
    script = f"from importlib.metadata import version as v; print(', '.join(f'{{n}} {{v(n)}}' for n in {names!r}))"
    answer = subprocess.run([python, "-c", script], check=True, stdout=subprocess.PIPE, text=True)
    return python, answer.stdout.strip()


def kernels(folder: Path, ipyflow: str) -> dict[str, Kernel]:
    """Start a kernel of each kind."""
    found = {}
    for name in ("plain", "recorded", "ipyflow") if ipyflow else ("plain", "recorded"):
        place = folder / name
        place.mkdir()
        if name == "ipyflow":
            found[name] = Kernel(place, False, python=ipyflow, module="ipyflow.kernel")
        else:
            found[name] = Kernel(place, name == "recorded")
    return found


def cells(name: str, ipyflow: str, seconds: float) -> Times:
    """Execute one workload. Who is slow leaves after fewer turns."""
    setup, cell = WORKLOADS[name]
    with tempfile.TemporaryDirectory() as folder:
        running = kernels(Path(folder), ipyflow)
        try:
            for kernel in running.values():
                kernel.run(setup, "setup")
            times: Times = {kind: [] for kind in running}
            used = {kind: kernel.processor() for kind, kernel in running.items()}
            order = list(running)
            for turn in range(MOST + WARM):
                source = cell.format(turn=turn, next=turn + 1)
                for kind in order:
                    took, before = running[kind].run(source, f"c{turn}"), used[kind]
                    used[kind] = running[kind].processor()
                    times[kind].append((took * 1000, (used[kind] - before) * 1000))
                limit = seconds if turn >= LEAST + WARM - 1 else 10 * seconds
                order = [kind for kind in running if spent(times[kind]) < limit or turn < WARM]
                order = order[turn % 3 :] + order[: turn % 3]
                if "plain" not in order or len(order) < 2:
                    break
        finally:
            for kernel in running.values():
                kernel.stop()
    return {kind: found[WARM:] for kind, found in times.items()}


def spent(times: list[tuple[float, float]]) -> float:
    """Return the seconds that a kernel has taken so far."""
    return sum(took for took, _ in times) / 1000


def graphs(marimo: str, rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Build the static graph in new processes, in turn."""
    pythons = ({"marimo": marimo} if marimo else {}) | {"ours": sys.executable}
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in pythons}
    order = list(pythons)
    for _ in range(rounds):
        for kind in order:
            command = [pythons[kind], str(ROOT / "bench" / "dataflow" / "graph.py"), kind]
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            found[kind].append(json.loads(answer.stdout))
        order.reverse()
    return found


def compare(base: Sequence[float], other: Sequence[float]) -> tuple[str, str, str]:
    """Return the median of the paired differences, its interval, and the median ratio."""
    pairs = list(zip(base, other, strict=True))
    differences = [two - one for one, two in pairs]
    low, high = interval(differences)
    ratio = statistics.median(two / one for one, two in pairs)
    return f"{statistics.median(differences):+.2f}", f"{low:+.2f} to {high:+.2f}", f"{ratio:.2f}"


def show(title: str, found: Times) -> None:
    """Print a line for each kind but the first, with which it is compared; a line for that if it is alone."""
    first, *others = found
    for kind in others or [first]:
        turns = min(len(found[first]), len(found[kind]))
        (base, base_used), (took, used) = (list(zip(*found[one][:turns], strict=True)) for one in (first, kind))
        adds, within, ratio = compare(base, took)
        uses, uses_within, _ = compare(base_used, used)
        medians = f"{statistics.median(base):.2f}", kind, f"{statistics.median(took):.2f}"
        print(COLUMNS.format(title, *medians, adds, within, ratio, uses, uses_within, turns), flush=True)


def main() -> None:
    """Measure all, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seconds",
        type=float,
        default=10,
        help=f"for each cell and kernel; ten times that until there were {LEAST} turns",
    )
    parser.add_argument("--only", default="")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    shared = [f"{name}=={found}" for name in SHARED if (found := installed(name))]
    ipyflow, ipyflow_words = peer("ipyflow", IPYFLOW, *shared)
    marimo, marimo_words = peer("marimo", MARIMO)
    versions = {
        "python": platform.python_version(),
        "ours": ", ".join(shared).replace("==", " "),
        "ipyflow": ipyflow_words,
        "marimo": marimo_words,
        "machine": f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}",
    }
    results: dict[str, Any] = {"versions": versions, "cells": {}}
    if not options.json:
        print("\n".join(f"{name}: {words}" for name, words in versions.items()))
        print(COLUMNS.format("milliseconds", "plain", *HEADS))
    for name in WORKLOADS:
        if options.only in name:
            found = results["cells"][name] = cells(name, ipyflow, options.seconds)
            if not options.json:
                show(name, found)
    if options.only in "static graph":
        found = results["graphs"] = graphs(marimo, rounds=9)
        if not options.json:
            print(COLUMNS.format("milliseconds", next(iter(found)), *HEADS))
            for key, title in (("whole", "static graph, 1,000 cells"), ("edit", "one edit in it")):
                show(title, {kind: [each[key] for each in rounds] for kind, rounds in found.items()})
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
