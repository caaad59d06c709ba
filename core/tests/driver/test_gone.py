"""Files from outside that are gone: a plan says so before anything runs, but never where a full run would do well."""

from __future__ import annotations

from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner
from driver_live_tools import Desk
from driver_notebooks import audited, notebook, ran, repeated

from nbrewind.cli.app import app
from nbrewind.planning.policies import Policies
from nbrewind.store import Store

READ = "print(open('data.csv').read())"
CELLS = [("first", "a = [1]\nprint(a)"), ("read", READ), ("last", "print(a, 'end')")]
MAKE = "_ = open('data.csv', 'w').write('3')\ndel _"
EDITED = [("first", "a = [2]\nprint(a)"), *CELLS[1:]]


def again(folder: Path, cells, then=None, *, change, **options):
    """Audit cells in a folder with a file, ``change`` the folder, and repeat ``then`` (by default the same)."""
    (folder / "data.csv").write_text("1,2\n")
    with Store.open(folder / "store") as store:
        audited(notebook(cells), folder / "n.ipynb", store)
        change()
        return repeated(notebook(then or cells), folder / "n.ipynb", store, **options)


def test_a_repeat_fails_before_anything_runs(tmp_path: Path) -> None:
    result = again(tmp_path, CELLS, EDITED, change=(tmp_path / "data.csv").unlink)
    assert result.steps == [], "the edited cell above did not run either"
    assert result.failed.startswith("cell 2 reads data.csv, which is gone: put it back (its content was b3:")
    assert result.failed.endswith("or let the cell run without it: policy missing=run")


def test_once_it_is_back_everything_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    with Store.open(tmp_path / "store") as store:
        file.write_text("1,2\n")
        audited(notebook(CELLS), tmp_path / "n.ipynb", store)
        file.rename(tmp_path / "away")
        assert repeated(notebook(EDITED), tmp_path / "n.ipynb", store).failed
        (tmp_path / "away").rename(file)
        result = repeated(notebook(EDITED), tmp_path / "n.ipynb", store)
    assert (result.failed, ran(result)) == ("", ["first", "last"])


def test_on_request_the_cell_runs_without_it(tmp_path: Path) -> None:
    policies = Policies(missing="run")
    result = again(tmp_path, CELLS, EDITED, change=(tmp_path / "data.csv").unlink, policies=policies)
    assert ran(result) == ["first", "read"] and "FileNotFoundError" in result.failed


FINE = {
    "a cell above makes it": [("make", MAKE), ("read", READ)],
    "a cell above that changed may make it": (
        [("make", "a = 1"), ("read", READ)],
        [("make", f"a = 1\n{MAKE}"), ("read", READ)],
    ),
    "a program may make it": [("make", "!echo 3 > data.csv"), ("read", READ)],
    "the cell tests for it": [
        ("read", f"import os\nif os.path.exists('data.csv'):\n    {READ}\nelse:\n    print('none')"),
    ],
    "the cell catches that": [
        ("read", f"try:\n    {READ}\nexcept OSError:\n    print('none')"),
    ],
    "a function that it uses tests for it": [
        ("make", f"def load():\n    import os\n    if os.path.exists('data.csv'):\n        {READ}"),
        ("read", "load()  # data.csv"),
    ],
    "the cell looks which there are": [
        ("read", "import glob\nfor n in glob.glob('*.csv'):\n    print(open(n).read())"),
    ],
    "which one is a parameter": (
        [("name", "name = 'data.csv'"), ("read", "print(open(name).read())")],
        [("name", "name = 'n.ipynb'"), ("read", "print(open(name).read())")],
    ),
    "the cell reads it no more": (CELLS, [CELLS[0], ("read", "print('other')"), CELLS[2]]),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_what_does_well_without_it_runs(name: str, tmp_path: Path) -> None:
    cells, then = FINE[name] if isinstance(FINE[name], tuple) else (FINE[name], None)
    (tmp_path / "n.ipynb").write_text("{}")
    result = again(tmp_path, cells, then, change=lambda: (tmp_path / "data.csv").unlink(missing_ok=True))
    assert result.failed == ""


def test_from_where_it_came_is_said(tmp_path: Path) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args, **options) -> None:
            super().__init__(*args, directory=str(tmp_path / "site"), **options)

        def log_message(self, *_: object) -> None:
            pass

    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "d.csv").write_text("1,2\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/d.csv"
        fetch = (
            f"import urllib.request\nr = urllib.request.urlopen('{url}').read()\n_ = open('data.csv', 'wb').write(r)"
        )
        with Store.open(tmp_path / "store") as store:
            audited(notebook([("fetch", fetch)]), tmp_path / "n.ipynb", store)
        result = again(tmp_path, CELLS, change=(tmp_path / "data.csv").unlink)
        server.shutdown()
    assert f", from {url})" in result.failed


def test_the_command_shows_the_plan_and_says_it(tmp_path: Path) -> None:
    import nbformat

    again(tmp_path, CELLS, change=(tmp_path / "data.csv").unlink)
    path = tmp_path / "n.ipynb"
    nbformat.write(notebook(EDITED), path)
    told = CliRunner().invoke(app, ["repeat", str(path), "--dry-run", "--store", str(tmp_path / "store")])
    assert told.exit_code == 1 and "cell 2 reads data.csv, which is gone" in told.stderr
    assert "3 cells would run" in told.stdout
    told = CliRunner().invoke(app, ["repeat", str(path), "--store", str(tmp_path / "store")])
    assert told.exit_code == 1 and told.stderr.count("\n") == 1 and "which is gone" in told.stderr


def test_a_plan_in_a_running_kernel_is_not_to_be_accepted(kernel, notebook_path: Path, store, tmp_path: Path) -> None:
    file = notebook_path.parent / "data.csv"
    file.write_text("1,2\n")
    work = Desk(kernel, notebook_path, store, [source for _, source in CELLS])
    work.run()
    file.unlink()
    found = work.plan("stale")
    assert found.blocked.startswith("Cell 2 reads data.csv, which is gone: ") and found.steps
    work.edit(0, EDITED[0][1])
    assert not work.plan("cell", "c0").blocked, "what does not need it goes on"
