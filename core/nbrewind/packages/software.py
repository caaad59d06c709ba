"""Which software the runs have used, as they recorded it: distributions and versions, Python, and files that say so."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from functools import cache

from nbrewind.model import Run
from nbrewind.packages.form import SOFTWARE, Manifest, Software, to_json
from nbrewind.state.installed import DISTRIBUTIONS

LOCK = SOFTWARE + "pylock.toml"
REQUIREMENTS = SOFTWARE + "requirements.txt"
ENVIRONMENT = SOFTWARE + "environment.yml"
_PACKAGE = "package:"


def software_of(runs: Mapping[str, Run], known: Manifest | None) -> tuple[Software, ...]:
    """Return the distributions whose versions some runs have recorded, by name.

    ``known``: of the package that the records came in; it knows the names of distributions that are not here.
    """
    told = {module: one.name for one in known.software for module in one.modules} if known else {}
    found: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for run in runs.values():
        for entry in run.inputs:
            if entry.key.startswith(_PACKAGE) and entry.digest.startswith("v:"):
                module = entry.key.removeprefix(_PACKAGE)
                name = told.get(module) or distribution(module)
                modules, cells = found.setdefault((name, entry.digest[2:]), (set(), set()))
                modules.add(module)
                if run.cell:
                    cells.add(run.cell)
    return tuple(
        Software(name=name, version=version, modules=tuple(sorted(modules)), cells=tuple(sorted(cells)))
        for (name, version), (modules, cells) in sorted(found.items())
    )


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


def software_files(software: Iterable[Software], python: str) -> dict[str, bytes]:
    """Return the files that say which software it takes."""
    found = list(software)
    minor = ".".join(python.split(".")[:2])
    pins = [f"{one.name}=={one.version}" for one in found]
    dependencies = [f"python={minor}", "pip", {"pip": [*pins, "ipykernel", "nbrewind"]}]
    return {
        LOCK: _lock(found, minor).encode(),
        REQUIREMENTS: "".join(f"{pin}\n" for pin in pins).encode(),
        # JSON is YAML, too
        ENVIRONMENT: to_json({"name": "notebook", "channels": ["conda-forge"], "dependencies": dependencies}),
    }


def _lock(found: Iterable[Software], minor: str) -> str:
    """Return a lock file of PEP 751. It says no places to fetch from: the records don't, and no index is asked."""
    lines = ['lock-version = "1.0"', f'requires-python = "=={minor}.*"', 'created-by = "nbrewind"']
    for one in found:
        lines += ["", "[[packages]]", f"name = {_text(one.name)}", f"version = {_text(one.version)}"]
        lines += ["[packages.tool.nbrewind]", f"modules = [{', '.join(map(_text, one.modules))}]"]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return json.dumps(text)  # a basic string of TOML
