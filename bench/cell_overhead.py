"""What recording adds to a cell: plain and recorded kernels side by side, cell by cell in turn.

Run with ``python bench/cell_overhead.py [--cells N] [--json]``. Prints, per workload, the median time from request
to idle in a plain kernel and in a recorded one, their difference, and what the recorder says of itself.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

WORKLOADS: dict[str, tuple[str, str]] = {
    "trivial, 10 names": ("for _i in range(10): globals()[f'n{_i}'] = list(range(_i))", "x = {turn}"),
    "trivial, 1000 names": ("for _i in range(1000): globals()[f'n{_i}'] = list(range(_i % 10))", "x = {turn}"),
    "print, 10 names": ("for _i in range(10): globals()[f'n{_i}'] = list(range(_i))", "print({turn})"),
    "fib(22)": ("def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)", "y = fib(22)  # {turn}"),
    "loop of 300,000": ("s = 0", "for i in range(300000): s += i  # {turn}"),
    "20 files read": (
        "for _i in range(20): open(f'f{_i}.txt', 'w').close()",
        "for i in range(20):\n    with open(f'f{{i}}.txt') as f: t = f.read()\n# {turn}",
    ),
}
"""Name to set-up and cell; ``{turn}`` differs each time."""


class Kernel:
    """A kernel and a client, with or without recording; by default the plain kernel of this Python."""

    def __init__(
        self, folder: Path, recorded: bool, *, python: str = sys.executable, module: str = "ipykernel_launcher"
    ) -> None:
        """Start in ``folder``."""
        self.manager = KernelManager()
        argv = [python, "-m", module, "-f", "{connection_file}", "--log-level=ERROR"]
        self.manager._kernel_spec = KernelSpec(argv=argv, display_name="bench", language="python")
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        if recorded:
            place, store = str(folder / "n.ipynb"), str(folder / "s")
            self.run(f"import nbrewind; nbrewind.attach(notebook={place!r}, store={store!r})")

    def run(self, source: str, cell: str = "") -> float:
        """Execute a cell, with its id if there is one; returns the seconds from request to idle."""
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell} if cell else None)
        request = message["header"]["msg_id"]
        begin = time.perf_counter()
        self.client.shell_channel.send(message)
        while True:
            message = self.client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "error":
                raise RuntimeError("\n".join(message["content"]["traceback"]))
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        seconds = time.perf_counter() - begin
        self.client.get_shell_msg(timeout=120)
        return seconds

    def processor(self) -> float:
        """Return the seconds of processor time that the kernel has used, in all its threads."""
        return time.clock_gettime(~self.manager.provisioner.pid << 3 | 2)  # what clock_getcpuclockid(3) returns

    def stop(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def measure(name: str, cells: int) -> dict[str, Any]:
    """Run one workload; returns milliseconds."""
    setup, cell = WORKLOADS[name]
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder, kind) for kind in ("plain", "recorded")]
        for place in places:
            place.mkdir()
        kernels = [Kernel(place, recorded) for place, recorded in zip(places, (False, True), strict=True)]
        times: list[list[float]] = [[], []]
        for kernel in kernels:
            kernel.run(setup)
        for turn in range(cells):
            for kernel, found in zip(kernels, times, strict=True):
                found.append(kernel.run(cell.format(turn=turn)))
        for kernel in kernels:
            kernel.stop()
        from nbrewind.store import Store

        with Store.open(places[1] / "s") as store:
            index = store.notebook(places[1] / "n.ipynb", create=False)
            overheads = [run.overhead for run in index.runs()][-cells:] if index else []
    warm = [found[3:] for found in times]
    plain, recorded = (statistics.median(found) * 1000 for found in warm)
    return {
        "workload": name,
        "plain_ms": plain,
        "recorded_ms": recorded,
        "added_ms": recorded - plain,
        "ratio": recorded / plain,
        "recorder_ms": statistics.median(overheads[3:]) * 1000,
    }


def main() -> None:
    """Measure all workloads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=60)
    parser.add_argument("--only", default="")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = []
    for name in WORKLOADS:
        if options.only and options.only not in name:
            continue
        found = measure(name, options.cells)
        results.append(found)
        if not options.json:
            print(
                f"{name:22} plain {found['plain_ms']:8.2f} ms   recorded {found['recorded_ms']:8.2f} ms   "
                f"added {found['added_ms']:6.2f} ms   x{found['ratio']:.2f}   (recorder: {found['recorder_ms']:.2f} ms)"
            )
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
