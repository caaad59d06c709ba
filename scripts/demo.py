"""The main job on a real notebook: record it, change a parameter, repeat only what that touches, rewind a live kernel.

Everything happens in the folder given (default ``demo-out``), with a store of its own. The result of the repeat is
compared with a full run of the changed notebook in a plain kernel, which is really made.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from nbrewind.driver.compare import differences
from nbrewind.driver.notebook_file import read_notebook
from nbrewind.driver.session import Session, evaluate, open_session
from nbrewind.store import Store

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "flights.ipynb"
CHANGE = ("TEST_SHARE = 0.25", "TEST_SHARE = 0.3")
EARLY = "cancelled"
"""The cell that the live kernel is taken back to."""


def heading(text: str) -> None:
    """Print a heading."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def command(*arguments: str, folder: Path, store: Path, quiet: bool = False) -> str:
    """Run ``nbrewind`` as a user would; show the command and what it prints. Returns standard output."""
    if not quiet:
        print(f"$ nbrewind {' '.join(arguments)}", flush=True)
    environment = {**os.environ, "NBREWIND_STORE": str(store), "COLUMNS": os.environ.get("COLUMNS", "120")}
    process = [sys.executable, "-m", "nbrewind.cli", *arguments]
    done = subprocess.run(process, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if not quiet:
        print(done.stdout, end="", flush=True)
    if done.returncode:
        sys.exit(f"nbrewind {arguments[0]} ended with status {done.returncode}")
    return done.stdout


def plain_run(source: Path, folder: Path) -> tuple[nbformat.NotebookNode, float]:
    """Run a notebook in a plain kernel, unrecorded. Returns it and the seconds from kernel start to the last cell."""
    folder.mkdir()
    notebook, _ = read_notebook(source)
    begin = time.perf_counter()
    client = NotebookClient(
        notebook,
        timeout=None,
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=40"],  # nothing on unencrypted TCP: it stays on this machine
    )
    client.execute()
    return notebook, time.perf_counter() - begin


def compare_files(one: Path, other: Path) -> list[str]:
    """Return the names of files that are not equal in two folders."""
    names = sorted({path.name for folder in (one, other) for path in folder.iterdir()})
    return [
        name
        for name in names
        if not (
            (one / name).exists()
            and (other / name).exists()
            and (one / name).read_bytes() == (other / name).read_bytes()
        )
    ]


async def rewinds(notebook_path: Path, store_dir: Path) -> None:
    """In a new kernel: bring the last recorded state back, then go back to an early cell."""
    notebook, _ = read_notebook(notebook_path)
    with Store.open(store_dir) as store:
        index = store.notebook(notebook_path)
        assert index is not None
        checkpoints = index.checkpoints()
    last = checkpoints[-1].id
    early = next(checkpoint.id for checkpoint in checkpoints if checkpoint.cell == EARLY)
    async with open_session(notebook, notebook_path, store=store_dir) as session:
        print("A new kernel, nothing in it. Everything as it was after the last cell of the audit:")
        print(await _rewind(session, last, partial=True))
        print(f"\nAnd back to the state after cell `{EARLY}`, in the same kernel:")
        print(await _rewind(session, early))
        check = "str((len(flights), 'joined' in globals(), 'year' in flights.columns))"
        count, joined, year = json.loads(
            (await evaluate(session.client, check)).translate(str.maketrans("()TF", "[]tf"))
        )
        print(
            f"\n{count:,} flights are back, uncleaned; `joined` exists: {joined}; flights has its year column: {year}"
        )


async def _rewind(session: Session, target: str, *, partial: bool = False) -> str:
    return await evaluate(session.client, f"str(__import__('nbrewind').rewind({target!r}, partial={partial}))")


def main() -> None:
    """Run the demo."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "demo-out").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    store = folder / "store"
    first, changed = folder / "flights.ipynb", folder / "flights-changed.ipynb"
    shutil.copy(EXAMPLE, first)
    text = EXAMPLE.read_text(encoding="utf-8")
    assert CHANGE[0] in text, "the example has no such parameter"
    changed.write_text(text.replace(*CHANGE), encoding="utf-8")

    heading("1. Record the whole notebook once")
    command("audit", first.name, "-o", "flights-audited.ipynb", folder=folder, store=store)

    heading(f"2. Change one parameter in a copy: {CHANGE[0]} becomes {CHANGE[1]}. What would run?")
    command("repeat", changed.name, "--dry-run", folder=folder, store=store)

    heading("3. Repeat it")
    begin = time.perf_counter()
    command("repeat", changed.name, "-o", "flights-repeated.ipynb", folder=folder, store=store)
    repeated = time.perf_counter() - begin

    heading("4. Is that what a full run shows? Run the changed notebook whole, in a plain kernel, and compare")
    full, seconds = plain_run(changed, folder / "full")
    mine, _ = read_notebook(folder / "flights-repeated.ipynb")
    found = differences(mine.cells, full.cells)
    for entry in found:
        nature = f" (by nature: {entry.by_nature})" if entry.by_nature else ""
        print(f"  cell {entry.index + 1}: {entry.what}{nature}")
    files = compare_files(folder / "flights-results", folder / "full" / "flights-results")
    for name in files:
        print(f"  file {name} differs")
    if files or any(not entry.by_nature for entry in found):
        sys.exit("The repeat does not show what a full run shows.")
    outputs = sum(len(cell.outputs) for cell in full.cells if cell.cell_type == "code")
    print(f"All {outputs} outputs and all written files equal those of the full run.")
    print(f"Full run {seconds:.1f} s, repeat {repeated:.1f} s: {1 - repeated / seconds:.0%} of the time saved.")

    heading("5. With nothing changed only the prelude runs")
    begin = time.perf_counter()
    steps = json.loads(command("repeat", first.name, "--json", folder=folder, store=store, quiet=True))["steps"]
    again = time.perf_counter() - begin
    ran = [step for step in steps if step["action"] == "run"]
    print(f"{len(ran)} of {len(steps)} cells ran, all of the prelude: {all(step['prelude'] for step in ran)}")
    print(f"{again:.1f} s, {1 - again / seconds:.0%} of the time saved.")

    heading("6. Rewind a live kernel")
    asyncio.run(rewinds(first, store))

    print(f"\nOpen it in JupyterLab:  NBREWIND_STORE={os.path.relpath(store)} make lab")


if __name__ == "__main__":
    main()
