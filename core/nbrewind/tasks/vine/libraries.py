"""Libraries: what their workers get is made when they are installed in an open manager."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any

from nbrewind.tasks.parts import Key, NoKey

from . import calls
from . import door as doors
from .graphs import is_graph
from .opening import Opening
from .parts import NAME, Library, ManagerState, TaskState, originals, state_of


class Libraries(Opening):
    """The methods of managers that have to do with libraries."""

    def create_library(self, manager: Any, name: str, *functions: Any, **options: Any) -> Any:
        """Return a library of functions. What the workers get is made when it is installed in an open manager."""
        kept: ManagerState | None = state_of(manager)
        mode = options.get("exec_mode", "fork")
        if kept is None or kept.closed or not functions or mode not in ("fork", "direct"):
            return self.method("create_library_from_functions")(manager, name, *functions, **options)
        door = doors.current()
        key: Key | NoKey = NoKey("it was made while nothing was recorded")
        if door is not None:
            key = door.task_keys.of_library(name, functions, options)
        task = self.vine.LibraryTask("python library_code.py", name)
        task.set_function_exec_mode_from_string(mode)
        kept.libraries[name] = Library(key, task, (name, functions, options), is_graph=is_graph(functions))
        return task

    def make_library(self, manager: Any, task: Any) -> None:
        """Give a library that is installed now what its workers need.

        TaskVine keeps what it once made of functions with this text: that goes first, as what they use may be another.
        """
        kept: ManagerState = state_of(manager)
        library = kept.libraries.get(task.get_libray_provided())
        if library is None or library.task is not task or not library.recipe:
            return
        (name, functions, options), library.recipe = library.recipe, ()
        told = dict.fromkeys(("poncho_env", "init_command", "hoisting_modules", "library_context_info"))
        told |= {"add_env": True, "exec_mode": "fork"} | options
        from ndcctools.poncho.package_serverize import generate_library_hash

        made = generate_library_hash(library_name=name, function_list=functions, **told)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(manager.cache_directory, "vine-library-cache", made, "library_code.py"))
        whole = self.method("create_library_from_functions")(manager, name, *functions, **options)
        task.set_command(whole.command)
        state: TaskState = state_of(task)
        state.inputs += calls.with_telling(manager, library, state_of(whole).inputs)

    def installed(self, kept: ManagerState, task: Any) -> None:
        """Take note of a library that is installed, or will be once the manager is open."""
        if isinstance(task, self.vine.LibraryTask):
            name = task.get_libray_provided()
            library = kept.libraries.get(name)
            if library is None or library.task is not task:
                library = kept.libraries[name] = Library(
                    NoKey(f"it is not known what the library `{name}` holds"), task
                )
            door = doors.current()
            if door is not None:
                library.key = door.task_keys.of_installed(library)
            library.installed = True

    def library_existence(self) -> Callable[..., Any]:
        """Return a method that tells whether a library is installed, or will be once the manager is open."""
        cls = self.vine.Manager

        def check_library_exists(manager: Any, name: Any) -> Any:
            kept: ManagerState | None = manager.__dict__.get(NAME)
            if kept is None or self.is_open(manager) or not isinstance(name, str):
                return originals[cls, "check_library_exists"](manager, name)
            return name in kept.libraries and kept.libraries[name].installed

        return check_library_exists

    def remove_library(self, manager: Any, name: str) -> Any:
        """Remove a library."""
        kept: ManagerState | None = state_of(manager)
        if kept is not None:
            kept.libraries.pop(name, None)
            if not self.is_open(manager):
                kept.calls = [call for call in kept.calls if call[0] != "install_library" or _provides(call) != name]
                return None
        return self.method("remove_library")(manager, name)


def _provides(call: Any) -> Any:
    return (call[1][0] if call[1] else call[2]["task"]).get_libray_provided()
