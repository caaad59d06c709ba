"""What a profile would start: told by ``vine_factory`` itself, in a dry run, without a worker and without a manager."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbrewind.driver.engines.engine import EngineError
from nbrewind.driver.engines.profile import Profile

SUBMITTED = re.compile(r"submitting worker: (.*)")
PATIENCE = 20.0
"""Seconds for the dry run to say what it would submit."""
SUBMITTERS = {"local": (), "slurm": ("sbatch", "squeue", "scancel"), "htcondor": ("condor_submit", "condor_rm")}
"""Programs of the batch system that the factory starts."""
PORT = "9123"
"""Stands for the manager's port, which is not known before."""


@dataclass
class Check:
    """What would be started."""

    factory: str
    """The command of the factory, with `PORT` as the manager's port."""
    worker: str
    """The command of each worker."""
    missing: list[str] = field(default_factory=list)
    """Programs of the batch system that are not here."""


def check(profile: Profile) -> Check:
    """Ask ``vine_factory`` what it would start for a profile.

    Raises:
        EngineError: it is not installed, or refuses; one line says which.
    """
    with tempfile.TemporaryDirectory(prefix="nbrewind-check-") as folder:
        password = Path(folder) / "password"
        password.write_text("none")
        dry = _at(replace(profile, min_workers=1).command(folder, str(password), dry=True))
        worker = _worker(dry, Path(folder))
        factory = _at(profile.command("FOLDER", "FOLDER/password"))
    missing = [name for name in SUBMITTERS[profile.kind] if shutil.which(name) is None]
    return Check(shlex.join(factory), worker, missing)


def _at(command: list[str]) -> list[str]:
    return [each.replace("{port}", PORT) for each in command]


def _worker(command: list[str], folder: Path) -> str:
    """Run the factory until it says what it would submit."""
    log, said = folder / "log", folder / "said"
    with open(said, "wb") as stream:
        factory = subprocess.Popen(
            [*command[:-2], "-d", "all", "-o", str(log), *command[-2:]], stdin=subprocess.DEVNULL, stdout=stream,
            stderr=stream, cwd=folder, env={**os.environ, "CATALOG_HOST": "localhost"},
        )  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            ended = factory.poll() is not None
            text = log.read_text("utf-8", "replace") if log.exists() else ""
            if found := SUBMITTED.search(text):
                return " ".join(found[1].split())
            if ended:
                break
            time.sleep(0.1)
    finally:
        factory.kill()
        factory.wait()
    last = said.read_text("utf-8", "replace").strip().rpartition("\n")[2][:300]
    raise EngineError(f"vine_factory did not say what it would start: {last or 'it says nothing'}")
