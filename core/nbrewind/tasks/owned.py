"""Whose a definition is: the user's, whose code is followed, or an installed package's, whose version stands for it."""

from __future__ import annotations

import sys
import types
from typing import Any

from nbrewind.state.kinds import HEAP_TYPE, is_importable, is_standard, module_of, root_of
from nbrewind.state.places import is_user_code
from nbrewind.state.space import held


def is_local(module: str) -> bool:
    """Whether a module is the notebook, no module that can be imported, or a file of the user's."""
    found = sys.modules.get(module)
    if module in ("", "__main__", "__mp_main__") or not issubclass(type(found), types.ModuleType):
        return True
    file = held(found).get("__file__")
    if type(file) is str:
        return is_user_code(file)
    folders = [folder for folder in held(found).get("__path__") or () if type(folder) is str]
    return bool(folders) and is_user_code(folders[0])


def is_package_class(cls: type) -> bool:
    """Whether a class is found by its name in an installed package, or is the interpreter's own."""
    module = module_of(cls)
    if not cls.__flags__ & HEAP_TYPE:
        return True
    if is_local(module):
        return False
    # Some types in C are found under another name than their own.
    return is_standard(root_of(module)) or is_package_object(cls, module, type.__getattribute__(cls, "__qualname__"))


def is_package_object(obj: Any, module: str, qualname: str) -> bool:
    """Whether an object is found by this name in an installed package."""
    return not is_local(module) and is_importable(obj, module, qualname)
