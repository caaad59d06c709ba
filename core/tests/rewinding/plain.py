"""What the state would be had nobody recorded or rewound anything: cells run in a new process, in a plain namespace.

Run as a program, it reads a line of JSON and answers with one. ``[]`` makes a new namespace, in a child; a list of
texts of cells is run in it, and answered with the namespace's form, and with what there is in it to be worked on.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import types
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

DEPTH = 3
"""How many steps a place may be away from its name."""
MOST = 120
"""Places that are told of."""


class Place(NamedTuple):
    """Something that a cell can work on."""

    expression: str
    kind: str


class Plain:
    """The process, as the one sees it that asks."""

    def __init__(self) -> None:
        from forking.zygote import ALONE

        environment = {**os.environ, **ALONE, "PYTHONHASHSEED": "0"}
        self.process = subprocess.Popen(
            [sys.executable, __file__], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def new(self) -> None:
        """Begin with an empty namespace."""
        self._ask([])

    def run(self, cells: list[str]) -> tuple[list[str], list[Place]]:
        """Run cells; return the form of the namespace after them, and the places in it."""
        answer = self._ask(cells)
        return answer["form"], [Place(*place) for place in answer["places"]]

    def _ask(self, cells: list[str]) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(cells) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def places(namespace: dict[str, Any], ours: Any) -> list[Place]:
    """Return the places in a namespace, those next to their names first."""
    todo = deque((name, value, 0) for name, value in namespace.items() if not ours.OF_THE_SHELL.fullmatch(name))
    found, seen = [], set()
    while todo and len(found) < MOST:
        expression, value, depth = todo.popleft()
        found.append(Place(expression, kind(value)))
        if depth == DEPTH or (id(value) in seen and depth):
            continue
        seen.add(id(value))
        todo.extend((expression + step, inner, depth + 1) for step, inner in steps(value))
    return found


def kind(value: Any) -> str:
    """Return what can be done with a value, in a word."""
    import numpy as np

    if isinstance(value, types.ModuleType):
        return "module"
    if isinstance(value, type):
        return "class" if value.__module__ == "__main__" else "other"
    if isinstance(value, np.ndarray):
        return "objects" if value.dtype.hasobject else "array"
    for base in type(value).__mro__:
        if base.__module__ == "__main__" and not isinstance(value, types.FunctionType):
            return type(value).__name__
        if base.__name__ == "function" and value.__module__ != "__main__":
            return "other"
        if base.__name__ in KNOWN:
            return base.__name__
    if hasattr(type(value), "__next__"):
        return "iterator"
    return "other"


KNOWN = {
    "list", "dict", "set", "tuple", "deque", "bytearray", "function", "DataFrame", "Series", "Random", "Generator",
    "SimpleNamespace", "partial", "memoryview", "str", "int", "generator", "defaultdict", "count",
}  # fmt: skip


def steps(value: Any) -> list[tuple[str, Any]]:
    """Return the steps that lead further from a value."""
    if isinstance(value, dict):
        return [(f"[{k!r}]", v) for k, v in list(value.items())[:3] if type(k) in (str, int)]
    if isinstance(value, list | tuple | deque):
        return [(f"[{index}]", item) for index, item in enumerate(list(value)[:3])]
    if isinstance(value, types.FunctionType):
        found = [(f".__closure__[{i}].cell_contents", cell) for i, cell in enumerate(contents(value))]
        found += [(f".__defaults__[{i}]", item) for i, item in enumerate(value.__defaults__ or ())]
        return found + [(f".{name}", item) for name, item in vars(value).items() if name.isidentifier()]
    if isinstance(value, type):
        own = vars(value).items() if value.__module__ == "__main__" else ()
        return [(f".{k}", v) for k, v in own if not k.startswith("_") and isinstance(v, list | dict)]
    if kind(value) == "objects":
        return [(f".flat[{index}]", item) for index, item in enumerate(value.flat[:3])]
    found = list(getattr(value, "__dict__", {}).items()) if type(value).__module__ in ("__main__", "types") else []
    found += [(name, getattr(value, name)) for name in getattr(type(value), "__slots__", ()) if hasattr(value, name)]
    return [(f".{name}", item) for name, item in found]


def contents(function: types.FunctionType) -> list[Any]:
    """Return what a function's closure holds, as far as that is bound."""
    try:
        return [cell.cell_contents for cell in function.__closure__ or ()]
    except ValueError:
        return []


def answer(cells: list[str], namespace: dict[str, Any], ours: Any) -> str:
    """Run cells; return what they leave, as JSON."""
    for source in cells:
        try:
            for node in ast.parse(source).body:  # as IPython does it: imports in the same text change the bytecode
                exec(compile(ast.Module([node], []), "<cell>", "exec", dont_inherit=True), namespace)
        except Exception:
            pass  # as in a kernel, what ran until then counts
    return json.dumps({"form": ours.form(namespace), "places": places(namespace, ours)})


def serve() -> None:
    """Answer until nobody asks any more: each namespace in a child of its own."""
    import importlib
    import random

    sys.path.insert(0, str(Path(__file__).parent))
    ours = importlib.import_module("graph")
    for module in ("numpy.random", "pandas", "decimal"):
        importlib.import_module(module)
    random.seed(0)
    sys.modules["numpy"].random.seed(0)
    sys.stdin.readline()
    while True:
        if os.fork() == 0:
            answer_all(ours)
        if os.wait()[1]:
            return  # else the child has read that a new namespace is wanted


def answer_all(ours: Any) -> None:
    """Answer in one namespace until another one is wanted."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    print("null", flush=True)
    for line in iter(sys.stdin.readline, ""):
        cells = json.loads(line)
        if not cells:
            os._exit(0)
        print(answer(cells, module.__dict__, ours), flush=True)
    os._exit(1)


if __name__ == "__main__":
    serve()
