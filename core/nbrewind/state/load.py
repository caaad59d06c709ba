"""Versions back into values: all beside the namespace, or none."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from nbrewind.model import Version
from nbrewind.store.types import Content, ContentError, Later, Opened

from . import rebuild
from .code import MAGIC


class LoadError(Exception):
    """Versions can't be loaded; nothing was changed."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in reasons.items()))
        self.reasons = dict(reasons)
        """Name to reason, for people."""


@dataclass
class Loaded:
    """Values that were loaded and not yet installed."""

    values: dict[str, Any]
    versions: dict[str, Version]


class _Unpickler(pickle.Unpickler):
    def __init__(self, content: Content | Opened, builder: rebuild.Builder) -> None:
        super().__init__(io.BytesIO(content.stream), buffers=content.buffers)
        self._builder = builder

    def find_class(self, module: str, name: str) -> Any:
        """Find what a stream refers to; what depends on the place of loading is the builder's."""
        if module == rebuild.__name__ and name in ("ref", "namespace", "code"):
            return getattr(self._builder, name)
        return super().find_class(module, name)


class _Loading:
    """One load of several groups, each when it is first needed."""

    def __init__(
        self,
        versions: list[Version],
        fetch: Callable[[str], Content | Opened],
        namespace: dict[str, Any],
        given: Mapping[str, Any],
    ) -> None:
        self.wanted = {version.key.removeprefix("var:"): version for version in versions}
        self.fetch = fetch
        self.namespace = namespace
        self.given = given
        self.values: dict[str, Any] = {}
        self.reasons: dict[str, str] = {}
        self.busy: set[str] = set()

    def resolve(self, name: str) -> Any:
        """Return the definition bound to a name: the one given or being loaded, else the live one."""
        if name in self.given:
            return self.given[name]
        if name in self.wanted:
            self.group(name)
            if name in self.values:
                return self.values[name]
            raise rebuild.LoadProblem(f"it needs {name}, which can't be loaded")
        if name in self.namespace:
            return self.namespace[name]
        raise rebuild.LoadProblem(f"it needs {name}, which is not defined")

    def group(self, name: str) -> None:
        """Load the group of a name unless it is loaded already."""
        if name in self.values or name in self.reasons:
            return
        version = self.wanted[name]
        members = tuple(sorted(version.members)) or (name,)
        reason = self._read(version, members)
        if reason:
            for member in members:
                if member in self.wanted:
                    self.reasons.setdefault(member, reason)

    def _read(self, version: Version, members: tuple[str, ...]) -> str:
        if not version.loadable or not version.snapshot:
            return version.reason or "its content was not saved"
        others = [member for member in members if member not in self.wanted]
        if others:
            return f"it is loaded only together with {', '.join(others)}"
        if any(self.wanted[member].snapshot != version.snapshot for member in members):
            return "the versions of its group do not belong together"
        if self.busy.intersection(members):
            return "its definition needs itself"
        self.busy.update(members)
        try:
            values = self._unpickled(self.fetch(version.snapshot))
            if len(values) != len(members):
                return "its content is damaged"
        except KeyboardInterrupt:
            raise
        except rebuild.LoadProblem as error:
            return str(error)
        except BaseException as error:
            return f"it can't be loaded: {type(error).__name__}: {error}"
        finally:
            self.busy.difference_update(members)
        self.values.update(zip(members, values, strict=True))
        return ""

    def _unpickled(self, content: Content | Opened) -> tuple[Any, ...]:
        if isinstance(content, Content) or not any(isinstance(data, Later) for data in content.buffers):
            return self._unpickle(content)
        try:
            return self._unpickle(content)
        except (ContentError, rebuild.LoadProblem):
            raise
        except Exception:  # something else than an array of numpy's takes a buffer
            return self._unpickle(content.read())

    def _unpickle(self, content: Content | Opened) -> tuple[Any, ...]:
        places: list[Any] = []
        if content.side:
            _, magic, places, _lines = msgspec.msgpack.decode(content.side)
            if magic != MAGIC:
                raise rebuild.LoadProblem("it holds functions compiled by another version of Python")
        builder = rebuild.Builder(self.namespace, self.resolve, places)
        values: tuple[Any, ...] = _Unpickler(content, builder).load()
        return values


def load(
    versions: list[Version],
    fetch: Callable[[str], Content | Opened],
    namespace: dict[str, Any],
    given: Mapping[str, Any],
) -> Loaded:
    """Load versions beside *namespace*; raise `LoadError` with a reason for each that can't be.

    *given* are definitions that are there already, to be used instead of those in the namespace.
    """
    loading = _Loading(versions, fetch, namespace, given)
    for name in sorted(loading.wanted):
        loading.group(name)
    if loading.reasons:
        raise LoadError(loading.reasons)
    return Loaded({name: loading.values[name] for name in loading.wanted}, loading.wanted)
