"""Interpreter state outside variables: random generators, working directory, environment, options of libraries.

Each item has a provider. An item that is as a new kernel has it has the digest ``default`` and no content.
No provider imports a module that the user has not imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from blake3 import blake3

from nbrewind.model import DEFAULT, Version

from .base import Provider
from .interpreter import INTERPRETER
from .libraries import LIBRARIES
from .settings import SETTINGS
from .shell import SHELL

_ENVIRONMENT = "ambient:environ"
_ENV = "env:"


@dataclass
class AmbientChange:
    """One item of interpreter state with a new value."""

    digest: str
    """``b3:...``; ``default`` where it is again as a new kernel has it; empty where it has no exact digest."""
    content: bytes | None
    """What `Ambient.restore` takes; None where the digest says it, or where it can't be restored."""


@dataclass
class _Seen:
    signature: Any
    content: bytes | None
    default: bytes | None
    """Content as a new kernel has it."""


class Ambient:
    """Providers of interpreter state, and the baseline that the next scan compares with.

    What holds when it is made is taken as the default.
    """

    def __init__(self, folder: str = "") -> None:
        """Read all of them. ``folder``: the notebook's."""
        kinds: tuple[Callable[[], Provider], ...] = (*INTERPRETER, *SETTINGS, *SHELL, *LIBRARIES)
        self._providers = {provider.key: provider for provider in (kind() for kind in kinds)}
        self._seen: dict[str, _Seen] = {}
        self._pending: dict[str, _Seen] = {}
        self.versions: dict[str, Version] = {}
        for key, provider in self._providers.items():
            provider.folder = folder
            signature = _signature(provider)
            if signature is not None:
                content = _content(provider)
                self._seen[key] = _Seen(signature, content, content)

    def scan(self) -> dict[str, AmbientChange]:
        """Return the items that differ from the baseline, by key; change nothing."""
        changes: dict[str, AmbientChange] = {}
        self._pending = {}
        for key, provider in self._providers.items():
            signature = _signature(provider)
            if signature is None:
                continue
            seen = self._seen.get(key)
            if seen is not None and seen.signature == signature:
                continue
            content = _content(provider)
            if seen is None:
                default = content if provider.is_fresh() else _encode(provider.default())
                now = _Seen(signature, content, default)
                if content is not None and content == default:
                    self._seen[key] = now
                    continue
            else:
                now = _Seen(signature, content, seen.default)
                if content is not None and content == seen.content:
                    seen.signature = signature
                    continue
            self._pending[key] = now
            if key == _ENVIRONMENT:
                changes.update(_variables(seen, now))
            else:
                changes[key] = _change(now)
        return changes

    def restart(self) -> None:
        """Take for the baseline what a new kernel has: the next scan tells all that differs from it."""
        self.versions.clear()
        self._pending = {}
        self._seen = {key: _Seen(object(), seen.default, seen.default) for key, seen in self._seen.items()}

    def commit(self, versions: Mapping[str, Version]) -> None:
        """Make the last scan the new baseline."""
        self._seen.update(self._pending)
        self._pending = {}
        self.versions.update({key: version for key, version in versions.items() if not key.startswith("var:")})

    def variable(self, name: str) -> str | None:
        """Return an environment variable as the baseline has it: before the run whose changes were scanned."""
        seen = self._seen.get(_ENVIRONMENT)
        value = msgspec.msgpack.decode(seen.content).get(name) if seen is not None and seen.content else None
        return None if value is None else str(value)

    def deviating(self) -> dict[str, AmbientChange]:
        """Return every item that is not as a new kernel has it, by key: what a rewind may have to reset."""
        found: dict[str, AmbientChange] = {}
        for key, provider in self._providers.items():
            seen = self._seen.get(key)
            if seen is None or _signature(provider) is None:
                continue
            now = _Seen(None, _content(provider), seen.default)
            if now.content == now.default and now.content is not None:
                continue
            if key == _ENVIRONMENT:
                found.update(_variables(_Seen(None, seen.default, None), now))
            else:
                found[key] = _change(now)
        return found

    def differing(self, target: Mapping[str, str]) -> list[str]:
        """Return the keys of the items that are not as *target* says (key to digest; what it leaves out: default)."""
        live = {key: change.digest for key, change in self.deviating().items()}
        return sorted(key for key in live.keys() | set(target) if live.get(key, DEFAULT) != target.get(key, DEFAULT))

    def restore(self, key: str, content: bytes | None) -> None:
        """Bring an item back, and take it as the baseline; None: as a new kernel has it.

        Raise `ValueError` with a reason in words where that is not possible.
        """
        if key.startswith(_ENV):
            self._restore_variable(key[len(_ENV) :], content)
            return
        provider = self._providers.get(key)
        if provider is None:
            raise ValueError(f"nothing is known of {key}")
        seen = self._seen.get(key)
        if content is None:
            content = seen.default if seen is not None else None
            if content is None and _signature(provider) is None:
                return
        if content is None:
            raise ValueError("its default is not known")
        if _signature(provider) is None:
            provider.begin()
        if _signature(provider) is None:
            raise ValueError(f"{provider.module} is not imported")
        provider.write(msgspec.msgpack.decode(content))
        default = seen.default if seen is not None else _encode(provider.default())
        self._seen[key] = _Seen(_signature(provider), _content(provider), default)

    def _restore_variable(self, name: str, content: bytes | None) -> None:
        provider = self._providers[_ENVIRONMENT]
        seen = self._seen[_ENVIRONMENT]
        if content is None:
            value = msgspec.msgpack.decode(seen.default or b"\x80").get(name)
        else:
            value = msgspec.msgpack.decode(content)
        provider.write({name: value})
        before = msgspec.msgpack.decode(seen.content or b"\x80")
        if value is None:
            before.pop(name, None)
        else:
            before[name] = value
        self._seen[_ENVIRONMENT] = _Seen(None, _encode(before), seen.default)


def _signature(provider: Provider) -> Any:
    try:
        return provider.signature()
    except Exception:
        return None


def _encode(data: Any) -> bytes | None:
    if data is None:
        return None
    try:
        return msgspec.msgpack.encode(data, order="deterministic")
    except Exception:
        return None


def _content(provider: Provider) -> bytes | None:
    try:
        return _encode(provider.read())
    except Exception:
        return None


def _change(now: _Seen) -> AmbientChange:
    if now.content is None:
        return AmbientChange("", None)
    if now.content == now.default:
        return AmbientChange(DEFAULT, None)
    return AmbientChange(_digest(now.content), now.content)


def _digest(content: bytes) -> str:
    return "b3:" + blake3(content).hexdigest()


def _variables(seen: _Seen | None, now: _Seen) -> dict[str, AmbientChange]:
    """Return the changed environment variables, one item each."""
    before = msgspec.msgpack.decode(seen.content) if seen is not None and seen.content else {}
    after = msgspec.msgpack.decode(now.content or b"\x80")
    default = msgspec.msgpack.decode(now.default or b"\x80")
    changes = {}
    for name in before.keys() | after.keys():
        value = after.get(name)
        if before.get(name) == value:
            continue
        content = msgspec.msgpack.encode(value)
        if value == default.get(name):
            changes[_ENV + name] = AmbientChange(DEFAULT, None)
        else:
            changes[_ENV + name] = AmbientChange(_digest(content), content)
    return changes


__all__ = ["Ambient", "AmbientChange", "Provider"]
