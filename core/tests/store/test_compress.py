"""What pays is stored compressed: everything comes back, counts as what it takes, and damage is noticed."""

from __future__ import annotations

import errno
import os
import random
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from nbrewind.store import Content, ContentError, Store
from nbrewind.store import blobs as blobs_module
from nbrewind.store.compress import compress, decompress, zstd
from nbrewind.store.content import CHUNK_BYTES, ROW_BYTES
from nbrewind.store.small import COMPRESSED_BYTES

BIG = 3 * CHUNK_BYTES + 5
SIZES = [1, COMPRESSED_BYTES - 1, COMPRESSED_BYTES, ROW_BYTES, ROW_BYTES + 1, CHUNK_BYTES, BIG]


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def dull(size: int, seed: int = 0) -> bytes:
    """Return bytes that shrink; those of another seed are others."""
    return (noise(97, seed) * (size // 97 + 1))[:size]


def blobs(store: Store) -> list[Path]:
    return sorted((store.directory / "blobs").glob("*/*"))


def on_disk(store: Store) -> int:
    """Return what the contents really take."""
    rows = store.database.read("SELECT data FROM contents")
    return sum(len(row[0]) for row in rows) + sum(path.stat().st_size for path in blobs(store))


def compressed(data: bytes) -> bytes | None:
    return compress(len(data), lambda start, stop: data[start:stop])


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """Draw any bytes: as they come, repeated, or some of both."""
    part = draw(st.binary(min_size=1, max_size=500))
    data = part * draw(st.integers(1, 300)) + draw(st.binary(max_size=300))
    return data + noise(draw(st.integers(0, 100_000)), 1) if draw(st.booleans()) else data


@given(contents())
def test_any_bytes_come_back(data: bytes) -> None:
    found = compressed(data)
    if found is not None:
        assert len(found) < len(data)
        assert decompress(found, len(data)) == data
        assert decompress(found, len(data) - 1) is decompress(found, len(data) + 1) is None
        assert decompress(found[:-1], len(data)) is decompress(found + b"x", len(data)) is None


@given(st.binary(max_size=200), st.integers(0, 1000))
def test_no_bytes_are_too_strange(data: bytes, size: int) -> None:
    found = decompress(data, size)
    assert found is None or len(found) == size


@pytest.mark.py311
def test_damaged_data_take_no_more_memory_than_they_should() -> None:
    bomb = zstd.compress(bytes(200_000_000), 1)
    wide = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    greedy = wide.compress(noise(10_000)) + wide.flush()
    tracemalloc.start()
    try:
        assert decompress(bomb, 1000) is None
        assert decompress(greedy, 10_000) is None
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.py311
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("reopen", [False, True])
def test_a_value_comes_back(directory: Path, size: int, reopen: bool) -> None:
    content = Content(dull(size, 1), [dull(size, 2), noise(size, 3)], dull(size, 4))
    right = Content(content.stream, [bytearray(content.buffers[0]), bytearray(content.buffers[1])], content.side)
    store = Store.open(directory)
    stored = store.put(content)
    assert stored.bytes == 4 * size
    assert store.get(stored.id) == right
    store.sync()
    if reopen:
        store.close()
        store = Store.open(directory)
    assert store.get(stored.id) == right
    assert store.has(stored.id)
    assert store.put(content) == (stored.id, stored.bytes, 0)
    assert store.doctor(deep=True) == []
    assert store.bytes_on_disk() == store.usage().bytes == store.usage().garbage == on_disk(store)
    assert store.info().row_bytes + store.info().blob_bytes == on_disk(store)
    least, most = (1.0, 1.4) if size >= COMPRESSED_BYTES else (4.0, 4.0)
    assert least * size <= on_disk(store) <= most * size
    store.close()


@pytest.mark.py311
def test_a_file_comes_back(store: Store, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(dull(BIG))
    stored = store.put_file(source)
    store.sync()
    store.get_file(stored.id, target)
    assert target.read_bytes() == source.read_bytes()
    assert store.holds_file(source) and store.put_file(source).added == 0
    assert store.bytes_on_disk() < BIG / 10


def test_what_does_not_shrink_is_stored_as_it_is(store: Store) -> None:
    store.put(Content(noise(ROW_BYTES), [noise(BIG)], b""))
    store.sync()
    assert [path.stat().st_size for path in blobs(store)].count(CHUNK_BYTES) == 3
    assert store.bytes_on_disk() == on_disk(store) == BIG + ROW_BYTES


def test_it_is_on_disk_before_it_takes_the_place_of_the_other(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put(Content(b"s", [dull(ROW_BYTES + 1)], b""))
    (path,) = blobs(store)
    done: list[Any] = []
    fsync, rename = os.fsync, os.rename

    def flush(descriptor: int) -> None:
        done.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def move(source: Any, target: Any) -> None:
        done.append((os.stat(source).st_ino, target))
        rename(source, target)

    monkeypatch.setattr(blobs_module.os, "fsync", flush)
    monkeypatch.setattr(blobs_module.os, "rename", move)
    store.sync()
    inode, folder = path.stat().st_ino, path.parent.stat().st_ino
    order = [done.index(inode), done.index((inode, path)), done.index(folder)]
    assert order == sorted(order)


@pytest.mark.parametrize("damage", ["flip", "head", "truncate", "extend", "cut", "missing"])
def test_a_damaged_blob_is_named_and_healed_by_the_next_put(store: Store, damage: str) -> None:
    content = Content(b"s", [dull(BIG)], b"")
    stored = store.put(content)
    store.sync()
    victim = blobs(store)[1]
    data = victim.read_bytes()
    victim.unlink()
    if damage != "missing":
        middle = len(data) // 2
        spoilt = {
            "flip": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
            "head": b"x" + data[1:],
            "truncate": data[:-1],
            "extend": data + b"x",
            "cut": data[:5],
        }[damage]
        victim.write_bytes(spoilt)
    with pytest.raises(ContentError) as caught:
        store.get(stored.id)
    assert str(victim) in str(caught.value)
    assert ("missing" if damage == "missing" else "damaged") in str(caught.value)
    assert store.has(stored.id) == (damage == "flip")
    assert store.put(content).added > 0
    assert store.get(stored.id).buffers[0] == content.buffers[0]
    store.sync()
    assert store.doctor(deep=True) == []
    assert store.bytes_on_disk() == on_disk(store) < BIG / 10


def test_a_damaged_row_is_named(store: Store) -> None:
    stored = store.put(Content(dull(ROW_BYTES), [], b""))
    store.sync()
    ((data,),) = store.database.read("SELECT data FROM contents")
    for spoilt in (data[:-1], data + b"x", bytes([data[0] ^ 1]) + data[1:], data[:-2] + b"xx", b"", "text", 7):
        with store.database.write() as connection:
            connection.execute("UPDATE contents SET data = ?", (spoilt,))
        with pytest.raises(ContentError, match=r"damaged: row [0-9a-f]{12} of .*traces\.sqlite"):
            store.get(stored.id)


def test_the_doctor_takes_a_damaged_one_out(store: Store, history: Any) -> None:
    checkpoint = history.run({"x": dull(ROW_BYTES + 1), "y": dull(ROW_BYTES)})
    (path,) = blobs(store)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    path.chmod(0o400)
    (found,) = store.doctor(deep=True, repair=True)
    assert found.kind == "damaged" and found.fixed
    assert history.notebook.checkpoint(checkpoint.id).lost
    history.run({"x": dull(ROW_BYTES + 1)})
    assert history.values(history.head)["x"] == dull(ROW_BYTES + 1)
    assert store.doctor(deep=True) == []


@pytest.mark.py311
def test_others_may_store_it_as_it_is(store: Store) -> None:
    """As a kernel does that has the same content to write, and one with an older version."""
    content = Content(b"s", [dull(BIG)], b"")
    stored = store.put(content)
    store.sync()
    data = dull(BIG)
    for start in range(0, BIG, CHUNK_BYTES):
        path = store.layout.blob(blake3(data[start : start + CHUNK_BYTES]).digest())
        path.unlink()
        path.write_bytes(data[start : start + CHUNK_BYTES])
        path.chmod(0o400)
    assert store.has(stored.id)
    assert store.put(content).added == 0
    assert store.get(stored.id).buffers[0] == content.buffers[0]
    assert store.doctor(deep=True) == []


def test_where_there_is_no_room_for_it_the_content_stays_as_it_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = Content(b"s", [dull(BIG)], b"")
    stored = store.put(content)

    def full(descriptor: int, data: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(blobs_module.os, "write", full)
    store.sync()
    monkeypatch.undo()
    assert list((store.directory / "tmp").iterdir()) == []
    assert store.get(stored.id).buffers[0] == content.buffers[0]
    assert store.bytes_on_disk() == on_disk(store) == BIG + 1
    assert store.doctor(deep=True) == []


def test_what_a_kernel_left_unsaved_is_compressed_by_the_next(directory: Path, new_history: Any) -> None:
    path = directory.parent / "a.ipynb"
    with Store.open(directory) as store:
        checkpoint = new_history(store, store.notebook(path)).run({"x": dull(BIG)}, save=False)
    with Store.open(directory) as store:
        notebook = store.notebook(path)
        assert notebook is not None and store.recover(notebook) == 1
        assert notebook.checkpoint(checkpoint.id).saved  # type: ignore[union-attr]
        assert store.bytes_on_disk() == on_disk(store) < BIG / 10
        assert store.doctor(deep=True) == []


@pytest.mark.py311
def test_budgets_count_what_contents_take(store: Store, history: Any) -> None:
    history.run({"x": dull(BIG, 1), "y": dull(ROW_BYTES, 1)}, seconds=1.0)
    first = on_disk(store)
    history.run({"x": noise(100_000), "y": b""}, cell="cell-2", seconds=1.0)
    history.run({"x": b"", "y": b""}, cell="cell-3")
    assert first < 100_000
    assert store.bytes_held(history.notebook) == store.usage().notebooks[0].bytes == on_disk(store)
    assert {share.key: share.bytes for share in store.shares(history.notebook).cells} == {
        "cell-1": first,
        "cell-2": 100_000,
        "cell-3": 0,
    }
    found = store.clean(120_000)
    assert found.evictions == [], "it takes less than its content has"
    found = store.clean(first)
    assert [(entry.cell, entry.bytes) for entry in found.evictions] == [("cell-2", 100_000)]
    found = store.clean(0)
    assert [(entry.cell, entry.bytes) for entry in found.evictions] == [("cell-1", first)]
    assert found.after == on_disk(store) == 0


def test_readers_and_writers_of_the_same_at_once(store: Store, directory: Path) -> None:
    contents = [Content(dull(BIG, seed), [dull(ROW_BYTES + 7, seed)], b"") for seed in range(2)]
    failures: list[BaseException] = []

    def work(opened: Store) -> None:
        try:
            for content in contents * 2:
                stored = opened.put(content)
                assert opened.get(stored.id).stream == content.stream
                opened.sync()
                assert opened.has(stored.id)
                assert opened.get(stored.id).buffers[0] == content.buffers[0]
        except BaseException as error:
            failures.append(error)

    with Store.open(directory) as other:
        threads = [threading.Thread(target=work, args=(opened,)) for opened in (store, store, other, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures
    assert store.doctor(deep=True) == []
