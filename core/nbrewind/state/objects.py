"""How instances are saved: plain objects, trusted and lossy types, pandas, exceptions."""

from __future__ import annotations

import copyreg
import enum
import functools
import gc
import itertools
import logging
import re
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import rebuild
from .attributes import attributes, slots
from .kinds import ATOMS, HEAP_TYPE, is_importable, is_standard, module_of, root_of
from .sentinels import SINGLETONS
from .space import looks_at

if TYPE_CHECKING:
    from .snapshot import Snapshotter

_BASES: tuple[type, ...] = (dict, list, tuple, str, int, float, complex, bytes)


def user_reducer(cls: type) -> Callable[[Snapshotter, Any], Any]:
    """Return how instances of a class of the notebook are saved, where Python's default would hold everything.

    Not by that default itself: it would leave ``__slotnames__`` in the user's class.
    """
    if any(base in _BASES for base in cls.__mro__) or not all(
        base is object or base.__flags__ & HEAP_TYPE or base.__basicsize__ == object.__basicsize__
        for base in cls.__mro__
    ):
        return reduce_special
    for base in cls.__mro__:
        if any(isinstance(m, types.MemberDescriptorType) for m in type.__getattribute__(base, "__dict__").values()):
            return reduce_special

    def reduce(pickler: Snapshotter, obj: Any) -> Any:
        return copyreg.__newobj__, (type(obj),), attributes(obj) or None  # type: ignore[attr-defined]

    return reduce


def reduce_special(pickler: Snapshotter, obj: Any) -> Any:
    """Save an instance by its raw state: its class defines what Python's default would run."""
    cls = type(obj)
    base: type = next((b for b in cls.__mro__ if b in _BASES), object)
    foreign = [b for b in cls.__mro__ if not b.__flags__ & HEAP_TYPE and b is not object and b not in _BASES]
    if foreign and not all(b.__basicsize__ == object.__basicsize__ for b in foreign):
        pickler.refuse(f"an object of type {cls.__qualname__} keeps state that can't be seen")
    args: tuple[Any, ...] = ()
    if base is tuple:
        args = (tuple(tuple.__iter__(obj)),)
    elif base is str:
        args = (str.__str__(obj),)
    elif base is int:
        args = (int.__int__(obj),)
    elif base is float:
        args = (float.__float__(obj),)
    elif base is complex:
        args = (complex.__complex__(obj),) if hasattr(complex, "__complex__") else (complex(obj),)
    elif base is bytes:
        args = (bytes.__getitem__(obj, slice(None)),)
    items = list.__iter__(obj) if base is list else None
    pairs = iter(dict.items(obj)) if base is dict else None
    state = (attributes(obj), slots(obj))
    if pairs is not None or items is not None:
        # C pickle would call the class's own append, extend and __setitem__.
        content = list(items) if items is not None else list(pairs or ())
        return rebuild.new, (cls, base, ()), (state, content), None, None, rebuild.set_container
    return rebuild.new, (cls, base, args), state, None, None, rebuild.set_plain


def _covers(state: Any, name: str, value: Any) -> bool:
    if isinstance(state, dict):
        return name in state and state[name] is value
    if isinstance(state, tuple):
        return any(_covers(part, name, value) for part in state)
    return False


