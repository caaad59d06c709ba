"""Figures of `nbrewind.state`: what a scan costs when nothing, or little, changed.

Run with ``python bench/state_scan.py``; prints one line per figure, best of several runs, in
milliseconds of processor time, so that a busy machine does not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from nbrewind.model import Version, new_id
from nbrewind.state import Ambient, Changes, LiveState


def best(action: Callable[[], Any], prepare: Callable[[], Any] = lambda: None, runs: int = 7) -> float:
    """Return the milliseconds that an action takes at best."""
    found = []
    for _ in range(runs):
        prepare()
        start = time.thread_time()
        result = action()
        found.append(time.thread_time() - start)
        del result
    return min(found) * 1000


def commit(live: LiveState, changes: Changes) -> None:
    """Take everything that a scan found as the baseline."""
    versions = {
        name: Version(id=new_id(), key="var:" + name, run="run", digest=group.digest[name], members=group.members)
        for group in changes.groups
        for name in group.members
    }
    live.commit(changes, versions)


def measure(label: str, setup: str, change: str = "pass") -> None:
    """Print what a scan costs with nothing changed, and after *change*."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(setup, namespace)
    live = LiveState(namespace, lambda: ())
    commit(live, live.scan())
    print(f"{label:<44}{'nothing changed':<20}{best(live.scan):9.3f} ms")
    if change != "pass":
        code = compile(change, "<change>", "exec")
        size = {"": 0}

        def changed() -> None:
            changes = live.scan()
            size[""] = sum(sum(group.bytes.values()) for group in changes.groups)
            commit(live, changes)

        print(f"{'':<44}{change[:18]:<20}{best(changed, lambda: exec(code, namespace), 3):9.3f} ms")


def beside(label: str, setup: str) -> None:
    """Print what is looked at after a run that can have touched one number only, beside other values."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(setup + "\nn = 1", namespace)
    live = LiveState(namespace, lambda: ())
    commit(live, live.scan())
    print(f"{label:<44}{'a cell beside it':<20}{best(lambda: live.scan((), only=('n',))):9.3f} ms")


def main() -> None:
    """Print all figures."""
    beside("1,000 small lists", "for i in range(1000): globals()[f'n{i}'] = [i, str(i)]")
    beside("1,000,000 strings", "d = [str(i) for i in range(1_000_000)]")
    beside("300,000 dicts", "d = [{'k': i, 'v': str(i)} for i in range(300_000)]")
    beside("array of 1 GB", "import numpy as np; a = np.random.rand(125_000_000)")
    measure("10 numbers", "for i in range(10): globals()[f'n{i}'] = i * 1.5", "n1 = object()")
    measure("1,000 numbers", "for i in range(1000): globals()[f'n{i}'] = i * 1.5", "n1 = object()")
    measure("1,000 small lists", "for i in range(1000): globals()[f'n{i}'] = [i, str(i)]", "n1.append(1)")
    measure("200 functions", "for i in range(200): exec(f'def f{i}(x): return x + n + f{i}')", "f1.x = object()")
    measure("array of 400 MB", "import numpy as np; a = np.random.rand(50_000_000)", "a[7] += 1")
    measure("300,000 dicts", "d = [{'k': i, 'v': str(i)} for i in range(300_000)]", "d[7]['k'] += 1")
    measure("1,000,000 numbers in a list", "d = list(range(1_000_000))", "d[7] += 1")
    measure(
        "100,000 objects",
        "class C: pass\nd = []\nfor i in range(100_000):\n    c = C(); c.v = i; d.append(c)",
        "d[7].v += 1",
    )
    pandas = "import pandas as pd, numpy as np\n"
    measure("frame, 1,000,000 x 10", pandas + "df = pd.DataFrame(np.random.rand(1_000_000, 10))", "df.iloc[0, 0] += 1")
    measure("frame, 1,000,000 strings", pandas + "df = pd.DataFrame({'s': [str(i) for i in range(1_000_000)]})")
    measure(
        "forest of 100 trees",
        "from sklearn.ensemble import RandomForestClassifier\nfrom sklearn.datasets import load_digits\n"
        "m = RandomForestClassifier(100).fit(*load_digits(return_X_y=True))",
    )
    measure(
        "figure",
        "import matplotlib; matplotlib.use('agg')\nimport matplotlib.pyplot as plt\nf, a = plt.subplots(); a.plot([1])",
    )
    import matplotlib  # noqa: F401
    import pandas as pd  # noqa: F401

    ambient = Ambient()
    ambient.scan()
    print(f"{'interpreter state':<44}{'nothing changed':<20}{best(ambient.scan):9.3f} ms")


if __name__ == "__main__":
    main()
