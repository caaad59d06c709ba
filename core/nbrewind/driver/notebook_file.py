"""Reading and writing notebooks, with one clear error for what can't be read."""

from __future__ import annotations

import json
import keyword
import math
import os
import re
import stat
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4.rwbase import rejoin_lines

from nbrewind.analysis import source_digest

CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What nbformat allows as a cell's id."""

CELL_TYPES = ("code", "markdown", "raw")


class NotebookError(Exception):
    """A notebook can't be used as asked: what, where and what to do, in one line."""


def read_notebook(path: str | os.PathLike[str]) -> tuple[NotebookNode, list[str]]:
    """Read a notebook of any format as nbformat 4.5 in memory; the file stays as it is.

    Cells without an id get one from their code and occurrence, so that it is the same at the next reading. Returns the
    notebook and warnings in words.
    """
    raw = _parse(path)
    if raw["nbformat"] < 4:
        raw = _upgraded(raw, path)
    notes = _complete(raw, path)
    notebook: NotebookNode = rejoin_lines(nbformat.from_dict(raw))  # type: ignore[no-untyped-call]
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        raise NotebookError(f"{path} is not a valid notebook: {_first_line(error)}") from error
    return notebook, notes


def _parse(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the file's JSON, once it is known to be that of a notebook."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise NotebookError(f"can't read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise NotebookError(f"{path} is not a notebook: not UTF-8 text (byte {error.start})") from error
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        why = "the file is empty" if not text.strip() else f"not valid JSON ({error})"
        raise NotebookError(f"{path} is not a notebook: {why}") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("nbformat"), int):
        raise NotebookError(f"{path} is not a notebook: it is JSON without an nbformat number")
    if raw["nbformat"] > nbformat.current_nbformat:
        raise NotebookError(
            f"{path} has nbformat {raw['nbformat']}, newer than this program reads ({nbformat.current_nbformat}); "
            "save it in an older format, or upgrade nbformat"
        )
    if raw["nbformat"] >= 4 and not isinstance(raw.get("cells"), list):
        raise NotebookError(f"{path} is not a notebook: it has no list of cells")
    return raw


