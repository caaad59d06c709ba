"""Fills pages with what is made from the code: the REST API, settings, options, commands.

A page says where with a comment line, ``<!-- made: NAME -->``. What is made is Markdown and stands in no file, so it
can't be out of date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from rest import rest_events, rest_operations, rest_records
from settings import commands, server_options, settings
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "jupyter_server_ext" / "nbrewind_server"

PARTS: dict[str, Callable[[], str]] = {
    "commands": lambda: commands((ROOT / "src" / "commands.ts").read_text("utf-8")),
    "rest-events": lambda: rest_events(SERVER),
    "rest-operations": lambda: rest_operations(SERVER / "openapi.yaml"),
    "rest-records": lambda: rest_records(SERVER / "openapi.yaml"),
    "server-options": server_options,
    "settings": lambda: settings(ROOT / "schema"),
}

SOURCES: dict[str, Callable[[], Iterable[Path]]] = {
    "commands": lambda: [ROOT / "src" / "commands.ts"],
    "rest-events": lambda: SERVER.rglob("*.yaml"),
    "rest-operations": lambda: [SERVER / "openapi.yaml"],
    "rest-records": lambda: [SERVER / "openapi.yaml"],
    "server-options": lambda: [SERVER / "app.py"],
    "settings": lambda: (ROOT / "schema").glob("*.json"),
}

COMMENT = re.compile(r"^<!-- made: ([a-z-]+) -->$", re.MULTILINE)


def fill(app: Sphinx, page: str, source: list[str]) -> None:
    """Put what is made in place of the comments of a page."""

    def made(found: re.Match[str]) -> str:
        name = found[1]
        if name not in PARTS:
            raise ExtensionError(f"{page} asks for {name}, which nothing makes")
        for path in [*SOURCES[name](), *Path(__file__).parent.glob("*.py")]:
            app.env.note_dependency(str(path), docname=page)
        return PARTS[name]()

    source[0] = COMMENT.sub(made, source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
