"""Parts that are compressed go as they lie in the store, and are looked at like all others."""

from __future__ import annotations

import shutil
import sys

import msgspec
import pytest
from cli_tools import Place
from package_tools import files, pack, packed_otherwise, parts_of

from nbrewind.packages.form import BLOBS, MANIFEST, SEAL, PackageError, Part, sha256
from nbrewind.packages.opened import Package
from nbrewind.packages.receive import take_over
from nbrewind.store import Store
from nbrewind.store.blobs import HEAD, MAGIC
from nbrewind.store.manifest import ROW_BYTES

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def packed_as(part: Part, data: bytes, packed: bytes) -> tuple[Part, bytes]:
    if not part.packed:
        return part, data
    return msgspec.structs.replace(part, sha256=sha256(packed), packed=len(packed)), packed


def test_what_pays_is_compressed_and_lies_so_in_the_store_that_it_came_to(sent: Place, received: Place) -> None:
    found = files(sent.folder / "a.zip")
    packed = {part: found[BLOBS + part.sha256] for part, _ in parts_of(found) if part.packed}
    assert packed and all(part.bytes > ROW_BYTES and part.packed < part.bytes for part in packed)
    assert received("import", "a.zip").code == 0
    for place in (sent, received):
        for part, data in packed.items():
            path = place.store / "blobs" / part.blake3[:2] / part.blake3[2:]
            assert path.read_bytes() == HEAD.pack(MAGIC, HEAD.size + len(data)) + data


def test_a_package_by_another_version_of_what_compresses_comes_back_out_the_same(sent: Place, received: Place) -> None:
    whole = files(sent.folder / "a.zip")
    other = packed_otherwise(whole, lambda part, data: packed_as(part, data, zstd.compress(data, 15)))
    pack(received.folder / "other.zip", other)
    assert received("import", "other.zip", "there").code == 0
    assert received("trust", "other.zip").code == 0
    assert received("import", "other.zip", "there").code == 0
    assert received("export", "there/a.ipynb", "-o", "again.zip").code == 0
    again = files(received.folder / "again.zip")
    assert {name for name in again if name.startswith(BLOBS)} == {name for name in other if name.startswith(BLOBS)}
    assert again[MANIFEST] == other[MANIFEST]


def test_a_package_of_the_first_schema_is_read(sent: Place, received: Place) -> None:
    def plain(part: Part, data: bytes) -> tuple[Part, bytes]:
        return msgspec.structs.replace(part, sha256=sha256(data), packed=0), data

    found = packed_otherwise(files(sent.folder / "a.zip"), plain)
    for name in (MANIFEST, SEAL):
        found[name] = found[name].replace(b'"schema": 2', b'"schema": 1')
    found = packed_otherwise(found, lambda part, data: (part, data))
    pack(received.folder / "old.zip", found)
    answer = received("verify", "old.zip")
    assert answer.code == 0, answer
    with Package(received.folder / "old.zip") as old:
        assert (old.manifest.schema, old.seal.schema) == (1, 1)


def test_what_changes_after_it_was_checked_does_not_get_into_a_store(sent: Place, received: Place) -> None:
    folder = received.folder / "folder"
    shutil.copytree(sent.folder / "folder", folder)
    part = next(part for part, _ in parts_of(files(received.folder / "a.zip")) if part.packed)
    with Package(folder) as package, Store.open(received.store) as store:
        package.check()
        other = zstd.compress(bytes(part.bytes))
        (folder / BLOBS / part.sha256).write_bytes(other.ljust(part.packed, b"x"))
        with pytest.raises(PackageError, match="has changed since it was checked"):
            take_over(package, received.folder / "a.ipynb", store)


@pytest.mark.parametrize("kind", ["no frame", "more", "less", "two frames", "another", "short", "longer"])
def test_what_a_part_is_not_compressed_to_is_refused(sent: Place, received: Place, kind: str) -> None:
    def change(part: Part, data: bytes) -> tuple[Part, bytes]:
        made = {
            "no frame": data[: part.packed],
            "more": zstd.compress(bytes(1 << 28)),
            "less": zstd.compress(data[:-1]),
            "two frames": zstd.compress(data) + zstd.compress(b""),
            "another": zstd.compress(bytes(len(data))),
            "short": zstd.compress(data),
            "longer": zstd.compress(data),
        }[kind]
        changed, made = packed_as(part, data, made)
        if kind == "longer":
            changed = msgspec.structs.replace(changed, packed=part.bytes) if part.packed else changed
        if kind == "short" and not part.packed and part.bytes <= ROW_BYTES:
            made = zstd.compress(data)
            changed = msgspec.structs.replace(part, sha256=sha256(made), packed=len(made))
        return changed, made

    pack(received.folder / "bad.zip", packed_otherwise(files(sent.folder / "a.zip"), change))
    for code, *command in ((1, "verify", "bad.zip"), (2, "import", "bad.zip", "there")):
        answer = received(*command)
        assert answer.code == code and "bad.zip" in answer.err, answer
        assert "part" in answer.err or "blobs/sha256" in answer.err
    assert not (received.folder / "there").exists()
