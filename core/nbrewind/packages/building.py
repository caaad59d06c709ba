"""The environment that a package records, built anew in a folder: by uv where it is there, else by venv and pip.

Distributions come from the package where it has their wheels, else from the index that the user's uv or pip is set up
with. This program itself is not taken from there: who repeats puts in the one that repeats.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from nbrewind.packages.form import PackageError, Software, sha256
from nbrewind.packages.software import requirement
from nbrewind.packages.wheels import own_wheel

STAMP = "nbrewind-environment.json"
"""In an environment: what it was built from."""
NOWHERE = "the runs had it from a disk, and the package has no wheel of it (export --wheels)"
_LEAKS = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT")
Say = Callable[[str], None]


def build(
    software: Iterable[Software],
    python: str,
    folder: Path,
    write_wheels: Callable[[Path], None] = lambda folder: None,
    say: Say = lambda text: None,
) -> Path:
    """Build an environment in a folder, unless that has it already; return its Python.

    Args:
        software: what is to be in it.
        python: the version of Python that the runs had; another of the same minor version serves, too.
        folder: must not be there, or be one that this has built.
        write_wheels: writes the wheels that are at hand into a folder.
        say: is told, in one line each, what is otherwise than recorded.

    Raises:
        PackageError: it can't be built; why.
    """
    wanted = [one for one in software if one.pinned]
    folder = folder.absolute()
    stamp = folder / STAMP
    if folder.exists() and not stamp.is_file() and any(folder.iterdir()):
        raise PackageError(f"can't build an environment in {folder}: something else is in there")
    with _Beside(folder) as place:
        own = own_wheel(place)
        plan = {
            "python": python,
            "software": [f"{one.name} {one.version} {one.wheel or requirement(one)}" for one in wanted],
            "nbrewind": sha256(own.read_bytes()),
        }
        if stamp.is_file() and json.loads(stamp.read_text()) == plan:
            return executable(folder)
        shutil.rmtree(folder, ignore_errors=True)
        write_wheels(place)
        lines = [str(own), *(["ipykernel"] if all(one.name != "ipykernel" for one in wanted) else [])]
        for one in wanted:
            wheel = place / one.wheel.rpartition("/")[2]
            line = str(wheel) if one.wheel and wheel.is_file() else requirement(one)
            if line:
                lines.append(line)
            else:
                say(f"{one.name} {one.version} is not in it: {NOWHERE}")
        listed = place / "requirements.txt"
        listed.write_text("".join(f"{line}\n" for line in lines))
        try:
            _install(folder, python, listed, say)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        stamp.write_text(json.dumps(plan))
    return executable(folder)


def executable(folder: Path) -> Path:
    """Return the Python of an environment."""
    return folder / "bin" / "python"


def variables(folder: Path) -> dict[str, str]:
    """Return the environment variables for what runs in an environment: nothing of another one leads in."""
    kept = {name: value for name, value in os.environ.items() if name not in _LEAKS}
    path = os.pathsep.join([str(folder / "bin"), os.environ.get("PATH", os.defpath)])
    return {**kept, "PATH": path, "VIRTUAL_ENV": str(folder), "JUPYTER_PREFER_ENV_PATH": "1"}


def pack(folder: Path, target: Path) -> None:
    """Write an environment as an archive that workers unpack, wherever.

    Its Python is a link: workers need the same Python at the same place.

    Raises:
        PackageError: the archive can't be written.
    """
    temporary = target.with_name(f".{target.name}.part")
    try:
        with tarfile.open(temporary, "w:gz", compresslevel=1) as archive:
            archive.add(folder, arcname=".")
        os.replace(temporary, target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise PackageError(f"can't write {target}: {error.strerror or error}") from error


def uv() -> str | None:
    """Return where uv is: on the path, or beside this Python."""
    return shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))


def _install(folder: Path, python: str, listed: Path, say: Say) -> None:
    """Make the environment, and install what is listed."""
    tool = uv()
    if tool is not None:
        wished = sys.executable if _version() == python else python
        made = _run(tool, "venv", "--quiet", "--relocatable", "--python", wished, folder)
        if made.returncode:
            minor = ".".join(python.split(".")[:2])
            _must(
                _run(tool, "venv", "--quiet", "--relocatable", "--python", minor, folder),
                f"there is no Python {minor} here",
            )
            say(f"the runs had Python {python}; the environment has another {minor}")
        command = [tool, "pip", "install", "--quiet", "--python", executable(folder), "--requirement", listed]
        _must(_run(*command), "can't install what the runs had")
        return
    if python.split(".")[:2] != _version().split(".")[:2]:
        raise PackageError(f"the runs had Python {python}, and this is {_version()}: install uv, which brings others")
    if python != _version():
        say(f"the runs had Python {python}; the environment has {_version()}")
    _must(_run(sys.executable, "-m", "venv", folder), "can't make an environment")
    command = [executable(folder), "-m", "pip", "install", "--quiet", "--requirement", listed]
    _must(_run(*command), "can't install what the runs had")


def _version() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _run(*command: object) -> subprocess.CompletedProcess[str]:
    kept: Mapping[str, str] = {name: value for name, value in os.environ.items() if name not in _LEAKS}
    return subprocess.run(list(map(str, command)), env=kept, capture_output=True, text=True, check=False)


def _must(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise PackageError(f"{what}: {' '.join(lines[-4:])[:600]}")


class _Beside:
    """A folder beside another one, only for as long as it is worked on."""

    def __init__(self, folder: Path) -> None:
        self._place = folder.with_name(f".{folder.name}.wheels")

    def __enter__(self) -> Path:
        shutil.rmtree(self._place, ignore_errors=True)
        self._place.mkdir(parents=True)
        return self._place

    def __exit__(self, *raised: object) -> None:
        shutil.rmtree(self._place, ignore_errors=True)
