"""Any text or bytes in any row of a store's databases may be damaged: what is read is right, or refused in one line."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from oracles.kernels import Kernels

from nbrewind.store import Store, StoreError

CELLS = (
    "import numpy as np\na = np.arange(60_000.)",
    "b = {'x': [1, 2]}; open('f.txt', 'w').write('q')",
    "def f(v):\n    return v + 1\nb['x'].append(f(2)); print(b)",
    "%checkpoint label",
    "del a\nc = [f]",
)


@pytest.fixture(scope="module")
def made(forked: Kernels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store of a notebook, `store`."""
    folder = tmp_path_factory.mktemp("made")
    kernel = forked.start(folder)
    kernel.record(folder / "n.ipynb", folder / "store")
    for number, source in enumerate(CELLS):
        kernel.run(f"c{number}", source)
    kernel.flush()
    kernel.stop()
    return folder


def places(connection: sqlite3.Connection) -> list[tuple[str, str, str, object, str | bytes]]:
    """Return table, column, key column, key and value of all texts and bytes."""
    found = []
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in (name for name in tables if not name.startswith("sqlite_")):
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        for row in connection.execute(f"SELECT * FROM {table}"):
            found += [
                (table, column, columns[0], row[0], value)
                for column, value in zip(columns, row, strict=True)
                if isinstance(value, str | bytes) and len(value) > 1
            ]
    return found


def damage(store: Path, rng: random.Random) -> str:
    """Damage one value; returns where."""
    database = rng.choice(sorted(store.rglob("*.sqlite")))
    connection = sqlite3.connect(database)
    table, column, key, row, value = rng.choice(places(connection))
    data = bytearray(value if isinstance(value, bytes) else value.encode())
    if rng.random() < 0.3:
        del data[rng.randrange(len(data)) :]
    else:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    new = bytes(data) if isinstance(value, bytes) else data.decode("latin1")
    try:
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (new, row))
        connection.commit()
    except sqlite3.IntegrityError:
        pass  # there is a row with this key
    finally:
        connection.close()
    return f"{database.name} {table}.{column} of {row!r}"


def reads(store: Store, path: Path) -> Iterator[Callable[[], object]]:
    """Yield everything that can be asked for."""
    yield from (lambda: store.doctor(deep=True), store.usage, lambda: store.plan_cleanup(1000), store.info)
    notebook = store.notebook(path, create=False)
    if notebook is None:
        return
    yield from (notebook.runs, notebook.checkpoints, notebook.heads, lambda: store.shares(notebook))
    for checkpoint in notebook.checkpoints():
        yield lambda place=checkpoint.id: notebook.state(place)
    for run in notebook.runs():
        yield lambda run=run: (store.run(run.id), store.candidates(run.code))
        yield lambda run=run: (store.outputs(run.id), store.source(run.source))
        for version in run.writes:
            if version.snapshot:
                yield lambda snapshot=version.snapshot: store.get(snapshot)


def check(made: Path, folder: Path, times: int, seed: int) -> None:
    """Damage copies of a store, and read them."""
    rng = random.Random(seed)
    refused = 0
    for number in range(times):
        copy = folder / f"copy{number}"
        shutil.copytree(made / "store", copy)
        where = damage(copy, rng)
        try:
            with Store.open(copy) as store:
                for read in reads(store, made / "n.ipynb"):
                    try:
                        read()
                    except StoreError as error:
                        refused += 1
                        assert "\n" not in str(error), where
        except StoreError as error:
            refused += 1
            assert "\n" not in str(error), where
        except Exception as error:
            raise AssertionError(where) from error
        shutil.rmtree(copy)
    assert refused > times / 10, "hardly anything was found damaged"


def test_damaged_rows(made: Path, tmp_path: Path) -> None:
    check(made, tmp_path, 60, 1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(10, 30))
def test_many_damaged_rows(made: Path, tmp_path: Path, seed: int) -> None:
    check(made, tmp_path, 400, seed)