def _upgraded(raw: dict[str, Any], path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return a notebook of format 1 to 3 as one of format 4 whose cells have no ids yet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            converted: dict[str, Any] = nbformat.convert(nbformat.from_dict(raw), 4)  # type: ignore[no-untyped-call]
    except Exception as error:  # the old converters check nothing: whatever they stumble on is in the file
        raise NotebookError(
            f"{path} can't be brought from nbformat {raw['nbformat']} to 4 ({type(error).__name__}: "
            f"{_first_line(error)}); open and save it with Jupyter"
        ) from error
    for cell in converted["cells"]:
        cell.pop("id", None)  # random, hence other ones at the next reading
    return converted


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _complete(raw: dict[str, Any], path: str | os.PathLike[str]) -> list[str]:
    """Make 4.5 of any format 4: every cell whole, and with an id of its own. Returns what was done, in words."""
    for index, cell in enumerate(raw["cells"]):
        _complete_cell(cell, f"{path} is not a valid notebook: cell {index + 1}")
    notes: list[str] = []
    given = Counter(cell["id"] for cell in raw["cells"] if _is_id(cell.get("id")))
    used: set[str] = set()
    nameless: Counter[str] = Counter()
    for index, cell in enumerate(raw["cells"]):
        name = cell.get("id")
        if _is_id(name) and name not in used:
            used.add(name)
            continue
        if _is_id(name):
            fresh = _free(f"{name[:54]}-copy", given.keys() | used)
            notes.append(f"cell {index + 1} has the id of another cell ({name}); its records are kept as {fresh}")
        else:
            code = source_digest(cell["source"]).partition(":")[2][:12]
            nameless[code] += 1
            fresh = _free(f"{code}-", given.keys() | used, nameless[code])
        used.add(fresh)
        cell["id"] = fresh
    if nameless:
        notes.append("cells without an id (older notebook format) are told apart by their code and its occurrence")
    raw["nbformat_minor"] = max(_number(raw.get("nbformat_minor")), 5)
    metadata = raw.setdefault("metadata", {})
    if not isinstance(metadata, dict):
        raise NotebookError(f"{path} is not a valid notebook: its metadata are not an object")
    kernelspec = metadata.get("kernelspec")
    if isinstance(kernelspec, dict) and isinstance(kernelspec.get("name"), str):
        kernelspec.setdefault("display_name", kernelspec["name"])
    return notes


def _complete_cell(cell: Any, where: str) -> None:
    """Check the parts of a cell that everything here relies on, and fill in those that may be missing."""
    if not isinstance(cell, dict):
        raise NotebookError(f"{where} is not an object")
    if cell.get("cell_type") not in CELL_TYPES:
        raise NotebookError(f"{where} is of no known type ({cell.get('cell_type')!r})")
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = cell["source"] = "".join(source)
    if not isinstance(source, str):
        raise NotebookError(f"{where} has no text as its source")
    if not isinstance(cell.setdefault("metadata", {}), dict):
        raise NotebookError(f"{where} has metadata that are not an object")
    if cell["cell_type"] == "code":
        cell.setdefault("execution_count", None)
        if not isinstance(cell.setdefault("outputs", []), list):
            raise NotebookError(f"{where} has outputs that are not a list")


def _is_id(name: Any) -> bool:
    return isinstance(name, str) and CELL_ID.fullmatch(name) is not None


def _free(stem: str, taken: Iterable[str], number: int = 1) -> str:
    """Return the first of ``stem1``, ``stem2``, ... from ``number`` on that is not taken."""
    busy = set(taken)
    while f"{stem}{number}" in busy:
        number += 1
    return f"{stem}{number}"


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def check_writable(path: str | os.PathLike[str]) -> None:
    """Say early, before hours of work, that a notebook can't be written to ``path``."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise NotebookError(f"can't write {path}: it is a directory")
    if not target.parent.is_dir():
        raise NotebookError(f"can't write {path}: there is no directory {target.parent}")
    if not os.access(target if _is_special(target) else target.parent, os.W_OK):
        raise NotebookError(f"can't write {path}: permission denied")


def write_notebook(notebook: NotebookNode, path: str | os.PathLike[str]) -> None:
    """Write a notebook beside its place and move it there, so that no half-written file is ever seen.

    A link is followed; a device or pipe is written to, never replaced.
    """
    target = Path(os.path.realpath(path))
    text = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    data = (text if text.endswith("\n") else text + "\n").encode("utf-8", "replace")
    try:
        if _is_special(target):
            target.write_bytes(data)
        else:
            _replace(target, data)
    except OSError as error:
        raise NotebookError(f"can't write {path}: {error.strerror or error}") from error


def _is_special(target: Path) -> bool:
    try:
        return not stat.S_ISREG(target.stat().st_mode)
    except OSError:
        return False


def _replace(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:200]}.")
    try:
        with open(handle, "wb") as stream:
            stream.write(data)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, (target.stat().st_mode if target.exists() else 0o666 & ~mask) & 0o777)
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def parameter_value(text: str) -> Any:
    """Read a parameter's value as papermill's ``-p`` does: True, False, None and numbers as such, all else as text."""
    words = {"True": True, "False": False, "None": None}
    if text in words:
        return words[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def inject_parameters(notebook: NotebookNode, values: Mapping[str, Any]) -> None:
    """Set parameters as papermill does: a cell tagged ``injected-parameters`` after the one tagged ``parameters``.

    A cell tagged so already is replaced, and keeps its id.
    """
    if not values:
        return
    cells = notebook.cells
    injected, parameters = _tagged(cells, "injected-parameters"), _tagged(cells, "parameters")
    for name in values:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise NotebookError(f"-p {name}: not a name of a variable")
    if injected is None and parameters is None:
        raise NotebookError("-p needs a cell tagged `parameters`; the notebook has none")
    lines = ["# Parameters", *(f"{name} = {_literal(value)}" for name, value in values.items())]
    ids = {cell.id for cell in cells}
    fresh = "injected-parameters" if "injected-parameters" not in ids else _free("injected-parameters-", ids)
    name = cells[injected].id if injected is not None else fresh
    cell = nbformat.v4.new_code_cell("\n".join(lines), id=name)  # type: ignore[no-untyped-call]
    cell.metadata["tags"] = ["injected-parameters"]
    if injected is not None:
        cells[injected] = cell
    elif parameters is not None:
        cells.insert(parameters + 1, cell)


def _literal(value: Any) -> str:
    """Return Python text for a value; numbers that are none have no literal."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    return repr(value)


def _tagged(cells: Iterable[Any], tag: str) -> int | None:
    return next((index for index, cell in enumerate(cells) if tag in cell.metadata.get("tags", ())), None)


def cell_index(notebook: NotebookNode, target: str) -> int:
    """Return the 0-based index of the cell that ``target`` names: an id, else a number counted from 1."""
    for index, cell in enumerate(notebook.cells):
        if cell.id == target:
            return index
    if target.isdecimal() and 1 <= int(target) <= len(notebook.cells):
        return int(target) - 1
    if not notebook.cells:
        raise NotebookError(f"no cell {target}: the notebook has no cells")
    raise NotebookError(f"no cell {target}: give a cell id, or a number from 1 to {len(notebook.cells)}")


def is_python(notebook: NotebookNode) -> bool:
    """Whether the notebook says that it is of Python, or says nothing."""
    metadata = notebook.metadata
    language = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name")
    return language is None or str(language).lower() in ("python", "ipython")
