"""The full map of a checkpoint from the deltas above it, remembered where it is likely to be asked for again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from nbrewind.model import Checkpoint, Version
from nbrewind.store.codec import decode_delta, decode_version
from nbrewind.store.database import Database, Guard
from nbrewind.store.types import StoreError

MAPS = 128
VERSIONS = 200_000


class States:
    """Full maps of one notebook's checkpoints. Deltas and versions never change, so nothing here goes stale."""

    def __init__(self, database: Database) -> None:
        """Read from the tables ``checkpoints`` and ``versions`` of ``database``."""
        self._database = database
        self._lock = Guard(database.path)
        self._maps: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._versions: dict[str, Version] = {}

    def state(self, checkpoint_id: str) -> dict[str, Version]:
        """Return key to version at a checkpoint."""
        with self._lock:
            keys = self.keys(checkpoint_id)
            return dict(zip(keys, self.versions(keys.values()), strict=True))

    def versions(self, ids: Iterable[str]) -> list[Version]:
        """Return versions by id, in order; empty ids are left out."""
        with self._lock:
            if len(self._versions) > VERSIONS:
                self._versions.clear()
            wanted = [version for version in ids if version]
            self._load({version for version in wanted if version not in self._versions})
            try:
                return [self._versions[version] for version in wanted]
            except KeyError as error:
                message = f"{self._database.path} is damaged: it has no version {error.args[0]}; run `nbrewind doctor`"
                raise StoreError(message) from error

    def keys(self, checkpoint_id: str) -> Mapping[str, str]:
        """Return key to version id at a checkpoint."""
        with self._lock:
            deltas: list[Mapping[str, str]] = []
            at = checkpoint_id
            while at and at not in self._maps:
                rows = self._database.read("SELECT parent, delta FROM checkpoints WHERE id = ?", (at,))
                if not rows:
                    raise StoreError(f"there is no checkpoint {at} in {self._database.path}")
                deltas.append(decode_delta(rows[0][1]))
                at = rows[0][0] or ""
            if at:
                self._maps.move_to_end(at)
            keys = self._maps[at] if at else {}
            if deltas:
                keys = dict(keys)
                for delta in reversed(deltas):
                    _apply(keys, delta)
                self._remember(checkpoint_id, keys)
            return keys

    def follow(self, checkpoint: Checkpoint) -> None:
        """Remember a checkpoint that was just committed, if its parent's map is at hand."""
        with self._lock:
            keys = self._maps.get(checkpoint.parent) if checkpoint.parent else {}
            if keys is not None:
                keys = dict(keys)
                _apply(keys, checkpoint.delta)
                self._remember(checkpoint.id, keys)

    def _remember(self, checkpoint_id: str, keys: dict[str, str]) -> None:
        self._maps[checkpoint_id] = keys
        while len(self._maps) > MAPS:
            self._maps.popitem(last=False)

    def _load(self, wanted: set[str]) -> None:
        for version, record in self._database.select("SELECT id, record FROM versions WHERE id IN", sorted(wanted)):
            self._versions[version] = decode_version(record)

    def clear(self) -> None:
        """Remember nothing: something was forgotten."""
        with self._lock:
            self._maps.clear()
            self._versions.clear()


def _apply(keys: dict[str, str], delta: Mapping[str, str]) -> None:
    for key, version in delta.items():
        if version:
            keys[key] = version
        else:
            keys.pop(key, None)
