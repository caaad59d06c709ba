"""The notebook that tests export, and packages that somebody has meddled with."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from nbrewind.packages.form import CONTENTS, MANIFEST, RECORDS, SEAL, sha256, to_json

CELLS = (
    ("imports", "import numpy as np\nimport math"),
    ("numbers", "N = 6"),
    ("function", "def f(x):\n    return x * N"),
    ("use", "r = [f(i) for i in range(3)]\nprint(r)"),
    ("array", "a = np.random.default_rng(1).normal(size=300_000)\nprint(round(float(a.sum()), 3))"),
    ("write", "with open('out.txt', 'w') as file:\n    _ = file.write(str(r))"),
    ("read", "print(open('in.csv').read(), len(open('large.bin').read()))"),
    ("last", "print(a[:2].round(3).tolist(), sum(r))\nlen(a)"),
)
"""Prelude, parameter, function, values small and large, a file written, files read, outputs."""


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


def edit_lines(data: bytes, change: Callable[[dict], dict | None]) -> bytes:
    """Change the lines of a document."""
    found = [change(json.loads(line)) for line in data.splitlines()]
    return b"".join(to_json(line, indent=None) for line in found if line is not None)


__all__ = ["CELLS", "CONTENTS", "MANIFEST", "RECORDS", "SEAL", "edit_lines", "files", "pack", "resealed"]
