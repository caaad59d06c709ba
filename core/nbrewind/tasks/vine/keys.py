"""Keys of TaskVine's tasks: what they run, with which files under which names, in which environment.

Resources, placement, priority, retries, tags and categories are no part of it.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from blake3 import blake3

from nbrewind.tasks.calls import name_of
from nbrewind.tasks.graphs import Unknown, called_in
from nbrewind.tasks.key import Keys
from nbrewind.tasks.parts import Key, Mark, NoKey, Pending
from nbrewind.tasks.records import RESULT

from .futures import KIND, arguments, is_future
from .graphs import VERTEX, is_graph, is_vertex, vertex
from .parts import Call, FileState, Given, Library, TaskState, kinds, original, state_of

Identity = str | Pending
"""Of a file: where it lies here, or what stands for its content."""

PACKED = {"declare_untar", "declare_poncho", "declare_starch"}
FETCHED = {"declare_url", "declare_xrootd", "declare_chirp"}
SYSTEM = ("/bin/", "/usr/", "/lib", "/opt/", "/dev/", "/proc/", "/sys/", "/sbin/")
"""Where what lies there is a part of the system, not an input."""
_ARGUMENTS = ("fn_args", "fn_kwargs")
"""What a call is given, in what TaskVine sends of it: with nothing else, unless a way to run it was chosen."""
_MADE = "given "
_AS_THEY_ARE: Mapping[str, str] = {}


class Unkeyed(Exception):
    """There is no key; the argument says why."""


class Named(NamedTuple):
    """The files of a task, and what they bring along."""

    inputs: dict[str, Identity]
    marks: set[Mark]
    given: dict[str, Given]
    """What tasks make that may not have ended: by the names that stand for it in the key."""


class TaskKeys:
    """Makes keys of tasks as TaskVine knows them."""

    def __init__(self, keys: Keys) -> None:
        """Use ``keys``."""
        self.keys = keys

    def of_function(self, task: Any, function: Any, args: Any, kwargs: Any) -> Key | NoKey:
        """Return the key of a `PythonTask`."""
        state: TaskState = state_of(task)
        salt, names = "", _AS_THEY_ARE
        futures = arguments(args) if is_future(task) else None
        if futures is None and is_future(task):
            return NoKey("it is given a future of which it is not known what makes it")
        try:
            if is_vertex(function):
                (function, args), names, salt = vertex(args)
                _sort(state, names)
            named = self._named(state, names)
        except (Unkeyed, Unknown) as why:
            return NoKey(str(why))
        if futures is not None:
            args, salt = futures.values, f" by a future, {futures.salt}"
            state.given = {**state.given, **futures.given}
            named.inputs.update({name: Pending(name) for name in futures.given})
        salt = f"PythonTask {task._serialize_output} {_unset(state)}{salt}"
        return self._key(
            named, function, args, kwargs, inputs=named.inputs, outputs=_outputs(state), env=_env(state), salt=salt
        )

    def of_call(self, task: Any, library: Library, name: str) -> Key | NoKey:
        """Return the key of a `FunctionCall`: the function is as the library has it."""
        state: TaskState = state_of(task)
        if isinstance(library.key, NoKey):
            return library.key
        event = task._event
        function, args, names, of = dict, event["fn_args"], _AS_THEY_ARE, ""
        try:
            if library.is_graph and name == VERTEX:
                (function, args), names, of = vertex(args)
                _sort(state, names)
            named = self._named(state, names) if state.inputs or state.inputs_were or state.given else None
        except (Unkeyed, Unknown) as why:
            return NoKey(str(why))
        given = [] if len(event) == 2 else sorted(one for one in event.items() if one[0] not in _ARGUMENTS)
        salt = f"FunctionCall {name} {library.key.digest} {task._serialize_output} {given} {_unset(state)}{of}"
        kwargs = event["fn_kwargs"]
        if named is None and not (state.outputs or state.env):
            key = self.keys.key(function, args, kwargs, salt=salt)
        else:
            named = named or Named({}, set(), {})
            outputs, env = _outputs(state), _env(state)
            key = self._key(named, function, args, kwargs, inputs=named.inputs, outputs=outputs, env=env, salt=salt)
        return _marked(key, library.key.marks)

    def of_command(self, task: Any, command: str) -> Key | NoKey:
        """Return the key of a command. Files that it names by their whole path count as inputs."""
        state: TaskState = state_of(task)
        try:
            named = self._named(state)
            state.own = tuple(_named_files(command))
        except Unkeyed as why:
            return NoKey(str(why))
        inputs = {**named.inputs, **{path: path for path in state.own}}
        named.marks.add("subprocess")
        salt = f"Task {_unset(state)}\n{command}"
        return self._key(named, dict, (), {}, inputs=inputs, outputs=_outputs(state), env=_env(state), salt=salt)

    def of_library(self, name: str, functions: Any, options: Mapping[str, Any]) -> Key | NoKey:
        """Return what stands for a library that is made of functions, as they are now."""
        context = options.get("library_context_info") or [None, [], {}]
        if is_graph(functions):  # it has another name for each graph
            name, functions = VERTEX, [function for function in functions if not is_vertex(function)]
        salt = f"library {name} {options.get('init_command')} {options.get('exec_mode')} {options.get('add_env')}"
        environment = options.get("poncho_env") if options.get("add_env", True) else None
        if environment is not None and not os.path.isfile(environment):
            return NoKey(f"the packages of the environment `{environment}` are not known")
        inputs = {} if environment is None else {"poncho_env": environment}
        try:
            members = {function.__name__: function for function in functions}
            args = (members, options.get("hoisting_modules") or [], context[0], list(context[1]), dict(context[2]))
        except (AttributeError, TypeError, IndexError) as error:
            return NoKey(f"the library `{name}` can't be looked at: {error}")
        return self.keys.key(dict, args, inputs=inputs, salt=salt)

    def of_installed(self, library: Library) -> Key | NoKey:
        """Return what stands for a library with the files that it was given."""
        state: TaskState = state_of(library.task)
        if isinstance(library.key, NoKey) or not (state.inputs or state.env):
            return library.key
        try:
            named = self._files(state.inputs)
        except Unkeyed as why:
            return NoKey(str(why))
        salt = f"{library.key.digest} {_unset(state)}"
        key = self._key(named, dict, inputs=named.inputs, env=_env(state), salt=salt)
        return _marked(key, library.key.marks)

    def unchanged(self, task: Any) -> bool:
        """Whether the files that a key counts are what they were when it was made."""
        state: TaskState = state_of(task)
        if isinstance(state.key, NoKey):
            return False
        if not (state.inputs or state.own):
            return self.keys.holds(state.key, {})
        before = {name: one for name, one in state.inputs_were.items() if not _is_made(one)}
        try:
            now = self._files(state.inputs).inputs
        except Unkeyed:
            return False
        paths: dict[str, str] = {path: path for path in state.own}
        for name, identity in before.items():
            if type(identity) is str:
                paths[name] = identity
            elif now.get(name) != identity:
                return False
        return self.keys.holds(state.key, paths)

    def _key(self, named: Named, *args: Any, **options: Any) -> Key | NoKey:
        return _marked(self.keys.key(*args, **options), named.marks)

    def _files(self, calls: Collection[Call], names: Mapping[str, str] = _AS_THEY_ARE) -> Named:
        """Return the identities of a task's files by the names under which it finds them, or by others for these."""
        named = Named({}, set(), {})
        for method, args, options in calls:
            file = args[0] if args else options.get("file", options.get("f"))
            given = dict(zip(("remote_name", "strict_input", "mount_symlink"), args[1:], strict=False)) | options
            name = str(given.get("remote_name", method)) if method == "add_input" else f"{method} {len(named.inputs)}"
            name = names.get(name, name)
            if given.get("mount_symlink"):
                name += " as a link"
            named.inputs[name] = self.identity(file, named)
        return named

    def _named(self, state: TaskState, names: Mapping[str, str] = _AS_THEY_ARE) -> Named:
        """Return the files of a task that is submitted, and take note of what stood for them."""
        named = self._files(state.inputs, names) if state.inputs else Named({}, set(), {})
        if named.inputs or state.inputs_were or state.given:
            state.inputs_were, state.given = dict(named.inputs), named.given
        return named

    def identity(self, file: Any, named: Named) -> Identity:
        """Return what stands for a file; raise `Unkeyed` if that is not known."""
        state: FileState | None = state_of(file)
        if state is None or not state.method:
            raise Unkeyed("it is not known how one of its files was declared")
        producer, what = (
            state.producer,
            state.arguments[0] if state.arguments else next(iter(state.options.values()), None),
        )
        if producer is not None and (not producer.done or state.method == "declare_temp" or state.output == RESULT):
            name = f"{_MADE}{len(named.given)}"
            named.given[name] = Given(producer, state.output)
            return Pending(name)
        if state.method == "declare_file":
            path = os.path.abspath(str(what))  # TaskVine takes it from the working directory
            if not os.path.exists(path):
                raise Unkeyed(f"its input `{path}` is not there")
            return path
        if state.method == "declare_buffer":
            if state.content is None and producer is not None:
                state.content = file.contents()
            if state.content is None:
                raise Unkeyed("it is not known what one of its buffers holds")
            return Pending("buffer:" + blake3(state.content).hexdigest())
        if state.method in FETCHED:
            named.marks.add("network")
            return Pending(f"{state.method} {what}")
        if state.method in PACKED:
            inner = what if isinstance(what, str) else self.identity(what, named)
            return self._combined(state.method, {"": inner})
        if state.method == "declare_minitask":
            return self._combined(f"minitask {state.arguments[1:] or state.options.get('source')}", {}, what, named)
        raise Unkeyed(f"it is not known what `{state.method}` gives")

    def _combined(
        self, salt: str, inputs: dict[str, Identity], task: Any = None, named: Named | None = None
    ) -> Pending:
        if task is not None and named is not None:
            key = self.of_command(task, task.command)
            if state_of(task).given:
                raise Unkeyed("one of its files is made of what another task makes")
            if isinstance(key, Key):
                named.marks.update(key.marks)
                salt += " " + key.digest
        else:
            key = self.keys.key(dict, inputs=inputs, salt=salt)
        if isinstance(key, NoKey):
            raise Unkeyed(key.reason)
        return Pending(f"{salt} {key.digest}")


