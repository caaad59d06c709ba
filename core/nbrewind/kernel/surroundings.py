"""What code reads of its surroundings: environment variables, by itself or through a library, and where it is."""

from __future__ import annotations

import dis
import os
import re
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache

from nbrewind.analysis.tables import ENVIRONMENT_NAMES
from nbrewind.kernel import installation
from nbrewind.kernel.watch import codes_in
from nbrewind.model import ABSENT, CellAnalysis, Version
from nbrewind.planning.outside import INSTALLATION, PLACE
from nbrewind.planning.trace import digest_of

PLACE_NAMES = frozenset(
    {"getcwd", "getcwdb", "cwd", "abspath", "realpath", "resolve", "absolute", "relpath", "__file__", "chdir", "fchdir"}
)
"""The words by which code learns where the notebook lies, or goes to another place from there."""
PLACE_MAGICS = frozenset({"%pwd", "%cd", "%pushd", "%popd", "%dirs"})
_HOME = ("HOME", "USERPROFILE")
_USER = ("LOGNAME", "USER", "LNAME", "USERNAME")
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")
_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG", "LANGUAGE")
READERS: dict[str, tuple[str, ...]] = {
    "expanduser": _HOME,
    "home": _HOME,
    "getuserbase": (*_HOME, "PYTHONUSERBASE"),
    "getusersitepackages": (*_HOME, "PYTHONUSERBASE"),
    "getuser": _USER,
    **dict.fromkeys(("gettempdir", "gettempdirb", "gettempprefix", "mkdtemp", "mkstemp", "mktemp"), _TEMPORARY),
    **dict.fromkeys(("NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile", "SpooledTemporaryFile"), _TEMPORARY),
    "which": ("PATH", "PATHEXT"),
    "get_exec_path": ("PATH",),
    "get_terminal_size": ("COLUMNS", "LINES"),
    **dict.fromkeys(("getlocale", "getdefaultlocale", "getpreferredencoding"), _LOCALE),
    **dict.fromkeys(("now", "today", "localtime", "ctime", "strftime", "mktime", "fromtimestamp"), ("TZ",)),
    **dict.fromkeys(("astimezone", "tzname", "altzone", "tzlocal"), ("TZ",)),
}
"""Functions of libraries that read environment variables, with which."""
WHICH_IS_NOT_KNOWN = "it reads environment variables, and which ones is not known"
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_BETWEEN = frozenset({"PUSH_NULL", "CACHE", "NOP", "PRECALL"})
_GETTERS = frozenset({"get", "pop", "setdefault", "__getitem__"})
_SETTERS = frozenset({"update", "clear", "__setitem__", "__delitem__"})


def environment(
    analysis: CellAnalysis, words: Collection[str], codes: Collection[types.CodeType]
) -> tuple[dict[str, str], list[str]]:
    """Return the environment variables that a run may have read, key to digest, and why that may not be all.

    ``words`` are the function and attribute names that it used, ``codes`` the code that it ran, or may have run.
    """
    texts = set(texts_of(codes))
    names = {name for word in READERS.keys() & words for name in READERS[word]}
    doubts = []
    if not ENVIRONMENT_NAMES.isdisjoint(words) and not _only_imports(words, texts, codes):
        asked = {text for text in (*texts, *analysis.strings, *analysis.keys) if text.isidentifier()}
        asked = {text for text in asked if text in os.environ or text.isupper()}
        if not asked or any(map(reads_any_variable, codes)):
            doubts = [WHICH_IS_NOT_KNOWN]
        names |= asked
    if "expandvars" in words:
        named = {name for text in texts for pair in _VARIABLE.findall(text) for name in pair if name}
        doubts = doubts if named else [WHICH_IS_NOT_KNOWN]
        names |= named
    if any(text.startswith("~") for text in texts):
        names.update(_HOME)
    return {f"env:{name}": digest_of(os.environ[name]) if name in os.environ else ABSENT for name in names}, doubts


