"""Repeat with a kernel of another environment than the program that drives it: other packages, variables, Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from driver_notebooks import audited, notebook, plain, ran, repeated

from nbrewind.driver.compare import differences
from nbrewind.planning.policies import DEFAULT_POLICIES
from nbrewind.store import Store

THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHER = "3.11" if sys.version_info >= (3, 12) else "3.13"
ENVIRONMENTS = {"3.11": ".venv-py311", "3.13": ".venv"}
NOBODY = 65534
OTHER_PYTHON = Path(__file__).resolve().parents[3] / ENVIRONMENTS[OTHER] / "bin" / "python"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a kernelspec for this test."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    def make(name: str, python: str = sys.executable, **environment: str) -> str:
        folder = tmp_path / "jupyter" / "kernels" / name
        folder.mkdir(parents=True)
        argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": name, "language": "python", "env": environment}
        (folder / "kernel.json").write_text(json.dumps(spec))
        return name

    return make


def test_packages_and_variables_are_those_of_the_kernel(store, tmp_path: Path, install) -> None:
    """Judged by this process's own, what the kernel would do otherwise would be shown as if nothing had changed."""
    (tmp_path / "newer" / "numpy-99.1.0.dist-info").mkdir(parents=True)
    (tmp_path / "newer" / "numpy-99.1.0.dist-info" / "METADATA").write_text("Name: numpy\nVersion: 99.1.0\n")
    elsewhere = install("elsewhere", PYTHONPATH=str(tmp_path / "newer"), NBREWIND_ENVIRONMENT="set")
    cells = [
        ("variable", "import os\nprint(os.environ.get('NBREWIND_ENVIRONMENT'))"),
        (
            "package",
            "import importlib.metadata, numpy\nprint(importlib.metadata.version('numpy'), numpy.arange(3).sum())",
        ),
        ("neither", "print(sum([1, 2]))"),
    ]
    path = tmp_path / "n.ipynb"
    assert audited(notebook(cells), path, store).failed is None
    ignoring = DEFAULT_POLICIES.with_({"packages": "ignore"}, "test")
    result = repeated(notebook(cells), path, store, kernel=elsewhere, policies=ignoring)
    assert ran(result) == ["variable"] and "package numpy is 99.1.0 here and was " in result.steps[1].reason
    assert [note for note in result.notes if note.endswith("; answered nevertheless: cell 2")], result.notes
    made = notebook(cells)
    result = repeated(made, path, store, kernel=elsewhere)
    assert [cell.outputs[0].text for cell in made.cells] == ["set\n", "99.1.0 3\n", "3\n"]
    assert ran(result) == ["package"] and "package numpy is 99.1.0 here and was " in result.steps[1].reason


@pytest.mark.slow
@pytest.mark.skipif(not OTHER_PYTHON.exists(), reason="needs the environments of both Pythons")
@pytest.mark.parametrize("way", ["to the other", "from the other"])
def test_another_minor_version_of_python(way: str, store, tmp_path: Path, install) -> None:
    """Values that load are used; what can't be loaded there runs, and both are said."""
    this, other = install("this"), install("other", str(OTHER_PYTHON))
    first, second = (this, other) if way == "to the other" else (other, this)
    cells = [
        ("define", "def double(x):\n    return 2 * x"),
        ("table", "from fractions import Fraction\ndf = {'a': [Fraction(1, n) for n in (1, 2, 3)]}\nprint(len(df))"),
        ("data", "import collections, datetime\nd = {'k': [1, (2, 3)], 'when': datetime.date(2020, 1, 1)}\nprint(d)"),
        ("closure", "def make(n):\n    return lambda x: x + n\nadd = [make(3)][0]\nprint(add(1))"),
        ("use", "print(double(d['k'][0]), sum(df['a']))"),
        ("call", "print(add(10))"),
    ]
    path = tmp_path / "n.ipynb"
    assert audited(notebook(cells), path, store, kernel=first).failed is None
    edited = [*cells[:4], ("use", cells[4][1] + "  # again\nprint(d, len(df['a']))"), ("call", "print(add(20))")]
    made = notebook(edited)
    result = repeated(made, path, store, kernel=second)
    assert result.failed == ""
    assert differences(made.cells, plain(notebook(edited), tmp_path / "plain").cells) == []
    steps = {step.cell: step for step in result.steps}
    assert {name for name in steps if steps[name].action == "run"} == {"define", "closure", "use", "call"}, steps
    there = OTHER if second == other else THIS
    assert f"Python is {there}." in steps["data"].reason and any("cells 2, 3" in note for note in result.notes)
    assert "add is needed and can't be loaded: " in steps["closure"].reason
    exact = DEFAULT_POLICIES.with_({"python": "exact"}, "test")
    again = repeated(notebook(cells), path, store, kernel=first, policies=exact)
    assert {"table", "data"}.isdisjoint(ran(again)), "recorded under that one, too"


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv to become another user"
)
def test_another_user(tmp_path: Path) -> None:
    """Another account, home and folder, with a copy of the store; Python itself may be root's, and is read as such."""
    with tempfile.TemporaryDirectory() as folder:  # all folders above can be entered
        Path(folder).chmod(0o755)
        _repeated_by_nobody(tmp_path / "first", Path(folder) / "second")


def _repeated_by_nobody(first: Path, second: Path) -> None:
    cells = [("read", "rows = open('d.txt').read().split()"), ("sum", "total = sum(map(int, rows))\nprint(total)")]
    first.mkdir()
    (first / "d.txt").write_text("1 2 3")
    with Store.open(first / "store") as store:
        made = notebook(cells)
        assert audited(made, first / "n.ipynb", store).failed is None
    nbformat.write(made, first / "n.ipynb")
    shutil.copytree(first, second)
    shutil.rmtree(first)
    (second / "home").mkdir()
    for path in (second, *second.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    reads_all = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    done = subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *reads_all,
         Path(sys.executable).with_name("nbrewind"), "repeat", "n.ipynb", "-o", "done.ipynb", "--json"],
        cwd=second, capture_output=True, text=True, timeout=100,
        env={"HOME": str(second / "home"), "USER": "nobody", "NBREWIND_STORE": str(second / "store")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [step["action"] for step in json.loads(done.stdout)["steps"]] == ["skip", "skip"]
    assert nbformat.read(second / "done.ipynb", as_version=4).cells[1].outputs[0].text == "6\n"
    assert {path.stat().st_uid for path in second.rglob("*")} == {NOBODY}
