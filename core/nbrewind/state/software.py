"""Which software a process has loaded: distributions with what they need and where they came from, and libraries.

Distributions are told from their metadata on disk (``*.dist-info``), where they came from by ``direct_url.json`` (PEP
610). Nothing is imported meanwhile: that would be taken for the doing of a cell that runs.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from importlib.metadata import Distribution as Found
from importlib.metadata import distributions
from typing import Any, Literal
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec
from blake3 import blake3

from nbrewind import unpatched
from nbrewind.model import Record
from nbrewind.state.places import is_library
from nbrewind.store import Store

Kind = Literal["index", "conda", "vcs", "archive", "file", "directory", "unknown"]
_BY_DIGEST, _BY_SESSION = "software:", "software of session:"
_MAPS = "/proc/self/maps"
_REQUIREMENT = re.compile(r"\s*([\w.-]+)\s*(?:\[([^\]]*)\])?")
EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")
"""What names an extra in a requirement."""


class Origin(Record, frozen=True, kw_only=True):
    """Where a distribution was installed from. Its URL has no user, no password and no query."""

    kind: Kind = "unknown"
    """``index``: by name and version; ``file``: a wheel or an archive on disk; ``directory``: a source tree on disk."""
    url: str = ""
    """Of ``vcs`` (``git+https://...``) and ``archive``; what lies on a disk has none that holds elsewhere."""
    commit: str = ""
    digest: str = ""
    """``sha256:HEX`` of an archive, where the installer has noted it."""
    folder: str = ""
    """The folder in the archive or repository, if not its root."""
    editable: bool = False


class Installed(Record, frozen=True, kw_only=True):
    """A distribution that modules were loaded from, or that one of those needs."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    origin: Origin = Origin()
    modules: tuple[str, ...] = ()
    """Its top-level modules that were loaded."""
    asks: tuple[str, ...] = ()
    """Its requirements (PEP 508), those of an extra only where something else asks for that."""


class Environment(Record, frozen=True, kw_only=True):
    """What one process has loaded, and where that lies."""

    python: str
    implementation: str
    platform: str
    """The system and the machine, ``Linux x86_64``."""
    libc: str = ""
    """``glibc 2.36``; empty where it can't be told."""
    prefix: str
    paths: tuple[str, ...] = ()
    """Folders in which distributions were looked for."""
    distributions: tuple[Installed, ...] = ()
    """Those, and what their requirements name and is there, whether they hold here or not; sorted by name."""
    conda: tuple[str, ...] = ()
    """What conda has installed, ``NAME-VERSION-BUILD``; sorted."""
    libraries: tuple[str, ...] = ()
    """Paths of shared objects that belong to no distribution; sorted."""


def environment(modules: Iterable[str] | None = None) -> Environment:
    """Return what this process has loaded. ``modules``: only these top-level modules, by name."""
    known = _known(tuple(sys.path), tuple(map(_changed, sys.path)))
    roots = loaded_modules() if modules is None else set(modules)
    found = known.owners(roots)
    return Environment(
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        platform=f"{platform.system()} {platform.machine()}",
        libc=_libc(),
        prefix=sys.prefix,
        paths=tuple(path for path in sys.path if os.path.isdir(path)),
        distributions=tuple(known.closure(found)),
        conda=tuple(_conda(sys.prefix)),
        libraries=tuple(_libraries(known.folders)),
    )


def loaded_modules() -> set[str]:
    """Return the names of the top-level modules that are loaded and don't come with Python."""
    return {name.partition(".")[0] for name in list(sys.modules)} - sys.stdlib_module_names - {"__main__"}


def normalised(name: str) -> str:
    """Return a distribution's name as it is compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def origin_of(found: Found) -> Origin:
    """Return where a distribution was installed from."""
    try:
        told = json.loads(found.read_text("direct_url.json") or "null")
        return _direct(told) if told else Origin(kind=_without_url(found))
    except (ValueError, KeyError, AttributeError, TypeError, OSError):
        return Origin()


def without_credentials(url: str) -> str:
    """Return a URL without its user, password, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def note(store: Store, session: str, found: Environment) -> None:
    """Keep with a store what a session has loaded."""
    text = msgspec.json.encode(found, order="sorted").decode()
    name = _BY_DIGEST + blake3(text.encode()).hexdigest(length=16)
    if not store.note(name):
        store.set_note(name, text)
    store.set_note(_BY_SESSION + session, name)


def noted(store: Store, session: str) -> Environment | None:
    """Return what a session had loaded at last; None where that is not known."""
    text = store.note(store.note(_BY_SESSION + session))
    return msgspec.json.decode(text, type=Environment) if text else None


def _changed(folder: str) -> int:
    try:
        return os.stat(folder or ".").st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=1)
