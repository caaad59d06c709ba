"""Which software the runs have used: what they recorded, and what their kernels had loaded; and files that say so."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from nbrewind.model import Record, Run
from nbrewind.packages.form import SOFTWARE, Library, Manifest, Software, sha256, to_json
from nbrewind.planning.gone import FILE
from nbrewind.state.files import file_digest
from nbrewind.state.installed import DISTRIBUTIONS
from nbrewind.state.places import is_library
from nbrewind.state.software import EXTRA, Environment, normalised, noted, without_credentials
from nbrewind.store import Store

LOCK = SOFTWARE + "pylock.toml"
REQUIREMENTS = SOFTWARE + "requirements.txt"
ENVIRONMENT = SOFTWARE + "environment.yml"
EXPLICIT = SOFTWARE + "conda-explicit.txt"
OWN = "nbrewind"
"""The name of this very program, which whoever repeats has already."""
SECONDS = 30.0
_PACKAGE = "package:"


class Used(Record, frozen=True, kw_only=True):
    """The software that runs have used."""

    software: tuple[Software, ...]
    """By name and version."""
    implementation: str = ""
    libc: str = ""
    libraries: tuple[Library, ...] = ()
    conda: tuple[str, ...] = ()
    here: Environment | None = None
    """What the newest kernel of this store has loaded; None where it is not known."""


def used_by(runs: Mapping[str, Run], store: Store, known: Manifest | None) -> Used:
    """Return the software that some runs have used, oldest run first.

    ``known``: of the package that the records came in; it knows what is not here.
    """
    sessions = dict.fromkeys(run.session for run in sorted(runs.values(), key=lambda run: run.started))
    loaded = [found for session in sessions if (found := noted(store, session)) is not None]
    pinned: dict[str, Software] = {}
    for before in known.software if known else ():
        if before.pinned:
            pinned[before.name] = replace(before, modules=(), cells=(), wheel="")
    for environment in loaded:
        pinned |= _needed(environment)
    recorded = _recorded(runs, loaded, known)
    pinned.pop(OWN, None)
    for name, version in recorded:
        pinned.setdefault(name, Software(name=name, version=version))
    listed = {(one.name, one.version): one for one in pinned.values()}
    for key, (modules, cells) in recorded.items():
        named = listed.get(key) or Software(name=key[0], version=key[1], pinned=False)
        listed[key] = replace(named, modules=tuple(sorted(modules)), cells=tuple(sorted(cells)))
    newest = loaded[-1] if loaded else None
    last = max((run.started for run in runs.values()), default=0.0)
    return Used(
        software=tuple(one for _, one in sorted(listed.items())),
        implementation=newest.implementation if newest else known.implementation if known else "",
        libc=newest.libc if newest else known.libc if known else "",
        libraries=_libraries(newest.libraries if newest else (), last, runs, known),
        conda=newest.conda if newest else known.conda if known else (),
        here=newest,
    )


def _needed(environment: Environment) -> dict[str, Software]:
    """Return what an environment had loaded, and what that needs there, by name."""
    from packaging.markers import default_environment
    from packaging.requirements import InvalidRequirement, Requirement

    there: dict[str, str] = {
        **default_environment(),  # type: ignore[dict-item]
        "python_full_version": environment.python,
        "python_version": ".".join(environment.python.split(".")[:2]),
        "platform_python_implementation": environment.implementation,
        "implementation_name": environment.implementation.lower(),
    }
    known = {one.name: one for one in environment.distributions}
    found: dict[str, Software] = {}
    todo = [name for name, one in known.items() if one.modules]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        needs = set()
        for line in known[name].asks:
            try:
                asked = Requirement(line)
            except InvalidRequirement:
                continue
            extras = {"", *EXTRA.findall(line)}
            if asked.marker is None or any(asked.marker.evaluate({**there, "extra": one}) for one in extras):
                needs.add(normalised(asked.name))
        needs &= known.keys()
        one = known[name]
        requires = tuple(sorted(needs - {name}))
        found[name] = Software(name=name, version=one.version, origin=one.origin, requires=requires)
        todo += needs
    return found


def _recorded(
    runs: Mapping[str, Run], loaded: Iterable[Environment], known: Manifest | None
) -> dict[tuple[str, str], tuple[set[str], set[str]]]:
    """Return the distributions whose versions runs have recorded, each with modules and cells; the newest run first."""
    told = {module: one.name for one in known.software for module in one.modules} if known else {}
    told |= {module: one.name for found in loaded for one in found.distributions for module in one.modules}
    found: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for run in sorted(runs.values(), key=lambda run: run.started, reverse=True):
        for entry in run.inputs:
            if entry.key.startswith(_PACKAGE) and entry.digest.startswith("v:"):
                module = entry.key.removeprefix(_PACKAGE)
                name = normalised(told.get(module) or distribution(module))
                modules, cells = found.setdefault((name, entry.digest[2:]), (set(), set()))
                modules.add(module)
                if run.cell:
                    cells.add(run.cell)
    return found


def distribution(module: str) -> str:
    """Return the name of the distribution that brings a top-level module here; else the module's own."""
    return DISTRIBUTIONS.get(module) or _installed().get(module, module)


