"""Small notebooks for tests of the driver, and what a plain full run of them shows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from nbrewind.driver.audit import Audit, audit
from nbrewind.driver.repeat import Repeat, repeat
from nbrewind.store import Store

ANALYSIS = (
    ("imports", "import numpy as np\nimport pandas as pd\npd.set_option('display.precision', 3)"),
    ("parameters", "N = 6\nSCALE = 2.0"),
    ("functions", "def scaled(values):\n    '''Return values times SCALE.'''\n    return values * SCALE"),
    ("table", "df = pd.DataFrame({'k': list('aabbcc')[:N], 'v': np.arange(N, dtype=float)})\ndf"),
    ("in-place", "df['w'] = scaled(df['v'])\nprint(df['w'].sum())"),
    ("view", "a = np.arange(N, dtype=float)\nv = a[1:]\nv[0] = 100.0"),
    ("view-read", "print(a.tolist(), v.tolist())"),
    ("random", "rng = np.random.default_rng(1)\nnoise = rng.normal(size=N)\nprint(noise.round(3).tolist())"),
    ("group", "means = df.groupby('k')['w'].mean()\nmeans"),
    ("write", "means.to_csv('means.csv')"),
    ("read", "text = open('means.csv').read()\nprint(text)"),
    ("last", "print(len(df), float(means.iloc[-1]), round(float(noise[0]), 3))"),
)
"""(id, source) pairs: every kind of flow between cells that a repeat has to follow."""


def notebook(cells: Sequence[tuple[str, str]]) -> NotebookNode:
    """Make a notebook of (id, source) pairs."""
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in cells]
    return made


def edited(cells: Sequence[tuple[str, str]], name: str, old: str, new: str) -> list[tuple[str, str]]:
    """Replace text in one cell."""
    assert any(key == name and old in source for key, source in cells)
    return [(key, source.replace(old, new) if key == name else source) for key, source in cells]


def plain(made: NotebookNode, folder: Path, timeout: int = 120) -> NotebookNode:
    """Run a copy of a notebook in a plain kernel."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = nbformat.from_dict(made)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(copy, timeout=timeout, resources=resources, record_timing=False, allow_errors=True).execute()
    return copy


def audited(made: NotebookNode, path: Path, store: Store, **options) -> Audit:
    """Audit a notebook; its outputs are set in place."""
    return asyncio.run(audit(made, path, store, **options))


def repeated(made: NotebookNode, path: Path, store: Store, **options) -> Repeat:
    """Repeat a notebook; its outputs are set in place."""
    return asyncio.run(repeat(made, path, store, **options))


def ran(result: Repeat) -> list[str]:
    """The cells that ran."""
    return [step.cell for step in result.steps if step.action == "run"]
