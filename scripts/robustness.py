"""Record, edit and replay notebooks that others wrote; print one line for each, then the table of docs/robustness.md.

    .venv/bin/python scripts/robustness.py [--packages NAME...] [--each N] [--seconds S] [--seed N] [--write]

Sets up ``.setup/robustness``: the notebooks (scripts/fetch_notebooks.py), and an environment with what they import.
Every notebook runs in a kernel that records, is worked on as the seed says, and both replay oracles are asked
(core/tests/oracles). ``--each``: at most so many notebooks of a package, chosen by the seed; those that name the
network come last. ``--write``: also into the page. Exit status: 1 if an oracle was wrong.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from random import Random
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core" / "tests"))

from oracles.kernels import Kernels, Stuck
from oracles.notebooks import sources_of
from oracles.replay import Story, Tally, Unsound

from nbrewind.driver.notebook_file import NotebookError
from nbrewind.store import Store

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".setup" / "robustness"
PAGE = ROOT / "docs" / "robustness.md"
NEEDS = (
    "statsmodels", "seaborn", "scikit-learn", "matplotlib", "pandas", "numpy", "ipykernel", "rich", "nbformat",
    "control", "emcee", "corner",
)  # fmt: skip
NETWORK = re.compile(r"load_dataset|get_rdataset|https?://|datareader|urlopen|urlretrieve|webuse")
"""Words of cells that take their data from the network."""
INSIDE = "NBREWIND_ROBUSTNESS"


@dataclass
class Sum:
    """What came of the notebooks of one package."""

    tried: int = 0
    whole: int = 0
    """Notebooks of which every cell ran without an error."""
    sound: int = 0
    tally: Tally = field(default_factory=Tally)
    """What the oracles compared."""
    seconds: float = 0.0
    """What the cells took in the first run, recording left out."""
    added: list[float] = field(default_factory=list)
    """What recording added to each of them."""

    def row(self, name: str) -> str:
        """Return a row of the table."""
        middle = sorted(self.added)[len(self.added) // 2] * 1000 if self.added else 0.0
        share = 100 * sum(self.added) / self.seconds if self.seconds else 0.0
        tally = self.tally
        equal = tally.equal - tally.stale["failed"]  # a cell that fails in both is called failed, and rightly so
        precise = f"{100 * tally.fresh / equal:.0f} % of {equal}" if equal else "-"
        return (
            f"| {name} | {self.tried} | {self.whole} | {tally.stuck} | {self.sound} | {len(self.added)} | {precise} "
            f"| {tally.slices} | {middle:.1f} | {share:.1f} % |"
        )


HEAD = (
    "| | tried | ran without an error | given up | sound | cells | called fresh, of those equal | slices "
    "| added to a cell, ms (median) | added in all |\n|---|---|---|---|---|---|---|---|---|---|"
)


def set_up() -> Path:
    """Return the Python of an environment that has what the notebooks import."""
    python = PLACE / "env" / "bin" / "python"
    if not python.exists():
        os.environ["PATH"] = f"{ROOT / '.setup' / 'bin'}{os.pathsep}{os.environ['PATH']}"  # where set-up puts uv
        uv = ["uv", "pip", "install", "--quiet", "--python", str(python)]
        subprocess.run(["uv", "venv", "--quiet", "--seed", "--python", sys.executable, str(PLACE / "env")], check=True)
        subprocess.run([*uv, "-e", str(ROOT / "core"), *NEEDS], check=True)
    subprocess.run([str(python), str(ROOT / "scripts" / "fetch_notebooks.py"), str(PLACE / "notebooks")], check=True)
    return python


def measure(store: Path, notebook: Path, total: Sum) -> bool:
    """Add what the first run of all cells took; return whether all ended well."""
    with Store.open(store) as opened:
        index = opened.notebook(notebook, create=False)
        runs = index.runs() if index is not None else []
    total.added += [run.overhead for run in runs]
    total.seconds += sum(run.seconds for run in runs)
    return bool(runs) and all(run.status == "ok" for run in runs)


def readable(path: Path) -> list[str]:
    """Return the cells of a notebook; none if it is no valid one of Python, or has only one cell."""
    try:
        sources = sources_of(path)
    except NotebookError:
        return []
    return sources if len(sources) > 1 else []


def ask(path: Path, sources: Sequence[str], kernels: Kernels, seed: int, total: Sum) -> str:
    """Work on one notebook and ask the oracles; return what came of it, in a word or at length."""
    tally = Tally()
    total.tried += 1
    with tempfile.TemporaryDirectory(prefix="robust") as root:
        try:
            story = Story(kernels, Path(root), sources, seed=seed, files=path.parent)
            try:
                story.run_all()
                story.kernel.flush()
                total.whole += measure(story.store, story.notebook, total)
                places = story.random.sample(range(len(sources)), 2)
                pieces = [piece for place in places if (piece := story.slice_of(place)) is not None]
                story.work_on(story.random.randint(3, 6))
                story.finish()
            finally:
                story.close()
            story.check_freshness(tally)
            for piece in pieces:
                story.check_slice(piece, tally)
        except Stuck as error:
            total.tally.stuck += 1
            return f"given up: {str(error).splitlines()[0]}"
        except Unsound as error:
            return f"UNSOUND\n{error}\n"
    total.sound += 1
    total.tally += tally
    return f"sound; {tally.fresh} of {tally.equal} equal cells fresh; {dict(tally.stale)}"


def run(options: argparse.Namespace) -> int:
    """Go through the notebooks."""
    kernels, sums, wrong = Kernels(options.seconds), {}, 0
    try:
        for folder in sorted(found for found in (PLACE / "notebooks").iterdir() if found.is_dir()):
            if options.packages and folder.name not in options.packages:
                continue
            total = sums[folder.name] = Sum()
            notebooks = {path: sources for path in sorted(folder.rglob("*.ipynb")) if (sources := readable(path))}
            paths = list(notebooks)
            Random(options.seed).shuffle(paths)
            paths.sort(key=lambda path: any(map(NETWORK.search, notebooks[path])))
            for path in paths:
                if options.each and total.tried >= options.each:
                    break
                begin = perf_counter()
                words = ask(path, notebooks[path], kernels, options.seed, total)
                wrong += words.startswith("UNSOUND")
                print(f"{path.relative_to(PLACE / 'notebooks')} ({perf_counter() - begin:.0f} s): {words}", flush=True)
    finally:
        kernels.close()
    names = ("ipykernel", "ipython", "numpy", "pandas", "matplotlib", "statsmodels", "seaborn", "control", "emcee")
    made_with = f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in names)
    table = "\n".join([HEAD, *(total.row(name) for name, total in sums.items())])
    print(f"\n{table}\n\n{made_with}")
    if options.write:
        text = PAGE.read_text(encoding="utf-8")
        new = f"<!-- table -->\n{table}\n\n{made_with}; seed {options.seed}.\n<!-- end -->"
        PAGE.write_text(re.sub(r"<!-- table -->.*<!-- end -->", lambda _: new, text, flags=re.S), encoding="utf-8")
    return 1 if wrong else 0


def main() -> int:
    """Set up, and go on in the environment that has the packages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", nargs="*", default=[], help="only these")
    parser.add_argument("--each", type=int, default=0, help="at most so many notebooks of a package (all)")
    parser.add_argument("--seconds", type=float, default=120, help="a cell that takes longer is given up (120)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the table into docs/robustness.md")
    options = parser.parse_args()
    if not os.environ.get(INSIDE):
        python = str(set_up())
        os.execve(python, [python, __file__, *sys.argv[1:]], {**os.environ, INSIDE: "1"})
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
