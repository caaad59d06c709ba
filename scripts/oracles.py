"""Ask the replay oracles about every notebook of a folder: is what is called fresh so, are edges missing?

    .venv/bin/python scripts/oracles.py FOLDER [--stories N] [--seed N] [--seconds N] [--reasons]

A story: the notebook runs from top to bottom in a kernel that records; then cells are edited, run, moved and deleted,
as a seed says. The cells that are called fresh are compared with a clean run, and the slices of some cells with these
cells in the whole notebook. All this happens in a copy of the folder. Exit status: 1 if an oracle was wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core" / "tests"))

from oracles.kernels import Kernels
from oracles.notebooks import notebooks_in, sources_of
from oracles.replay import Tally, Unsound, play


def main() -> int:
    """Ask, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stories", type=int, default=3, help="stories of each notebook (3)")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first story; the others follow (0)")
    parser.add_argument("--seconds", type=float, default=300, help="a cell that takes longer is given up (300)")
    parser.add_argument("--reasons", action="store_true", help="why cells that are equal are not called fresh")
    options = parser.parse_args()

    table = Table("notebook", "cells", "ran", "sound", "fresh of equal", "slices", "seconds")
    kernels, wrong, reasons = Kernels(options.seconds), 0, Tally()
    try:
        for path in notebooks_in(options.folder):
            sources, begin, tally, unsound = sources_of(path), perf_counter(), Tally(), 0
            for seed in range(options.seed, options.seed + options.stories if len(sources) > 1 else 0):
                try:
                    with tempfile.TemporaryDirectory(prefix="oracle") as root:
                        play(kernels, Path(root), sources, tally, seed=seed, files=path.parent)
                except Unsound as error:
                    unsound += 1
                    print(f"{path}\n{error}\n", flush=True)
            wrong += unsound
            reasons += tally
            table.add_row(
                str(path.relative_to(options.folder)), str(len(sources)), f"{tally.notebooks - tally.stuck} stories",
                f"no: {unsound}" if unsound else "yes", f"{tally.fresh} of {tally.equal}", str(tally.slices),
                f"{perf_counter() - begin:.0f}",
            )  # fmt: skip
    finally:
        kernels.close()
    Console().print(table)
    if options.reasons:
        print(reasons.why())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
