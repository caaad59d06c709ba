"""Contents: what goes in comes out, equal things are stored once, damage is noticed."""

from __future__ import annotations

import errno
import os
import threading
import tracemalloc
from array import array
from pathlib import Path
from pickle import PickleBuffer
from typing import Any

import numpy as np
import pytest
from blake3 import blake3

from nbrewind.store import Content, ContentError, Later, Store, StoreError
from nbrewind.store import blobs as blobs_module
from nbrewind.store.content import CHUNK_BYTES, ROW_BYTES

SIZES = [0, 1, 300, ROW_BYTES, ROW_BYTES + 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 17]
BIG = 3 * CHUNK_BYTES + 5


def _bytes(size: int, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).bytes(size)


def _blobs(store: Store) -> list[Path]:
    return sorted(path for path in (store.directory / "blobs").glob("*/*"))


@pytest.mark.py311
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("reopen", [False, True])
def test_a_value_comes_back(directory: Path, size: int, reopen: bool) -> None:
    content = Content(_bytes(size, 1), [_bytes(size, 2), bytearray(_bytes(7, 3))], _bytes(size, 4))
    store = Store.open(directory)
    stored = store.put(content)
    assert stored.bytes == 3 * size + 7
    assert stored.added == stored.bytes
    if reopen:
        store.close()
        store = Store.open(directory)
    got = store.get(stored.id)
    assert got == Content(content.stream, [bytearray(content.buffers[0]), content.buffers[1]], content.side)
    assert isinstance(got.stream, bytes) and isinstance(got.side, bytes)
    assert all(type(buffer) is bytearray for buffer in got.buffers)
    got.buffers[0].extend(b"own memory")
    assert store.has(stored.id)
    store.close()


def test_any_contiguous_buffer(store: Store) -> None:
    fortran = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    read_only = np.arange(5)
    read_only.flags.writeable = False
    buffers = [array("d", [1.5, 2.5]), memoryview(b"abc"), PickleBuffer(b"xyz"), fortran, read_only, np.array(7)]
    got = store.get(store.put(Content(b"s", buffers, b"")).id)
    assert [bytes(buffer) for buffer in got.buffers] == [
        array("d", [1.5, 2.5]).tobytes(), b"abc", b"xyz", fortran.tobytes("F"), read_only.tobytes(),
        np.array(7).tobytes(),
    ]  # fmt: skip


def test_a_large_buffer_is_read_where_it_is_wanted(store: Store) -> None:
    data, small = _bytes(BIG), _bytes(700, 1)
    stored = store.put(Content(b"s", [data, small], b"side"))
    found = store.fetch(stored.id)
    large = found.buffers[0]
    assert isinstance(large, Later) and (found.stream, found.buffers[1], found.side) == (b"s", small, b"side")
    place = bytearray(BIG)
    large.fill(memoryview(place))
    assert place == data == large.read()
    assert found.read() == store.get(stored.id)
    with pytest.raises(ContentError):
        large.fill(memoryview(bytearray(BIG - 1)))


def test_a_damaged_large_buffer_is_found_when_it_is_read(store: Store) -> None:
    stored = store.put(Content(b"s", [_bytes(BIG)], b""))
    found = store.fetch(stored.id)
    path = next(path for path in store.layout.blobs.glob("*/*") if path.stat().st_size == CHUNK_BYTES)
    path.write_bytes(bytes(CHUNK_BYTES))
    with pytest.raises(ContentError, match="damaged"):
        found.read()


def test_a_buffer_with_gaps_is_refused_in_words(store: Store) -> None:
    with pytest.raises(StoreError, match="could not store a buffer"):
        store.put(Content(b"s", [np.arange(10)[::2]], b""))


@pytest.mark.py311
@pytest.mark.parametrize("size", [100, BIG])
def test_rule_10_no_export_is_left_on_the_users_buffer(store: Store, size: int) -> None:
    mine = bytearray(size)
    store.put(Content(b"s", [mine], b""))
    mine.append(1)  # raises BufferError while anybody holds an export


def test_the_id_covers_the_order_and_the_borders(store: Store) -> None:
    parts = [
        (b"ab", [b"c"], b""), (b"a", [b"bc"], b""), (b"ab", [], b"c"), (b"ab", [b"c", b""], b""), (b"abc", [], b""),
        (b"ab", [b"", b"c"], b""), (b"", [b"ab", b"c"], b""),
    ]  # fmt: skip
    contents = [Content(*part) for part in parts]
    ids = [store.put(content).id for content in contents]
    assert len(set(ids)) == len(ids)
    assert [store.put(content).id for content in contents] == ids


