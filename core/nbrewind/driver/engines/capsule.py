"""What goes to a worker and comes back: cells, the records that they need, contents by their digests.

Both are data, and are verified before they are used; nothing of it is unpickled but by the kernel that needs a value,
as from any store.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from nbrewind.driver.engines.ahead_kernel import Result, Work
from nbrewind.driver.engines.scratch import Scratch
from nbrewind.model import Record, Run
from nbrewind.store import Store, StoreError
from nbrewind.store.parcel import Parcel, pack, unpack

DIGEST = re.compile(r"[0-9a-f]{64}")
NOTEBOOK = "notebook.ipynb"
RETURN = "return"


class Order(Record, frozen=True, kw_only=True):
    """What a worker is to do. Large contents are files beside it, named by their digests."""

    jobs: tuple[tuple[Work, ...], ...]
    runs: tuple[Run, ...]
    parcel: Parcel
    files: dict[str, str] = {}
    """Name of a file below the notebook's folder to the snapshot that it has."""
    kernels: int = 1
    """How many of the jobs it runs at a time."""


class Return(Record, frozen=True, kw_only=True):
    """What a worker has made."""

    results: tuple[Result, ...]
    runs: tuple[Run, ...] = ()
    shown: dict[str, list[dict[str, Any]]] = {}
    """Run to what it sent to be shown."""
    parcel: Parcel = Parcel()


_encode = msgspec.msgpack.Encoder().encode
_order, _return = msgspec.msgpack.Decoder(Order).decode, msgspec.msgpack.Decoder(Return).decode


def write_order(
    place: Path,
    jobs: Sequence[Sequence[Work]],
    scratch: Scratch,
    snapshots: Sequence[str],
    files: dict[str, str],
    kernels: int,
) -> dict[str, str]:
    """Write an order for jobs whose needs were brought into ``scratch``; return names and paths of files beside it.

    ``kernels``: how many of them may run at a time.

    Raises:
        StoreError: something is not there any more.
    """
    names = {run for works in jobs for work in works for run in work.state}
    runs = tuple(run for name in sorted(names) if (run := scratch.store.run(name)) is not None)
    parcel = pack(scratch.store, dict.fromkeys((*snapshots, *files.values())))
    order = Order(jobs=tuple(map(tuple, jobs)), runs=runs, parcel=parcel, files=files, kernels=kernels)
    place.write_bytes(_encode(order))
    return {name: str(scratch.store.layout.blob(bytes.fromhex(name))) for name in parcel.blobs}


def read_order(place: Path, store: Store, folder: Path) -> Order:
    """Take over an order where the worker is: contents into ``store``, files into ``folder``, the notebook's."""
    order = _order(place.read_bytes())
    unpack(store, order.parcel, lambda digest: place.parent / digest.hex())
    with store.database.write() as connection:
        for run in order.runs:
            store.traces.insert(connection, run, answerable=False)
    for name, snapshot in order.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        store.get_file(snapshot, path)
    return order


def write_return(place: Path, results: Sequence[Result], store: Store) -> None:
    """Write what cells have made, where the worker is."""
    runs = [run for result in results if result.run and (run := store.run(result.run)) is not None]
    parcel = pack(store, [one.snapshot for run in runs for one in run.writes if one.snapshot])
    shown = {run.id: store.messages(run.id) for run in runs}
    data = _encode(Return(results=tuple(results), runs=tuple(runs), shown=shown, parcel=parcel))
    with tarfile.open(place, "w") as archive:
        head = tarfile.TarInfo(RETURN)
        head.size = len(data)
        archive.addfile(head, io.BytesIO(data))
        for name in parcel.blobs:
            archive.add(store.layout.blob(bytes.fromhex(name)), name)


def read_return(place: Path, scratch: Scratch, sources: Mapping[str, str]) -> list[Result]:
    """Take what came back into ``scratch``, verified. ``sources``: the texts of the cells, by id.

    Raises:
        StoreError: it is not what it should be.
    """
    folder = place.with_name(place.name + ".contents")
    folder.mkdir()
    try:
        with tarfile.open(place) as archive:
            for member in archive:
                if not member.isfile() or (member.name != RETURN and not DIGEST.fullmatch(member.name)):
                    raise StoreError(f"what came back holds {member.name!r}, which does not belong there")
                stream = archive.extractfile(member)
                assert stream is not None
                with open(folder / member.name, "wb") as file:
                    while data := stream.read(1 << 20):
                        file.write(data)
        found = _return((folder / RETURN).read_bytes())
    except (tarfile.TarError, OSError, msgspec.DecodeError) as error:
        raise StoreError(f"what came back can't be read: {error}") from error
    unpack(scratch.store, found.parcel, lambda digest: folder / digest.hex())
    for run in found.runs:
        if run.cell not in sources:
            raise StoreError(f"what came back is of a cell {run.cell!r}, which was not asked for")
        scratch.take_in(run, sources[run.cell], found.shown.get(run.id, []))
    return list(found.results)
