"""The tables, as migrations: entry N leads from schema N to N + 1. Entries are only ever appended, never edited."""

from __future__ import annotations

from nbrewind.store.database import Migration

TRACES: tuple[Migration, ...] = (
    (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        # path: as the file system spells it (bytes). cells: the cell ids seen, to tell renames from copies
        "CREATE TABLE notebooks (id TEXT PRIMARY KEY, path BLOB NOT NULL UNIQUE, cells BLOB NOT NULL, "
        "created REAL NOT NULL) WITHOUT ROWID",
        # answerable: the run may stand for a new one (ok, provable, saved, not lost)
        "CREATE TABLE traces (run TEXT PRIMARY KEY, notebook TEXT NOT NULL, cell TEXT NOT NULL, code TEXT NOT NULL, "
        "started REAL NOT NULL, recorded REAL NOT NULL, status TEXT NOT NULL, answerable INTEGER NOT NULL, "
        "record BLOB NOT NULL)",
        "CREATE INDEX traces_code ON traces (code, started) WHERE answerable",
        "CREATE INDEX traces_notebook ON traces (notebook, run, answerable)",
        "CREATE TABLE sources (digest TEXT PRIMARY KEY, text BLOB NOT NULL)",
        "CREATE TABLE analyses (code TEXT PRIMARY KEY, record BLOB NOT NULL)",
        "CREATE TABLE snapshots (id TEXT PRIMARY KEY, bytes INTEGER NOT NULL, manifest BLOB NOT NULL)",
        # codec: 0 is the bytes as they are, 1 Zstandard
        "CREATE TABLE contents (digest BLOB PRIMARY KEY, codec INTEGER NOT NULL, data BLOB NOT NULL)",
        # blobs whose files are safely on disk; size: of the file
        "CREATE TABLE blobs (digest BLOB PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID",
    ),
    (),  # no other tables, but contents may be compressed: who can't read these must not open the store
    (
        # where tasks were submitted; how many there are, and their bytes in `tasks`, is kept by the triggers below
        "CREATE TABLE task_places (number INTEGER PRIMARY KEY, notebook TEXT NOT NULL, cell TEXT NOT NULL, "
        "tasks INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, UNIQUE (notebook, cell))",
        # what the keys of many tasks have in common
        "CREATE TABLE task_parts (number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, data BLOB NOT NULL)",
        # slot: 64 bits of the key; the whole key is in the record, and counts. evicted: contents were removed.
        # data: contents that are short, one after the other. bytes: of record and data
        "CREATE TABLE tasks (number INTEGER PRIMARY KEY AUTOINCREMENT, slot INTEGER NOT NULL, "
        "occurrence INTEGER NOT NULL, place INTEGER NOT NULL, part INTEGER NOT NULL, evicted INTEGER NOT NULL, "
        "seconds REAL NOT NULL, bytes INTEGER NOT NULL, record BLOB NOT NULL, data BLOB NOT NULL, "
        "UNIQUE (slot, occurrence))",
        "CREATE INDEX tasks_place ON tasks (place)",
        "CREATE INDEX tasks_part ON tasks (part)",
        # contents that are not short
        "CREATE TABLE task_contents (number INTEGER PRIMARY KEY AUTOINCREMENT, "
        "task INTEGER NOT NULL REFERENCES tasks (number) ON DELETE CASCADE, snapshot TEXT NOT NULL)",
        "CREATE INDEX task_contents_task ON task_contents (task)",
        # other places where a record has answered
        "CREATE TABLE task_uses (task INTEGER NOT NULL REFERENCES tasks (number) ON DELETE CASCADE, "
        "place INTEGER NOT NULL, PRIMARY KEY (task, place)) WITHOUT ROWID",
        "CREATE INDEX task_uses_place ON task_uses (place)",
        "CREATE TRIGGER task_added AFTER INSERT ON tasks BEGIN "
        "UPDATE task_places SET tasks = tasks + 1, bytes = bytes + new.bytes WHERE number = new.place; END",
        "CREATE TRIGGER task_changed AFTER UPDATE OF place, bytes ON tasks BEGIN "
        "UPDATE task_places SET tasks = tasks - 1, bytes = bytes - old.bytes WHERE number = old.place; "
        "UPDATE task_places SET tasks = tasks + 1, bytes = bytes + new.bytes WHERE number = new.place; END",
        "CREATE TRIGGER task_replaced AFTER UPDATE OF record ON tasks BEGIN "
        "DELETE FROM task_contents WHERE task = new.number; END",
        "CREATE TRIGGER task_removed AFTER DELETE ON tasks BEGIN "
        "UPDATE task_places SET tasks = tasks - 1, bytes = bytes - old.bytes WHERE number = old.place; END",
    ),
    # logs: how many bytes those of its tasks take, which are in its index; counted anew whenever there are others
    ("ALTER TABLE notebooks ADD COLUMN logs INTEGER NOT NULL DEFAULT 0",),
)

NOTEBOOK: tuple[Migration, ...] = (
    (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
        "INSERT INTO meta VALUES ('sequence', 0)",
        "CREATE TABLE runs (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, cell TEXT NOT NULL, "
        "provable INTEGER NOT NULL, record BLOB NOT NULL)",
        "CREATE TABLE outputs (run TEXT PRIMARY KEY REFERENCES runs (id), data BLOB NOT NULL)",
        "CREATE TABLE versions (id TEXT PRIMARY KEY, record BLOB NOT NULL)",
        "CREATE TABLE checkpoints (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, "
        "parent TEXT REFERENCES checkpoints (id), session TEXT NOT NULL, cell TEXT NOT NULL, run TEXT NOT NULL, "
        "action TEXT NOT NULL, time REAL NOT NULL, delta BLOB NOT NULL, label TEXT NOT NULL, keep INTEGER NOT NULL, "
        "saved INTEGER NOT NULL, lost TEXT NOT NULL, stored INTEGER NOT NULL)",
        "CREATE INDEX checkpoints_parent ON checkpoints (parent)",
        "CREATE INDEX checkpoints_run ON checkpoints (run)",
        # versions whose contents could not be written; what still holds one can't be brought back
        "CREATE TABLE lost (version TEXT PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE heads (session TEXT PRIMARY KEY, checkpoint TEXT NOT NULL REFERENCES checkpoints (id), "
        "time REAL NOT NULL) WITHOUT ROWID",
    ),
    (
        # why contents of the state were removed; empty if all are there
        "ALTER TABLE checkpoints ADD COLUMN evicted TEXT NOT NULL DEFAULT ''",
        # contents of its own writes were removed: it can't answer
        "ALTER TABLE runs ADD COLUMN evicted INTEGER NOT NULL DEFAULT 0",
        # versions whose contents this notebook no longer holds
        "CREATE TABLE evicted (version TEXT PRIMARY KEY) WITHOUT ROWID",
        "INSERT INTO meta VALUES ('forgotten', 0)",
    ),
    (
        # what managers of tasks have logged while a run went on. size: of the text; left_out: bytes that were too many;
        # digest: of data, which is compressed
        "CREATE TABLE logs (number INTEGER PRIMARY KEY, "
        "run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, manager INTEGER NOT NULL, name TEXT NOT NULL, "
        "size INTEGER NOT NULL, left_out INTEGER NOT NULL, digest BLOB NOT NULL, data BLOB NOT NULL)",
        "CREATE INDEX logs_run ON logs (run)",
    ),
)