def test_equal_contents_are_stored_once(store: Store) -> None:
    data = _bytes(BIG)
    first = store.put(Content(b"stream", [data], b""))
    assert first.added == BIG + 6
    assert store.put(Content(b"stream", [bytearray(data)], b"")) == (first.id, first.bytes, 0)
    assert store.put(Content(b"other", [data], b"")).added == 5
    store.sync()
    assert store.put(Content(b"stream", [data], b"")).added == 0
    assert len(_blobs(store)) == 4
    assert store.info().blob_bytes == BIG


@pytest.mark.py311
def test_changing_one_element_writes_one_chunk(store: Store) -> None:
    data = bytearray(_bytes(10 * CHUNK_BYTES))
    store.put(Content(b"s", [data], b""))
    data[3 * CHUNK_BYTES + 11] ^= 1
    assert store.put(Content(b"s", [data], b"")).added == CHUNK_BYTES


def test_chunks_with_known_digests_are_not_hashed_again(store: Store) -> None:
    data = bytearray(_bytes(2 * CHUNK_BYTES + 5))
    chunks = [bytes(data[start : start + CHUNK_BYTES]) for start in range(0, len(data), CHUNK_BYTES)]
    digests = tuple(blake3(chunk).digest() for chunk in (*chunks, b"small"))
    first = store.put(Content(b"s", [b"", data, b"small"], b"", digests))
    assert store.get(first.id).buffers == [b"", data, b"small"]
    assert store.put(Content(b"s", [b"", data, b"small"], b"")) == (first.id, first.bytes, 0)
    data[0] ^= 1  # as a thread of the user's may do meanwhile: what counts is what was hashed
    assert store.put(Content(b"s", [b"", data, b"small"], b"", digests)).id == first.id


def test_rule_10_the_digest_is_that_of_what_was_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = bytearray(_bytes(ROW_BYTES + 1))
    before = bytes(mine)
    present = store.contents.blobs.present

    def change_now(digest: bytes, size: int) -> bool:
        mine[0] ^= 1
        return present(digest, size)

    monkeypatch.setattr(store.contents.blobs, "present", change_now)
    stored = store.put(Content(b"s", [mine], b""))
    monkeypatch.undo()
    got = store.get(stored.id)  # verified: the file has the digest that it is named by
    assert got.buffers[0] == mine != before
    assert stored.id != store.put(Content(b"s", [before], b"")).id


def test_small_puts_wait_in_memory_but_not_without_limit(store: Store) -> None:
    def committed() -> int:
        return int(store.database.read("SELECT COUNT(*) FROM contents")[0][0])

    store.put(Content(b"small", [], b""))
    assert committed() == 0
    for seed in range(40):
        store.put(Content(_bytes(60_000, seed), [], b""))
    assert committed() > 0
    store.sync()
    assert committed() == 41


def test_unknown_snapshot(store: Store) -> None:
    assert not store.has("0" * 64)
    with pytest.raises(ContentError, match="content 000000000000 is not in the store at"):
        store.get("0" * 64)


@pytest.mark.parametrize("damage", ["flip", "truncate", "extend", "missing"])
def test_a_damaged_blob_is_named_and_healed_by_the_next_put(store: Store, damage: str) -> None:
    content = Content(b"s", [_bytes(BIG)], b"")
    stored = store.put(content)
    store.sync()
    victim = _blobs(store)[1]
    data = victim.read_bytes()
    victim.unlink()
    if damage != "missing":
        spoilt = {"flip": bytes([data[0] ^ 1]) + data[1:], "truncate": data[:-1], "extend": data + b"x"}[damage]
        victim.write_bytes(spoilt)
    with pytest.raises(ContentError) as caught:
        store.get(stored.id)
    assert str(victim) in str(caught.value)
    assert ("missing" if damage == "missing" else "damaged") in str(caught.value)
    assert store.has(stored.id) == (damage == "flip")
    assert store.put(content).added == len(data)
    assert store.get(stored.id).buffers[0] == content.buffers[0]


def test_a_damaged_row_is_named(store: Store) -> None:
    stored = store.put(Content(b"some stream", [], b""))
    store.sync()
    with store.database.write() as connection:
        connection.execute("UPDATE contents SET data = ?", (b"some strEam",))
    with pytest.raises(ContentError, match=r"damaged: row [0-9a-f]{12} of .*traces\.sqlite"):
        store.get(stored.id)
    with store.database.write() as connection:
        connection.execute("DELETE FROM contents")
    with pytest.raises(ContentError, match="missing: row"):
        store.get(stored.id)
    assert not store.has(stored.id)


def test_a_blob_that_a_crash_left_unflushed_is_not_trusted(directory: Path) -> None:
    content = Content(b"s", [_bytes(BIG)], b"")
    with Store.open(directory) as store:
        store.put(content)  # never synced
    with Store.open(directory) as store:
        assert store.put(content).added == BIG
        store.sync()
    with Store.open(directory) as store:
        assert store.put(content).added == 0