def _marked(key: Key | NoKey, marks: Collection[Mark]) -> Key | NoKey:
    """Return a key with more marks."""
    return key if isinstance(key, NoKey) or not marks else key._replace(marks=key.marks.union(marks))


def _sort(state: TaskState, names: Mapping[str, str]) -> None:
    """Have the files of a task of a graph in the order in which it names them."""
    places = {name: place for place, name in enumerate(names)}
    state.inputs = tuple(sorted(state.inputs, key=lambda call: places.get(_remote(call), len(places))))


def _remote(call: Any) -> str:
    """Return under which name a task is given a file."""
    _, args, options = call
    return str(args[1] if len(args) > 1 else options.get("remote_name", ""))


def _env(state: TaskState) -> dict[str, str]:
    return {name: value for name, value in state.env.items() if value is not None} if state.env else {}


def _unset(state: TaskState) -> str:
    """Return the variables that are taken away, in words that are part of a key."""
    if not state.env:
        return ""
    return " ".join(sorted([name for name, value in state.env.items() if value is None]))


def _outputs(state: TaskState) -> list[str]:
    return sorted([name for _, name, _ in outputs_of(state)]) if state.outputs else []


def outputs_of(state: TaskState) -> list[tuple[Any, str, bool]]:
    """Return a task's outputs: the file, its name there, and whether it is only made sometimes."""
    if not state.outputs:
        return []
    found: list[tuple[Any, str, bool]] = []
    for _, args, options in state.outputs:
        given = (
            dict(zip(("file", "remote_name", "watch", "failure_only", "success_only"), args, strict=False)) | options
        )
        found.append((given["file"], str(given["remote_name"]), bool(given.get("failure_only"))))
    return found


