"""The files from outside that runs have read: small ones go along, larger ones are named, with their digests."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from blake3 import blake3

from nbrewind.model import ABSENT, Run, new_id
from nbrewind.packages.form import DATA, DATA_FILES, DataFile, LeftOut, Manifest, PackageError, to_json
from nbrewind.packages.software import opened_by
from nbrewind.planning.gone import FILE
from nbrewind.state.files import file_digest
from nbrewind.state.software import without_credentials

DESCRIPTION = DATA + "data.yml"
MOST_INSIDE = 16 * 1024**2
"""Bytes of a file that goes along."""
SCHEMES = ("https", "http")
SECONDS = 60.0
"""How long a server may take to say something."""
CHUNK = 1024 * 1024
_ORIGIN = "user.xdg.origin.url"
_PLAIN = re.compile(r"[\w. @()+,=/-]+")
REFERENCE = "larger than what goes along; it is named with its digest"
NOT_HERE = "not here any more as the runs have read it; it is named with its digest"
ELSEWHERE = "outside of the notebook's folder; it is named with its digest"
ODD_NAME = "not of a name that a file may have everywhere; it is named with its digest"


def inputs_of(runs: Mapping[str, Run]) -> dict[str, str]:
    """Return the files from outside whose content runs have read, path to digest, sorted; programs are no data."""
    found: dict[str, str] = {}
    for run in runs.values():
        software = opened_by(run)
        for entry in run.inputs:
            path = entry.key.removeprefix(FILE)
            if path != entry.key and not entry.run and entry.digest.startswith("b3:") and path not in software:
                found[path] = entry.digest
    return dict(sorted(found.items()))


def data_files(
    inputs: Mapping[str, str],
    folder: Path,
    known: Manifest | None,
    urls: Mapping[str, str],
    most: int = MOST_INSIDE,
) -> Iterator[tuple[DataFile, LeftOut | None]]:
    """Yield what becomes of each file that runs have read; where it does not go along, with the reason.

    ``known``: of the package that the records came in; it knows of files that are not here. ``urls``: where files are
    to be had, by path, as the user has said.

    Raises:
        PackageError: an address is of a file that no run has read, or none that can be fetched from.
    """
    for path, url in urls.items():
        _check_url(path, url)
        if path not in inputs:
            raise PackageError(f"no run has read {path}, for which an address is given; they have read: {_few(inputs)}")
    told = {one.path: one for one in known.data} if known else {}
    for path, digest in inputs.items():
        before = told.get(path)
        if before is not None and before.digest != digest:
            before = None
        size, other = (before.bytes, before.sha256) if before else (0, "")
        reason = ""
        if os.path.isabs(path):
            reason = ELSEWHERE
        elif file_digest(folder / path) != digest:
            reason = NOT_HERE
        else:
            size, other = (folder / path).stat().st_size, _sha256(folder / path)
            reason = REFERENCE if size > most else "" if _goes(path) else ODD_NAME
        url = urls.get(path) or (before.url if before else "") or _noted(folder / path)
        inside = "" if reason else DATA_FILES + path
        left = LeftOut(kind="file", id=path, what=path, bytes=size, reason=reason) if reason else None
        yield DataFile(path=path, digest=digest, sha256=other, bytes=size, inside=inside, url=url), left


def _check_url(path: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise PackageError(
            f"{url!r} is no address from which {path} can be fetched: it must begin with https:// or http://"
        )
    if parts.username is not None:
        raise PackageError(f"the address for {path} has a user name in it: leave that out, it would be in the package")


def _few(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found[:5]) + (", ..." if len(found) > 5 else "") if found else "no files"


def _noted(path: Path) -> str:
    """Return from where a file was fetched, if who did has noted that (``wget --xattr``, browsers)."""
    try:
        url = without_credentials(os.getxattr(path, _ORIGIN).decode())
    except (AttributeError, OSError, ValueError):
        return ""
    return url if urlsplit(url).scheme in SCHEMES else ""


def _sha256(path: Path) -> str:
    hasher = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(CHUNK):
            hasher.update(data)
    return hasher.hexdigest()


def _goes(path: str) -> bool:
    return _PLAIN.fullmatch(path) is not None and ".." not in path.split("/")


def description(files: Iterable[DataFile]) -> bytes:
    """Return the list of data in the form of Floability's backpacks. JSON is YAML, too."""
    entries: list[dict[str, object]] = [
        {
            "name": one.path,
            "source_type": "backpack" if one.inside else "http" if one.url else "fs",
            "source": one.inside or one.url or one.path,
            "target_location": one.path,
            "expected_size": one.bytes or None,
            "checksum": f"sha256:{one.sha256}" if one.sha256 else None,
        }
        for one in files
    ]
    policy = {"retry_attempts": 2, "timeout": 60, "size_tolerance_bytes": 0}
    return to_json(
        {
            "schema_version": 1.0,
            "default_profile": "recorded",
            "profiles": {
                "recorded": {
                    "policy": policy,
                    "data": [{k: v for k, v in one.items() if v is not None} for one in entries],
                }
            },
        }
    )


def missing(files: Iterable[DataFile], folder: Path) -> list[DataFile]:
    """Return the files that are not there as the runs have read them."""
    return [one for one in files if file_digest(folder / one.path) != one.digest]


def fetch(files: Iterable[DataFile], folder: Path, progress: Callable[[str, float], None]) -> list[str]:
    """Fetch files below ``folder`` that are missing there from where the package says; return which.

    Nothing that is there is written over, and nothing is kept that is not what the runs have read. ``progress`` is told
    the path, and how much of it is there, from 0 to 1.

    Raises:
        PackageError: one of them can't be fetched, or is another file by now.
    """
    found = []
    for one in _wanted(files, folder):
        if one.url:
            _check_url(one.path, one.url)
            _fetch(one, folder / one.path, progress)
            found.append(one.path)
    return found


def _fetch(one: DataFile, target: Path, progress: Callable[[str, float], None]) -> None:
    from urllib.request import Request, urlopen

    hasher, taken = blake3(), 0
    temporary = target.with_name(f".{target.name[:200]}.{new_id()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        request = Request(one.url, headers={"User-Agent": "nbrewind"})
        with urlopen(request, timeout=SECONDS) as answer, open(temporary, "xb") as file:
            while data := answer.read(CHUNK):
                taken += len(data)
                if one.bytes and taken > one.bytes:
                    break
                hasher.update(data)
                file.write(data)
                progress(one.path, taken / one.bytes if one.bytes else 0.0)
        if "b3:" + hasher.hexdigest(length=16) != one.digest:
            raise PackageError(f"what {one.url} gives now is not the {one.path} that the runs have read")
        os.replace(temporary, target)
    except (OSError, ValueError, HTTPException) as error:
        raise PackageError(f"can't fetch {one.path} from {one.url}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _wanted(files: Iterable[DataFile], folder: Path) -> list[DataFile]:
    """Return the files that are missing below a folder, where nothing else lies."""
    wanted = [one for one in missing(files, folder) if not os.path.isabs(one.path) and _goes(one.path)]
    return [one for one in wanted if file_digest(folder / one.path) == ABSENT]


def supply(files: Iterable[DataFile], folder: Path, source: Path) -> list[str]:
    """Put files below ``folder`` that are missing there and lie, under whatever name, in ``source``; return which.

    Nothing that is there is written over. Files are told by their content; those of another size are not read.
    """
    wanted = _wanted(files, folder)
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
