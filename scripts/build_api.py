"""Writes `openapi.yaml` from the server's messages and operations; `--check` only says whether it is up to date.

The types that the front end uses are made from it in turn (`jlpm build:api`), so none is typed twice.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from nbrewind import model
from nbrewind.model import PROTOCOL
from nbrewind_server import messages, package_messages, storage_messages, task_messages
from nbrewind_server.handlers import ROUTES
from nbrewind_server.operations import OPERATIONS, Operation

MODULES = (messages, storage_messages, task_messages, package_messages)
"""Where requests and answers are."""
TARGET = Path(messages.__file__).with_name("openapi.yaml")
REFERENCE = "#/components/schemas/{name}"
HEAD = "# Made by scripts/build_api.py from messages.py and operations.py: change those, then run `jlpm build:api`.\n"


def structs(module: Any) -> Iterator[type[msgspec.Struct]]:
    """Yield the records that a module defines."""
    for found in vars(module).values():
        if inspect.isclass(found) and issubclass(found, msgspec.Struct) and found.__module__ == module.__name__:
            yield found


def descriptions(module: Any) -> dict[tuple[str, str], str]:
    """Return the texts that stand below fields, by class and field."""
    found = {}
    for part in ast.parse(inspect.getsource(module)).body:
        if isinstance(part, ast.ClassDef):
            for field, text in zip(part.body, part.body[1:], strict=False):
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                        found[part.name, field.target.id] = inspect.cleandoc(str(text.value.value))
    return found


def schemas() -> dict[str, Any]:
    """Return the schemas of all messages, and of the records that they use."""
    used = [message for module in MODULES for message in structs(module) if message is not messages.Answer]
    _, found = msgspec.json.schema_components(used, ref_template=REFERENCE)
    texts = {place: text for module in (*MODULES, model) for place, text in descriptions(module).items()}
    types = {kind.__name__: kind for module in (model, *MODULES) for kind in structs(module)}
    for name, schema in found.items():
        kind = types[name]
        if not kind.__struct_config__.omit_defaults:
            schema["required"] = list(kind.__struct_encode_fields__)
        schema["additionalProperties"] = False
        for field, encoded in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True):
            prop = schema["properties"][encoded]
            prop.pop("default", None)  # generators take a field with a default for one that is always there
            if text := texts.get((name, field)):
                if "$ref" in prop:
                    schema["properties"][encoded] = {"allOf": [prop], "description": text}
                else:
                    prop["description"] = text
    return dict(sorted(found.items()))


def operation(one: Operation) -> dict[str, Any]:
    """Return the description of one operation."""
    described: dict[str, Any] = {"operationId": one.id, "summary": one.summary}
    names = [part[1:-1] for part in one.path.split("/") if part.startswith("{")]
    places = [(name, "path") for name in names] + [(name, "query") for name in one.query]
    if places:
        described["parameters"] = [
            {"name": name, "in": place, "required": True, "schema": {"type": "string"}} for name, place in places
        ]
    if one.request is not None:
        described["requestBody"] = {"required": True, "content": _json(one.request.__name__)}
    if one.answer is None:
        content: dict[str, Any] = {"application/yaml": {"schema": {"type": "string"}}}
    else:
        content = _json(one.answer.__name__)
    described["responses"] = {
        "200": {"description": one.summary, "content": content},
        "403": {"$ref": "#/components/responses/Forbidden"},
        "default": {"$ref": "#/components/responses/Problem"},
    }
    return described


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REFERENCE.format(name=name)}}}


def document() -> dict[str, Any]:
    """Return the whole description."""
    paths: dict[str, Any] = {}
    served = [one for one in OPERATIONS if any(re.fullmatch(route, one.path[1:]) for route, _ in ROUTES)]
    for one in served:
        paths.setdefault(one.path, {})[one.method.lower()] = operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "NBRewind",
            "version": str(PROTOCOL),
            "description": (
                "What the server extension of NBRewind answers, below the Jupyter server's base URL. `info.version` is "
                "the protocol's number. Every request needs the server's usual authentication and permission for the "
                "resource `nbrewind`; what touches a kernel also for `kernels`."
            ),
            "license": {"name": "BSD-3-Clause"},
        },
        "servers": [{"url": "/nbrewind/api"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`token TOKEN`, as everywhere in the Jupyter server",
                }
            },
            "responses": {
                "Forbidden": {"description": "No valid token, or no permission"},
                "Problem": {"description": "What went wrong, in one sentence", "content": _json("Problem")},
            },
            "schemas": schemas(),
        },
    }


def text() -> str:
    """Return the file's text."""
    return HEAD + yaml.safe_dump(document(), sort_keys=False, width=110, allow_unicode=True)


def main() -> None:
    """Write the file, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 if it would")
    if parser.parse_args().check:
        if TARGET.read_text("utf-8") != text():
            sys.exit(f"{TARGET.name} does not say what messages.py and operations.py say: run `jlpm build:api`")
    else:
        TARGET.write_text(text(), "utf-8")


if __name__ == "__main__":
    main()
