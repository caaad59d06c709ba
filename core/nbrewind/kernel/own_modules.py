"""Modules of the user's own: which are loaded, and what a run has read of what they hold.

Their data are names as variables are (`nbrewind.state.space`). The key ``local:NAME`` says that a module is loaded.
What it holds since then, made by the same run, is as any import makes it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import dis
import functools
import gc
import importlib
import inspect
import os
import reprlib
import sys
import types
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nbrewind.model import CellAnalysis, Run, Version
from nbrewind.planning.outside import path_key
from nbrewind.planning.trace import LOCAL
from nbrewind.state import Space, held, is_fixed, is_owner
from nbrewind.state.code import ANY, GLOBAL_OPERATIONS, canonical
from nbrewind.state.kinds import LEAVES, belongs_to_kernel
from nbrewind.state.kinds import module_of as home_of_class
from nbrewind.state.places import is_user_code

if TYPE_CHECKING:
    from nbrewind.kernel.head import Head
    from nbrewind.kernel.recorder import Recorder

LARGE = 5_000
"""Entries of the modules of one package: more would cost each cell milliseconds."""
NOT_LOOKED_AT = frozenset({"__main__", "__mp_main__"})
MAKERS = ("<string>", dataclasses.__file__, reprlib.__file__)
"""Files of methods that a library makes for classes, which keep nothing of the user's."""
DEFINED = (types.FunctionType, types.ModuleType, type)
BY_TEXT = frozenset({"__import__", "import_module", "modules"})
"""Words by which code gets hold of a module that a text names."""
UNTOLD = BY_TEXT | {
    "__dict__", "__globals__", "attrgetter", "compile", "delattr", "dir", "eval", "exec", "getattr", "getmembers",
    "getattr_static", "globals", "hasattr", "methodcaller", "monkeypatch", "patch", "reload", "setattr", "vars",
}  # fmt: skip
"""Words by which code reads what its text does not tell."""


def loaded() -> tuple[dict[str, types.ModuleType], set[str]]:
    """Return the loaded modules that are files of the user's own, and folders of such, by dotted name.

    Of packages that are too large to be looked at after each cell only the names.
    """
    found: dict[int, tuple[str, types.ModuleType]] = {}
    for name, module in list(sys.modules.items()):
        if type(name) is not str or name in NOT_LOOKED_AT or not issubclass(type(module), types.ModuleType):
            continue
        file = held(module).get("__file__")
        if type(file) is str and is_user_code(file):
            found.setdefault(id(module), (name, module))
            package = sys.modules.get(name.rpartition(".")[0])
            if package is not None and not getattr(package, "__file__", None):
                found.setdefault(id(package), (name.rpartition(".")[0], package))
    sizes = Counter[str]()
    for name, module in found.values():
        sizes[root(name)] += len(held(module))
    large = {name for name, size in sizes.items() if size > LARGE}
    return {name: module for name, module in found.values() if root(name) not in large}, large


def root(name: str) -> str:
    """Return the top-level module of a dotted name."""
    return name.partition(".")[0]


def only_loads(
    analysis: CellAnalysis, own: Iterable[types.CodeType], namespace: Mapping[str, Any], modules: Iterable[str]
) -> bool:
    """Whether a run that loaded modules can have changed nothing that they hold since.

    It has no more than imports, options and definitions, and these use nothing of the modules or of the notebook.
    """
    roots = {"__main__", *map(root, modules)}
    values = (namespace[name] for code in own for name in _loaded_names(code) if name in namespace)
    return analysis.prelude and not any(root(_home(value)) in roots for value in values)