def test_disk_full_while_writing_a_blob(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    content = Content(b"s", [_bytes(BIG)], b"")
    write = os.write

    def full(descriptor: int, data: Any) -> int:
        if len(data) < CHUNK_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[: CHUNK_BYTES // 2])

    monkeypatch.setattr(blobs_module.os, "write", full)
    with pytest.raises(StoreError, match="no space left on device; free some space") as caught:
        store.put(content)
    assert "\n" not in str(caught.value)
    monkeypatch.undo()
    assert list((store.directory / "tmp").iterdir()) == []
    assert store.get(store.put(content).id).buffers[0] == content.buffers[0]
    assert store.doctor(deep=True) == []


def test_disk_full_in_the_database(store: Store, history: Any) -> None:
    history.run({"x": b"before"})
    connection = store.database._own().connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError, match=r"full; free some space"):
        for seed in range(100):
            store.put(Content(_bytes(50_000, seed), [], b""))
    with pytest.raises(StoreError, match="full"):
        history.run({"x": b"during"})
    connection.execute("PRAGMA max_page_count=1000000")
    history.run({"x": b"after"})
    assert history.values(history.head) == {"x": b"after"}
    assert store.doctor(deep=True) == []


def test_a_failed_flush_is_written_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    content = Content(b"s", [_bytes(ROW_BYTES + 1)], b"")
    stored = store.put(content)

    def fail(_: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(blobs_module, "_fsync", fail)
    with pytest.raises(StoreError, match="could not flush content"):
        store.sync()
    monkeypatch.undo()
    inode = _blobs(store)[0].stat().st_ino
    store.sync()
    assert _blobs(store)[0].stat().st_ino != inode
    assert store.get(stored.id) == Content(b"s", [bytearray(content.buffers[0])], b"")


def test_many_threads(store: Store) -> None:
    contents = [Content(_bytes(size, seed), [_bytes(size, seed + 100)], b"") for seed, size in enumerate(SIZES * 3)]
    failures: list[BaseException] = []

    def work(part: list[Content]) -> None:
        try:
            for content in part:
                stored = store.put(content)
                assert store.get(stored.id).stream == content.stream
                store.sync()
                assert store.get(stored.id).buffers[0] == content.buffers[0]
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(contents[index % 3 :],)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.py311
@pytest.mark.parametrize("size", SIZES)
def test_a_file_comes_back(store: Store, tmp_path: Path, size: int) -> None:
    source, target = tmp_path / "in.bin", tmp_path / "out.bin"
    source.write_bytes(_bytes(size))
    stored = store.put_file(source)
    assert (stored.bytes, stored.added) == (size, size)
    assert store.put_file(str(source)) == (stored.id, size, 0)
    store.sync()
    target.write_bytes(b"what was there")
    store.get_file(stored.id, target)
    assert target.read_bytes() == source.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.bin", "out.bin", "store"]


def test_files_are_never_wholly_in_memory(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "in.bin"
    source.write_bytes(_bytes(12 * CHUNK_BYTES))
    tracemalloc.start()
    try:
        stored = store.put_file(source)
        store.get_file(stored.id, tmp_path / "out.bin")
        assert tracemalloc.get_traced_memory()[1] < 4 * CHUNK_BYTES
    finally:
        tracemalloc.stop()


def test_a_value_and_a_file_of_the_same_bytes_are_two_snapshots(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "in.bin"
    source.write_bytes(b"same")
    stored = store.put_file(source)
    assert stored.id != store.put(Content(b"same", [], b"")).id
    with pytest.raises(ContentError, match="is that of a file"):
        store.get(stored.id)


def test_what_is_no_file_is_refused(store: Store, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing", Path("/dev/null")):
        with pytest.raises(StoreError) as caught:
            store.put_file(path)
        assert str(path) in str(caught.value)


def test_a_file_that_changes_while_it_is_read_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in.bin"
    source.write_bytes(_bytes(BIG))
    ensure = store.contents.blobs.ensure

    def grow(data: bytes) -> tuple[bytes, int]:
        with source.open("ab") as file:
            file.write(b"more")
        return ensure(data)

    monkeypatch.setattr(store.contents.blobs, "ensure", grow)
    with pytest.raises(StoreError, match="it changed while it was read"):
        store.put_file(source)


def test_a_file_is_replaced_only_by_verified_content(store: Store, tmp_path: Path) -> None:
    source, target = tmp_path / "in.bin", tmp_path / "out.bin"
    source.write_bytes(_bytes(BIG))
    stored = store.put_file(source)
    target.write_bytes(b"what was there")
    victim = _blobs(store)[0]
    victim.chmod(0o600)
    victim.write_bytes(bytes(victim.stat().st_size))
    with pytest.raises(ContentError):
        store.get_file(stored.id, target)
    assert target.read_bytes() == b"what was there"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.bin", "out.bin", "store"]
    with pytest.raises(StoreError, match="could not write"):
        store.get_file(store.put_file(target).id, tmp_path / "no folder" / "out.bin")
