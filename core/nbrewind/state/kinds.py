"""What a type means for walking references and for saving values. Decided once per type.

Two questions, answered apart:

- *Walking* (`walk_kind`): can an object of the type be shared in a way that a user can observe, and how are its
  references found?
- *Saving* (`save_kind`): does the type's own way of being pickled hold everything that makes up the value?
"""

from __future__ import annotations

import copyreg
import datetime
import decimal
import enum
import fractions
import logging
import re
import sys
import types
import typing
import uuid
import weakref
from pathlib import PurePath
from typing import Any, Literal

Walk = Literal["leaf", "through", "node", "figure", "adapt", "running", "opaque"]
Save = Literal["plain", "special", "trusted", "lossy", "refused"]

HAVE_GC = 1 << 14
HEAP_TYPE = 1 << 9

ATOMS: frozenset[type] = frozenset(
    {
        int,
        float,
        complex,
        bool,
        str,
        bytes,
        type(None),
        type(Ellipsis),
        type(NotImplemented),
        range,
        types.ModuleType,
    }
)
"""Types whose values can't change: compared by identity, never linked."""

ATOM_BYTES = 65536
"""Larger atoms are fingerprinted instead: a strong reference would keep the user's memory alive."""

LEAVES: set[type] = {
    *ATOMS,
    datetime.date,
    datetime.datetime,
    datetime.time,
    datetime.timedelta,
    datetime.timezone,
    decimal.Decimal,
    fractions.Fraction,
    uuid.UUID,
    re.Pattern,
    types.CodeType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
}
"""Immutable values without references that matter. Grows while types are met."""

_THROUGH = (
    tuple, frozenset, types.MappingProxyType, slice, types.GenericAlias, types.UnionType, types.BuiltinFunctionType,
)  # fmt: skip
ALIASES: type = typing._BaseGenericAlias  # type: ignore[attr-defined]
"""Of types that `typing` makes, and keeps: ``Callable[[int], str]`` is one object wherever it is written."""
_RUNNING = {"IPython", "ipykernel", "tornado", "zmq", "jupyter_client", "nbrewind", "comm", "ndcctools"}

TRUSTED_ROOTS = {"numpy", "pandas", "pyarrow", "scipy", "sklearn", "polars", "torch"}
"""Libraries whose reducers hold the whole value."""

LOSSY_ROOTS = {
    "matplotlib",
    "mpl_toolkits",
    "seaborn",
    "xarray",
    "statsmodels",
    "PIL",
    "xgboost",
    "lightgbm",
    "astropy",
}
"""Libraries whose values come back in working order, but with a pickle that proves nothing by being equal."""

_REFUSED_MODULES = {"itertools", "_asyncio", "asyncio", "_thread", "threading", "multiprocessing", "contextvars"}
_PLAIN_TYPES = {"Event", "Semaphore", "BoundedSemaphore", "Barrier"}
"""Those in `threading` that are made of conditions."""
_REFUSED_TYPES = {
    "dict_keyiterator",
    "dict_valueiterator",
    "dict_itemiterator",
    "dict_reversekeyiterator",
    "set_iterator",
    "traceback",
    "frame",
    "finalize",  # what it is about is kept by its class
}


_BY_IDENTITY = {"argparse": "Namespace", "optparse": "Values"}
"""Modules that know texts and tuples of theirs by identity, which a load does not keep; and what they give."""


def root_of(module: object) -> str:
    """Return the top-level name of a dotted module name; empty if there is none."""
    return module.split(".", 1)[0] if isinstance(module, str) else ""


def module_of(cls: type) -> str:
    """Return the module that a type says it comes from, without running user code."""
    module = type.__getattribute__(cls, "__module__")
    return module if isinstance(module, str) else ""


def is_standard(root: str) -> bool:
    """Tell whether a top-level module belongs to Python itself (``__main__`` does not)."""
    return root in sys.stdlib_module_names or root == "builtins"


