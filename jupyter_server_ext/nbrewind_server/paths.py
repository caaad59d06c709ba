"""From the paths of the contents API to files: what the contents manager does not show is not found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from nbrewind_server.problem import Refused


async def file_of(contents: Any, path: str) -> Path:
    """Return the file behind an API path.

    Args:
        contents: the server's contents manager.
        path: as the contents API names it.

    Raises:
        Refused: it has no such file, does not show it, or keeps no files on this machine.
    """
    resolve = getattr(contents, "_get_os_path", None)
    if resolve is None:
        raise Refused("store", "records need a file system, and this server's contents lie elsewhere")
    try:
        model = await ensure_async(contents.get(path, content=False))
        found = Path(resolve(path.strip("/")))
    except HTTPError as error:
        raise Refused("unknown", f"there is no notebook {path}") from error
    if model["type"] == "directory":
        raise Refused("unknown", f"{path} is a folder, not a notebook")
    return found
