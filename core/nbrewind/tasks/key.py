"""Keys of tasks: two tasks that share one do the same with the same, so that the record of one may answer the other.

A key that is shared by mistake gives a wrong result, one that is not shared costs a run. So what can't be followed or
written down exactly has no key, and the reason is told.
"""

from __future__ import annotations

import builtins
import inspect
import os
import platform
import re
import types
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import islice
from typing import Any, NamedTuple

from blake3 import blake3

from nbrewind.state.installed import installed_version
from nbrewind.state.kinds import HEAP_TYPE
from nbrewind.state.places import is_user_code

from .encode import Again
from .files import Files
from .follow import Follower
from .parts import Key, NoKey, Pending, Policy, Refused
from .plain import joined as _joined
from .plain import plain_arguments, words_digest
from .reads import Snapshot, preview_of
from .shape import shape_of
from .steady import take_builtin

SCHEMA = "nbrewind task 2"
"""Goes into each key: another way to write things down is another number."""

_SALTS = 64
"""So many salts are remembered."""
_NO_ENVIRONMENT: Mapping[str, str] = {}
_NO_INPUTS: Mapping[str, str | os.PathLike[str] | Pending] = {}


class Keys:
    """Makes the keys of many tasks, and remembers what does not change between them: files and versions."""

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        packages: Policy = "compatible",
        python: Policy = "compatible",
    ) -> None:
        """Look from ``folder``.

        Args:
            folder: where paths begin, by default the process's working folder at the time of each key.
            packages: how much of the version of a package counts.
            python: how much of the version of Python.
        """
        self._files = Files(folder)
        self._counting: tuple[Policy, Policy] = (packages, python)
        self._python = _python(python)
        self._versions: dict[str, str] = {}
        self._functions: dict[int, _Known] = {}
        self._salts: dict[str, tuple[dict[str, str], bytes]] = {}

    def count_versions(self, packages: Policy, python: Policy) -> None:
        """Say how much of the versions of packages and of Python counts from now on."""
        if (packages, python) != self._counting:
            self._counting, self._python = (packages, python), _python(python)
            self._versions, self._functions, self._salts = {}, {}, {}

    def key(
        self,
        function: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        inputs: Mapping[str, str | os.PathLike[str] | Pending] = _NO_INPUTS,
        outputs: Sequence[str] = (),
        env: Mapping[str, str] = _NO_ENVIRONMENT,
        salt: str = "",
    ) -> Key | NoKey:
        """Return the key of a call, or why there is none.

        Args:
            function: what is called; what its code reads, at any depth, counts as it is now.
            args: its arguments; those that name files or folders count with their contents.
            kwargs: its arguments by keyword.
            inputs: files that the task finds, by the names under which it does.
            outputs: names of files that it makes.
            env: environment variables that are set for it.
            salt: anything else that tells two tasks apart.
        """
        try:
            quick = self._plainly(function, args, kwargs or {}, inputs, outputs, env, salt)
            if quick is not None:
                return quick
            ordered: set[int] = set()
            settings: set[str] = set()
            while True:
                follower = Follower(self._files, self._version)
                follower.outputs = frozenset(outputs)
                follower.with_documents, follower.with_members = "docstrings" in settings, "members" in settings
                try:
                    base = self._function(follower, function, again=bool(settings))
                    common = len(follower.components)
                    _arguments(follower, function, tuple(args), kwargs or {}, ordered)
                    break
                except Again as needed:
                    (what,) = needed.args
                    (ordered if isinstance(what, int) else settings).add(what)
            components = follower.components
            for path, digest in sorted(follower.met.items()):
                components[f"file {path}"] = digest
            self._surroundings(components, inputs, outputs, env, salt)
        except Refused as refused:
            return NoKey(str(refused))
        except RecursionError:
            return NoKey("an argument, or what its code reads, is nested too deeply")
        except Exception as error:  # of a library whose object was looked at
            return NoKey(f"what it is given can't be looked at: {type(error).__name__}: {error}")
        own = dict(islice(components.items(), common, None))
        digest = blake3(base + _joined(own)).hexdigest()
        return Key("task:" + digest, components, follower.marks, follower.previews)

    def holds(self, key: Key, inputs: Mapping[str, str]) -> bool:
        """Whether the files that a key counts are what they were when it was made.

        Args:
            key: of a task that was given all of these files.
            inputs: as they were given, but for those that were `Pending`.
        """
        named = {name: name[5:] for name in key.components if name[:5] == "file "}
        if not named and not inputs:
            return True
        named.update({f"input {name}": inputs[name] for name in inputs})
        try:
            return all(self._files.digest(path) == key.components.get(name) for name, path in named.items())
        except Refused:
            return False

    def _function(self, follower: Follower, function: Callable[..., Any], *, again: bool) -> bytes:
        """Write a function and all that it reads, or take that from the last time; return its digest."""
        known = None if again else self._functions.get(id(function))
        if known is not None and known.of() is function and known.snapshot.watch.holds():
            follower.restore(known.snapshot)
            return known.digest
        follower.component("call", partial(follower.encode, function))
        follower.visit_all()
        digest = blake3(SCHEMA.encode() + _joined(follower.components)).digest()
        if _is_lasting(function) and follower.watch.steady and not follower.outputs and not again:
            key = id(function)
            of: weakref.ref[Any] = weakref.ref(function, lambda _: self._functions.pop(key, None))
            takes = _Parameters(function)
            self._functions[key] = _Known(of, follower.snapshot(), digest, takes.keywords, takes.spare)
        return digest

    def _plainly(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        inputs: Mapping[str, str | os.PathLike[str] | Pending],
        outputs: Sequence[str],
        env: Mapping[str, str],
        salt: str,
    ) -> Key | None:
        """Return the key of a call with plain arguments of a function that was followed before; None for any other."""
        known = self._functions.get(id(function))
        if known is None or known.of() is not function:
            return None
        found = plain_arguments(args, kwargs, self._files)
        if found is None or not known.snapshot.watch.holds():
            return None
        own: dict[str, str] = {}
        order = [name for name in kwargs if name not in known.keywords] if len(kwargs) > 1 else ()
        if len(order) > 1:
            if known.spare:
                return None
            own["order of keywords"] = words_digest(*order)
        if own or inputs or outputs or env:
            self._surroundings(own, inputs, outputs, env, salt)
            rest = _joined(own)
        else:
            own, rest = self._salted(salt)
        _, components, marks, previews, *_ = known.snapshot
        # Their names come first in the order of all: as `_joined` writes them.
        digest = blake3(b"".join((known.digest, found.written, rest))).hexdigest()
        return Key("task:" + digest, {**components, **found.components, **own}, marks, {**previews, **found.previews})

    def _salted(self, salt: str) -> tuple[dict[str, str], bytes]:
        """Return the surroundings of a task that has no more than a salt, and what is written of them."""
        known = self._salts.get(salt)
        if known is None:
            components: dict[str, str] = {}
            self._surroundings(components, _NO_INPUTS, (), _NO_ENVIRONMENT, salt)
            if len(self._salts) >= _SALTS:
                self._salts.clear()
            known = self._salts[salt] = components, _joined(components)
        return known

    def _surroundings(
        self,
        components: dict[str, str],
        inputs: Mapping[str, str | os.PathLike[str] | Pending],
        outputs: Sequence[str],
        env: Mapping[str, str],
        salt: str,
    ) -> None:
        for name in sorted(inputs) if inputs else ():
            path = inputs[name]
            if isinstance(path, Pending):
                components[f"input {name}"] = "pending:" + path.digest
            else:
                components[f"input {name}"] = self._files.digest(os.fspath(path))
        for name in outputs:
            components[f"output {name}"] = ""
        for name in sorted(env) if env else ():
            components[f"environment {name}"] = words_digest(env[name])
        if salt:
            components["salt"] = words_digest(salt)
        if self._python:
            components["python"] = self._python

    def _version(self, root: str) -> str:
        known = self._versions.get(root)
        if known is None:
            version = installed_version(root)
            if not version:
                raise Refused(f"the version of the package `{root}` is not known")
            known = self._versions[root] = _counted(version, self._counting[0])
        return known


