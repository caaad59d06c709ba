"""``nbrewind environment``, and commands that go on inside an environment that was built for them."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import click

from nbrewind.cli.common import Usage, command_options, emit, open_store
from nbrewind.cli.package import is_package, open_package, state_of
from nbrewind.cli.show import at_work, note, say, size
from nbrewind.packages.building import build, executable, pack, variables
from nbrewind.packages.form import Manifest, PackageError, from_json
from nbrewind.packages.opened import Package
from nbrewind.packages.receive import write_wheels
from nbrewind.store.adopt import facts_of

ARCHIVE = ".tar.gz"
NATIVE = "python3"
"""The kernelspec that ipykernel brings into each environment."""


@click.command()
@click.argument("package", metavar="NOTEBOOK|PACKAGE")
@click.argument("target")
@command_options
def environment(package: str, target: str, store_dir: str | None, as_json: bool) -> None:
    """Build the environment that a trusted PACKAGE records in the folder TARGET.

    Where TARGET ends in .tar.gz, it becomes an archive that workers of an engine unpack. Distributions come from the
    package where it has their wheels, else from the index that your uv or pip is set up with.

    Example: nbrewind environment analysis.nbrewind.zip workers.tar.gz
    """
    place = Path(target)
    if not place.name.endswith(ARCHIVE):
        built(Path(package), place, store_dir)
    else:
        with tempfile.TemporaryDirectory(dir=place.absolute().parent) as name:
            folder = built(Path(package), Path(name) / "environment", store_dir)
            with at_work("Packing"):
                pack(folder, place)
    taken = place.stat().st_size if place.is_file() else 0
    if as_json:
        emit({"target": str(place), "bytes": taken})
        return
    say(f"{place}: {size(taken)}" if taken else f"the environment is in {place}: {executable(place)}")


def built(given: Path, folder: Path, store_dir: str | None) -> Path:
    """Build what a trusted package, or a notebook that came in one, records; return the folder."""
    if not is_package(given):
        manifest = facts_at(given, store_dir)
        with at_work("Building the environment"):
            build(manifest.software, manifest.python, folder, say=note)
        return folder
    with open_package(str(given)) as found:
        if state_of(found, store_dir) == "untrusted":
            raise PackageError(f"{given} is not trusted: see `nbrewind inspect {given}`, then `nbrewind trust` it")
        build_from(found, folder)
    return folder


def build_from(package: Package, folder: Path) -> None:
    """Build what a package records, whether it is trusted or not."""
    manifest = package.manifest
    with at_work("Building the environment"):
        build(manifest.software, manifest.python, folder, lambda place: write_wheels(package, place), note)


def facts_at(path: Path, store_dir: str | None) -> Manifest:
    """Return the manifest of the package in which a notebook came."""
    with open_store(store_dir) as store:
        index = store.notebook(path, create=False)
        facts = facts_of(index) if index else b""
    if not facts:
        raise Usage(f"{path} did not come in a package")
    return from_json(facts, Manifest, str(path))


def beside(notebook: Path) -> Path:
    """Return where the environment of a notebook is built: beside its folder, whose listing a cell may read."""
    folder = notebook.absolute().parent
    return folder.with_name(f"{folder.name}-environment")


def go_on(folder: Path, context: click.Context, instead: dict[str, Any], without: Collection[str]) -> None:
    """Have the same command run in an environment, with some arguments replaced or left out; end as it ends."""
    instead = {"kernel": context.params["kernel"] or NATIVE, **instead}
    done = subprocess.run(
        [executable(folder), "-m", "nbrewind.cli", *arguments(context, instead, without)],
        env=variables(folder),
        check=False,
    )
    raise SystemExit(done.returncode)


def arguments(context: click.Context, instead: dict[str, Any], without: Collection[str]) -> list[str]:
    """Return the command line of a command as it was called."""
    found = [str(context.info_name)]
    for one in context.command.params:
        name = str(one.name)
        given = context.get_parameter_source(name)
        if name in without or (name not in instead and given is click.core.ParameterSource.DEFAULT):
            continue
        value = instead.get(name, context.params[name])
        if isinstance(one, click.Argument):
            found.append(str(value))
        elif one.is_flag:  # type: ignore[attr-defined]
            found += [one.opts[-1]] if value else []
        else:
            for each in value if one.multiple else (value,):
                found += [one.opts[0], *(map(str, each) if isinstance(each, tuple) else (str(each),))]
    return found
