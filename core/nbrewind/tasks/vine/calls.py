"""Calls of libraries: their library tells what they reached, and what their results hold that stay in the cluster.

The code that TaskVine makes for a library gets two lines more. With these it appends to each result what the call was
seen to reach, as the worker of a `PythonTask` does (`worker.py`). If a call asks for it, it digests the result while it
writes it, and tells that, too, in a file of some hundred bytes that is an output of the call.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable
from typing import Any

from nbrewind import unpatched
from nbrewind.tasks.parts import Key
from nbrewind.tasks.records import Elsewhere
from nbrewind.tasks.tied import words_for

from .parts import Call, Library, ManagerState, TaskState, state_of
from .tasks import FAILED, call_original
from .worker import Report, report_of, watching_source

ASK = "nbrewind"
"""With this in what TaskVine sends of a call, it asks."""
TOLD = "nbrewind.told"
"""The file in which a library tells."""
CODE = "library_code.py"
_MAIN = "\nif __name__ == '__main__':\n"


def telling(cloudpickle: Any, watched: Any) -> Any:
    """Return what a library uses in place of ``cloudpickle``. The text of this function runs alone in a worker.

    ``watched`` tells what this process reached.
    """
    import hashlib
    import io
    import json
    import os
    import sys
    import weakref

    class Hashing:
        def __init__(self, stream: Any) -> None:
            self.stream, self.hasher, self.size = stream, hashlib.sha256(), 0

        def write(self, data: Any) -> Any:
            self.hasher.update(data)
            self.size += memoryview(data).nbytes
            return self.stream.write(data)

    class Telling:
        asked = False
        folder = ""

        def __getattr__(self, name: str) -> Any:
            return getattr(cloudpickle, name)

        def load(self, stream: Any, *args: Any, **options: Any) -> Any:
            value = cloudpickle.load(stream, *args, **options)
            if isinstance(value, dict) and "fn_args" in value:
                self.asked = value.pop("nbrewind", False)
                path = os.path.realpath(stream.name)
                self.folder = os.path.dirname(path) + os.sep
                watched.forget(path)
            return value

        def reached(self, frame: Any) -> Any:
            # By what the library's own function says of the call, which has ended; None if that is not as it is known.
            known = frame.f_locals
            try:
                held = [cell.cell_contents for cell in frame.f_globals[known["function_name"]].__closure__]
                prints = os.path.realpath(os.path.join(self.folder, known["function_stdout_filename"]))
                return watched.report([*held, known["event"]], self.folder, prints)
            except Exception:
                return None

        def dump(self, value: Any, stream: Any, *args: Any, **options: Any) -> Any:
            if getattr(stream, "name", None) != "outfile":
                return cloudpickle.dump(value, stream, *args, **options)
            reached = self.reached(sys._getframe(1))
            if not self.asked:
                cloudpickle.dump(value, stream, *args, **options)
                if reached is not None:
                    stream.write(watched.ends(reached))
                return None
            finalized = [info.weakref() for info in list(weakref.finalize._registry.values())]  # type: ignore[attr-defined]
            tied = []

            class Pickler(cloudpickle.CloudPickler):  # type: ignore[misc]
                def reducer_override(self, one: Any) -> Any:
                    cls = type(one)
                    cleans = hasattr(cls, "__del__") and cls not in (io.BytesIO, io.StringIO)
                    if cleans or any(one is found for found in finalized):
                        tied.append(cls.__qualname__)
                    return super().reducer_override(one)

            hashing = Hashing(stream)
            Pickler(hashing, *args, **options).dump(value)
            made = "" if not value["Success"] else hashing.hasher.hexdigest()
            told = {"digest": made, "size": hashing.size, "tied": tied[:1], "reached": reached}
            with open("nbrewind.told", "w") as file:
                json.dump(told, file)
            return None

    return Telling()


def with_telling(manager: Any, library: Library, inputs: tuple[Call, ...]) -> tuple[Call, ...]:
    """Return the calls that give a library its files, with code that tells in place of TaskVine's.

    If that is not as it is known, it stays as it is, and nothing is told.
    """
    return tuple(
        (name, (_code(manager, library, args[0]), *args[1:]), options)
        if args[1:2] == (CODE,)
        else (name, args, options)
        for name, args, options in inputs
    )


def _code(manager: Any, library: Library, file: Any) -> Any:
    path = file.source()
    with unpatched.open(path, encoding="utf-8") as stream:
        head, main, rest = stream.read().rpartition(_MAIN)
    if not main:
        return file
    source = f"from __future__ import annotations\n{watching_source()}{inspect.getsource(telling)}"
    line = f"exec({source!r}, _nbrewind := {{'__name__': 'nbrewind'}})\n"
    line += "cloudpickle = _nbrewind['telling'](cloudpickle, _nbrewind['watched'])\n"
    own = os.path.join(manager.staging_directory, f"library_{id(library.task)}.py")
    with unpatched.open(own, "w", encoding="utf-8") as stream:
        stream.write(f"{head}\n{line}{main}{rest}")
    os.chmod(own, os.stat(path).st_mode)
    library.tells = True
    return manager.declare_file(own, cache=True, peer_transfer=True)


def ask(manager: Any, task: Any, declare_buffer: Callable[[Any], Any]) -> None:
    """Have a call that is about to run, and whose result stays in the cluster, tell what it gives."""
    state: TaskState = state_of(task)
    kept: ManagerState = state_of(manager)
    if not isinstance(state.key, Key):
        return
    library = kept.libraries.get(str(task.get_library_required()))
    if library is not None and library.tells and state.rule.use != "never":
        state.told = declare_buffer(manager)
        call_original(task, "add_output", state.told, TOLD)
        task._event[ASK] = True


def forget(manager: Any, task: Any, state: TaskState) -> None:
    """Forget the file in which a call was to be told of: it has run, or was not taken."""
    if state.told is not None:
        file, state.told = state.told, None
        manager.undeclare_file(file)
        if task._event is not None:
            del task._event[ASK]


def told(state: TaskState) -> tuple[Elsewhere, Report] | str:
    """Return what a call gave that has run and whose result stays, and what it reached; or why no record holds that."""
    try:
        found = json.loads(state.told.contents())
        digest, size, tied, reached = found["digest"], int(found["size"]), found["tied"], report_of(found["reached"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return "its result stays in the cluster, and its library told nothing of it"
    if not digest:
        return FAILED
    return words_for(tied[0]) if tied else (Elsewhere("sha256:" + digest, size), reached)