def task_key(
    function: Callable[..., Any], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **rest: Any
) -> Key | NoKey:
    """Return the key of one call, or why there is none: see `Keys.key`."""
    return Keys().key(function, args, kwargs, **rest)


class _Known(NamedTuple):
    """A function that was followed before."""

    of: weakref.ref[Any]
    snapshot: Snapshot
    digest: bytes
    keywords: frozenset[str]
    """As in `_Parameters`."""
    spare: str


def _is_lasting(function: Any) -> bool:
    """Whether what is followed of a function may be kept: those in Python, and the interpreter's own types."""
    return type(function) is types.FunctionType or (type(function) is type and not function.__flags__ & HEAP_TYPE)


def _arguments(
    follower: Follower,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    ordered: set[int],
) -> None:
    """Write the arguments of a call."""
    takes = _Parameters(function)
    blind = takes.blind()
    given: list[tuple[int | str, str, Any]] = [(place, takes.at(place), value) for place, value in enumerate(args)]
    given += [(name, name, kwargs[name]) for name in sorted(kwargs)]
    for place, parameter, value in given:
        label = follower.free(f"argument {place}")
        preview = preview_of(value)
        if preview:
            follower.previews[label] = preview
        if parameter in blind and type(value) is dict and id(value) not in ordered and set(map(type, value)) <= {str}:
            write = follower.write_without_order
        else:
            write = follower.encode
        follower.component(label, partial(_argument, follower, write, place, value))
    # Whoever takes any keyword may see their order.
    order = [name for name in kwargs if name not in takes.keywords]
    if len(order) > 1 and takes.spare not in blind:
        follower.component("order of keywords", lambda: follower.words(*order))
    follower.visit_all()


