"""Opening: where the store is, who may read it, what is refused and in which words."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from nbrewind.store import Content, Store, StoreError, layout, schema
from nbrewind.store.database import LOG_BYTES, Database


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.py311
def test_the_default_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBREWIND_STORE", str(tmp_path / "chosen"))
    with Store.open() as store:
        assert store.directory == tmp_path / "chosen"
    monkeypatch.delenv("NBREWIND_STORE")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    with Store.open() as store:
        assert store.directory == tmp_path / "jupyter" / "nbrewind"


@pytest.mark.py311
def test_only_the_user_can_read_it(store: Store, history: Any) -> None:
    history.run({"x": bytes(200_000)})
    for folder in ("", "notebooks", "blobs", "tmp"):
        assert _mode(store.directory / folder) == 0o700
    files = [path for path in store.directory.rglob("*") if path.is_file()]
    databases = [path for path in files if ".sqlite" in path.name]
    blobs = [path for path in files if path not in (*databases, store.layout.lease)]
    assert _mode(store.layout.lease) == 0o600
    assert len(databases) >= 4 and len(blobs) == 1
    assert {_mode(path) for path in databases} == {0o600}
    assert {_mode(path) for path in blobs} == {0o400}
    assert {_mode(path.parent) for path in blobs} == {0o700}


def test_a_users_own_folder_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o755)
    (tmp_path / "mine" / "file").touch()
    (tmp_path / "empty").mkdir(mode=0o755)
    Store.open(tmp_path / "mine").close()
    Store.open(tmp_path / "empty").close()
    assert _mode(tmp_path / "mine") == 0o755
    assert _mode(tmp_path / "empty") == 0o700


def test_no_store_where_none_shall_be_made(directory: Path) -> None:
    with pytest.raises(StoreError, match="there is no store at"):
        Store.open(directory, create=False)
    assert not directory.exists()
    Store.open(directory).close()
    Store.open(directory, create=False).close()


def _one_line(error: BaseException, path: Path) -> None:
    assert "\n" not in str(error)
    assert str(path) in str(error)


def test_a_place_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"can't be used .*NBREWIND_STORE") as caught:
        Store.open(tmp_path / "file" / "store")
    _one_line(caught.value, tmp_path / "file" / "store")
    with pytest.raises(StoreError) as caught:
        Store.open(tmp_path / "file")
    _one_line(caught.value, tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(directory: Path) -> None:
    Store.open(directory).close()
    directory.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="not writable"):
            Store.open(directory)
    finally:
        directory.chmod(0o700)


@pytest.mark.py311
@pytest.mark.parametrize("which", ["traces", "notebook"])
def test_a_newer_schema_is_refused(directory: Path, tmp_path: Path, which: str, new_history: Any) -> None:
    with Store.open(directory) as store:
        new_history(store, store.notebook(tmp_path / "a.ipynb")).run({"x": b"1"})
    path = directory / "traces.sqlite" if which == "traces" else next((directory / "notebooks").glob("*.sqlite"))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(
        StoreError, match=r"written by a newer nbrewind \(schema 99; this version knows up to"
    ) as caught:
        Store.open(directory).notebook(tmp_path / "a.ipynb")
    assert "upgrade nbrewind" in str(caught.value)
    _one_line(caught.value, path)


def test_a_damaged_database_is_refused(directory: Path) -> None:
    Store.open(directory).close()
    (directory / "traces.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="not a database; run `nbrewind doctor`") as caught:
        Store.open(directory)
    _one_line(caught.value, directory / "traces.sqlite")


# -- migrations -------------------------------------------------------------------------------------------------------

OLD = (("CREATE TABLE things (name TEXT)", "INSERT INTO things VALUES ('old')"),)
NEW = (*OLD, ("ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 7",), ("CREATE TABLE more (x)",))


def test_an_older_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    Database(path, OLD).close()
    database = Database(path, NEW)
    assert database.schema() == 3
    assert database.read("SELECT * FROM things") == [("old", 7)]
    assert database.read("SELECT * FROM more") == []
    database.close()
    Database(path, NEW).close()
    with pytest.raises(StoreError, match="schema 3; this version knows up to 1"):
        Database(path, OLD)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    Database(path, OLD).close()
    with pytest.raises(StoreError):
        Database(path, (*OLD, ("CREATE TABLE more (x)",), ("this is no SQL",)))
    database = Database(path, OLD)
    assert [row[0] for row in database.read("SELECT name FROM sqlite_master")] == ["things"]
    database.close()


def test_everything_that_was_ever_stored_still_opens(
    directory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, new_history: Any
) -> None:
    """A store made by today's schema opens under tomorrow's."""
    with Store.open(directory) as store:
        head = new_history(store, store.notebook(tmp_path / "a.ipynb")).run({"x": b"1"}).id
    monkeypatch.setattr("nbrewind.store.store.TRACES", (*schema.TRACES, ("ALTER TABLE traces ADD COLUMN extra",)))
    monkeypatch.setattr("nbrewind.store.notebook.NOTEBOOK", (*schema.NOTEBOOK, ("CREATE TABLE extra (x)",)))
    with Store.open(directory) as store:
        assert store.info().schema == len(schema.TRACES) + 1
        notebook = store.notebook(tmp_path / "a.ipynb")
        assert new_history(store, notebook).values(head) == {"x": b"1"}


# -- kinds of disk ----------------------------------------------------------------------------------------------------

MOUNTS = """\
/dev/vda / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/sdb1 /home/local xfs rw 0 0
scratch /lustre/my\\040scratch lustre rw 0 0
sshfs#host: /mnt/remote fuse.sshfs rw 0 0
overlay /home/local overlay rw 0 0
"""


@pytest.mark.py311
@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [
        ("/data/store", "ext4", False),
        ("/home/ann/.local/share", "nfs4", True),
        ("/homes", "ext4", False),
        ("/home/local/x", "overlay", False),
        ("/lustre/my scratch/x/y", "lustre", True),
        ("/mnt/remote", "fuse.sshfs", True),
    ],
)
def test_the_kind_of_disk(path: str, kind: str, network: bool) -> None:
    assert layout.filesystem_type(Path(path), MOUNTS) == kind
    assert layout.is_network(kind) == network


def test_an_unknown_disk_counts_as_local() -> None:
    assert layout.filesystem_type(Path("/x"), "") == ""
    assert not layout.is_network("")
    assert not layout.is_network("fuseblk")
    assert layout.is_network("FUSE.glusterfs")


def test_a_rollback_journal_on_network_disks(
    directory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, new_history: Any
) -> None:
    Store.open(directory).close()  # made on a local disk, then moved
    monkeypatch.setattr(layout, "filesystem_type", lambda path: "nfs4")
    with Store.open(directory) as store:
        assert store.database.read("PRAGMA journal_mode") == [("delete",)]
        assert store.database.read("PRAGMA synchronous") == [(2,)]
        history = new_history(store, store.notebook(tmp_path / "a.ipynb"))
        history.run({"x": bytes(200_000)})
        assert history.notebook.database.read("PRAGMA journal_mode") == [("delete",)]
        assert store.doctor(deep=True) == []
    assert not list(directory.rglob("*-wal"))


# -- connections ------------------------------------------------------------------------------------------------------


def test_a_log_that_was_folded_in_begins_anew(tmp_path: Path) -> None:
    database = Database(tmp_path / "d.sqlite", (("CREATE TABLE t (x)",),))
    log = tmp_path / "d.sqlite-wal"
    sizes = []
    for _ in range(12):
        with database.write() as connection:
            connection.execute("INSERT INTO t VALUES (?)", (bytes(1_000_000),))
        database.flush()
        sizes.append(log.stat().st_size)
    assert max(sizes) < 6_000_000
    assert sizes[-1] < LOG_BYTES
    assert sum(later < earlier for earlier, later in pairwise(sizes)) == 2  # folded in every fifth time, not every time
    database.close()


def test_threads_have_connections_of_their_own_that_end_with_them(store: Store) -> None:
    seen = []

    def look() -> None:
        seen.append(store.database._own().connection)

    for _ in range(5):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert store.database._own().connection not in seen
    assert store.database._own().connection is store.database._own().connection
    assert len(store.database._connections) <= 2


def test_threads_that_are_reading_end_that_before_the_store_closes(directory: Path) -> None:
    """Closed under a reader, SQLite would crash the process."""
    long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n"
    for _ in range(3):
        store = Store.open(directory)
        begun, ends = threading.Barrier(4), []

        def read(store: Store = store, begun: threading.Barrier = begun, ends: list[str] = ends) -> None:
            begun.wait()
            try:
                while True:
                    assert store.database.read(long) == [(300000,)]
            except StoreError as error:
                ends.append(str(error))

        threads = [threading.Thread(target=read, daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        begun.wait()
        time.sleep(0.05)
        store.close()
        for thread in threads:
            thread.join()
        assert len(ends) == 3 and all("close" in end for end in ends)


def test_a_closed_store_says_so(directory: Path) -> None:
    store = Store.open(directory)
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.candidates("code:1")


def test_closing_commits_what_was_put(directory: Path) -> None:
    with Store.open(directory) as store:
        stored = store.put(Content(b"small", [], b""))
    with Store.open(directory) as store:
        assert store.get(stored.id).stream == b"small"


def test_info(store: Store, history: Any) -> None:
    history.run({"x": bytes(1000), "big": random.Random(0).randbytes(100_000)})
    info = store.info()
    assert info.directory == str(store.directory)
    assert info.nonce == store.nonce and len(info.nonce) == 32
    assert (info.schema, info.notebooks, info.runs, info.checkpoints) == (len(schema.TRACES), 1, 1, 1)
    assert (info.row_bytes, info.blob_bytes, info.blobs, info.budget) == (1000, 100_000, 1, 20 * 1024**3)
