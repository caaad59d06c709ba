"""Wheels of what is installed, made from its files: no index is asked, and what was built here goes along as it is.

A wheel is a zip of the files that ``RECORD`` names, with what the installer has added taken out again. A file that was
changed since it was installed is no part of that distribution any more: then there is no wheel of it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

from nbrewind.packages.form import PackageError, Software
from nbrewind.packages.software import OWN, Used
from nbrewind.state.software import normalised

_TIME = (1980, 1, 1, 0, 0, 0)
_INSTALLERS = frozenset({"INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "RECORD"})
_SCRIPTS = ("bin/", "Scripts/")
_SHEBANG = re.compile(rb"#!/[^\r\n]*python[^\r\n]*")
_GENERIC = b"#!python"
EDITABLE = "it is installed in editable form: build a wheel of it"
NO_LIST = "its installer has left no list of its files"
NOT_KNOWN = "it is not known where the runs have found it"
GONE = "it is not installed any more in this version where the runs have used it"


def wheels_of(used: Used, folder: Path) -> Iterator[tuple[Software, Path | None, str]]:
    """Write the wheels of what runs have used into a folder; yield each with its path, or why there is none."""
    for one in used.software:
        if not one.pinned:
            continue
        try:
            if used.here is None:
                raise PackageError(NOT_KNOWN)
            yield one, make_wheel(find(used.here.paths, one.name, one.version), folder), ""
        except PackageError as error:
            yield one, None, str(error)


def find(paths: Sequence[str], name: str, version: str) -> Distribution:
    """Return an installed distribution.

    Raises:
        PackageError: it is not there in this version.
    """
    for one in distributions(path=list(paths)):
        if normalised(one.metadata["Name"] or "") == name:
            if one.version != version:
                break
            return one
    raise PackageError(GONE)


def make_wheel(found: Distribution, folder: Path) -> Path:
    """Write the wheel of a distribution into a folder; return its path.

    Raises:
        PackageError: there can't be one; why.
    """
    if "editable" in (found.read_text("direct_url.json") or ""):
        raise PackageError(EDITABLE)
    if not found.files or found.read_text("WHEEL") is None:
        raise PackageError(NO_LIST)
    return _write(found, folder, dict(_files(found)))


def own_wheel(folder: Path) -> Path:
    """Write the wheel of this very program into a folder, however it is installed; return its path."""
    found = find([str(one.locate_file("")) for one in _own()], OWN, _own()[0].version)
    root = Path(__file__).parents[1]
    files = {
        f"{root.name}/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
    files |= {name: data for name, data in _files(found) if ".dist-info/" in name}
    return _write(found, folder, files)


def _own() -> list[Distribution]:
    return [one for one in distributions() if normalised(one.metadata["Name"] or "") == OWN]


def _files(found: Distribution) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a wheel, by their names in it."""
    stem = _stem(found)
    made = {point.name for point in found.entry_points if point.group in ("console_scripts", "gui_scripts")}
    for entry in found.files or ():
        name = entry.as_posix()
        base = name.rpartition("/")[2]
        if name.endswith(".pyc") or (name.startswith(f"{stem}.dist-info/") and base in _INSTALLERS):
            continue
        outside = name.startswith("../")
        inner = re.sub(r"^(\.\./)+", "", name)
        if outside and inner.startswith(_SCRIPTS):
            if base.removesuffix(".exe").removesuffix("-script.py") in made:
                continue
            inner = f"{stem}.data/scripts/{base}"
        elif outside:
            inner = f"{stem}.data/data/{inner}"
        elif os.path.isabs(name):
            raise PackageError(f"it has put a file at {name}")
        try:
            data = Path(str(found.locate_file(entry))).read_bytes()
        except OSError as error:
            raise PackageError(f"its file {name} is not there") from error
        if entry.hash is not None and not _is(data, entry.hash.mode, entry.hash.value):
            raise PackageError(f"its file {name} was changed after it was installed")
        if "/scripts/" in inner:
            data = _SHEBANG.sub(_GENERIC, data, count=1) if data.startswith(b"#!") else data
        yield inner, data


def _is(data: bytes, kind: str, value: str) -> bool:
    return _base64(hashlib.new(kind, data).digest()) == value


def _base64(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _stem(found: Distribution) -> str:
    """Return name and version as in the name of the folder of metadata."""
    for entry in found.files or ():
        top = entry.parts[0]
        if top.endswith(".dist-info"):
            return top.removesuffix(".dist-info")
    raise PackageError(NO_LIST)


def _tag(found: Distribution) -> str:
    """Return the tags of a wheel as its name has them."""
    lines = (found.read_text("WHEEL") or "").splitlines()
    tags = [line.partition(":")[2].strip().split("-") for line in lines if line.startswith("Tag:")]
    if not tags or any(len(tag) != 3 for tag in tags):
        raise PackageError("its wheel does not say for which systems it is")
    return "-".join(".".join(dict.fromkeys(tag[place] for tag in tags)) for place in range(3))


def _write(found: Distribution, folder: Path, files: dict[str, bytes]) -> Path:
    stem = _stem(found)
    target = folder / f"{stem}-{_tag(found)}.whl"
    record = f"{stem}.dist-info/RECORD"
    lines = [f"{_quoted(name)},sha256={_base64(hashlib.sha256(data).digest())},{len(data)}"
             for name, data in sorted(files.items())]  # fmt: skip
    files = {**dict(sorted(files.items())), record: "\n".join([*lines, f"{_quoted(record)},,", ""]).encode()}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = (0o100755 if ".data/scripts/" in name else 0o100644) << 16
            archive.writestr(entry, data)
    return target


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if "," in name or '"' in name else name