@cache
def _installed() -> dict[str, str]:
    import importlib.metadata

    return {module: sorted(names)[0] for module, names in importlib.metadata.packages_distributions().items()}


def platform_name() -> str:
    """Return the system and the machine, ``Linux x86_64``."""
    return f"{platform.system()} {platform.machine()}"


def newest_python(runs: Iterable[Run]) -> str:
    """Return the version of Python of the last run that says one."""
    return next((run.python for run in reversed(list(runs)) if run.python), platform.python_version())


# -- files ------------------------------------------------------------------------------------------------------------


def software_files(used: Used, python: str, wheels: Path) -> dict[str, bytes]:
    """Return the files that say which software it takes. ``wheels``: the folder that has those that go along."""
    found = [one for one in used.software if one.pinned]
    minor = ".".join(python.split(".")[:2])
    lines = [line for one in found if (line := requirement(one))]
    dependencies = [f"python={minor}", "pip", {"pip": [*lines, "ipykernel", OWN]}]
    files = {
        LOCK: _lock(found, minor, wheels),
        REQUIREMENTS: "".join(f"{line}\n" for line in lines).encode(),
        # JSON is YAML, too
        ENVIRONMENT: to_json({"name": "notebook", "channels": ["conda-forge"], "dependencies": dependencies}),
    }
    if explicit := _explicit(used):
        files[EXPLICIT] = explicit
    return files


def requirement(one: Software) -> str:
    """Return how an installer is asked for a distribution; empty if it only lay on a disk."""
    origin = one.origin
    if origin.kind == "vcs":
        folder = f"#subdirectory={origin.folder}" if origin.folder else ""
        return f"{one.name} @ {origin.url}@{origin.commit}{folder}"
    if origin.kind == "archive":
        marks = "&".join(
            filter(None, (origin.digest.replace(":", "="), f"subdirectory={origin.folder}" if origin.folder else ""))
        )
        return f"{one.name} @ {origin.url}" + (f"#{marks}" if marks else "")
    return "" if origin.kind in ("file", "directory") else f"{one.name}=={one.version}"


def _lock(found: Iterable[Software], minor: str, wheels: Path) -> bytes:
    """Return a lock file of PEP 751. What came from an index has only its wheel here as a place: records name none."""
    import tomli_w

    packages = []
    for one in found:
        entry: dict[str, object] = {"name": one.name, "version": one.version}
        if one.requires:
            entry["dependencies"] = [{"name": name} for name in one.requires]
        entry |= _place(one, wheels)
        entry["tool"] = {OWN: {"modules": list(one.modules), "origin": one.origin.kind}}
        packages.append(entry)
    lock = {"lock-version": "1.0", "requires-python": f"=={minor}.*", "created-by": OWN, "packages": packages}
    text: str = tomli_w.dumps(lock)
    return text.encode()


def _place(one: Software, wheels: Path) -> dict[str, object]:
    origin = one.origin
    if one.wheel:
        data = (wheels / one.wheel.rpartition("/")[2]).read_bytes()
        path = one.wheel.removeprefix(SOFTWARE)
        return {"wheels": [{"path": path, "size": len(data), "hashes": {"sha256": sha256(data)}}]}
    if origin.kind == "vcs" and origin.commit:
        kind, _, url = origin.url.partition("+")
        vcs = {"type": kind, "url": url, "commit-id": origin.commit}
        return {"vcs": vcs | ({"subdirectory": origin.folder} if origin.folder else {})}
    if origin.kind == "archive" and origin.digest:
        archive = {"url": origin.url, "hashes": {"sha256": origin.digest.partition(":")[2]}}
        return {"archive": archive | ({"subdirectory": origin.folder} if origin.folder else {})}
    return {}


