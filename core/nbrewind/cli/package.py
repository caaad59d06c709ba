"""``nbrewind export``, ``inspect``, ``verify``, ``import`` and ``trust``: packages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from nbrewind.cli.backpack import NOTHING, import_backpack, inspect_backpack, unpacked_backpack
from nbrewind.cli.common import Usage, command_options, emit, load_notebook, open_store, place_of
from nbrewind.cli.show import Row, at_work, count, note, plain, rows, say, share_bar, size
from nbrewind.packages.backpack import backpack_at
from nbrewind.packages.data import fetch, supply
from nbrewind.packages.embed import has_package
from nbrewind.packages.form import Manifest, PackageError, from_json, stem
from nbrewind.packages.opened import Package
from nbrewind.packages.overview import recorded
from nbrewind.packages.receive import Received, imported, receive, receive_again, take_over, write_file
from nbrewind.packages.trust import accept, sign, signers, state
from nbrewind.store.adopt import facts_of

SHOWN = 20
"""Lines of a list that is only told in part."""
NOT_BUILT = (
    "compute/Containerfile and compute/apptainer.def in it say how an image is built of the unpacked package. "
    "None was built here: whether one can be is not known"
)
UNTRUSTED = "its records don't answer before you trust it: `nbrewind trust {}`"


def is_package(path: Path) -> bool:
    """Whether what lies at a path is a package, not a notebook."""
    if path.is_dir():
        return True
    if not path.is_file():
        return False
    if path.suffix == ".ipynb":
        return has_package(path)
    with open(path, "rb") as file:
        return file.read(2) == b"PK"


def open_package(path: str) -> Package:
    """Open a package for a command that needs its records."""
    if (found := backpack_at(Path(path))) is not None:
        found.close()
        raise PackageError(f"{path} is a backpack without records: `nbrewind repeat` runs all of it")
    return Package(Path(path))


@click.command()
@click.argument("notebook")
@click.option("-o", "--output", required=True, metavar="FILE", help="The package: a zip; a folder if it has no suffix.")
@click.option("--full", "contents", flag_value="full", default=True, help="All that a repeat needs (the default).")
@click.option("--slim", "contents", flag_value="slim", help="Without contents of more than 64 kB: they are made again.")
@click.option("--embed", is_flag=True, help="FILE is a notebook (.ipynb) that has a slim package in it.")
@click.option("--wheels", is_flag=True, help="Also what is installed itself: its wheels, made from its files.")
@click.option("--container", is_flag=True, help="Also a Containerfile, and Apptainer's, that build an image of it.")
@click.option(
    "--url", "urls", nargs=2, multiple=True, metavar="FILE URL", help="Where a file that runs have read is to be had."
)
@click.option("--sign", "key", metavar="KEY", help="Also sign with this SSH key.")
@command_options
def export(
    notebook: str,
    output: str,
    contents: str,
    embed: bool,
    wheels: bool,
    container: bool,
    urls: tuple[tuple[str, str], ...],
    key: str | None,
    store_dir: str | None,
    as_json: bool,
) -> None:
    """Write NOTEBOOK with all that was recorded of it into one package that repeats elsewhere.

    What looks like a secret is left out, and listed.

    Example: nbrewind export analysis.ipynb -o analysis.nbrewind.zip
    """
    from nbrewind.packages.embedding import export_embedded
    from nbrewind.packages.export import export as write

    content, path = load_notebook(notebook)
    target = Path(output)
    if embed != (target.suffix == ".ipynb"):
        raise Usage("--embed writes a notebook: give -o a name that ends in .ipynb, and no other export one")
    if embed and (container or wheels):
        raise Usage("--embed is without wheels and files for containers: export a package")
    with open_store(store_dir, create=False) as store, share_bar() as progress:
        index = store.notebook(path, cells=[cell.id for cell in content.cells], create=False)
        if index is None:
            raise PackageError(f"nothing is recorded of {notebook}: run it first, for example by `nbrewind audit`")
        store.recover(index)
        chosen: Any = contents
        signer = lambda seal: sign(seal, Path(key) if key else None)  # noqa: E731
        if embed:
            made, text = export_embedded(store, index, content, path, urls=dict(urls), sign=signer, progress=progress)
            write_file(target, text)
        else:
            made = write(
                store,
                index,
                content,
                path,
                target,
                contents=chosen,
                wheels=wheels,
                container=container,
                urls=dict(urls),
                sign=signer,
                progress=progress,
            )
    taken = target.stat().st_size if target.is_file() else sum(made.files.values())
    document = {"package": output, "bytes": taken, **_document(made.manifest)}
    if as_json:
        emit(document)
        return
    _print_left_out(made.manifest)
    say(f"{_counts(made.manifest)}; {size(taken)} in {output}")
    if container:
        say(NOT_BUILT)


def _document(manifest: Manifest) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(manifest)
    return {name: value for name, value in found.items() if name not in ("files", "format")}


def _counts(manifest: Manifest) -> str:
    found = f"{count(manifest.runs, 'run')}, {count(manifest.checkpoints, 'checkpoint')}, "
    tasks = f"{count(manifest.tasks, 'task')}, " if manifest.tasks else ""
    return f"{found}{tasks}{count(manifest.snapshots, 'content')} of {size(manifest.bytes)}"


def _print_left_out(manifest: Manifest) -> None:
    for title, found in (
        ("left out", [(f"{one.kind} {one.what}", size(one.bytes), one.reason) for one in manifest.left_out]),
        ("secrets were found in", [(one.where, "", one.kind) for one in manifest.secrets]),
    ):
        if found:
            rows(
                ("size", title),
                [Row((taken,), plain(what), reason) for what, taken, reason in found[:SHOWN]],
                right=(0,),
            )
            if len(found) > SHOWN:
                say(f"and {len(found) - SHOWN} more: --json has them all")
            say()


@click.command()
@click.argument("package")
@command_options
def inspect(package: str, store_dir: str | None, as_json: bool) -> None:
    """Show what is in PACKAGE, who signed it, and whether its records would answer. Nothing of it is run or loaded.

    Example: nbrewind inspect analysis.nbrewind.zip
    """
    if (backpack := backpack_at(Path(package))) is not None:
        inspect_backpack(backpack, as_json)
        return
    with Package(Path(package)) as found:
        trusted = state_of(found, store_dir)
        signed = [{"kind": one.kind, "who": one.who, "valid": one.valid} for one in signers(found)]
        document = {
            "id": found.id,
            "trust": trusted,
            "signatures": signed,
            "bytes": found.size,
            **_document(found.manifest),
        }
        cells = [
            {"id": cell.id, "index": number, "recorded": recorded(cell) or None}
            for number, cell in enumerate(found.notebook.cells)
            if cell.cell_type == "code"
        ]
    if as_json:
        emit({**document, "cells": cells})
        return
    manifest = found.manifest
    rows(
        ("version", "software"),
        [Row((one.version,), plain(one.name)) for one in manifest.software[:SHOWN]] or [Row(("",), "none recorded")],
    )
    say()
    if manifest.data:
        listed = [
            Row((size(one.bytes), "inside" if one.inside else "named"), plain(one.path))
            for one in manifest.data[:SHOWN]
        ]
        rows(("size", "", "data"), listed, right=(0,))
        say()
    _print_left_out(manifest)
    where = f"Python {plain(manifest.python)} on {plain(manifest.platform)}"
    say(f"{plain(manifest.notebook)}: {_counts(manifest)}; {where}")
    shown = sum(1 for cell in cells if cell["recorded"])
    say(f"{shown} of {count(len(cells), 'code cell')} recorded")
    for one in signed:
        say(f"signed ({one['kind']}): {plain(str(one['who']))}{'' if one['valid'] else ', which does not count here'}")
    say(f"trust: {trusted}" + ("" if trusted != "untrusted" else f"; {UNTRUSTED.format(package)}"))


def state_of(found: Package, store_dir: str | None) -> str:
    """Return whether a package is trusted here."""
    if not place_of(store_dir).traces.exists():
        return state(found, None)
    with open_store(store_dir, create=False) as store:
        return state(found, store)


@click.command("import")
@click.argument("package")
@click.argument("folder", required=False, metavar="[DIR]")
@command_options
def import_(package: str, folder: str | None, store_dir: str | None, as_json: bool) -> None:
    """Write the notebook and data of PACKAGE into DIR (default: the package's name without its suffix).

    Its records answer from then on if it is trusted; else they stay in the package until it is.

    Example: nbrewind import analysis.nbrewind.zip copy
    """
    if (backpack := backpack_at(Path(package))) is not None:
        import_backpack(backpack, Path(folder) if folder else folder_of(package), as_json)
        return
    with Package(Path(package)) as found, open_store(store_dir) as store, share_bar() as progress:
        target = Path(folder) if folder else folder_of(package)
        made = receive(found, target, store, lambda share: progress("Checking", share))
        missing = [one.path for one in found.manifest.data if not one.inside]
    if as_json:
        emit({**_received(made), "missing": missing})
        return
    say(f"{made.notebook} and {count(max(len(made.files) - 1, 0), 'file')} of data; {_answers(made, package)}")
    for path in missing[:SHOWN]:
        say(f"not in the package: {plain(path)}")


def folder_of(package: str) -> Path:
    """Return where a package's notebook is written if nothing else is said."""
    path = Path(package)
    return Path(path.name + "-imported" if path.is_dir() else stem(path.name))


def _received(made: Received) -> dict[str, Any]:
    found = made.adopted
    return {
        "notebook": str(made.notebook),
        "files": [str(path) for path in made.files],
        "trust": made.state,
        "runs": found.runs if found else 0,
        "checkpoints": found.checkpoints if found else 0,
        "tasks": found.tasks if found else 0,
        "bytes": found.added if found else 0,
    }


def _answers(made: Received, package: str) -> str:
    if made.adopted is None:
        return UNTRUSTED.format(package)
    new = f"{count(made.adopted.runs, 'run')} and {count(made.adopted.tasks, 'task')} are new here"
    return f"its records answer: {new}, with {size(made.adopted.added)} of contents"


def unpacked(package: str, folder: str | None, store_dir: str | None) -> Path:
    """Return where the notebook of a trusted package is, which is written there if it is not; for ``repeat``."""
    place = Path(folder) if folder else folder_of(package)
    if (backpack := backpack_at(Path(package))) is not None:
        note(NOTHING)
        return unpacked_backpack(backpack, place)
    with Package(Path(package)) as found, open_store(store_dir) as store, at_work("Importing"):
        if state(found, store) == "untrusted":
            raise PackageError(f"{package} is not trusted: see `nbrewind inspect {package}`, then `nbrewind trust` it")
        return receive_again(found, place, store).notebook


def supplied(path: Path, source: str | None, fetched: bool, store_dir: str | None) -> None:
    """Put data that came with no package beside the notebook at ``path``: from a folder, or fetched."""
    if source and not Path(source).is_dir():
        raise Usage(f"--data {source}: there is no such directory")
    with open_store(store_dir) as store:
        index = store.notebook(path, create=False)
        facts = facts_of(index) if index else b""
    if not facts:
        raise Usage(f"--data and --fetch are for notebooks that came in a package, which {path} did not")
    data = from_json(facts, Manifest, str(path)).data
    if source:
        with at_work("Looking for data"):
            for name in supply(data, path.parent, Path(source)):
                note(f"{name} was found in {source}")
    if fetched:
        with share_bar() as progress:
            for name in fetch(data, path.parent, lambda what, share: progress(f"Fetching {what}", share)):
                note(f"{name} was fetched")


@click.command()
@click.argument("package")
@command_options
def trust(package: str, store_dir: str | None, as_json: bool) -> None:
    """Let the records of PACKAGE answer here. What a repeat loads from them may run code: trust only whom you know.

    Example: nbrewind trust analysis.nbrewind.zip
    """
    with open_package(package) as found, open_store(store_dir) as store, at_work("Verifying"):
        found.check()
        accept(found, store)
        places = imported(found, store)
        made = [take_over(found, path, store) for path in places]
    if as_json:
        runs = sum(one.runs for one in made)
        emit({"id": found.id, "trust": "trusted", "notebooks": [str(path) for path in places], "runs": runs})
        return
    where = ", ".join(map(str, places))
    say(
        f"{package} is trusted; "
        + (f"its records answer for {where}" if where else "`nbrewind import` brings its records")
    )
