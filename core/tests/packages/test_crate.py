"""The provenance in a package is an RO-Crate that the validator of its profiles accepts, without a network."""

from __future__ import annotations

import json
import subprocess
from importlib.resources import as_file
from importlib.resources import files as resources
from pathlib import Path

import pytest
from cli_tools import Place
from package_tools import files

HERE = Path(__file__).parent
PYTHON = HERE.parents[2] / ".venv-crate" / "bin" / "python"
"""Has `roc-validator`, which can't be in one environment with other tools of ours."""
PROFILES = ("ro-crate-1.1", "provenance-run-crate")
"""The second one includes the profiles of workflows and processes."""


def complaints(folder: Path) -> list[str]:
    """What the validator has against the crate in a folder."""
    with as_file(resources("rocrate").joinpath("data/ro-crate.jsonld")) as context:
        command = [PYTHON, HERE / "validate_crate.py", folder, context, *PROFILES]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.skipif(not PYTHON.exists(), reason="there is no .venv-crate with roc-validator: `make setup` makes it")
def test_the_validator_accepts_it(sent: Place, tmp_path: Path) -> None:
    for name, data in files(sent.folder / "a.zip").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    assert complaints(tmp_path) == []
    crate = tmp_path / "ro-crate-metadata.json"
    crate.write_text(crate.read_text().replace('"ControlAction"', '"Thing"'))
    assert complaints(tmp_path) != [], "it looks at the profiles"


def test_it_says_what_ran_and_when(sent: Place) -> None:
    graph = json.loads(files(sent.folder / "a.zip")["ro-crate-metadata.json"])["@graph"]
    by_id = {one["@id"]: one for one in graph}
    assert by_id["ro-crate-metadata.json"]["conformsTo"]["@id"] == "https://w3id.org/ro/crate/1.1"
    workflow = by_id["workflow/a.ipynb"]
    assert "ComputationalWorkflow" in workflow["@type"] and by_id["./"]["mainEntity"] == {"@id": "workflow/a.ipynb"}
    steps = [by_id[one["@id"]] for one in workflow["step"]]
    assert [step["position"] for step in steps] == [str(number) for number in range(1, 10)]
    controls = [one for one in graph if one["@type"] == "ControlAction"]
    actions = [by_id[one["object"]["@id"]] for one in controls]
    assert {one["@type"] for one in actions} == {"CreateAction"} and len(actions) == 9
    assert all(one["startTime"] <= one["endTime"] for one in actions)
    read = next(one for one in actions if one["name"] == "Run of cell 9")
    assert {part["@id"] for part in read["object"]} == {"data/files/in.csv", "data/files/large.bin"}