def _known(path: tuple[str, ...], changed: tuple[int, ...]) -> _Known:
    return _Known()


class _Known:
    """The distributions that can be imported from, each name once: the first on the path."""

    def __init__(self) -> None:
        self._asks: dict[str, tuple[str, ...]] = {}
        self._origins: dict[str, Origin] = {}
        self._found: dict[str, Found] = {}
        self._editable: dict[str, str] = {}
        self._tops: dict[str, list[str]] = {}
        for one in distributions():
            name = normalised(_name(one))
            if name and name not in self._found:
                self._found[name] = one
                for top in _tops(one):
                    self._tops.setdefault(top, []).append(name)

    def owners(self, roots: Iterable[str]) -> dict[str, list[str]]:
        """Return which distributions bring top-level modules, each with these."""
        found: dict[str, list[str]] = {}
        for root in sorted(roots):
            for name in self._tops.get(root) or self._by_place(root):
                found.setdefault(name, []).append(root)
        return found

    def _by_place(self, root: str) -> list[str]:
        """Return the distribution whose source tree holds a module: one that is installed in editable form."""
        place = vars(sys.modules[root]).get("__file__") if root in sys.modules else None
        if not isinstance(place, str) or place.startswith(tuple(folder + os.sep for folder in self.folders)):
            return []
        if not self._editable:
            self._editable = {"": ""} | {tree: name for name, one in self._found.items() if (tree := _tree(one))}
        held = [tree for tree in self._editable if tree and place.startswith(tree + os.sep)]
        return [self._editable[max(held, key=len)]] if held else []

    def closure(self, wanted: Mapping[str, list[str]]) -> Iterator[Installed]:
        """Yield distributions and all that they may need, sorted by name."""
        extras: dict[str, set[str]] = {name: set() for name in wanted}
        asks: dict[str, list[str]] = {}
        todo = list(wanted)
        while todo:
            name = todo.pop()
            asks[name] = [line for line in self._requirements(name) if _counts(line, extras[name])]
            for line in asks[name]:
                other, asked = _named(line)
                if other in self._found and (other not in extras or not asked <= extras[other]):
                    extras.setdefault(other, set()).update(asked)
                    todo.append(other)
        for name in sorted(asks):
            yield Installed(
                name=name,
                version=_version(self._found[name]),
                origin=self._origin(name),
                modules=tuple(wanted.get(name, ())),
                asks=tuple(asks[name]),
            )

    def _origin(self, name: str) -> Origin:
        if name not in self._origins:
            self._origins[name] = origin_of(self._found[name])
        return self._origins[name]

    def _requirements(self, name: str) -> tuple[str, ...]:
        if name not in self._asks:
            self._asks[name] = tuple(_heads(self._found[name], "Requires-Dist"))
        return self._asks[name]

    @cached_property
    def folders(self) -> set[str]:
        """The folders that distributions lie in."""
        return {os.path.realpath(str(one.locate_file(""))) for one in self._found.values()}


def _stem(found: Found) -> list[str]:
    """Return name and version as the distribution's folder has them: all metadata takes long to read."""
    name = getattr(getattr(found, "_path", None), "name", "")
    return str(name).removesuffix(".dist-info").split("-") if name.endswith(".dist-info") else []


