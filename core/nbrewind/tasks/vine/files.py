"""Files that are declared: TaskVine learns of them when they are used.

Each function here takes the place of a method or property of ``File``.
"""

from __future__ import annotations

import io
import os
from typing import Any

from nbrewind import unpatched
from nbrewind.tasks.records import RESULT

from .managers import Managers
from .parts import FileState, original, state_of
from .worker import split

POINTER = "_file"


class Files:
    """The methods of files."""

    def __init__(self, managers: Managers) -> None:
        """Serve the files of the same TaskVine."""
        self.managers = managers
        self.cls = managers.vine.File

    def pointer(self, file: Any) -> Any:
        """Return TaskVine's own file, which is declared now, since it is asked for."""
        state: FileState | None = state_of(file)
        if state is None:
            raise AttributeError(POINTER)
        pointer = file.__dict__[POINTER] = self._declare(state).__dict__[POINTER]
        return pointer

    def _declare(self, state: FileState) -> Any:
        if state.method != "result":
            if state.method == "declare_buffer" and state.content is not None and state.producer is not None:
                return self.managers.call(state.method, state.manager, state.content, **_without(state, "buffer"))
            return self.managers.call(state.method, state.manager, *state.arguments, **state.options)
        path = os.path.join(state.manager.staging_directory, "outputs", state.arguments[0])
        with unpatched.open(path, "wb") as stream:
            stream.write(state.content or b"")
        return self.managers.call("declare_file", state.manager, path)

    def source(self, file: Any) -> Any:
        """Return where it comes from."""
        state: FileState | None = state_of(file)
        if state is not None and POINTER not in file.__dict__ and state.method == "declare_file":
            return state.arguments[0] if state.arguments else state.options["path"]
        return original(self.cls, "source")(file)

    def contents(self, file: Any, unserializer: Any = None) -> Any:
        """Return what it holds."""
        state: FileState | None = state_of(file)
        if state is not None and state.content is not None and POINTER not in file.__dict__:
            stream = io.BytesIO(state.content)
            return unserializer(stream) if unserializer else stream.read()
        if state is not None and state.method == "declare_file" and POINTER not in file.__dict__:
            with unpatched.open(self.source(file), "rb") as content:
                return unserializer(content) if unserializer else content.read()
        if state is not None and state.output == RESULT and unserializer is None:
            return split(original(self.cls, "contents")(file))[0]
        return original(self.cls, "contents")(file, unserializer)

    def length(self, file: Any) -> Any:
        """Return how many bytes it has."""
        state: FileState | None = state_of(file)
        if state is not None and state.content is not None and POINTER not in file.__dict__:
            return len(state.content)
        return original(self.cls, "__len__")(file)


def _without(state: FileState, name: str) -> dict[str, Any]:
    options = {key: value for key, value in state.options.items() if key != name}
    return options | dict(zip(("cache", "peer_transfer"), state.arguments[1:], strict=False))
