"""Contents go from one store to another, in a parcel or straight: verified, and large ones without a copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from nbrewind.store import Content, ContentError, Store
from nbrewind.store.manifest import Manifest, encode_manifest
from nbrewind.store.parcel import carry, pack, unpack
from nbrewind.store.small import Row
from nbrewind.store.types import CHUNK_BYTES

BIG = Random(1).randbytes(CHUNK_BYTES + 77_777)
CONTENT = Content(b"text " * 2000, [BIG, b"small"], b"side")


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "other") as opened:
        yield opened


def test_a_parcel_brings_contents_and_their_files(store: Store, other: Store, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(BIG[:70_000])
    ids = [store.put(CONTENT).id, store.put_file(tmp_path / "data").id]
    store.sync()
    parcel = pack(store, [*ids, *ids])
    assert len(parcel.manifests) == 2 and len(parcel.blobs) == 3
    (tmp_path / "way").mkdir()
    for name in parcel.blobs:
        shutil.copy(store.layout.blob(bytes.fromhex(name)), tmp_path / "way" / name)
    way = lambda digest: tmp_path / "way" / digest.hex()  # noqa: E731
    assert unpack(other, parcel, way) > len(BIG) + 70_000
    assert unpack(other, parcel, way) == 0
    assert other.get(ids[0]) == CONTENT and other.has(ids[1]) and other.doctor(deep=True) == []


def test_what_is_carried_is_the_same_file(store: Store, other: Store) -> None:
    name = store.put(CONTENT).id
    store.sync()
    assert carry(store, other, [name]) > len(BIG)
    blob = next(part.digest for part in store.contents.rows.manifest(name).parts() if not part.is_row)
    assert store.layout.blob(blob).samefile(other.layout.blob(blob))
    assert carry(store, other, [name]) == 0 and other.get(name) == CONTENT


def test_nothing_of_a_parcel_is_trusted(store: Store, other: Store, tmp_path: Path) -> None:
    name = store.put(CONTENT).id
    store.sync()
    parcel = pack(store, [name])
    (digest, (codec, data)), *_ = parcel.rows.items()
    contents = store.contents.rows.manifest(name)
    damaged = [
        replace(parcel, rows=parcel.rows | {digest: Row(codec, data[:-1] + b"?")}),
        replace(parcel, rows=parcel.rows | {digest: Row(7, data)}),
        replace(parcel, rows={}),
        replace(parcel, manifests=(b"x",)),
        replace(parcel, manifests=(encode_manifest(Manifest("value", contents.pieces[:1])),)),
    ]
    for each in damaged:
        with pytest.raises(ContentError):
            unpack(other, each, store.layout.blob)
    with pytest.raises(ContentError):
        unpack(other, parcel, lambda digest: tmp_path / "nowhere")
    (tmp_path / "wrong").write_bytes(BIG[:CHUNK_BYTES][::-1])
    with pytest.raises(ContentError):
        unpack(other, parcel, lambda digest: tmp_path / "wrong")
    assert not other.has(name)
    unpack(other, parcel, store.layout.blob)
    assert other.get(name) == CONTENT
