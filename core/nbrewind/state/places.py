"""Which files belong to the interpreter and its tools, and which to the user."""

from __future__ import annotations

import os
import re
import site
import sys
import sysconfig
import tempfile
from functools import cache, lru_cache

SCRATCH = re.compile(r"^(tmp[a-z0-9_]{8}|joblib_memmapping_folder_.*|loky-.*|pymp-.*|ipykernel_\d+)$")
"""Names that `tempfile` and process pools invent: never the same twice."""

HIDDEN_FOLDERS = (".cache", ".config", ".ipython", ".jupyter", ".matplotlib", ".local/share/jupyter", ".fontconfig")
"""Folders of the home directory that hold settings and caches of tools."""

SYSTEM = (
    "/dev",
    "/proc",
    "/sys",
    "/run",
    "/etc",
    "/usr/share",
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/lib64",
    "/var/cache",
)


@cache
def code_folders() -> tuple[str, ...]:
    """Return the folders of the interpreter, its standard library and installed packages, links resolved."""
    paths = sysconfig.get_paths()
    found = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib") if paths.get(name)}
    found.update(site.getsitepackages() if hasattr(site, "getsitepackages") else ())
    found.add(site.getusersitepackages())
    found.update(prefix for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix) if prefix.count(os.sep) > 2)
    found.add(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return tuple(sorted({os.path.realpath(folder) + os.sep for folder in found}))


@cache
def tool_folders() -> tuple[str, ...]:
    """Return the folders of tools' settings and caches, and of the system."""
    home = os.path.expanduser("~")
    found = [os.path.join(home, name) for name in HIDDEN_FOLDERS]
    for name in (
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "MPLCONFIGDIR",
        "IPYTHONDIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
    ):
        if os.environ.get(name):
            found.append(os.environ[name])
    return tuple(sorted({os.path.realpath(folder) + os.sep for folder in found} | {name + os.sep for name in SYSTEM}))


@cache
def temporary_folder() -> str:
    """Return the folder of temporary files, links resolved."""
    return os.path.realpath(tempfile.gettempdir()) + os.sep


def prepare() -> None:
    """Look up all folders now: later it would take locks that the user's code may hold."""
    code_folders()
    tool_folders()
    temporary_folder()


@lru_cache(maxsize=4096)
def is_user_code(filename: str) -> bool:
    """Whether code with this file name is the user's: a cell, or a file outside the interpreter and its packages."""
    if filename.startswith("<frozen"):
        return False
    if filename.startswith("<") or not os.path.isabs(filename):
        return True
    return not filename.startswith(code_folders()) and not os.path.realpath(filename).startswith(code_folders())


@lru_cache(maxsize=4096)
def is_user_file(path: str, folder: str) -> bool:
    """Whether a file (absolute, links resolved) is data of the user's, whose notebook lies in ``folder``."""
    if path.endswith((".pyc", ".ipynb_checkpoints")) or os.sep + "__pycache__" in path:
        return False
    if path.startswith(code_folders()):
        return False
    if path.startswith(folder + os.sep):
        return True
    if path.startswith(tool_folders()):
        return False
    temporary = temporary_folder()
    if path.startswith(temporary):
        name = path[len(temporary) :].split(os.sep, 1)[0]
        return name in _kept or not SCRATCH.match(name)
    return True


def is_of_a_library(path: str) -> bool:
    """Whether a file is surely one of the interpreter's or of an installed package, by its path; asked very often."""
    if not path.startswith(code_folders()) or not _lies_in_libraries(os.path.dirname(path)):
        return False
    return path.endswith(".pyc") or not os.path.islink(path)


def package_of_data(path: str) -> tuple[str, ...]:
    """Return the top-level name of the installed package that a file belongs to, if that holds data and no code."""
    return () if path.endswith(_CODE) else package_of(path)


@lru_cache(maxsize=4096)
def package_of(path: str) -> tuple[str, ...]:
    """Return the top-level name of the installed package that a file belongs to, if it is of one."""
    full = os.path.realpath(path)
    for folder in sorted(filter(full.startswith, code_folders()), key=len, reverse=True)[:1]:
        name, _, rest = full[len(folder) :].partition(os.sep)
        if (
            rest
            and os.path.basename(folder.rstrip(os.sep)) in ("site-packages", "dist-packages")
            and name.isidentifier()
        ):
            return (name,)
    return ()


def is_library(path: str) -> bool:
    """Whether a file is a shared object, by its name."""
    return _LIBRARY.search(os.path.basename(path)) is not None


_LIBRARY = re.compile(r"\.so(\.|$)")
_CODE = (".py", ".pyc", ".so", ".pyd", ".dylib")


@lru_cache(maxsize=4096)
def _lies_in_libraries(folder: str) -> bool:
    return (os.path.realpath(folder) + os.sep).startswith(code_folders())


_kept: set[str] = set()
"""Names of temporary folders and files that runs left behind: other cells may use them."""


def keep(path: str) -> None:
    """Take a temporary folder or file (absolute, links resolved) for data of the user's from now on."""
    if path.startswith(temporary_folder()):
        _kept.add(path[len(temporary_folder()) :].split(os.sep, 1)[0])
        is_user_file.cache_clear()