def reduce_trusted(pickler: Snapshotter, obj: Any) -> Any:
    """Save by the type's own reducer; an attribute that it leaves out is noticed."""
    own = attributes(obj)
    cls = type(obj)
    if cls in copyreg.dispatch_table:
        return NotImplemented
    result = obj.__reduce_ex__(5)
    if isinstance(result, str):
        return by_import(pickler, obj, result)
    if (not own and "__slots__" not in cls.__dict__) or root_of(module_of(cls)) == "pandas":
        return result
    state = result[2] if len(result) > 2 else None
    if state is None and is_standard(root_of(module_of(cls))) and _is_made_by(result, obj, own):
        return result
    library = not is_standard(root_of(module_of(cls))) and module_of(cls) != "__main__"
    for name, value in own.items():
        if _covers(state, name, value) or (name.startswith("_") and library):
            continue
        if name == "gauss_next" or (is_standard(root_of(module_of(cls))) and name.startswith("_")):
            continue
        pickler.refuse(f"the attribute {name} of an object of type {cls.__qualname__} would not be saved")
    if module_of(cls) == "__main__":
        for name, value in slots(obj).items():
            base = next(b for b in cls.__mro__ if name in b.__dict__)
            if module_of(base) == "__main__" and not _covers(state, name, value):
                pickler.refuse(f"the attribute {name} of an object of type {cls.__qualname__} would not be saved")
    return result


def _is_made_by(result: Any, obj: Any, own: dict[str, Any]) -> bool:
    """Tell whether what an object of the standard library is made by gives it all its attributes (``ipaddress``).

    Not those that it computes when it is asked for them.
    """
    cls = type(obj)
    if result[0] is not cls or not all(type(arg) in ATOMS for arg in result[1]):
        return False
    made = attributes(cls(*result[1]))
    return all(
        (name in made and type(made[name]) is type(value) and is_standard(root_of(module_of(type(value))))
        and repr(made[name]) == repr(value)) or isinstance(getattr(cls, name, None), functools.cached_property)
        for name, value in own.items()
    )  # fmt: skip


def reduce_enum(pickler: Snapshotter, obj: Any) -> Any:
    """Save a member of an enumeration by its name, a combination of flags by its value."""
    cls = type(obj)
    if obj._name_ in cls._member_map_ and cls._member_map_[obj._name_] is obj:
        return rebuild.enum_member, (cls, obj._name_)
    return rebuild.enum_value, (cls, obj._value_)


def reduce_lossy(pickler: Snapshotter, obj: Any) -> Any:
    """Save by the type's own reducer; the stream proves nothing."""
    pickler.exact = False
    result = obj.__reduce_ex__(5)
    return by_import(pickler, obj, result) if isinstance(result, str) else result


def by_import(pickler: Snapshotter, obj: Any, qualname: str) -> Any:
    """Save what its type says is found by its name, if an import in another process does find it."""
    found = getattr(obj, "__module__", None)
    module = found if isinstance(found, str) else module_of(type(obj))
    if not is_importable(obj, module, qualname):
        pickler.refuse(f"an object of type {type(obj).__qualname__} can't be found again by its name {qualname}")
    return qualname


def singleton(pickler: Snapshotter, obj: Any) -> Any:
    """Save a global object of a library: by import where a provider owns its state, else not; None: it is none."""
    module = module_of(type(obj))
    name = module_globals(module).get(id(obj))
    if issubclass(type(obj), enum.Enum):
        return None  # it is saved by its name in its class
    if name is None or getattr(sys.modules.get(module), name, None) is not obj or looks_at(pickler.namespace, module):
        return None
    if (module, name) in ENVIRONMENT and set(pickler.members) != {name}:
        pickler.exact = False  # what reads it need not name it, and then nothing tells which variables it reads
    if (module, name) in OWNED | ENVIRONMENT:
        return rebuild.module_attribute, (module, name)
    if (module, name) == SINGLETONS.get(id(obj)) or module == "typing":
        return rebuild.module_attribute, (module, name)
    if not attributes(obj) and not slots(obj):
        return rebuild.module_attribute, (module, name)
    return pickler.refuse(f"an object of type {type(obj).__qualname__} is a part of the module {module}")


ENVIRONMENT = {("os", "environ"), ("os", "environb")}
OWNED = {("random", "_inst"), ("numpy.random.mtrand", "_rand")}
"""Global objects of libraries whose state is an ambient provider's."""
_module_globals: dict[str, tuple[int, dict[int, str]]] = {}