def is_tracked(root: str) -> bool:
    """Tell whether values say that they use a top-level module: one with a version or settings of its own."""
    return not is_standard(root) or root in ("decimal", "logging")


def is_importable(obj: Any, module: str, qualname: str) -> bool:
    """Tell whether an import of *module* in another process finds this very object under *qualname*."""
    if not module or module == "__main__" or "<" in qualname:
        return False
    found: Any = sys.modules.get(module)
    if found is None or not getattr(found, "__spec__", None):
        return False
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found is obj


def is_user_class(cls: type) -> bool:
    """Tell whether a class was made by the notebook: no import brings it back."""
    if not cls.__flags__ & HEAP_TYPE:
        return False
    module = module_of(cls)
    if module == "__main__":
        return True
    if module != "types" and is_standard(root_of(module)):
        return False  # some types in C are found under another name than their own
    qualname = type.__getattribute__(cls, "__qualname__")
    return not is_importable(cls, module, qualname)


def belongs_to_kernel(module: str) -> bool:
    """Tell whether a module's objects are parts of the running kernel; what ``x = !command`` gives is plain data."""
    return root_of(module) in _RUNNING and module != "IPython.utils.text"


def _mro_roots(cls: type) -> set[str]:
    return {root_of(module_of(base)) for base in cls.__mro__}


def walk_kind(cls: type) -> Walk:
    """Classify a type for the walk.

    ``leaf``: nothing to link. ``through``: immutable, but may hold what links. ``node``: links, references by the
    garbage collector. ``figure``: as node, an artist of matplotlib's. ``adapt``: references need an adapter.
    ``running``: belongs to the running kernel, not followed. ``opaque``: nothing is known about its references.
    """
    if issubclass(cls, type):
        return "adapt"
    if issubclass(cls, (weakref.ReferenceType, types.FunctionType, types.MethodType)) or cls is typing.TypeVar:
        return "adapt"
    if cls in (weakref.ProxyType, weakref.CallableProxyType, weakref.finalize) or issubclass(cls, ALIASES):
        return "adapt"
    module = module_of(cls)
    root = root_of(module)
    if belongs_to_kernel(module) or module in ("asyncio.base_events", "asyncio.unix_events", "asyncio.selector_events"):
        return "running"
    if cls.__name__ == "Context" and root in ("_contextvars", "contextvars"):
        return "running"
    if cls in _THROUGH:
        return "through"
    if issubclass(cls, enum.Enum):
        return "adapt" if is_user_class(cls) else "leaf"
    if issubclass(cls, logging.Logger):
        return "leaf"  # only referred to: what it is belongs to the module
    if issubclass(cls, PurePath) or cls is types.TracebackType or cls is types.FrameType:
        # What only a traceback's frames hold is gone after a load: exceptions with one are never exact.
        return "leaf"
    roots = _mro_roots(cls)
    if roots & {"numpy", "pandas", "pyarrow", "torch"}:
        kind = _walk_library(cls, roots)
        if kind is not None:
            return kind
    if cls.__flags__ & HAVE_GC:
        artist = "matplotlib" in roots and any(base.__name__ == "Artist" for base in cls.__mro__)
        return "figure" if artist else "node"
    if any(base in LEAVES and cls.__basicsize__ == base.__basicsize__ for base in cls.__mro__):
        return "leaf"
    if cls.__name__.startswith("pybind11_detail_function_record"):
        return "leaf"  # the table behind a compiled function
    if root == "matplotlib":
        return "leaf"  # what it is drawn with: left out when a figure is pickled, and made anew when it is drawn
    if cls.__basicsize__ == object.__basicsize__ or is_standard(root) or root in TRUSTED_ROOTS:
        return "node"
    return "opaque"


