"""Writes into a store until it is killed. Reports each saved checkpoint on standard output, one id per line.

Run as ``python crash_writer.py STORE NOTEBOOK SEED``. The value of every variable follows from its version's preview
(``SEED:SIZE``), so that whoever reads the store afterwards can tell whether it is right.
"""

from __future__ import annotations

import random
import sys
import time

from nbrewind.model import CellAnalysis, Checkpoint, Run, Version, new_id
from nbrewind.store import Content, Store

SIZES = [10, 300, 60_000, 70_000, 300_000, 5_000_000]


def value(preview: str) -> bytes:
    """Return the value that a preview stands for: every other one is stored compressed."""
    seed, size = map(int, preview.split(":"))
    if seed % 2:
        return random.Random(seed).randbytes(size)
    return (random.Random(seed).randbytes(97) * (size // 97 + 1))[:size]


def main(directory: str, path: str, seed: int) -> None:
    """Write until killed."""
    rng = random.Random(seed)
    store = Store.open(directory)
    notebook = store.notebook(path, cells=["a"])
    assert notebook is not None
    session, number = new_id(), 0
    head = notebook.checkpoints()[-1].id if notebook.checkpoints() else ""
    print("ready", flush=True)
    while True:
        number += 1
        run_id = new_id()
        versions = []
        for name in rng.sample("abcdefgh", rng.randint(1, 3)):
            preview = f"{rng.randrange(50)}:{rng.choice(SIZES if rng.random() < 0.3 else SIZES[:3])}"
            data = value(preview)
            stored = store.put(Content(b"stream " + preview.encode(), [data], b""))
            versions.append(
                Version(id=new_id(), key=f"var:{name}", run=run_id, digest="b3:x", snapshot=stored.id, preview=preview)
            )
        run = Run(
            id=run_id, notebook=notebook.id, session=session, cell="a", number=number, code=f"code:{number % 7}",
            source=f"src:{number}", started=time.time(), writes=tuple(versions),
        )  # fmt: skip
        checkpoint = Checkpoint(
            id=new_id(), parent=head, notebook=notebook.id, session=session, cell="a", run=run_id, time=time.time(),
            delta={version.key: version.id for version in versions},
        )  # fmt: skip
        outputs = [{"output_type": "stream", "name": "stdout", "text": f"{number}"}]
        notebook.record(run, checkpoint, source=f"# {number}", outputs=outputs, analysis=CellAnalysis(code=run.code))
        head = checkpoint.id
        if rng.random() < 0.6:
            store.sync()
            notebook.mark_saved(head, added=1)
            print(head, flush=True)
        elif rng.random() < 0.1:
            notebook.mark_lost(head, "told so")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