def _explicit(used: Used) -> bytes:
    """Return conda's explicit list, if all that conda had installed is still there."""
    if not used.conda or used.here is None:
        return b""
    lines = []
    for name in used.conda:
        try:
            told = json.loads((Path(used.here.prefix) / "conda-meta" / f"{name}.json").read_text())
            url, digest = without_credentials(told["url"]), told.get("md5", "")
        except (OSError, ValueError, KeyError):
            return b""
        lines.append(f"{_without_token(url)}#{digest}" if digest else _without_token(url))
    return "\n".join(["@EXPLICIT", *lines, ""]).encode()


def _without_token(url: str) -> str:
    """Return a URL of a conda channel without the token that some have in their path (``/t/TOKEN/``)."""
    before, mark, after = url.partition("/t/")
    return f"{before}/{after.partition('/')[2]}" if mark else url


def opened_by(run: Run) -> dict[str, str]:
    """Return the programs that a run started, and their libraries, path to digest, as far as its system calls tell."""
    programs = {os.path.realpath(effect.detail) for effect in run.effects if effect.kind == "process" and effect.detail}
    files = {entry.key.removeprefix(FILE): entry.digest for entry in run.inputs if entry.key.startswith(FILE)}
    return {
        path: digest
        for path, digest in files.items()
        if os.path.isabs(path) and (path in programs or is_library(path)) and digest.startswith("b3:")
    }


def _libraries(
    paths: Iterable[str], before: float, runs: Mapping[str, Run], known: Manifest | None
) -> tuple[Library, ...]:
    """Return what is known of programs, and of shared objects, by the names of their files.

    ``paths``: objects that were loaded. Of those that came to their place after ``before`` (seconds since the epoch) it
    is not known which was loaded. What programs of ``runs`` opened is what lies there if it has the same content.
    """
    told = {one.name: one for one in known.libraries} if known else {}
    opened: dict[str, str] = {}
    cells: dict[str, set[str]] = {}
    for run in runs.values():
        found = opened_by(run)
        opened |= found
        for path in found:
            cells.setdefault(Path(path).name, set()).add(run.cell)
    here = {path for path in paths if _is_older(path, before)}
    here |= {path for path, digest in opened.items() if file_digest(path) == digest}
    owners = _owners(tuple(sorted(here)))
    listed = {Path(path).name: owners.get(path, "") for path in (*opened, *paths)}
    libraries = dict(told) if not paths else {}
    for name, package in listed.items():
        came = told[name].package if name in told else ""
        package = package or came if paths else came or package  # what came with the records goes on as it came
        libraries[name] = Library(name=name, package=package, cells=tuple(sorted(cells.get(name, ()))))
    return tuple(one for _, one in sorted(libraries.items()))


def _is_older(path: str, time: float) -> bool:
    try:
        return os.stat(path).st_ctime < time
    except OSError:
        return False


@cache
def _owners(paths: tuple[str, ...]) -> dict[str, str]:
    """Return which packages of the system bring some files: asked of Debian's and Red Hat's tools, if they are here."""
    found: dict[str, str] = {}
    places = {place: path for path in paths for place in (path, path.removeprefix("/usr"))}
    for line in _asked("dpkg-query", "--search", *places).splitlines():
        names, _, place = line.rpartition(": ")
        if names and place in places:
            found[places[place]] = names.partition(",")[0].strip()
    versions = dict(
        line.split(" ", 1)
        for line in _asked(
            "dpkg-query", "--show", "-f", "${binary:Package} ${Version}\\n", *set(found.values())
        ).splitlines()
    )
    for path, name in found.items():
        found[path] = (
            f"{name.partition(':')[0]} {versions.get(name) or versions.get(name.partition(':')[0], '')}".strip()
        )
    for path in paths if not found else ():
        answer = _asked("rpm", "-qf", "--qf", "%{NAME} %{VERSION}-%{RELEASE}\\n", path).splitlines()
        found |= {path: answer[0]} if answer and "not owned" not in answer[0] else {}
    return found


def _asked(*command: str) -> str:
    """Return what a command says; nothing if it is not there, even where it knows only some of what was asked."""
    if len(command) < 3:
        return ""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