def _argument(follower: Follower, write: Callable[[Any], None], place: int | str, value: Any) -> None:
    follower.words(place)
    write(value)


class _Parameters:
    """The parameters of a function that is written in Python; of any other nothing is known."""

    def __init__(self, function: Any) -> None:
        bound = type(function) is types.MethodType
        self._function = function.__func__ if bound else function
        self._places: tuple[str, ...] = ()
        self.keywords: frozenset[str] = frozenset()
        """Those that take an argument of their name."""
        self.spare = ""
        """That which takes all other keywords."""
        if type(self._function) is not types.FunctionType:
            return
        code = self._function.__code__
        count = code.co_argcount + code.co_kwonlyargcount
        self._places = code.co_varnames[bound : code.co_argcount]
        self.keywords = frozenset(code.co_varnames[code.co_posonlyargcount : count])
        if code.co_flags & inspect.CO_VARKEYWORDS:
            self.spare = code.co_varnames[count + bool(code.co_flags & inspect.CO_VARARGS)]

    def at(self, place: int) -> str:
        """Return the parameter that takes a positional argument."""
        return self._places[place] if place < len(self._places) else ""

    def blind(self) -> frozenset[str]:
        """Return the parameters of which the function does not see the order of items."""
        function = self._function
        if type(function) is not types.FunctionType or not is_user_code(function.__code__.co_filename):
            return frozenset()
        return frozenset(
            found.name
            for found in shape_of(function.__code__).blind
            if all(
                name not in function.__globals__ and take_builtin(function, name) is vars(builtins)[name]
                for name in found.builtins
            )
        )


@lru_cache
def _python(policy: Policy) -> str:
    version = platform.python_version()
    told = {"exact": version, "compatible": version.split(".")[0], "ignore": ""}[policy]
    return f"{platform.python_implementation()} {told}" if told else ""


def _counted(version: str, policy: Policy) -> str:
    """Return what of a version counts."""
    if policy == "ignore":
        return "any"
    found = re.match(r"(?:\d+!)?\d+(\.\d+)?", version)
    return version if policy == "exact" or found is None else found.group()
