"""What a rewind must bring back, subject by subject, in real kernels: it is right, or the report names what is lost."""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from oracles.kernels import Kernel, Kernels

from . import (
    cases_again,
    cases_attributes,
    cases_functions,
    cases_interpreter,
    cases_left_behind,
    cases_libraries,
    cases_modules,
    cases_results,
    cases_steps,
    cases_torch,
    cases_values,
)
from .form import RESTART, Case

CASES = [
    *cases_attributes.CASES,
    *cases_functions.CASES,
    *cases_values.CASES,
    *cases_libraries.CASES,
    *cases_left_behind.CASES,
    *cases_interpreter.CASES,
    *cases_results.CASES,
    *cases_again.CASES,
    *cases_torch.CASES,
    *cases_modules.CASES,
    *cases_steps.CASES,
]


def marks(case: Case) -> list[pytest.MarkDecorator]:
    """Return the marks of a case; most run on the older Python in `make test-all` only."""
    found = [pytest.mark.py311] if case in cases_steps.CASES else []
    if case.missed:
        found.append(pytest.mark.xfail(reason=case.missed, strict=True, raises=AssertionError))
    return found


def value(kernel: Kernel, expression: str, folder: Path) -> str:
    """Return what an expression shows, the kernel's own folder left out; the error, if it fails."""
    reply = kernel._execute("", silent=True, expressions={"value": f"repr({expression})"})[0]
    found = reply["user_expressions"]["value"]
    text = found["data"]["text/plain"] if found["status"] == "ok" else f"{found['ename']}: {found['evalue']}"
    return re.sub(r"0x[0-9a-f]+", "0x", text.replace(str(folder), "."))


def values(case: Case, kernel: Kernel, folder: Path) -> tuple[str, str]:
    """Return the values of both probes."""
    first = value(kernel, case.probe, folder)
    if case.then:
        kernel.run("then", case.then)
    return first, value(kernel, case.then_probe, folder)


def expected(case: Case, forked: Kernels, folder: Path) -> tuple[str, str]:
    """Return what a kernel shows that never went further, and does not record."""
    folder.mkdir()
    kernel = forked.start(folder)
    try:
        for index, source in enumerate(case.before):
            kernel.run(f"before{index}", source)
        return values(case, kernel, folder)
    finally:
        kernel.stop()


def rewound(case: Case, forked: Kernels, folder: Path) -> tuple[str, tuple[str, str]]:
    """Return the report of the rewind, and what the kernel shows that was rewound."""
    folder.mkdir()
    kernel = forked.start(folder)
    try:
        kernel.record(folder / "n.ipynb", folder.parent / "store")
        for part, sources in (("before", case.before), ("after", case.after)):
            for index, source in enumerate(sources):
                if source == RESTART:
                    kernel.flush()
                    kernel.stop()
                    kernel = forked.start(folder)
                    kernel.record(folder / "n.ipynb", folder.parent / "store")
                else:
                    kernel.run(f"{part}{index}", source)
        shown = kernel.run("", f"%rewind before{len(case.before) - 1}")
        report = "".join(output.get("text", "") for output in shown)
        return report, values(case, kernel, folder) if report.startswith("Rewound") else ("", "")
    finally:
        kernel.stop()


@pytest.mark.parametrize("case", [pytest.param(case, marks=marks(case), id=case.name) for case in CASES])
def test_rewind(case: Case, forked: Kernels, tmp_path: Path) -> None:
    if sys.version_info < case.python or not all(map(find_spec, case.needs)):
        pytest.skip(f"it needs Python {case.python} and {case.needs}")
    report, found = rewound(case, forked, tmp_path / "recorded")
    if case.lost and report.startswith("Not rewound"):
        assert re.search(f"lost       ({case.lost}): ", report), report
        print("LOST", case.name, re.findall("lost  .*", report))
        return
    assert report.startswith("Rewound"), report
    assert found == expected(case, forked, tmp_path / "plain"), report


def test_names_are_unique_and_truths_are_said() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
    assert all(case.why for case in CASES)
