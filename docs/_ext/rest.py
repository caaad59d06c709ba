"""The REST API in Markdown, from `openapi.yaml` and the schemas of the events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

REFERENCE = "#/components/schemas/"


def rest_operations(path: Path) -> str:
    """Return one section for each operation: what it takes and what it answers."""
    lines: list[str] = []
    for place, methods in _read(path)["paths"].items():
        for method, operation in methods.items():
            lines += [f"### {method.upper()} {place}", "", f"{operation['summary']}.", ""]
            lines += [f"- {name}: {text}" for name, text in _exchange(operation)]
            lines.append("")
    return "\n".join(lines)


def rest_records(path: Path) -> str:
    """Return one section for each record, with a table of its fields."""
    lines: list[str] = []
    for name, schema in sorted(_read(path)["components"]["schemas"].items()):
        lines += [f"### {name}", "", schema.get("description", ""), "", *_table(schema), ""]
    return "\n".join(lines)


def rest_events(folder: Path) -> str:
    """Return one section for each kind of event whose schema lies below a folder."""
    lines: list[str] = []
    for path in sorted(folder.rglob("*.yaml")):
        schema = _read(path)
        if "$id" in schema:
            lines += [f"### {schema['$id']}", "", schema.get("description", "").strip(), "", *_table(schema), ""]
    return "\n".join(lines)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def _exchange(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    places: dict[str, list[str]] = {}
    for one in operation.get("parameters", []):
        places.setdefault(one["in"], []).append(f"`{one['name']}`")
    if "path" in places:
        yield "in the path", ", ".join(places["path"])
    if "query" in places:
        yield "query", ", ".join(places["query"])
    if "requestBody" in operation:
        yield "request", _content(operation["requestBody"])
    yield "answer", _content(operation["responses"]["200"])


def _content(body: dict[str, Any]) -> str:
    kind, content = next(iter(body["content"].items()))
    return _type(content["schema"]) if kind == "application/json" else f"`{kind}`"


def _table(schema: dict[str, Any]) -> list[str]:
    required = schema.get("required", [])
    lines = ["| field | type | |", "| --- | --- | --- |"]
    for name, field in schema.get("properties", {}).items():
        notes = [" ".join(field.get("description", "").split()), "" if name in required else "May be left out."]
        lines.append(f"| `{name}` | {_type(field)} | {_cell(' '.join(filter(None, notes)))} |")
    return lines if len(lines) > 2 else []


def _type(field: dict[str, Any]) -> str:
    """Return a field's type in a few words."""
    if "$ref" in field:
        name = field["$ref"].removeprefix(REFERENCE)
        return f"[{name}](#{name.lower()})"
    for key in ("allOf", "anyOf", "oneOf"):
        if key in field:
            return " or ".join(_type(part) for part in field[key])
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    kind = field.get("type", "any")
    if kind == "array":
        return f"list of {_type(field.get('items', {}))}"
    if kind == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"map to {_type(field['additionalProperties'])}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
