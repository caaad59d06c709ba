"""What commands for packages do with a backpack that nobody has recorded."""

from __future__ import annotations

from pathlib import Path

from nbrewind.cli.common import emit
from nbrewind.cli.show import Row, count, plain, rows, say
from nbrewind.packages.backpack import Backpack

NOTHING = "it is a backpack without records: all its cells run"


def inspect_backpack(found: Backpack, as_json: bool) -> None:
    """Show what is in it."""
    with found:
        data = found.data()
        cells = found.code_cells()
        name = found.notebook_name
    if as_json:
        listed = [{"path": one.path, "inside": one.inside, "url": one.source} for one in data]
        emit({"backpack": str(found.path), "notebook": name, "cells": cells, "data": listed, "trust": "untrusted"})
        return
    if data:
        rows(("", "data"), [Row(("inside" if one.inside else "named",), plain(one.path), one.source) for one in data])
        say()
    say(f"{plain(name)}: {count(cells, 'code cell')}; {NOTHING}")


def import_backpack(found: Backpack, folder: Path, as_json: bool) -> None:
    """Write its notebook and data."""
    missing = [(one.path, one.source) for one in found.data() if not one.inside]
    target = unpacked_backpack(found, folder)
    if as_json:
        emit({"notebook": str(target), "trust": "untrusted", "runs": 0, "missing": [path for path, _ in missing]})
        return
    say(f"{target}; {NOTHING}")
    for path, source in missing:
        say(f"not in the backpack: {plain(path)}, which is at {plain(source)}")


def unpacked_backpack(found: Backpack, folder: Path) -> Path:
    """Write its notebook and data where they are not there yet; return the notebook's path."""
    with found:
        return found.unpack(folder)