def under_another_name(names: Iterable[str], state: Mapping[str, Version]) -> list[str]:
    """Return why not all is known that a run has read, if one of the variables among it is the environment."""
    other = (name for name in names if name not in ENVIRONMENT_NAMES)
    found = any((version := state.get("var:" + name)) is not None and version.kind == "_Environ" for name in other)
    return [WHICH_IS_NOT_KNOWN] if found else []


def places(
    analysis: CellAnalysis,
    words: Collection[str],
    codes: Collection[types.CodeType],
    namespace: Mapping[str, object],
    source: str,
) -> list[str]:
    """Return the keys of the places that a run may have learnt: the notebook's folder, the installed packages."""
    found = [INSTALLATION] if installation.asks(codes, words, namespace, source) else []
    if not PLACE_NAMES.isdisjoint(words) or not PLACE_MAGICS.isdisjoint(analysis.magics):
        found.append(PLACE)
    return found


def texts_of(codes: Iterable[types.CodeType]) -> Iterator[str]:
    """Yield the string constants of code, at any depth, that may be names or paths."""
    for code in codes:
        for part in (code, *codes_in(code)):
            yield from (text for text in part.co_consts if isinstance(text, str) and 0 < len(text) < 1000)


def _only_imports(words: Collection[str], texts: Collection[str], codes: Collection[types.CodeType]) -> bool:
    """Whether all that code does with the environment is to import it by its name, which every reader needs then."""
    named = ENVIRONMENT_NAMES.intersection(words)
    imported: set[str] = set()
    for code in codes:
        for part in (code, *codes_in(code)):
            found = _imported(part)
            if found is None:
                return False
            imported |= found
    return named <= imported and ENVIRONMENT_NAMES.isdisjoint(texts)


@lru_cache(maxsize=2048)
def _imported(code: types.CodeType) -> frozenset[str] | None:
    """Return which of the words code imports under these very names; nothing if it does anything else with one."""
    if ENVIRONMENT_NAMES.isdisjoint((*code.co_names, *code.co_varnames, *code.co_cellvars, *code.co_freevars)):
        return frozenset()
    steps = [step for step in dis.get_instructions(code) if step.argval in ENVIRONMENT_NAMES]
    pairs = list(zip(steps[::2], steps[1::2], strict=False))
    plain = all(
        one.opname == "IMPORT_FROM" and to.opname.startswith("STORE_") and one.argval == to.argval for one, to in pairs
    )
    return frozenset(one.argval for one, _ in pairs) if plain and len(steps) % 2 == 0 else None


@lru_cache(maxsize=2048)
def reads_any_variable(code: types.CodeType) -> bool:
    """Whether code reads environment variables whose names are no constants there, or all of them."""
    if ENVIRONMENT_NAMES.isdisjoint(code.co_names):
        return False
    steps = [step for step in dis.get_instructions(code) if step.opname not in _BETWEEN]
    return any(
        step.argval in ENVIRONMENT_NAMES and step.opname.startswith("LOAD") and not _is_told(steps, place)
        for place, step in enumerate(steps)
    )


def _is_told(steps: list[dis.Instruction], place: int) -> bool:
    """Whether code that loads the environment here reads only a variable whose name is a constant, or sets one."""
    at = place + 1
    if steps[at].opname in ("LOAD_ATTR", "LOAD_METHOD"):
        if steps[at].argval in _SETTERS:
            return True
        if steps[at].argval not in _GETTERS:
            return False
        at += 1
    key = steps[at]
    if key.opname in ("CONTAINS_OP", "COMPARE_OP"):
        return any(_is_text(before) for before in steps[max(place - 2, 0) : place])
    return _is_text(key) or steps[at + 1].opname in ("STORE_SUBSCR", "DELETE_SUBSCR")


def _is_text(step: dis.Instruction) -> bool:
    return step.opname == "LOAD_CONST" and isinstance(step.argval, str)
