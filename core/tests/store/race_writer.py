"""Records one small run after another until it is told to end, with contents that others record, and lose, too.

Run as ``python race_writer.py STORE NOTEBOOK SEED SECONDS``. A value follows from its version's preview. Sometimes it
goes back to a state that others may have evicted, as a rewind does. Everything at its head must be there at any time.
"""

from __future__ import annotations

import random
import sys
import time

from nbrewind.model import Checkpoint, Run, Version, new_id
from nbrewind.store import Content, ContentError, Store

SIZES = [100, 5_000, 70_000, 300_000]


def content(preview: str) -> Content:
    """Return the value that a preview stands for."""
    seed, size = map(int, preview.split(":"))
    return Content(b"stream " + preview.encode(), [random.Random(seed).randbytes(size)], b"")


def main(directory: str, path: str, seed: int, seconds: float) -> None:
    """Write, and check."""
    rng = random.Random(seed)
    store = Store.open(directory)
    notebook = store.notebook(path, cells=[path])
    assert notebook is not None
    session, head, number = new_id(), "", 0
    values = [f"{each}:{size}" for each in range(12) for size in SIZES]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        number, run_id = number + 1, new_id()
        with store.writing():
            versions = []
            for name in rng.sample("abcdef", 2):
                preview = rng.choice(values)
                stored = store.put(content(preview))
                time.sleep(rng.choice([0, 0, 0.02]))
                versions.append(
                    Version(
                        id=new_id(), key=f"var:{name}", run=run_id, digest="b3:x", snapshot=stored.id, preview=preview
                    )
                )
            run = Run(
                id=run_id, notebook=notebook.id, session=session, cell="a", number=number, code="code:1",
                source="src:1", started=time.time(), seconds=rng.random(), writes=tuple(versions),
            )  # fmt: skip
            checkpoint = Checkpoint(
                id=new_id(), parent=head, notebook=notebook.id, session=session, cell="a", run=run_id,
                time=time.time(), delta={version.key: version.id for version in versions},
            )  # fmt: skip
            notebook.record(run, checkpoint, source="1")
        check(store, versions)
        head = checkpoint.id
        if rng.random() < 0.7:
            store.sync()
            notebook.mark_saved(head, added=0)
        if rng.random() < 0.2:
            check(store, notebook.state(head).values())
        if rng.random() < 0.1:
            head = rewind(store, notebook, session, rng.choice(notebook.checkpoints()).id) or head
    store.sync()
    for unsaved, _ in notebook.unsaved():
        notebook.mark_saved(unsaved, added=0)
    check(store, notebook.state(head).values())
    store.close()
    print(number)


def rewind(store: Store, notebook: object, session: str, target: str) -> str:
    """Go back, if all is there."""
    with store.writing():
        try:
            check(store, notebook.state(target).values())  # type: ignore[attr-defined]
        except ContentError:
            return ""
        notebook.set_head(session, target)  # type: ignore[attr-defined]
        return target


def check(store: Store, versions: object) -> None:
    """All of these are there, and right."""
    for version in versions:  # type: ignore[attr-defined]
        found, wanted = store.get(version.snapshot), content(version.preview)
        assert (found.stream, bytes(found.buffers[0])) == (wanted.stream, bytes(wanted.buffers[0])), version


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