def _loaded_names(code: types.CodeType) -> Iterator[str]:
    """Yield the global names that code reads as it is executed, with the bodies of its classes."""
    yield from (step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_NAME", "LOAD_GLOBAL"))
    for part in code.co_consts:
        if isinstance(part, types.CodeType) and not part.co_flags & inspect.CO_OPTIMIZED:
            yield from _loaded_names(part)


def _home(value: Any) -> str:
    """Return the dotted name of the module that a value is, or comes from."""
    cls = type(value)
    if issubclass(cls, types.ModuleType):
        return str(held(value).get("__name__", ""))
    own = value if issubclass(cls, type) else cls
    return str(getattr(value, "__module__", "") if cls is types.FunctionType else home_of_class(own))


def met(modules: Mapping[str, types.ModuleType], analysis: CellAnalysis, codes: Iterable[types.CodeType]) -> set[str]:
    """Return the top-level modules of the user's own that a run has met although no value led there.

    By code of theirs that ran, and by a text that names one, where the cell asks for modules by texts.
    """
    names = files_of(modules)
    found = {root(names[code.co_filename]) for code in codes if code.co_filename in names}
    if not BY_TEXT.isdisjoint({*analysis.attributes, *analysis.reads}):
        texts = {*analysis.strings, *analysis.keys}
        found.update(root(name) for name in modules if not texts.isdisjoint(name.split(".")))
    return found


def files_of(modules: Mapping[str, types.ModuleType]) -> dict[str, str]:
    """Return the names of modules by the files that their code tells; folders have none."""
    files = ((held(module).get("__file__"), name) for name, module in modules.items())
    return {file: name for file, name in files if type(file) is str}


def read(
    names: Iterable[str],
    space: Space,
    own: Iterable[types.CodeType],
    codes: Collection[types.CodeType],
) -> set[str]:
    """Return those of the dotted ``names`` that code may have looked up: the cell's ``own``, and that which ran.

    As a global name of code of the module that holds it, or as an attribute of anything. Functions of a module may also
    have got hold of what they keep by themselves (``def f(found=found)``).
    """
    files = files_of(space.modules)
    words: set[str] = set().union(*map(attributes_of, own), *map(attributes_of, codes))
    places: set[str] = set()
    for code in codes:
        used = canonical(code)[2]
        if code.co_filename in files:
            places.update(f"{files[code.co_filename]}.{name}" for name in used)
        elif not _is_cell(code.co_filename):
            words.update(used)
        if ANY in used:
            words.add(ANY)
    if not UNTOLD.isdisjoint(words):
        return set(names)
    ran = {files[code.co_filename] for code in codes if code.co_filename in files}
    kept = {id(each) for name in ran for _, values in keepers(space.modules[name]) for each in _with_parts(values)}
    return {
        name
        for name in names
        if name in places or name.rpartition(".")[2] in words or (kept and id(space.get(name)) in kept)
    }


def _with_parts(values: Iterable[Any]) -> list[Any]:
    """Return values with what they hold directly."""
    found = list(values)
    return found + gc.get_referents(*found)


def _is_cell(filename: str) -> bool:
    """Whether a file name is one under which IPython compiles cells."""
    return filename.startswith("<ipython-input") or os.path.basename(os.path.dirname(filename)).startswith("ipykernel_")


@lru_cache(maxsize=4096)
def attributes_of(code: types.CodeType) -> frozenset[str]:
    """Return the names that code uses other than as global names: attributes, and what it imports from modules.

    Of what it calls by name, those in `UNTOLD`, too.
    """
    return frozenset(_attributes(code))


def _attributes(code: types.CodeType) -> Iterator[str]:
    names = set(code.co_names)
    for step in dis.get_instructions(code):
        if type(step.argval) is str and step.argval in names:
            if step.opname not in GLOBAL_OPERATIONS or step.argval in UNTOLD:
                yield step.argval


def changed_since(
    recorder: Recorder, state: Mapping[str, Version], imported: Iterable[str], runs: Iterable[Run]
) -> Iterator[str]:
    """Yield the modules that have what is in their files now, where these are not the files that the runs met.

    They were imported, or are loaded in ``state`` and IPython loads them anew before cells (``%autoreload``).
    """
    names = set(imported)
    if "AutoreloadMagics" in recorder.shell.magics_manager.registry:
        names |= {key.removeprefix(LOCAL) for key in state if key.startswith(LOCAL)}
    met = {entry.key: entry.digest for run in runs for entry in run.inputs if entry.key.startswith("file:")}
    for file, name in files_of(recorder.live.space.modules).items():
        key = path_key(file, recorder.folder)
        if name in names and key in met and met[key] != recorder.world.digest(key):
            yield name


@contextlib.contextmanager
def _surroundings(recorder: Recorder, state: Mapping[str, Version]) -> Iterator[None]:
    """Bring the working directory and the path of modules to what they are in ``state``, for a while."""
    keys = [key for key in ("ambient:cwd", "ambient:sys.path") if state.get(key) != recorder.state.get(key)]
    for key in keys:
        recorder.restore_setting(key, state.get(key))
    try:
        yield
    finally:
        for key in keys:
            recorder.restore_setting(key, recorder.state.get(key))


def import_modules(recorder: Recorder, state: Mapping[str, Version]) -> tuple[list[str], dict[str, str]]:
    """Import the modules that are loaded in ``state`` and not here.

    Returns those that were imported, and those that can't be with reasons.
    """
    found, lost = [], {}
    wanted = {key.removeprefix(LOCAL) for key in state if key.startswith(LOCAL)} - recorder.live.space.modules.keys()
    if not wanted:
        return [], {}
    with _surroundings(recorder, state):
        for name in sorted(wanted):
            try:
                importlib.import_module(name)
                found.append(name)
            except Exception as error:
                lost[name] = f"the module can't be imported: {type(error).__name__}: {error}"
    recorder.find_modules()
    recorder.watch.take()  # what they ran is nobody's doing
    here = recorder.live.space.modules
    lost |= {name: "the module is no file of the user's own here" for name in found if name not in here}
    return [name for name in found if name in here], lost


def let_go(head: Head, names: Iterable[str]) -> None:
    """Take modules out of the table of modules: the next import of one runs it anew."""
    for name in names:
        module = sys.modules.pop(name, None)
        package, _, attribute = name.rpartition(".")
        above = held(sys.modules[package]) if package in sys.modules else {}
        if module is not None and above.get(attribute) is module:
            del above[attribute]
    head.find_modules()


def keepers(module: types.ModuleType) -> Iterator[tuple[str, list[Any]]]:
    """Yield the functions of a module, each with what it keeps by itself: defaults, what it encloses, a cache."""
    name = module.__name__
    for attribute, value in list(held(module).items()):
        inner = held(value) if issubclass(type(value), type) and is_owner(value, attribute, module) else {}
        members = {attribute: value} | {f"{attribute}.{key}": each for key, each in inner.items()}
        for key, each in members.items():
            kept = list(_kept(each, name))
            if kept:
                yield key, kept


def _kept(value: Any, module: str, depth: int = 4) -> Iterator[Any]:
    """Yield what a function, a method or what wraps one keeps that can be changed."""
    if type(value) in (staticmethod, classmethod):
        value = value.__func__
    if type(value) is functools._lru_cache_wrapper:
        yield value
        value = value.__wrapped__
    if type(value) is not types.FunctionType or value.__module__ != module or not depth:
        return
    if value.__code__.co_filename in MAKERS:
        return
    contents: list[Any] = [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
    for cell in value.__closure__ or ():
        with contextlib.suppress(ValueError):  # not bound yet
            contents.append(cell.cell_contents)
    for content in contents:
        if type(content) is types.FunctionType:
            yield from _kept(content, module, depth - 1)
        elif not is_fixed(content) and not issubclass(type(content), DEFINED):
            yield content


def reached(values: Iterable[Any]) -> set[int]:
    """Return the ids of all objects that values lead to and that can be changed, but for definitions and modules."""
    return {id(each) for each in objects_reached(values) if type(each) not in (tuple, frozenset)}


def objects_reached(values: Iterable[Any]) -> Iterator[Any]:
    """Yield all objects that values lead to, but for definitions, modules and what can't refer to anything.

    Nor what belongs to the running kernel, like the streams that it prints to: that leads to all variables.
    """
    seen: set[int] = set()
    level = list(values)
    while level:
        cut = {
            cls for cls in set(map(type, level)) if issubclass(cls, DEFINED) or belongs_to_kernel(home_of_class(cls))
        }
        level = list({id(each): each for each in level if id(each) not in seen and type(each) not in cut}.values())
        seen.update(map(id, level))
        yield from level
        level = [each for each in gc.get_referents(*level) if type(each) not in LEAVES] if level else []
