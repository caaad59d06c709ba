"""``nbrewind show``: what was there at a checkpoint, and what differs between two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from nbformat import NotebookNode

from nbrewind.cli.common import Records, Usage, command_options, emit, load_notebook, records_of
from nbrewind.cli.show import Row, count, rows, say, size
from nbrewind.model import Checkpoint, Version
from nbrewind.planning.history import SHOWN, Change, difference, in_words
from nbrewind.planning.trace import is_initial

State = dict[str, Version]


@click.command()
@click.argument("notebook")
@click.argument("checkpoint")
@click.argument("other", required=False)
@command_options
def show(notebook: str, checkpoint: str, other: str | None, store_dir: str | None, as_json: bool) -> None:
    """Show the variables, files and settings of NOTEBOOK at CHECKPOINT, or what is different at OTHER.

    A checkpoint is named by its id, by its label, or by a cell, its id or its number counted from 1: the newest of it.

    Example: nbrewind show analysis.ipynb 4 6
    """
    content, path = load_notebook(notebook)
    with records_of(store_dir, content, path) as records:
        if records.index is None:
            raise Usage(f"nothing is recorded of {notebook}")
        first = _find(records, content, checkpoint)
        before = records.index.state(first.id)
        if other is None:
            gone = _gone(records, before)
            if as_json:
                emit(_state_json(first, before, gone))
            else:
                _print_state(first, before, gone)
            return
        second = _find(records, content, other)
        changes, same = difference(before, records.index.state(second.id))
    if as_json:
        listed = [_change_json(change) for change in changes]
        emit({"before": first.id, "after": second.id, "changes": listed, "same": same})
    else:
        _print_changes(changes, same)


def _find(records: Records, content: NotebookNode, name: str) -> Checkpoint:
    assert records.index is not None
    found = records.index.checkpoints()
    cell = str(content.cells[int(name) - 1].id) if name.isdigit() and 1 <= int(name) <= len(content.cells) else name
    for matches in (lambda one: one.id == name, lambda one: one.label == name, lambda one: one.cell in (name, cell)):
        chosen = [one for one in found if matches(one)]
        if chosen:
            return chosen[-1]
    raise Usage(f"{name} is no checkpoint, label, or cell with a recorded run; `nbrewind history` lists them")


def _gone(records: Records, state: Mapping[str, Version]) -> set[str]:
    """Return the ids of the versions whose contents are not in the store any more."""
    assert records.store is not None
    missing = records.store.contents.rows.missing(version.snapshot for version in state.values() if version.snapshot)
    return {version.id for version in state.values() if version.snapshot in missing}


def _reason(version: Version, gone: set[str]) -> str:
    return "its content was removed from the store" if version.id in gone else version.reason


def _state_json(checkpoint: Checkpoint, state: State, gone: set[str]) -> dict[str, Any]:
    names = [
        {
            "key": key,
            "kind": version.kind,
            "preview": version.preview,
            "bytes": version.bytes,
            "run": version.run,
            "loadable": version.loadable and version.id not in gone,
            "reason": _reason(version, gone),
        }
        for key, version in sorted(state.items())
        if key.startswith(SHOWN)
    ]
    return {"checkpoint": checkpoint.id, "cell": checkpoint.cell or None, "label": checkpoint.label, "names": names}


def _print_state(checkpoint: Checkpoint, state: State, gone: set[str]) -> None:
    keys = (key for key in state if key.startswith(SHOWN) and not is_initial(key, state))
    shown = sorted(keys, key=lambda key: (not key.startswith("var:"), key))
    listed = [
        Row((_name(key), size(state[key].bytes)), in_words(state[key]), _reason(state[key], gone)) for key in shown
    ]
    if listed:
        rows(("name", "size", "value"), listed, right=(1,))
        say()
    variables = sum(key.startswith("var:") for key in shown)
    say(f"{count(variables, 'variable')} at checkpoint {checkpoint.id}")


def _name(key: str) -> str:
    return key.removeprefix("var:")


def _word(change: Change) -> str:
    return "added" if change.before is None else "removed" if change.after is None else "changed"


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "key": change.key,
        "change": _word(change),
        "before": in_words(change.before),
        "after": in_words(change.after),
    }


def _print_changes(changes: list[Change], same: int) -> None:
    listed = []
    for change in changes:
        before, after = in_words(change.before), in_words(change.after)
        listed.append(
            Row((_word(change), _name(change.key)), f"{before} → {after}" if before and after else before or after)
        )
    if listed:
        rows(("change", "name", "value"), listed)
        say()
    say(f"{count(len(changes), 'difference')}; {count(same, 'variable')} equal in both")
