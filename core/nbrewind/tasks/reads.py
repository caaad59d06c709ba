"""What a function reads: global names, the attributes that it takes of modules, and what it imports when it runs."""

from __future__ import annotations

import builtins
import functools
import importlib.util
import sys
import types
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

from blake3 import blake3

from nbrewind.analysis.tables import OPAQUE_GLOBALS
from nbrewind.state.installed import installed_version
from nbrewind.state.kinds import is_standard, root_of
from nbrewind.state.places import is_user_code
from nbrewind.state.space import held

from .encode import PLAIN, Encoder, framed
from .files import Files
from .marks import marks_of_module, marks_of_name, marks_of_words
from .owned import is_local, is_package_class
from .parts import Mark, Refused
from .shape import Path, Shape
from .steady import MISSING, Take, Watch, take_builtin, take_entry, take_global, take_loaded

_HIDING = OPAQUE_GLOBALS | {"compile", "__import__"}
_HIDDEN = frozenset(getattr(builtins, name) for name in _HIDING if hasattr(builtins, name))

Versions = Callable[[str], str]


class Snapshot(NamedTuple):
    """The part of a key that a function makes up, with what it rests on."""

    watch: Watch
    components: dict[str, str]
    marks: frozenset[Mark]
    previews: dict[str, str]
    labels: list[tuple[weakref.ref[Any], bytes]]
    taken: frozenset[str]
    globals: dict[tuple[int, str], bytes]
    cells: list[tuple[weakref.ref[Any], int, bytes]]
    """Variables that functions enclose, each with what is written where another one shares it."""


