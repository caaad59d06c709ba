"""Commands, settings and options in Markdown, from what JupyterLab and the server read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COMMAND = re.compile(r"/\*\* (.*?) \*/\s*export const \w+ =\s*'(nbrewind:[a-z-]+)'", re.DOTALL)


def commands(source: str) -> str:
    """Return the table of commands in the text of `commands.ts`."""
    lines = ["| command | does |", "| --- | --- |"]
    for text, name in COMMAND.findall(source):
        lines.append(f"| `{name}` | {' '.join(text.replace('*', ' ').split())} |")
    return "\n".join(lines)


def settings(folder: Path) -> str:
    """Return one section for each plugin that has settings, with their defaults."""
    lines: list[str] = []
    for path in sorted(folder.glob("*.json")):
        schema = json.loads(path.read_text("utf-8"))
        fields = {name: field for name, field in schema.get("properties", {}).items() if "title" in field}
        if fields:
            lines += [f"### {schema['title']}", "", schema["description"], ""]
            for name, field in fields.items():
                lines += _setting(name, field)
            lines.append("")
    return "\n".join(lines)


def _setting(name: str, field: dict[str, Any]) -> Iterator[str]:
    default = json.dumps(field["default"]) if "default" in field else "none"
    yield f"{field['title']} (`{name}`, default `{default}`)"
    yield f": {' '.join(field.get('description', '').split())}"
    for choice in field.get("oneOf", []):
        if "const" in choice:
            yield f"  - `{json.dumps(choice['const'])}`: {choice.get('title', '')}"
    yield ""


def server_options() -> str:
    """Return the options of the server extension, with their defaults."""
    from nbrewind_server.app import NBRewindApp

    lines: list[str] = []
    for name, trait in sorted(NBRewindApp.class_own_traits(config=True).items()):
        text = " ".join(trait.help.split())
        lines += [f"`c.NBRewindApp.{name}` (default `{trait.default_value!r}`)", f": {text}", ""]
    return "\n".join(lines)
