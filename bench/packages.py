"""How fast packages are written and read: ``nbrewind export`` and ``import`` against ``zip`` and ``cp``.

Run with ``python bench/packages.py [--only WORDS] [--megabytes N] [--docs]``. Each kind of values is recorded by a real
kernel and exported; then it is imported into an empty store. The peers pack, and copy, the same contents as plain
files, in turn with these. Printed are MB of contents a second of processor time (a busy machine stretches clocks) and
by the clock, and the most memory of the process. ``--megabytes 5000 --only floats`` is the package of 5 GB. Nothing is
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


LIMITS = {"NBREWIND_CELL_SECONDS": "600", "NBREWIND_CELL_BYTES": str(1 << 40)}
"""Nothing is too large to be recorded."""


class Took(NamedTuple):
    """What a program took."""

    processor: float
    """Seconds."""
    clock: float
    memory: float
    """MB, the most that it had."""


def run(*command: str | Path, folder: Path, store: Path | None = None) -> Took:
    """Run a program and return what it took, with its children's processor time."""
    environment = os.environ | LIMITS | ({"NBREWIND_STORE": str(store)} if store else {})
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

    def speed(self, what: str, nothing: Measured, *, clock: bool = False) -> float:
        """MB of contents a second, without what the same takes of a notebook that holds nothing."""
        took, empty = self.median(what), nothing.median(what)
        seconds = took.clock - empty.clock if clock else took.processor - empty.processor
        return self.megabytes / max(seconds, 0.001)


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
    again, packed, stored, copy, there, other = (
        folder / name for name in ("again.zip", "plain.zip", "stored.zip", "copy", "there", "other")
    )
    yield "export", nbrewind("export", "a.ipynb", "-o", again, folder=folder, store=store)
    assert filecmp.cmp(again, package, shallow=False)
    again.unlink()
    yield "zip -1", run("zip", "-qr1", packed, plain.name, folder=folder)
    yield "zip -0", run("zip", "-qr0", stored, plain.name, folder=folder)
    stored.unlink()
    yield "cp", run("cp", "-r", plain, copy, folder=folder)
    shutil.rmtree(copy)
    yield "import", nbrewind("import", package, there, folder=folder, store=other)
    shutil.rmtree(there)
    shutil.rmtree(other)
    yield "unzip", run("unzip", "-qo", packed, "-d", copy, folder=folder)
    shutil.rmtree(copy)
    packed.unlink()


COLUMNS = ("export", "import", "zip -1", "zip -0", "unzip", "cp")


def table(found: list[Measured], nothing: Measured) -> Iterator[str]:
    """Yield the lines of three tables: speeds by processor time and by the clock, and memory."""
    yield "| MB a second of processor time | MB | package MB | " + " | ".join(COLUMNS) + " |"
    yield "|---" * (3 + len(COLUMNS)) + "|"
    for one in found:
        speeds = " | ".join(f"{one.speed(name, nothing):.0f}" for name in COLUMNS)
        yield f"| {one.kind} | {one.megabytes:.0f} | {one.packed:.0f} | {speeds} |"
    yield ""
    yield "| MB a second by the clock | " + " | ".join(COLUMNS) + " |"
    yield "|---" * (1 + len(COLUMNS)) + "|"
    for one in found:
        speeds = " | ".join(f"{one.speed(name, nothing, clock=True):.0f}" for name in COLUMNS)
        yield f"| {one.kind} | {speeds} |"
    yield ""
    yield "| most memory | export | import |"
    yield "|---" * 3 + "|"
    for one in found:
        yield f"| {one.kind} | {one.median('export').memory:.0f} MB | {one.median('import').memory:.0f} MB |"


HEAD = """# Benchmarks: packages

How fast packages are written and read: `nbrewind export` and `import` against `zip`, `unzip` and `cp` of the same
contents as plain files, in turn: `python bench/packages.py --docs`, which wrote this page. MB are those of contents as
they are in memory. What the same takes of a notebook that holds nothing, most of it the start of Python and its
libraries, is not counted. Processor time is that of all threads; a busy machine stretches clocks, processor time less.

Export reads each content, verifies it, looks for secrets in it and names it by SHA-256; then it reads it again, as it
lies in the store, and writes it. Import checks both digests of all of it before it writes anything, and flushes it to
the disk before anything answers; `zip`, `unzip` and `cp` do none of this. Contents go compressed where they are so in
the store: `zip -0` and `cp` write more bytes, `zip -1` packs what packages take as it is.

A package of 5 GB (what `--megabytes 5000 --only floats` makes; measured by hand, without peers beside it) was exported
with 82 MB of memory in 27.5 s of processor time and imported with 60 MB in 26.7 s, the start included: 182 and 187 MB a
second, at a load of 12, where the clock showed 79 s of each.

What bounds an export: to unpack contents (500 MB a second for whole numbers, 800 for texts), BLAKE3 (2000), SHA-256 of
what goes along (1400), the search for secrets (4000 for floats, 1500 for whole numbers, 600 for texts; 85 to 200 for
texts that are full of words such as *key*, for base64, digests and other letters at random, and for numbers that are
all characters; 35 to 70 for genomes, and where many names say *token*) and a copy. Large parts are read, verified and
unpacked by a second thread, ahead of what is done with them. Figures of
one turn on a busy machine are off by up to a fifth, and those of imports that take less than a second by more. Of many
small contents each is a file of its own in the package: these are read many at a time from the store, and each is
written, and read, as a whole, since `zipfile` takes longer to open a file than to read it.
"""


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="kinds of values with these words")
    parser.add_argument("--megabytes", type=int, default=MEGABYTES)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--docs", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    load, found = os.getloadavg()[0], []
    for kind, source in {"nothing": "a = []", **KINDS}.items():
        if options.only in kind or kind == "nothing":
            with tempfile.TemporaryDirectory() as name:
                found.append(measure(kind, source, options.megabytes, options.turns, Path(name)))
            print("\n".join(table(found[-1:], found[0])), flush=True)
    if options.docs:
        machine = f"{os.cpu_count()} processors, Python {platform.python_version()}, load {load:.1f} at the start; "
        machine += f"{'one turn' if options.turns == 1 else f'medians of {options.turns} turns'}."
        PAGE.write_text("\n".join([HEAD, machine, "", *table(found[1:], found[0]), ""]))


if __name__ == "__main__":
    main()
