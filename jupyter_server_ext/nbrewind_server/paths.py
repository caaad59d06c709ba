"""From the paths of the contents API to files, and back: what the contents manager does not show is not found."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from nbrewind_server.problem import Refused


async def file_of(contents: Any, path: str, *, gone: bool = False, kind: str = "notebook") -> Path:
    """Return the file behind an API path.

    Args:
        contents: the server's contents manager.
        path: as the contents API names it.
        gone: also where a file was once, and is none now.
        kind: what it should be, for the refusal.

    Raises:
        Refused: it has no such file, does not show it, or keeps no files on this machine.
    """
    resolve = getattr(contents, "_get_os_path", None)
    if resolve is None:
        raise Refused("store", "records need a file system, and this server's contents lie elsewhere")
    try:
        found = Path(resolve(path.strip("/")))
        if gone and not os.path.lexists(found) and not _is_hidden(contents, PurePosixPath(path)):
            return found
        model = await ensure_async(contents.get(path, content=False))
    except HTTPError as error:
        raise Refused("unknown", f"there is no {kind} {path}") from error
    if model["type"] == "directory":
        raise Refused("unknown", f"{path} is a folder, not a {kind}")
    return found


async def new_file_of(contents: Any, path: str) -> Path:
    """Return the file that an API path would have, at which there is nothing yet.

    Raises:
        Refused: there is something, or the contents manager has no such folder or would not show the file.
    """
    name = path.strip("/")
    folder, _, last = name.rpartition("/")
    resolve = getattr(contents, "_get_os_path", None)
    if resolve is None:
        raise Refused("store", "packages need a file system, and this server's contents lie elsewhere")
    try:
        found = Path(resolve(name))
        there = await ensure_async(contents.dir_exists(folder))
    except HTTPError as error:
        raise Refused("unknown", f"there is no folder {folder}") from error
    if not there or not last or _is_hidden(contents, PurePosixPath(name)):
        raise Refused("unknown", f"there is no folder {folder}" if not there else f"{path} can't be written")
    if os.path.lexists(found):
        raise Refused("request", f"there is a file {path} already: choose another name")
    return found


class Places:
    """Says what the contents API calls files. Safe to use off the event loop."""

    def __init__(self, contents: Any) -> None:
        """Take where the contents lie."""
        root = getattr(contents, "root_dir", "")
        self._contents = contents
        self._roots = {Path(os.path.abspath(root)), Path(os.path.realpath(root))} if root else set()

    def path_of(self, file: str) -> str:
        """Return the API path of a file, which need not exist; empty if it lies elsewhere, or is not shown."""
        for root in self._roots:
            if Path(file).is_relative_to(root):
                path = PurePosixPath(Path(file).relative_to(root).as_posix())
                return "" if _is_hidden(self._contents, path) else str(path)
        return ""


def _is_hidden(contents: Any, path: PurePosixPath) -> bool:
    """Whether the contents manager does not show a path, by its names."""
    return not getattr(contents, "allow_hidden", False) and any(part.startswith(".") for part in path.parts)