def module_globals(module: str) -> dict[int, str]:
    """Return the ids of a module's global objects of its own classes, with their names."""
    found = vars(sys.modules[module]) if module in sys.modules else {}
    size, known = _module_globals.get(module, (-1, {}))
    if size != len(found):
        known = {
            id(value): name
            for name, value in list(found.items())
            if not issubclass(type(value), (type, types.FunctionType, types.ModuleType))
            and module_of(type(value)) == module
        }
        _module_globals[module] = (len(found), known)
    return known


def reduce_logger(pickler: Snapshotter, obj: Any) -> Any:
    """Save a logger by its name; its level is a provider's, its handlers are the module's."""
    root: Any = logging.getLogger()
    if obj is root:
        return logging.getLogger, ()
    if root.manager.loggerDict.get(obj.name) is not obj:
        pickler.refuse(f"the logger {obj.name} is not the one of that name")
    return logging.getLogger, (obj.name,)


def reduce_proxy(pickler: Snapshotter, obj: Any) -> Any:
    """Save a read-only view of a mapping with the mapping itself."""
    if id(obj) in SINGLETONS:
        return rebuild.module_attribute, SINGLETONS[id(obj)]
    return rebuild.mapping_proxy, tuple(gc.get_referents(obj))


def reduce_count(pickler: Snapshotter, obj: Any) -> Any:
    """Save an ``itertools.count`` by where it stands, which only its text tells."""
    found = re.fullmatch(r"count\((-?\d+)(?:, (-?\d+))?\)", repr(obj))
    if found is None:
        pickler.refuse("a count of other things than whole numbers can't be saved")
    return itertools.count, tuple(int(number) for number in found.groups() if number is not None)


def reduce_list_iterator(pickler: Snapshotter, obj: Any) -> Any:
    """Save an iterator of a list; it may be in that list, which is not complete then when it is loaded."""
    function, args, *state = obj.__reduce__()
    return (function, args, (*args, *state), None, None, rebuild.set_position) if state else NotImplemented


def reduce_void(pickler: Snapshotter, obj: Any) -> Any:
    """Save a structured scalar; one that is a view of an array can't be."""
    if getattr(obj, "base", None) is not None:
        pickler.refuse("a record that is a view of an array can't be saved")
    return NotImplemented


def reduce_exception(pickler: Snapshotter, obj: Any) -> Any:
    """Save an exception with cause and context; with a traceback, it is not the whole value."""
    if obj.__traceback__ is not None:
        pickler.exact = False
    cls = type(obj)
    if cls.__module__ == "builtins" or getattr(cls, "__reduce__", None) is not BaseException.__reduce__:
        if cls.__module__ != "builtins" and not is_standard(root_of(cls.__module__)):
            pickler.exact = False
        reduced = obj.__reduce_ex__(5)  # not what a library has put into `copyreg`, which would save tracebacks
        if not _was_raised_from(obj):
            return reduced
        function, args, *rest = reduced
        state = (rest[0] if rest else None, obj.__cause__, obj.__context__, obj.__suppress_context__)
        return function, args, state, None, None, rebuild.set_raised
    made = (attributes(obj), slots(obj))
    if not _was_raised_from(obj):
        return rebuild.exception, (cls, obj.args), made, None, None, rebuild.set_plain
    state = (made, obj.__cause__, obj.__context__, obj.__suppress_context__)
    return rebuild.exception, (cls, obj.args), state, None, None, rebuild.set_raised


def _was_raised_from(obj: Any) -> bool:
    return obj.__cause__ is not None or obj.__context__ is not None or obj.__suppress_context__


def reduce_view(pickler: Snapshotter, obj: Any) -> Any:
    """Save what shows a dictionary's keys, values or items, with the dictionary."""
    (mapping,) = gc.get_referents(obj)
    if type(mapping) is not dict:
        pickler.refuse("a view of a dictionary of another kind can't be saved")
    return rebuild.view, (mapping, type(obj).__name__.removeprefix("dict_"))


