"""How fast packages are written and read: ``nbrewind export`` and ``import`` against ``zip`` and ``cp``.

Run with ``python bench/packages.py [--only WORDS] [--megabytes N] [--docs]``. Each kind of values is recorded by a real
kernel and exported; then it is imported into an empty store. The peers pack, and copy, the same contents as plain
files, in turn with these. Printed are processor time (a busy machine stretches clocks), MB of contents a second of it,
clocks, and the most memory of the process. ``--megabytes 5000 --only floats`` is the package of 5 GB. Nothing is
asserted; ``--docs`` writes ``docs/benchmarks-packages.md``.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import nbformat

from nbrewind.packages.form import BLOBS, CONTENTS
from nbrewind.store.compress import decompress

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks-packages.md"
MEGABYTES = 400
"""Of each kind of values."""
TURNS = 3
KINDS = {
    "random floats": "a = np.random.default_rng(1).random(size=MB * 125_000)",
    "whole numbers to 100": "a = np.random.default_rng(1).integers(0, 100, size=MB * 125_000)",
    "many arrays of 16 kB": "a = [np.random.default_rng(i).random(2_000) for i in range(MB * 62)]",
    "strings in a list": "a = [f'row {i * 7919 % 1_000_003}: some text' for i in range(MB * 30_000)]",
    "a frame of texts and numbers": (
        "import pandas as pd\nn = MB * 30_000\n"
        "a = pd.DataFrame({'city': [f'city {i * 7919 % 5003}' for i in range(n)], 'value': np.arange(n) / 7})"
    ),
    "a text that was read": "a = ''.join(f'{i},{i * 7919 % 1_000_003},name {i % 977}\\n' for i in range(MB * 40_000))",
}
"""Kinds of values to the cell that makes about ``MB`` megabytes of them."""


class Took(NamedTuple):
    """What a program took."""

    processor: float
    """Seconds."""
    clock: float
    memory: float
    """MB, the most that it had."""


def run(*command: str | Path, folder: Path, store: Path | None = None) -> Took:
    """Run a program and return what it took, with its children's processor time."""
    environment = {**os.environ, "NBREWIND_CELL_SECONDS": "60"} | ({"NBREWIND_STORE": str(store)} if store else {})
    began = perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Took(used.ru_utime + used.ru_stime, perf_counter() - began, used.ru_maxrss / 1024)


def nbrewind(*words: str | Path, folder: Path, store: Path) -> Took:
    """Run a command of ours."""
    return run(sys.executable, "-m", "nbrewind.cli", *words, folder=folder, store=store)


class Measured(NamedTuple):
    """Of one kind of values."""

    kind: str
    megabytes: float
    """Of contents."""
    packed: float
    """Of the package."""
    took: dict[str, list[Took]]
    """What to how long it took, in turns."""

    def median(self, what: str) -> Took:
        """The median of each figure."""
        return Took(*map(statistics.median, zip(*self.took[what], strict=True)))

    def speed(self, what: str, nothing: Measured) -> float:
        """MB of contents a second of processor time, without what the same takes of a notebook that holds nothing."""
        return self.megabytes / max(self.median(what).processor - nothing.median(what).processor, 0.001)


def measure(kind: str, source: str, megabytes: int, turns: int, folder: Path) -> Measured:
    """Record, and measure in turns."""
    made = nbformat.v4.new_notebook()
    texts = {"begin": f"import numpy as np\nMB = {megabytes}", "make": source, "use": "len(a)"}
    made.cells = [nbformat.v4.new_code_cell(text, id=name) for name, text in texts.items()]
    nbformat.write(made, folder / "a.ipynb")
    store, package, plain = folder / "store", folder / "a.zip", folder / "plain"
    nbrewind("audit", "a.ipynb", "-o", "done.ipynb", folder=folder, store=store)
    nbrewind("export", "a.ipynb", "-o", package, folder=folder, store=store)
    size = unpack(package, plain) / 1e6
    took: dict[str, list[Took]] = {}
    for _ in range(turns):
        for what, one in _turn(folder, store, package, plain):
            took.setdefault(what, []).append(one)
    return Measured(kind, size, package.stat().st_size / 1e6, took)