class Reads(Encoder):
    """Writes values as components, and what functions read of their surroundings."""

    definitions: frozenset[type] = frozenset()
    """Types of functions, modules and what is put around them: they refer to components, and are none themselves."""

    def __init__(self, files: Files, versions: Versions) -> None:
        """Take the version of a package, as far as it counts, from ``versions``."""
        super().__init__(files)
        self.components: dict[str, str] = {}
        self.marks: frozenset[Mark] = frozenset()
        self.previews: dict[str, str] = {}
        self.with_documents = self.with_members = False
        """Whether docstrings, and the order of the members of classes, count."""
        self.watch = Watch(files)
        self._versions = versions
        self._labels: dict[int, tuple[Any, bytes]] = {}
        self._taken: set[str] = set()
        self._globals: dict[tuple[int, str], bytes] = {}
        self._todo: list[tuple[str, str, Any, Callable[[str, Any], None]]] = []

    # What many tasks of one function have in common

    def snapshot(self) -> Snapshot:
        """Return what was written so far, if nothing of it can change but by what is watched.

        What is seen from now on, of the arguments of one call, is not watched with it.
        """
        watch, self.watch = self.watch, Watch(self.files)
        labels = [(weakref.ref(obj), label) for obj, label in self._labels.values()]
        cells = [
            (weakref.ref(obj), place, self.seen[id(cell)])
            for obj, _ in self._labels.values()
            if type(obj) is types.FunctionType
            for place, cell in enumerate(obj.__closure__ or ())
            if id(cell) in self.seen
        ]
        parts = dict(self.components), self.marks, dict(self.previews)
        return Snapshot(watch, *parts, labels, frozenset(self._taken), dict(self._globals), cells)

    def restore(self, found: Snapshot) -> None:
        """Go on from what was written before."""
        self.components, self.marks, self.previews = dict(found.components), found.marks, dict(found.previews)
        for ref, label in found.labels:
            obj = ref()
            self._labels[id(obj)] = obj, label
        self._taken, self._globals = set(found.taken), dict(found.globals)
        for ref, place, token in found.cells:
            function: Any = ref()
            self.seen[id(function.__closure__[place])] = token

    # Components

    def component(self, label: str, write: Callable[[], None]) -> None:
        """Write a component of its own."""
        kept = self.out, self.label
        self.out, self.label = [], label
        try:
            write()
            self.components[label] = blake3(b"".join(self.out)).digest(length=16).hex()
        finally:
            self.out, self.label = kept

    def part(self, label: str, value: Any) -> None:
        """Write a value as a component, but for definitions, which have their own; refer to it here."""
        if type(value) in self.definitions or issubclass(type(value), type):
            self.encode(value)
            return
        label = self.free(label)
        preview = preview_of(value)
        if preview:
            self.previews[label] = preview
        self.component(label, lambda: self.encode(value))
        self.links += 1
        self.out.append(framed(b"&", label.encode("utf-8", "surrogatepass")))

    def definition(self, kind: str, module: str, qualname: str, obj: Any, visit: Callable[[str, Any], None]) -> None:
        """Refer to a definition by its label; it is visited later."""
        known = self._labels.get(id(obj))
        if known is None:
            name = qualname.rpartition("<locals>.")[2]
            if module not in ("", "__main__", "__mp_main__"):
                name = f"{module}.{name}"
            label = self.free(f"{kind} {name}")
            known = self._labels[id(obj)] = obj, framed(b"#", label.encode("utf-8", "surrogatepass"))
            self._todo.append((label, label[len(kind) + 1 :], obj, visit))
        self.out.append(known[1])

    def free(self, label: str) -> str:
        """Return a label that nothing has yet, and take it."""
        found, number = label, 1
        while found in self._taken:
            number += 1
            found = f"{label} ({number})"
        self._taken.add(found)
        return found

    def visit_all(self) -> None:
        """Write the components of all definitions that were referred to, and of those that these lead to."""
        while self._todo:
            label, name, obj, visit = self._todo.pop(0)
            self.component(label, functools.partial(visit, name, obj))

    def named(self, module: str, qualname: str) -> None:
        """Write something of an installed package by its name."""
        self.out.append(framed(b"=", f"{module}:{qualname}".encode("utf-8", "surrogatepass")))
        self.package(root_of(module))
        self.marks |= marks_of_name(module, qualname)

    def package(self, root: str) -> None:
        """Count the version of an installed package; that of Python stands for its own modules."""
        label = f"package {root}"
        if is_standard(root) or not root or label in self.components:
            return
        version = self._versions(root)
        self.previews[label] = version
        self.component(label, lambda: self.words(version))

    # Names

    def reads(self, name: str, shape: Shape, function: types.FunctionType) -> None:
        """Write what a function of the user's reads by global names, and by imports."""
        namespace = function.__globals__
        for read, paths in shape.reads:
            self.words(read)
            value = self.look(take_global, function, read)
            if value is not MISSING:
                if read in ("get_ipython", "__builtins__"):
                    raise Refused(f"`{name}` can't be followed: it uses `{read}`")
                self._global(namespace, read, value, paths, shape, name)
                continue
            value = self.look(take_builtin, function, read)
            if value is MISSING:
                self.words("nothing", None)
            elif read in _HIDING:
                raise Refused(f"`{name}` can't be followed: it uses `{read}()`, which may read and run anything")
            else:
                self.encode(value)
        for text in sorted(shape.texts):
            value = self.look(take_global, function, text)
            if value is not MISSING:
                self.words(text)
                self._global(namespace, text, value, ((),), shape, name)
        for module in shape.imports:
            self._import(name, module, namespace)

    def look(self, take: Take, owner: Any, name: Any) -> Any:
        """Return what is looked at, and note that it was."""
        value = take(owner, name)
        self.watch.see(take, owner, name, value)
        return value

    def _global(
        self, namespace: dict[str, Any], read: str, value: Any, paths: tuple[Path, ...], shape: Shape, name: str
    ) -> None:
        if type(value) is types.ModuleType:
            for path in paths:
                self._of_module(value, path, name, (read, path) in shape.computed)
            return
        if type(value) in self.definitions or issubclass(type(value), type):
            self.encode(value)
            return
        key = id(namespace), read
        if key not in self._globals:
            where = namespace.get("__name__")
            start = len(self.out)
            self.part(f"global {read}" if where in ("__main__", None) else f"global {where}.{read}", value)
            self._globals[key] = self.out[start]
        else:
            self.out.append(self._globals[key])

    def _of_module(self, module: types.ModuleType, path: Path, name: str, computed: bool) -> None:
        """Write what is reached from a module by attributes, as far as these lead through modules."""
        found: Any = module
        for place, part in enumerate(path):
            if module is sys and part == "modules":
                raise Refused(f"`{name}` can't be followed: it takes modules from `sys.modules`")
            if part == "__dict__":
                raise Refused(f"`{name}` can't be followed: it takes all that the module `{module.__name__}` holds")
            found = self.look(take_entry, module, part)
            if found is MISSING:
                self.watch.steady = False
                found = sys.modules.get(f"{module.__name__}.{part}", MISSING)
            if type(found) is not types.ModuleType:
                self._member(module, part, found)
                return
            module, computed = found, computed and place == len(path) - 1
        if computed and is_local(module.__name__):
            raise Refused(f"`{name}` can't be followed: it takes attributes of `{module.__name__}` by computed names")
        self.write_module(module)

    def _member(self, module: types.ModuleType, part: str, found: Any) -> None:
        """Write an entry of a module: of a package's by its name, unless it is the user's, or a plain value."""
        where = module.__name__
        if not is_local(where):
            self.named(where, part)
            refuse_hidden(found)
            if type(found) in PLAIN or type(found) is str or _is_users(found):
                self.encode(found)
            elif type(found) is types.BuiltinFunctionType:
                self.marks |= marks_of_words({found.__name__})
        elif found is MISSING:
            self.words(where, part, None)
            if "__getattr__" in held(module):
                self.encode(held(module)["__getattr__"])
        else:
            self.words(part)
            self._global(held(module), part, found, (), _NO_SHAPE, where)

    def write_module(self, module: types.ModuleType) -> None:
        """Write a module as a whole."""
        raise NotImplementedError

    def _import(self, name: str, told: str, namespace: dict[str, Any]) -> None:
        """Write what an import in a function brings: ``module`` or ``module:name``."""
        module, _, part = told.partition(":")
        if module.startswith("."):
            package = namespace.get("__package__") or ""
            try:
                module = importlib.util.resolve_name(module, package)
            except (ImportError, ValueError):
                raise Refused(f"`{name}` imports `{module}`, which can't be found") from None
        found = self.look(take_loaded, sys, module)
        if type(found) is types.ModuleType:
            self._of_module(found, (part,) if part else (), name, False)
            return
        root = root_of(module)
        self.marks |= marks_of_module(module)
        if is_standard(root):
            return
        if root in sys.modules and is_local(root):
            raise Refused(f"`{name}` imports `{module}`, a file of yours that is not loaded here: import it here, too")
        if not installed_version(root):
            raise Refused(f"`{name}` imports `{module}`, which is neither loaded here nor installed")
        self.package(root)


_NO_SHAPE = Shape("", "", (), frozenset(), (), frozenset(), frozenset(), (), False, False)


def refuse_hidden(found: Any) -> None:
    """Raise `Refused` for builtins by which code reads and runs what it does not spell out."""
    if type(found) is types.BuiltinFunctionType and found in _HIDDEN:
        raise Refused(f"`{found.__name__}()` may read and run anything")


def _is_users(found: Any) -> bool:
    """Whether what a package's module holds is a function, a class, or an object of a class of the user's."""
    if type(found) is types.FunctionType:
        return is_user_code(found.__code__.co_filename)
    return not is_package_class(found if issubclass(type(found), type) else type(found))


def preview_of(value: Any) -> str:
    """Return a short text of a small plain value; empty if it is none."""
    if type(value) in (list, tuple, dict) and len(value) <= 8:
        inner = [*value, *value.values()] if type(value) is dict else value
    else:
        inner = (value,)
    text = repr(value) if all(map(_is_short, inner)) else ""
    return text if len(text) <= _LONGEST else ""


def _is_short(value: Any) -> bool:
    if type(value) is int:
        return value.bit_length() < 200
    return len(value) <= _LONGEST if type(value) in (str, bytes) else type(value) in PLAIN


_LONGEST = 60