def _name(found: Found) -> str:
    stem = _stem(found)
    return stem[0] if len(stem) == 2 else next(_heads(found, "Name"), "")


def _version(found: Found) -> str:
    stem = _stem(found)
    return stem[1] if len(stem) == 2 else next(_heads(found, "Version"), "")


def _tops(found: Found) -> set[str]:
    told = found.read_text("top_level.txt")
    if told:
        return set(told.split())
    names = set()
    for line in (found.read_text("RECORD") or "").splitlines():
        path = line.partition(",")[0].strip('"')
        top, slash, _ = path.partition("/")
        if slash and top not in ("..", "__pycache__") and not top.endswith(".dist-info"):
            names.add(top)
        elif not slash and path.endswith((".py", ".so", ".pyd")):
            names.add(path.partition(".")[0])
    return names


def _tree(found: Found) -> str:
    """Return the source tree of a distribution that is installed in editable form; else an empty text."""
    try:
        told = json.loads(found.read_text("direct_url.json") or "{}")
        if told.get("dir_info", {}).get("editable"):
            return os.path.realpath(unquote(urlsplit(told["url"]).path))
    except (ValueError, KeyError, AttributeError, TypeError, OSError):
        pass
    return ""


def _heads(found: Found, field: str) -> Iterator[str]:
    """Yield what a distribution's metadata says of something. Only their head is read: the rest may be a long text."""
    for line in (found.read_text("METADATA") or found.read_text("PKG-INFO") or "").splitlines():
        if not line:
            return
        name, colon, value = line.partition(":")
        if colon and name == field:
            yield value.strip()


def _named(requirement: str) -> tuple[str, set[str]]:
    """Return the distribution that a requirement names, and the extras that it asks of that."""
    found = _REQUIREMENT.match(requirement)
    if found is None:
        return "", set()
    return normalised(found[1]), {normalised(extra.strip()) for extra in (found[2] or "").split(",") if extra.strip()}


def _counts(requirement: str, extras: Collection[str]) -> bool:
    """Whether a requirement is none of an extra that nothing asks for."""
    asked = EXTRA.findall(requirement)
    return not asked or any(normalised(extra) in extras for extra in asked)


def _without_url(found: Found) -> Kind:
    tool = (found.read_text("INSTALLER") or "").strip()
    return "conda" if tool == "conda" else "index" if tool else "unknown"


def _direct(told: Mapping[str, Any]) -> Origin:
    url, folder = without_credentials(told["url"]), told.get("subdirectory", "")
    if "vcs_info" in told:
        info = told["vcs_info"]
        return Origin(kind="vcs", url=f"{info['vcs']}+{url}", commit=info.get("commit_id", ""), folder=folder)
    if "dir_info" in told:
        return Origin(kind="directory", editable=bool(told["dir_info"].get("editable")))
    hashes = told.get("archive_info", {}).get("hashes", {})
    digest = f"sha256:{hashes['sha256']}" if "sha256" in hashes else ""
    if urlsplit(url).scheme == "file":
        return Origin(kind="file", digest=digest)
    return Origin(kind="archive", url=url, digest=digest, folder=folder)


def _libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        return ""


def _conda(prefix: str) -> list[str]:
    try:
        found = os.listdir(os.path.join(prefix, "conda-meta"))
    except OSError:
        return []
    return sorted(name.removesuffix(".json") for name in found if name.endswith(".json"))


def _libraries(folders: Iterable[str]) -> list[str]:
    """Return the shared objects of this process that lie in none of some folders."""
    try:
        with unpatched.open(_MAPS, encoding="utf-8", errors="surrogateescape") as file:
            paths = {line.rstrip("\n").split(None, 5)[5] for line in file if line.count("/") and ".so" in line}
    except (OSError, IndexError):
        return []
    inside = tuple(folder + os.sep for folder in folders)
    return sorted(
        path for path in paths if is_library(path) and not path.startswith(inside) and "/lib-dynload/" not in path
    )
