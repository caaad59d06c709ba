"""The notebook that tests export, packages that somebody has meddled with, and a backpack."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import nbformat
from blake3 import blake3

from nbrewind.packages.form import BLOBS, CONTENTS, MANIFEST, RECORDS, SEAL, Part, sha256, to_json
from nbrewind.packages.oci import layout
from nbrewind.store.compress import decompress
from nbrewind.store.manifest import Manifest, Piece

CELLS = (
    ("imports", "import numpy as np\nimport math"),
    ("numbers", "N = 6"),
    ("function", "def f(x):\n    return x * N"),
    ("use", "r = [f(i) for i in range(3)]\nprint(r)"),
    ("array", "a = np.random.default_rng(1).normal(size=300_000)\nprint(round(float(a.sum()), 3))"),
    ("whole", "b = np.arange(300_000) % 100"),
    ("write", "with open('out.txt', 'w') as file:\n    _ = file.write(str(r))"),
    ("read", "print(open('in.csv').read(), len(open('large.bin').read()))"),
    ("last", "print(a[:2].round(3).tolist(), sum(r))\nlen(a)"),
)
"""Prelude, parameter, function, values small, large and such as are packed, a file written, files read, outputs."""


def files(path: Path) -> dict[str, bytes]:
    """The files of a zip."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, found: dict[str, bytes]) -> Path:
    """Write files as a zip."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in found.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return path


def resealed(found: dict[str, bytes]) -> dict[str, bytes]:
    """Make all digests of documents fit again, as whoever forges a package would."""
    found = dict(found)
    manifest = json.loads(found[MANIFEST])
    for name in manifest["files"]:
        manifest["files"][name] = "sha256:" + sha256(found[name])
    found[MANIFEST] = to_json(manifest)
    notebook = json.loads(found[manifest["notebook"]])
    notebook["metadata"]["nbrewind"]["manifest"] = "sha256:" + sha256(found[MANIFEST])
    found[manifest["notebook"]] = json.dumps(notebook).encode()
    seal = json.loads(found[SEAL])
    for name in seal["files"]:
        seal["files"][name] = {"bytes": len(found[name]), "sha256": sha256(found[name])}
    found[SEAL] = to_json(seal)
    return {name: data for name, data in found.items() if not name.startswith("nbrewind/signatures/")}


def parts_of(found: dict[str, bytes]) -> Iterator[tuple[Part, bytes]]:
    """Yield what a package says of its parts, and their bytes, unpacked."""
    for line in map(json.loads, found[CONTENTS].splitlines()):
        if line["type"] == "part":
            part = msgspec.convert(line, Part)
            data = found[BLOBS + part.sha256]
            yield part, decompress(data, part.bytes) or b"" if part.packed else data


def packed_otherwise(
    found: dict[str, bytes], pack_part: Callable[[Part, bytes], tuple[Part, bytes]]
) -> dict[str, bytes]:
    """Give parts other files: what ``pack_part`` returns of each with its unpacked bytes."""
    made = (pack_part(part, data) for part, data in parts_of(found))
    parts = dict(sorted(made, key=lambda one: one[0].sha256))
    kept = {name: data for name, data in found.items() if not name.startswith(BLOBS)}
    kept.update((BLOBS + part.sha256, data) for part, data in parts.items())
    others = [line for line in found[CONTENTS].splitlines(keepends=True) if b'"type":"part"' not in line]
    kept[CONTENTS] = b"".join([*(to_json(part, indent=None) for part in parts), *others])
    manifest = json.loads(found[MANIFEST])
    kept.update(layout(parts, "a.ipynb", manifest["head"]))
    return resealed(kept)


def edit_lines(data: bytes, change: Callable[[dict], dict | None]) -> bytes:
    """Change the lines of a document."""
    found = [change(json.loads(line)) for line in data.splitlines()]
    return b"".join(to_json(line, indent=None) for line in found if line is not None)


class Canary:
    """Leaves a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def canaried(whole: dict[str, bytes], data: bytes) -> dict[str, bytes]:
    """Put a pickle in the place of every content of which the package has one part of its own."""
    found = dict(whole)
    swapped: dict[str, tuple[str, int]] = {}
    snapshots: list[dict] = []
    lines = [json.loads(line) for line in whole[CONTENTS].splitlines()]
    new = {"type": "part", "blake3": blake3(data).hexdigest(), "sha256": sha256(data), "bytes": len(data)}
    for line in lines:
        if line["type"] == "snapshot" and line["kind"] == "value":
            pieces = [(new["blake3"], len(data), []), (blake3(b"").hexdigest(), 0, [])]
            manifest = Manifest("value", tuple(Piece(bytes.fromhex(d), size, ()) for d, size, _ in pieces), 1)
            swapped[line["id"]] = manifest.id, len(data)
            snapshots.append({"type": "snapshot", "id": manifest.id, "kind": "value", "segments": 1, "pieces": pieces})
    kept = [line for line in lines if line["type"] == "snapshot" and line["kind"] == "file"]
    pieces = [piece for line in kept for piece in line["pieces"]]
    used = {piece[0] for piece in pieces} | {chunk for piece in pieces for chunk in piece[2]}
    parts = [line for line in lines if line["type"] == "part" and line["blake3"] in used]
    for line in lines:
        if line["type"] == "part" and line["blake3"] not in used:
            del found[BLOBS + line["sha256"]]
    found[BLOBS + new["sha256"]] = data
    unique = {one["id"]: one for one in snapshots}
    document = [new, *parts, *unique.values(), *kept]
    found[CONTENTS] = b"".join(json.dumps(line).encode() + b"\n" for line in document)
    for name in [name for name in found if name.startswith(BLOBS)]:
        if name.removeprefix(BLOBS) not in {line["sha256"] for line in (new, *parts)}:
            del found[name]
    listed = [Part(blake3=line["blake3"], sha256=line["sha256"], bytes=line["bytes"]) for line in (new, *parts)]
    found.update(layout(listed, "a.ipynb", "head"))
    text = found[RECORDS].decode()
    for old, (now, _) in swapped.items():
        text = text.replace(old, now)
    found[RECORDS] = text.encode()
    manifest = json.loads(found[MANIFEST])
    manifest["snapshots"] = len(unique) + len(kept)
    found[MANIFEST] = json.dumps(manifest).encode()
    return resealed(found)


