"""What `bench/state.py` runs: cells whose checkpoints are small, large, shared, and of many objects."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@dataclass
class Workload:
    """Cells in order, each run ``again`` times, with another number each time."""

    cells: dict[str, str]
    """Name to source; ``{turn}`` differs each time that it runs."""
    again: int = 1
    setup: str = ""
    back: str = ""
    """The cell after which the state is that to which the kernel goes back at the end; empty: it does not."""
    probe: str = ""
    """An expression whose value is taken there, and must be the same after going back."""
    whole: bool = False
    """The cells are those of a notebook: their sum counts."""


def _notebook(name: str) -> dict[str, str]:
    """Return the code cells of an example."""
    cells = json.loads((EXAMPLES / name).read_text())["cells"]
    found = {cell["id"]: "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"}
    return {key: source.replace("{", "{{").replace("}", "}}") for key, source in found.items()}


def _assignments(names: int, again: int) -> Workload:
    return Workload({"x = 1": "x = {turn}"}, again, f"for i in range({names}): globals()[f'n{{{{i}}}}'] = [i]")


FRAME = (
    "import numpy as np, pandas as pd\n"
    "df = pd.DataFrame(np.random.default_rng(0).random((10_000_000, 5)), columns=list('abcde'))"
)
DIGITS = (
    "from sklearn.datasets import load_digits\nfrom sklearn.ensemble import RandomForestClassifier\n"
    "X, y = load_digits(return_X_y=True)"
)
ARRAYS = (
    "import numpy as np\nfor i in range(10): globals()[f'a{{i}}'] = np.random.default_rng(i).random(5_000_000)\ndel i"
)
WORKLOADS: dict[str, Workload] = {
    "10 names": _assignments(10, 40),
    "100 names": _assignments(100, 40),
    "1,000 names": _assignments(1000, 20),
    "array of 400 MB": Workload(
        {
            "create": "import numpy as np\na = np.random.default_rng(0).random(50_000_000)",
            "read": "s = a.sum()",
            "one element": "a[0] = 1.0",
            "an alias": "b = a[:10]",
        },
        back="read",
        probe="float(a[0])",
    ),
    "frame of 400 MB": Workload(
        {
            "create": FRAME,
            "read": "m = df.a.mean()",
            "a new column": "df['f'] = 1.0",
            "drop in place": "df.drop(columns='b', inplace=True)",
        },
        back="read",
        probe="list(df.columns)",
    ),
    "1,000,000 strings": Workload(
        {
            "create": "words = [f'word {{i}}' for i in range(1_000_000)]",
            "read": "n = len(words)",
            "one changed": "words[7] = 'other'",
        },
        back="read",
        probe="words[7]",
    ),
    "300,000 dictionaries": Workload(
        {
            "create": "rows = [{{'i': i, 'text': str(i)}} for i in range(300_000)]",
            "read": "n = len(rows)",
            "one changed": "rows[7]['i'] = -1",
        },
        back="read",
        probe="rows[7]",
    ),
    "random forest": Workload(
        {
            "import": DIGITS,
            "fit": "forest = RandomForestClassifier(300, random_state=0).fit(X, y)",
            "predict": "found = forest.predict(X)",
            "fit another": "forest = RandomForestClassifier(10, random_state=1).fit(X, y)",
        },
        back="predict",
        probe="len(forest.estimators_)",
    ),
    "ten arrays of 40 MB": Workload(
        {"create": ARRAYS, "read one": "s = a5.sum()", "one element": "a0[0] = 1.0"},
        back="read one",
        probe="float(a0[0])",
    ),
    "the example notebook": Workload(_notebook("flights.ipynb"), whole=True),
}

EACH_CELL = """
def _each(_ip=get_ipython()):
    import os, {module}
    def save(result):
        {save}
    _ip.events.register('post_run_cell', save)
_each()
del _each
"""
KISHU = """
def _each():
    from pathlib import Path
    from kishu.jupyterint import KishuForJupyter
    from kishu.notebook_id import NotebookId
    from kishu.storage.config import Config
    Config.set('IDGRAPH', 'experimental_tracker', {experimental})
    found = KishuForJupyter(NotebookId('k', Path('n.ipynb').resolve(), 'kid'), ip=get_ipython())
    found.set_session_id(1)
    found.install_kishu_hooks()
    return found
_kishu = _each()
del _each
"""
CLOUDPICKLE = (
    "names = {k: v for k, v in _ip.user_ns.items() if not k.startswith('_') and k not in _ip.user_ns_hidden}\n"
    "        with open('state/all.pickle', 'wb') as file: cloudpickle.dump(names, file)"
)
START: dict[str, str] = {
    "kishu": KISHU.format(experimental=False),
    "kishu experimental": KISHU.format(experimental=True),
    "dill": EACH_CELL.format(module="dill", save="dill.dump_session('state/session.pkl')"),
    "cloudpickle": EACH_CELL.format(module="cloudpickle", save=CLOUDPICKLE),
}
"""How each peer begins. The last two have one file, that of the newest state: they are not asked to go back."""
