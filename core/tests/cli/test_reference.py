"""The examples of the reference are true: every command and cell in it is run, and shows what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import nbformat
import pytest
from cli_tools import Place, write
from nbclient import NotebookClient

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference"

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="only in a working copy of the whole project")


def blocks(page: str, *kinds: str) -> list[tuple[str, str]]:
    """The fenced blocks of a page: (kind, text)."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.M | re.S)
    return [(kind, text) for kind, text in found if kind in kinds]


def masked(line: str) -> str:
    """A line without what differs from run to run: ids, times, sizes, widths."""
    line = re.sub(r"\b[0-9a-f]{12}\b", "ID", line.replace("\\", ""))
    line = re.sub(r"\d[\d.,]*( (ms|s|B|kB|MB|GB)\b|%)", "#", line)
    return re.sub(r"\s+", " ", line).strip()


def check(wanted: str, shown: str) -> None:
    """Every line of an example is in what was shown, in order; ``...`` stands for any."""
    lines = iter([masked(line) for line in shown.splitlines()])
    for line in wanted.splitlines():
        if line.strip() not in ("", "..."):
            assert masked(line) in lines, f"{line!r} is not (or not there) in\n{shown}"


def test_examples_of_commands(place: Place) -> None:
    write(place.folder / "analysis.ipynb")
    commands = [
        part for _, text in blocks("cli.md", "console") for part in re.split(r"^\$ ", text, flags=re.M) if part.strip()
    ]
    assert len(commands) >= 9
    for part in commands:
        line, _, wanted = part.partition("\n")
        name, *arguments = shlex.split(line)
        assert name == "nbrewind"
        answer = place(*arguments, COLUMNS="80")
        assert answer.code == 0, (line, answer)
        check(wanted, answer.out.replace(str(place.folder) + "/", ""))


def test_examples_of_cells(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBREWIND_STORE", str(place.store))
    made = nbformat.v4.new_notebook()
    wanted: list[str] = []
    for kind, text in blocks("kernel.md", "ipython", "output"):
        if kind == "ipython":
            made.cells.append(nbformat.v4.new_code_cell(text.rstrip("\n")))
            wanted.append("")
        else:
            wanted[-1] = text
    NotebookClient(made, timeout=60, resources={"metadata": {"path": str(place.folder)}}).execute()
    for cell, text in zip(made.cells, wanted, strict=True):
        shown = "".join(out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs)
        check(text, shown)


def test_every_command_is_in_the_reference() -> None:
    from nbrewind.cli.app import COMMANDS

    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert re.search(rf"nbrewind {name}\b", text), name