def _walk_library(cls: type, roots: set[str]) -> Walk | None:
    """Classify types of the libraries that keep references where the garbage collector does not see them."""
    names = {f"{root_of(module_of(base))}.{base.__name__}" for base in cls.__mro__}
    if names & {"numpy.ndarray", "pandas.NDFrame", "pandas.Index", "pandas.ExtensionArray", "torch.Tensor"}:
        return "adapt"
    if names & {"numpy.void", "numpy.flatiter", "numpy.nditer", "numpy.broadcast"}:
        return "adapt"
    if names & {"numpy.generic", "numpy.dtype", "numpy.ufunc", "pandas.ExtensionDtype", "pandas.BaseOffset"}:
        return "leaf"
    if names & {"pandas._Timestamp", "pandas._Timedelta", "pandas.NaTType", "pandas.NAType", "pandas._Period"}:
        return "leaf"
    if "pandas.Interval" in names:
        return "leaf"
    if "pyarrow" in roots:
        data = {"pyarrow.Buffer", "pyarrow.Array", "pyarrow.ChunkedArray", "pyarrow.Table", "pyarrow.RecordBatch"}
        return "adapt" if names & data else "leaf"
    return None


def _overrides(cls: type, name: str) -> type | None:
    """Return the class of the MRO, other than ``object``, that defines *name*."""
    for base in cls.__mro__:
        if base is not object and name in type.__getattribute__(base, "__dict__"):
            return base
    return None


def save_kind(cls: type) -> tuple[Save, str]:
    """Classify a type for saving; with ``refused`` comes the reason, for people.

    ``plain``: Python's own default holds everything. ``special``: as plain, but user code would run or the default
    would fail, so the state is taken by hand. ``trusted``: the type's own reducer is known to hold everything.
    ``lossy``: loads in working order, but proves nothing.
    """
    name = cls.__qualname__
    module = module_of(cls)
    root = root_of(module)
    if belongs_to_kernel(module):
        return "refused", f"an object of type {name} belongs to the running kernel"
    refused = module in _REFUSED_MODULES or root in _REFUSED_MODULES or name in _REFUSED_TYPES
    if refused and not (module == "threading" and name in _PLAIN_TYPES):
        return "refused", f"an object of type {name} can't be saved"
    if any(name != _BY_IDENTITY.get(module_of(base), name) for base in cls.__mro__):
        return "refused", f"an object of type {name} tells constants of its module by identity"
    if root in LOSSY_ROOTS:
        return "lossy", ""
    definers = {
        base
        for base in (
            *(_overrides(cls, method) for method in ("__reduce_ex__", "__reduce__", "__getstate__", "__setstate__")),
            cls if cls in copyreg.dispatch_table else None,
        )
        if base is not None
    }
    if not definers:
        hooks = ("__getattr__", "__getattribute__", "__setattr__", "__new__", "__getnewargs__", "__getnewargs_ex__")
        defined = [base for base in (_overrides(cls, hook) for hook in hooks) if base is not None]
        if any(not is_standard(root_of(module_of(base))) for base in defined):
            return "special", ""
        return "plain", ""
    if all(_is_dataclass_state(base) for base in definers):
        return "special", ""
    kinds = {_definer_kind(base) for base in definers}
    if "refused" in kinds:
        return "refused", f"its type {name} decides itself what is saved, which can't be checked"
    return ("lossy" if "lossy" in kinds else "trusted"), ""


def _definer_kind(cls: type) -> Save:
    root = root_of(module_of(cls))
    if is_standard(root) or root in TRUSTED_ROOTS:
        return "trusted"
    return "lossy" if root in LOSSY_ROOTS else "refused"


def _is_dataclass_state(cls: type) -> bool:
    """Tell whether ``__getstate__`` and ``__setstate__`` are those that a frozen dataclass with slots is given."""
    found = type.__getattribute__(cls, "__dict__")
    methods = [found[name] for name in ("__getstate__", "__setstate__") if name in found]
    others = any(name in found for name in ("__reduce__", "__reduce_ex__"))
    return bool(methods) and not others and all(getattr(m, "__module__", "") == "dataclasses" for m in methods)
