"""Every trap in real kernels: what comes back is right, or nothing is changed and the report names what is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from forking.kernel import Kernel

from . import cases_given
from .form import Case

CASES = [*cases_given.CASES]

LOST = {
    "async_task": "task",
    "memmap": "m",
}
"""Cases that can't be restored, or not yet and not by every Python, and are reported, each with the name that is."""
PICKLED = ("--Session.packer=pickle", "--Session.unpacker=pickle")
"""How a kernel talks in which a cell has replaced `json.dumps`."""

LIBRARIES = ("numpy", "pandas", "matplotlib", "polars", "sklearn", "torch")


def value(kernel: Kernel, expression: str, folder: Path) -> str:
    """Return what an expression shows, the kernel's own folder left out."""
    reply, _ = kernel.run("", silent=True, expressions={"value": f"repr({expression})"})
    found = reply["user_expressions"]["value"]
    text = found["data"]["text/plain"] if found["status"] == "ok" else f"{found['ename']}: {found['evalue']}"
    return re.sub(r"0x[0-9a-f]+", "0x", text.replace(str(folder), "."))


def start(case: Case, kernels) -> Kernel:
    """Return a new kernel."""
    if case.name != "monkeypatch_lib":
        return kernels.take()
    kernel = Kernel(args=PICKLED, ready=False)
    kernel.client.session.packer = kernel.client.session.unpacker = "pickle"
    kernel.client.wait_for_ready(timeout=60)
    return kernel


def run(kernel: Kernel, sources: list[str], name: str) -> None:
    """Run cells; they may fail, as the cases say."""
    for index, source in enumerate(sources):
        kernel.run(source, cell=f"{name}{index}")


@pytest.mark.py311
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rewind(case: Case, tmp_path: Path, kernels) -> None:
    for library in LIBRARIES:
        if library in "".join(case.before):
            pytest.importorskip(library)
    found = []
    report = ""
    for recorded in (False, True):
        kernel, folder = start(case, kernels), tmp_path / str(recorded)
        folder.mkdir()
        try:
            kernel.run(f"import os; os.chdir({str(folder)!r}); del os", silent=True)
            if recorded:
                assert not kernel.attach(folder / "n.ipynb", tmp_path / "store")["error"]
            run(kernel, case.before, "before")
            if recorded:
                run(kernel, case.after, "after")
                report = kernel.text(kernel.run(f"%rewind before{len(case.before) - 1}")[1])
                if case.name in LOST and report.startswith("Not rewound"):
                    assert f"lost       {LOST[case.name]}: " in report
                    return
            first = value(kernel, case.probe, folder)
            run(kernel, [case.then] if case.then else [], "then")
            found.append((first, value(kernel, case.then_probe, folder)))
        finally:
            kernel.stop()
    assert report.startswith("Rewound"), report
    assert found[1] == found[0], report
