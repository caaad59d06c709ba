"""``nbrewind store`` and ``nbrewind doctor``."""

from __future__ import annotations

import click
import msgspec

from nbrewind.cli.common import FAILED, command_options, emit, open_store, out, size


@click.group()
def store() -> None:
    """Look at the store of records.

    Example: nbrewind store info
    """


@store.command()
@command_options
def info(store_dir: str | None, as_json: bool) -> None:
    """Show where the store is, what it holds and how large it is.

    Example: nbrewind store info --json
    """
    with open_store(store_dir) as opened:
        found = opened.info()
    fields = msgspec.to_builtins(found)
    if as_json:
        emit(fields)
        return
    for name, value in fields.items():
        text = size(value) if name.startswith("bytes") or name == "budget" else str(value)
        out.print(f"{name.replace('_', ' '):<16}{text}")


@click.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended without losing anything.")
@command_options
def doctor(repair: bool, store_dir: str | None, as_json: bool) -> None:
    """Check the store, and say what is wrong where.

    Example: nbrewind doctor --repair
    """
    with open_store(store_dir) as opened:
        findings = opened.doctor(repair=repair)
    if as_json:
        emit({"findings": [msgspec.to_builtins(finding) for finding in findings]})
    elif not findings:
        out.print("Nothing is wrong.")
    else:
        for finding in findings:
            done = " (mended)" if finding.fixed else ""
            out.print(f"{finding.where}: {finding.what}{done}", markup=False)
    if any(not finding.fixed for finding in findings):
        raise SystemExit(FAILED)
