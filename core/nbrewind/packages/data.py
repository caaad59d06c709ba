"""The files from outside that runs have read: small ones go along, larger ones are named, with their digests."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from nbrewind.model import ABSENT, Run
from nbrewind.packages.form import DATA, DATA_FILES, DataFile, LeftOut, Manifest, to_json
from nbrewind.state.files import file_digest

DESCRIPTION = DATA + "data.yml"
MOST_INSIDE = 16 * 1024**2
"""Bytes of a file that goes along."""
_FILE = "file:"
_PLAIN = re.compile(r"[\w. @()+,=/-]+")
REFERENCE = "larger than what goes along; it is named with its digest"
NOT_HERE = "not here any more as the runs have read it; it is named with its digest"
ELSEWHERE = "outside of the notebook's folder; it is named with its digest"
ODD_NAME = "not of a name that a file may have everywhere; it is named with its digest"


def inputs_of(runs: Mapping[str, Run]) -> dict[str, str]:
    """Return the files from outside whose content runs have read, path to digest, sorted."""
    found: dict[str, str] = {}
    for run in runs.values():
        for entry in run.inputs:
            if entry.key.startswith(_FILE) and not entry.run and entry.digest.startswith("b3:"):
                found[entry.key.removeprefix(_FILE)] = entry.digest
    return dict(sorted(found.items()))


def data_files(
    inputs: Mapping[str, str], folder: Path, known: Manifest | None, most: int = MOST_INSIDE
) -> Iterator[tuple[DataFile, LeftOut | None]]:
    """Yield what becomes of each file that runs have read; where it does not go along, with the reason.

    ``known``: of the package that the records came in; it knows of files that are not here.
    """
    told = {one.path: one for one in known.data} if known else {}
    for path, digest in inputs.items():
        before = told.get(path)
        if before is not None and before.digest != digest:
            before = None
        size = before.bytes if before else 0
        reason = ""
        if os.path.isabs(path):
            reason = ELSEWHERE
        elif file_digest(folder / path) != digest:
            reason = NOT_HERE
        else:
            size = (folder / path).stat().st_size
            reason = REFERENCE if size > most else "" if _goes(path) else ODD_NAME
        url = before.url if before else ""
        inside = "" if reason else DATA_FILES + path
        left = LeftOut(kind="file", id=path, what=path, bytes=size, reason=reason) if reason else None
        yield DataFile(path=path, digest=digest, bytes=size, inside=inside, url=url), left


def _goes(path: str) -> bool:
    return _PLAIN.fullmatch(path) is not None and ".." not in path.split("/")


def description(files: Iterable[DataFile]) -> bytes:
    """Return the list of data in the form of Floability's backpacks. JSON is YAML, too."""
    entries = [
        {
            "name": one.path,
            "source_type": "backpack" if one.inside else "http" if one.url else "fs",
            "source": one.inside or one.url or one.path,
            "target_location": one.path,
            "expected_size": one.bytes or None,
            "checksum": "blake3-128:" + one.digest.removeprefix("b3:"),
        }
        for one in files
    ]
    policy = {"retry_attempts": 2, "timeout": 60, "size_tolerance_bytes": 0}
    return to_json(
        {
            "schema_version": 1.0,
            "default_profile": "recorded",
            "profiles": {"recorded": {"policy": policy, "data": entries}},
        }
    )


def missing(files: Iterable[DataFile], folder: Path) -> list[DataFile]:
    """Return the files that are not there as the runs have read them."""
    return [one for one in files if file_digest(folder / one.path) != one.digest]


def supply(files: Iterable[DataFile], folder: Path, source: Path) -> list[str]:
    """Put files below ``folder`` that are missing there and lie, under whatever name, in ``source``; return which.

    Nothing that is there is written over. Files are told by their content; those of another size are not read.
    """
    wanted = [one for one in missing(files, folder) if not os.path.isabs(one.path) and _goes(one.path)]
    wanted = [one for one in wanted if file_digest(folder / one.path) == ABSENT]
    found: list[str] = []
    digests: dict[Path, str] = {}
    here = sorted(path for path in source.rglob("*") if path.is_file())
    for one in wanted:
        named = Path(one.path).name
        likely = [path for path in here if path.name == named] + [path for path in here if path.name != named]
        for path in likely:
            if one.bytes and path.stat().st_size != one.bytes:
                continue
            if digests.setdefault(path, "") == "":
                digests[path] = file_digest(path)
            if digests[path] == one.digest:
                target = folder / one.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
                found.append(one.path)
                break
    return found