TABLE = b"x,y\n1,2\n"
DATA = f"""
schema_version: 1.0
default_profile: local_data
profiles:
  local_data:
    data:
      - name: table
        source_type: backpack
        source: data/table.csv
        target_location: tables/table.csv
        checksum: sha256:{hashlib.sha256(TABLE).hexdigest()}
      - name: large
        source_type: http
        source: https://host.invalid/large.root
        target_path: large.root
  other:
    data: []
"""


def backpack(folder: Path) -> Path:
    for name in ("workflow", "data", "software", "compute"):
        (folder / name).mkdir(parents=True)
    cells = ["import helper", "t = open('tables/table.csv').read()", "print(helper.count(t))"]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    nbformat.write(made, folder / "workflow" / "analysis.ipynb")
    (folder / "workflow" / "helper.py").write_text("def count(text):\n    return len(text.splitlines())\n")
    (folder / "data" / "table.csv").write_bytes(TABLE)
    (folder / "data" / "data.yml").write_text(DATA)
    (folder / "software" / "environment.yml").write_text("name: x\ndependencies: [python]\n")
    return folder


def zipped(folder: Path, target: Path, around: str = "") -> Path:
    """As other programs write it: with entries for folders, often with one folder around all."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, around + path.relative_to(folder).as_posix())
    return target


__all__ = [
    "CELLS",
    "CONTENTS",
    "MANIFEST",
    "RECORDS",
    "SEAL",
    "Canary",
    "backpack",
    "canaried",
    "edit_lines",
    "files",
    "pack",
    "packed_otherwise",
    "parts_of",
    "resealed",
    "zipped",
]
