"""Repeat with a kernel of another environment than the program that drives it: other packages, variables, Python."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from driver_notebooks import audited, notebook, plain, ran, repeated

from nbrewind.driver.compare import differences
from nbrewind.planning.policies import DEFAULT_POLICIES

THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHER = "3.11" if sys.version_info >= (3, 12) else "3.13"
ENVIRONMENTS = {"3.11": ".venv-py311", "3.13": ".venv"}
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
