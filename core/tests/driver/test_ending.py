"""A kernel that the driver has started ends soon, and what a plain one does at its end is done."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from nbrewind.driver.audit import audit
from nbrewind.driver.repeat import repeat
from nbrewind.store import Store

CELLS = {
    "a circle": "class Circle:\n"
    "    def __init__(self): self.me, self.file = self, open('circle.txt', 'w')\n"
    "    def __del__(self): self.file.write('finalised')\n"
    "circle = Circle()\ncircle.file.write('written, ')",
    "a class": "class Log:\n    file = open('class.txt', 'w')\nLog.file.write('of a class')",
    "an exit": "import atexit\natexit.register(lambda: open('exit.txt', 'w').write(repr(exits)))\nexits = [1]",
    "a module": "import helper\nhelper.Log.file.write('of a module')",
}
"""What a cell leaves for the end of the kernel."""


TRIES = 3
"""Also a plain kernel hangs at its end now and then, and is killed: then it is tried again."""


def left(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.glob("*.txt"))}


@pytest.mark.parametrize("way", ["audit", "repeat"])
@pytest.mark.parametrize("cells", [["a circle", "a class", "an exit"], list(CELLS)], ids=["cells", "modules"])
def test_what_is_done_at_the_end_of_a_kernel_is_done(tmp_path: Path, cells: list[str], way: str) -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CELLS[name], id=f"c{number}") for number, name in enumerate(cells)]
    )
    for name in ("plain", "recorded"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "helper.py").write_text("class Log:\n    file = open('module.txt', 'w')\n")
    for _ in range(TRIES):
        NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path / "plain")}}).execute()
        expected = left(tmp_path / "plain")
        if all(expected.values()):
            break
    assert len(expected) == len(cells) and all(expected.values())
    for number in range(TRIES):
        with Store.open(tmp_path / f"store{number}") as store:
            work = audit if way == "audit" else repeat
            asyncio.run(work(notebook, tmp_path / "recorded" / "notebook.ipynb", store))
        if left(tmp_path / "recorded") == expected:
            break
    assert left(tmp_path / "recorded") == expected
