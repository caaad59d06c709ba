"""Kernels that are not there, not of Python, do not start, or lack nbrewind: one clear line, and nothing is run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cli_tools import Place, write

BLOCKED = "import sys; sys.modules['nbrewind'] = None; from ipykernel.kernelapp import launch_new_instance as go; go()"

KERNELS = {
    "missing": (None, "python", "no kernel named missing is installed (there are: "),
    "other": (["touch", "started"], "R", "the kernel other is of R, not Python; nothing is recorded of those"),
    "broken": (["/no/such/program"], "python", "the kernel broken did not start: "),
    "dying": ([sys.executable, "-c", "raise SystemExit(1)"], "python", "the kernel dying did not start: "),
    "bare": (
        [sys.executable, "-c", BLOCKED, "-f", "{connection_file}"],
        "python",
        "the kernel's environment has no nbrewind: run `pip install nbrewind` in it, or name another --kernel",
    ),
}


def install(folder: Path, name: str, argv: list[str], language: str) -> None:
    spec = folder / "kernels" / name
    spec.mkdir(parents=True)
    document = {"argv": argv, "display_name": name, "language": language}
    (spec / "kernel.json").write_text(json.dumps(document))


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_that_can_not_be_used(name: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    argv, language, message = KERNELS[name]
    if argv is not None:
        install(place.folder / "jupyter", name, argv, language)
    monkeypatch.setenv("JUPYTER_PATH", str(place.folder / "jupyter"))
    write(place.folder / "tiny.ipynb", [("one", "open('ran', 'w').close()")])
    answer = place("audit", "tiny.ipynb", "--kernel", name, "-o", "out.ipynb")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines()[-1].startswith(f"nbrewind: {message}"), answer
    assert "Traceback" not in answer.err
    assert not (place.folder / "out.ipynb").exists() and not (place.folder / "ran").exists()
    assert not (place.folder / "started").exists(), "kernels that are not Python never get our code"


def test_the_notebook_names_a_kernel_that_is_not_here(place: Place) -> None:
    write(place.folder / "tiny.ipynb")
    made = place.read("tiny.ipynb")
    made.metadata["kernelspec"] = {"name": "conda-env-x-py", "display_name": "x", "language": "python"}
    (place.folder / "tiny.ipynb").write_text(json.dumps(made))
    answer = place("repeat", "tiny.ipynb", "--json")
    assert answer.code == 2 and "name one with --kernel" in answer.line()
    assert answer.json["error"].startswith("no kernel named conda-env-x-py is installed")