def unpack(package: Path, folder: Path) -> int:
    """Write the contents of a package as plain files; return their bytes."""
    folder.mkdir()
    with zipfile.ZipFile(package) as archive:
        lines = [json.loads(line) for line in archive.read(CONTENTS).splitlines()]
        parts = {line["sha256"]: line for line in lines if line["type"] == "part"}
        for name, part in parts.items():
            data = archive.read(BLOBS + name)
            whole = decompress(data, part["bytes"]) if part.get("packed") else data
            assert whole is not None
            (folder / name).write_bytes(whole)
    return sum(part["bytes"] for part in parts.values())


def _turn(folder: Path, store: Path, package: Path, plain: Path) -> Iterator[tuple[str, Took]]:
    again = [folder / name for name in ("again.zip", "plain.zip", "stored.zip", "copy", "there", "other")]
    yield "export", nbrewind("export", "a.ipynb", "-o", again[0], folder=folder, store=store)
    assert filecmp.cmp(again[0], package, shallow=False)
    yield "zip -1", run("zip", "-qr1", again[1], plain.name, folder=folder)
    yield "zip -0", run("zip", "-qr0", again[2], plain.name, folder=folder)
    yield "cp", run("cp", "-r", plain, again[3], folder=folder)
    yield "import", nbrewind("import", package, again[4], folder=folder, store=again[5])
    yield "unzip", run("unzip", "-qo", again[1], "-d", again[3], folder=folder)
    for path in again:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


COLUMNS = ("export", "import", "zip -1", "zip -0", "unzip", "cp")


def table(found: list[Measured], nothing: Measured) -> Iterator[str]:
    """Yield the lines of a table: speeds, then clocks and memory."""
    yield "| values | MB | package MB | " + " | ".join(f"{name}" for name in COLUMNS) + " |"
    yield "|---" * (3 + len(COLUMNS)) + "|"
    for one in found:
        speeds = " | ".join(f"{one.speed(name, nothing):.0f}" for name in COLUMNS)
        yield f"| {one.kind} | {one.megabytes:.0f} | {one.packed:.0f} | {speeds} |"
    yield ""
    yield "| seconds by the clock; most memory | " + " | ".join(COLUMNS) + " |"
    yield "|---" * (1 + len(COLUMNS)) + "|"
    for one in found:
        times = " | ".join(f"{one.median(name).clock:.1f}; {one.median(name).memory:.0f} MB" for name in COLUMNS)
        yield f"| {one.kind} | {times} |"


HEAD = """# Packages: how fast they are written and read

Written by `bench/packages.py`: `nbrewind export` and `import` against `zip`, `unzip` and `cp` of the same contents as
plain files, in turn. MB of contents (as they are in memory) a second of processor time, of all threads; what the same
takes of a notebook that holds nothing is not counted. Export reads the store, looks for secrets and names each content
by SHA-256; import checks two digests of each and flushes it all to the disk before anything answers.
"""


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="kinds of values with these words")
    parser.add_argument("--megabytes", type=int, default=MEGABYTES)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--docs", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    found = []
    for kind, source in {"nothing": "a = []", **KINDS}.items():
        if options.only in kind or kind == "nothing":
            with tempfile.TemporaryDirectory() as name:
                found.append(measure(kind, source, options.megabytes, options.turns, Path(name)))
            print("\n".join(table(found[-1:], found[0])), flush=True)
    if options.docs:
        machine = f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.system()}."
        PAGE.write_text("\n".join([HEAD, machine, "", *table(found[1:], found[0]), ""]))


if __name__ == "__main__":
    main()