def _named_files(command: str) -> list[str]:
    """Return the files of the user's that a command names by their whole path."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    found = {
        part for word in words for part in word.replace("=", " ").replace(":", " ").split() if part.startswith("/")
    }
    return sorted(
        path for path in found if os.path.exists(path) and not (path + "/").startswith(SYSTEM) and path != "/"
    )


def kind_of(task: Any) -> str:
    """Return which of TaskVine's kinds a task is; empty for a class of which nothing is known.

    A class may be a user's own as long as it gives the worker what its base gives.
    """
    for name in ("FunctionCall", "PythonTask", "Task"):
        base = kinds[name]
        if type(task) is base:
            return name
        if isinstance(task, base):
            own = [cls for cls in type(task).__mro__ if not issubclass(base, cls) and cls is not kinds.get(KIND)]
            gives = {"submit_finalize", "_add_inputs_outputs", "_fn_wrapper", "_fn_buffer", "output", "add_input"}
            known = name != "Task" or not isinstance(task, kinds["LibraryTask"])
            return name if known and not any(gives & vars(cls).keys() for cls in own) else ""
    return ""


def _is_made(identity: Identity) -> bool:
    """Whether a file was yet to be made by a task."""
    return isinstance(identity, Pending) and identity.digest.startswith(_MADE)


def function_of(task: Any) -> str:
    """Return the name of a task's function; empty if it is a command."""
    definition, event = task.__dict__.get("_fn_def"), task.__dict__.get("_event")
    if "_event" in task.__dict__:
        name = str(original(kinds["Task"], "command").fget(task) or "")
        is_graph = name == VERTEX and event and len(event["fn_args"]) == 4
        return name_of(called_in(event["fn_args"][1])) if is_graph else name
    if not definition:
        return ""
    function = called_in(definition[1][1]) if is_vertex(definition[0]) else definition[0]
    return name_of(function)
