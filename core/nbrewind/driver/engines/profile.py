"""Profiles: where the workers of the engine ``taskvine`` run, and what they get. One file of TOML each."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from nbrewind.driver.engines.engine import EngineError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BATCH = {"local": "local", "slurm": "slurm", "htcondor": "condor"}
"""Kinds, with what ``vine_factory`` calls them."""


@dataclass(frozen=True)
class Profile:
    """What a profile says."""

    kind: str = "local"
    """``local``, ``slurm`` or ``htcondor``."""
    min_workers: int = 0
    """Workers that are there while the engine works, whatever there is to do; by default as many as may be."""
    max_workers: int = 1
    cores: int = 1
    """Of each worker, which runs as many cells at a time."""
    memory: int = 0
    """Megabytes of each worker; 0: what it finds."""
    disk: int = 0
    """Megabytes of each worker; 0: what it finds."""
    batch_options: str = ""
    """Options for the batch system, as it takes them (``--partition=short --time=60``)."""
    python: str = ""
    """The Python that workers run; by default this one, or that of the environment."""
    environment: str = ""
    """An archive of an environment (``.tar.gz``, as conda-pack and venv-pack make it), which workers unpack."""
    host: str = ""
    """The name or address of this machine by which workers find it; by default, for local ones, only this machine."""
    port: int = 0
    """The port that workers connect to; 0: any that is free."""
    wait: int = 0
    """Seconds for which a first worker is waited for; 0: 60, with a batch system 600."""

    @property
    def slots(self) -> int:
        """How many cells run at a time."""
        return self.max_workers * self.cores

    @property
    def is_here(self) -> bool:
        """Whether all workers are on this machine, and the manager listens to no other one."""
        return self.kind == "local" and not self.host

    @property
    def patience(self) -> int:
        """Seconds for which a first worker is waited for."""
        return self.wait or (60 if self.kind == "local" else 600)

    def command(self, folder: str, password: str, *, dry: bool = False) -> list[str]:
        """Return how the factory is started; ``{port}`` in it stands for the manager's port.

        ``folder``: for its own files; ``password``: the file that holds it; ``dry``: it starts no worker.
        """
        found = [program("vine_factory"), "-T", "dryrun" if dry else BATCH[self.kind]]
        found += ["--min-workers", str(self.min_workers or self.max_workers), "--max-workers", str(self.max_workers)]
        found += ["--workers-per-cycle", str(self.max_workers), "--factory-period", "5", "--parent-death"]
        found += ["--cores", str(self.cores), "--password", password, "--scratch-dir", f"{folder}/factory"]
        for name in ("memory", "disk"):
            if value := getattr(self, name):
                found += [f"--{name}", str(value)]
        if self.batch_options:
            found += ["--batch-options", self.batch_options]
        return [*found, self.host or ("localhost" if self.kind == "local" else _this_host()), "{port}"]

    def worker_python(self) -> str:
        """Return the command by which workers run Python."""
        return self.python or ("environment/bin/python" if self.environment else sys.executable)


def read_profile(path: str | os.PathLike[str]) -> Profile:
    """Read a profile.

    Raises:
        EngineError: it can't be read, or says something that no profile says.
    """
    try:
        found = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise EngineError(f"can't read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise EngineError(f"{path} is no TOML: {error}") from error
    return _checked(found, path)


def _checked(found: Mapping[str, Any], path: str | os.PathLike[str]) -> Profile:
    known = {field.name: field for field in fields(Profile)}
    types = get_type_hints(Profile)
    for name, value in found.items():
        if name not in known:
            raise EngineError(f"{path}: there is no setting {name!r}: use {', '.join(known)}")
        if type(value) is not types[name] or known[name].default is MISSING:
            raise EngineError(f"{path}: {name} is {value!r}, which is no {'text' if types[name] is str else 'number'}")
    profile = Profile(**found)
    if profile.kind not in BATCH:
        raise EngineError(f"{path}: kind is {profile.kind!r}: use {', '.join(BATCH)}")
    if profile.max_workers < 1 or profile.cores < 1 or profile.min_workers > profile.max_workers:
        raise EngineError(f"{path}: at least one worker with one core, and no more min_workers than max_workers")
    if profile.environment:
        archive = Path(path).parent / profile.environment
        if not archive.is_file():
            raise EngineError(f"{path}: there is no environment at {archive}")
        profile = Profile(**{**found, "environment": str(archive.resolve())})
    return profile


def program(name: str) -> str:
    """Return where a program of TaskVine is: beside this Python, or on the path.

    Raises:
        EngineError: nowhere.
    """
    place = os.pathsep.join(filter(None, (os.path.dirname(sys.executable), os.environ.get("PATH", ""))))
    found = shutil.which(name, path=place)
    if found is None:
        raise EngineError(f"there is no {name}: install TaskVine (`conda install -c conda-forge ndcctools`)")
    return found


def _this_host() -> str:
    import socket

    return socket.getfqdn()
