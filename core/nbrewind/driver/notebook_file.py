"""Reading and writing notebooks, with one clear error for what can't be read."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from nbrewind.analysis import source_digest


class NotebookError(Exception):
    """A notebook can't be used as asked: what, where and what to do, in one line."""


def read_notebook(path: str | os.PathLike[str]) -> tuple[NotebookNode, list[str]]:
    """Read a notebook of any format as nbformat 4.5 in memory; the file stays as it is.

    Cells without an id get one from their code and occurrence, so that it is the same at the next reading. Returns the
    notebook and warnings in words.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotebookError(f"can't read {path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise NotebookError(f"{path} is not a notebook: not valid JSON ({error})") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("nbformat"), int):
        raise NotebookError(f"{path} is not a notebook: it has no nbformat number")
    if raw["nbformat"] > nbformat.current_nbformat:
        raise NotebookError(f"{path} has nbformat {raw['nbformat']}, newer than this program reads (4)")
    if raw["nbformat"] == 4 and not isinstance(raw.get("cells"), list):
        raise NotebookError(f"{path} is not a notebook: it has no list of cells")
    try:
        if raw["nbformat"] < 4:
            raw = nbformat.convert(nbformat.from_dict(raw), 4)  # type: ignore[no-untyped-call]
        warnings = _complete(raw)
        notebook = nbformat.from_dict(raw)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        raise NotebookError(f"{path} is not a valid notebook: {str(error).splitlines()[0]}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotebookError(f"{path} is not a valid notebook: {error}") from error
    return notebook, warnings


def _complete(raw: dict[str, Any]) -> list[str]:
    """Make 4.5 of any format 4: every cell with an id of its own. Returns what was done, in words."""
    warnings: list[str] = []
    seen: Counter[str] = Counter()
    ids: set[str] = set()
    missing = False
    for index, cell in enumerate(raw["cells"]):
        if isinstance(cell.get("source"), list):
            cell["source"] = "".join(cell["source"])
        name = cell.get("id")
        if name is None:
            missing = True
            code = source_digest(cell.get("source", ""))[4:16]
            seen[code] += 1
            name = f"{code}-{seen[code]}"
        elif name in ids:
            copies = sum(1 for other in ids if other == name or other.startswith(f"{name}-copy"))
            fresh = f"{name}-copy{copies}"
            warnings.append(f"cell {index + 1} has the id of another cell ({name}); its records are kept as {fresh}")
            name = fresh
        ids.add(name)
        cell["id"] = name
    if missing:
        warnings.append("cells without an id (older notebook format) are told apart by their code and its occurrence")
    raw["nbformat_minor"] = max(raw.get("nbformat_minor", 0), 5)
    raw.setdefault("metadata", {})
    return warnings


def write_notebook(notebook: NotebookNode, path: str | os.PathLike[str]) -> None:
    """Write a notebook beside its place and move it there, so that no half-written file is ever seen."""
    target = Path(path)
    text = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(text if text.endswith("\n") else text + "\n")
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, (target.stat().st_mode if target.exists() else 0o666 & ~mask) & 0o777)
        os.replace(name, target)
    except OSError as error:
        raise NotebookError(f"can't write {target}: {error.strerror or error}") from error


def parameter_value(text: str) -> Any:
    """Read a parameter's value as papermill's ``-p`` does: None, booleans and numbers as such, all else as text."""
    words = {"True": True, "true": True, "False": False, "false": False, "None": None, "none": None, "null": None}
    if text in words:
        return words[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def inject_parameters(notebook: NotebookNode, values: Mapping[str, Any]) -> None:
    """Set parameters as papermill does: a cell tagged ``injected-parameters`` after the one tagged ``parameters``."""
    if not values:
        return
    cells = notebook.cells
    tagged = _tagged(cells, "injected-parameters"), _tagged(cells, "parameters")
    for name in values:
        if not name.isidentifier():
            raise NotebookError(f"-p {name}: not a name of a variable")
    if tagged[0] is None and tagged[1] is None:
        raise NotebookError("-p needs a cell tagged `parameters`; the notebook has none")
    lines = ["# Parameters", *(f"{name} = {value!r}" for name, value in values.items())]
    cell = nbformat.v4.new_code_cell("\n".join(lines), id="injected-parameters")  # type: ignore[no-untyped-call]
    cell.metadata["tags"] = ["injected-parameters"]
    if tagged[0] is not None:
        cells[tagged[0]] = cell
    else:
        cells.insert((tagged[1] or 0) + 1, cell)


def _tagged(cells: Iterable[Any], tag: str) -> int | None:
    return next((index for index, cell in enumerate(cells) if tag in cell.metadata.get("tags", ())), None)


def cell_index(notebook: NotebookNode, target: str) -> int:
    """Return the 0-based index of the cell that ``target`` names: an id, else a number counted from 1."""
    for index, cell in enumerate(notebook.cells):
        if cell.id == target:
            return index
    if target.isdigit() and 1 <= int(target) <= len(notebook.cells):
        return int(target) - 1
    raise NotebookError(f"no cell {target}: give a cell id, or a number from 1 to {len(notebook.cells)}")


def is_python(notebook: NotebookNode) -> bool:
    """Whether the notebook says that it is of Python, or says nothing."""
    metadata = notebook.metadata
    language = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name")
    return language is None or str(language).lower() in ("python", "ipython")