def reduce_match(pickler: Snapshotter, obj: Any) -> Any:
    """Save a match by the search that finds it."""
    where = (obj.string, obj.pos, obj.endpos)
    if type(obj.string) in (str, bytes):
        for way in ("match", "fullmatch", "search"):
            found = getattr(obj.re, way)(*where)
            if found is not None and found.regs == obj.regs and found.lastindex == obj.lastindex:
                return rebuild.match, (obj.re, way, *where)
    return pickler.refuse("a match that is not the first in its text can't be saved")


def reduce_ctypes(pickler: Snapshotter, obj: Any) -> Any:
    """Save arrays of ctypes' simple values; everything else may hold pointers."""
    import ctypes

    cls = type(obj)
    element = getattr(cls, "_type_", None)
    if isinstance(obj, ctypes.Array) and isinstance(element, type) and element.__module__ == "ctypes":
        if obj._b_base_ is None and getattr(element, "_type_", "P") not in "PzZO":
            return rebuild.ctypes_array, (element, list(obj))
    return pickler.refuse(f"an object of type {cls.__qualname__} holds foreign memory")


# pandas


def reduce_ndframe(pickler: Snapshotter, obj: Any) -> Any:
    """Save a DataFrame or Series, with attributes that pandas leaves out."""
    result = obj.__reduce_ex__(5)
    own = attributes(obj)
    extra = {
        name: value
        for name, value in own.items()
        if name not in _FRAME_ATTRIBUTES and not _covers(result[2], name, value)
    }
    if len(result) < 3 or not isinstance(result[2], dict):
        pickler.refuse(f"its type {type(obj).__qualname__} decides itself what is saved, which can't be checked")
    state = {key: value for key, value in result[2].items() if key != "_mgr"}
    state.update(extra)
    manager = result[2]["_mgr"]
    return ndframe, (type(obj), manager), state, None, None, set_ndframe


_FRAME_ATTRIBUTES = {"_mgr", "_attrs", "_flags", "_name", "_item_cache", "_cache"}


def ndframe(cls: type, manager: Any) -> Any:
    """Make a DataFrame or Series without its state."""
    obj: Any = object.__new__(cls)
    object.__setattr__(obj, "_mgr", manager)
    return obj


def set_ndframe(obj: Any, state: dict[str, Any]) -> None:
    """Give a DataFrame or Series its attributes."""
    obj.__setstate__({"_mgr": obj._mgr, **state})


def reduce_block(pickler: Snapshotter, obj: Any) -> Any:
    """Save a block with what tells pandas to copy it before it is written (`reduce_refs`)."""
    function, args, *rest = obj.__reduce_ex__(5)
    return block, (function, args, getattr(obj, "refs", None)), *rest


def reduce_refs(pickler: Snapshotter, obj: Any) -> Any:
    """Save the family of blocks and indexes that share memory until one is written: new, and joined again on load."""
    return type(obj), ()


def reduce_singleblockmanager(pickler: Snapshotter, obj: Any) -> Any:
    """Save the inside of a Series by its block, which pandas' own way would pass by."""
    return single_manager, (type(obj), obj.blocks[0], obj.axes[0])


def single_manager(cls: Any, block: Any, axis: Any) -> Any:
    """Make the inside of a Series."""
    return cls(block, axis)


def block(function: Any, args: tuple[Any, ...], refs: Any) -> Any:
    """Make a block, and let it join its family."""
    made = function(*args)
    if refs is not None:
        made.refs = refs
        refs.add_reference(made)
    return made


def reduce_index(pickler: Snapshotter, obj: Any) -> Any:
    """Save an index with its family."""
    refs = attributes(obj).get("_references")
    function, args, *rest = obj.__reduce__()
    return index, (function, args, refs), *rest


def index(function: Any, args: tuple[Any, ...], refs: Any) -> Any:
    """Make an index, and let it join its family."""
    made = function(*args)
    if refs is not None:
        made._references = refs
        refs.add_index_reference(made)
    return made
