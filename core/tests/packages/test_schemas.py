"""What packages consist of is as the reference says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbrewind.packages import cells, form

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference"

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="only in a working copy of the whole project")


@pytest.mark.parametrize(("name", "made"), [("package", form.schema), ("notebook-metadata", cells.schema)])
def test_the_schemas_in_the_reference_are_those_of_the_code(name: str, made) -> None:
    assert json.loads((DOCS / f"{name}.schema.json").read_text()) == made()


def test_a_package_is_as_its_schema_says(sent) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    from package_tools import files

    found = files(sent.folder / "a.zip")
    schema = form.schema()
    for name in (form.SEAL, form.MANIFEST):
        jsonschema.validate(json.loads(found[name]), schema)
    for line in found[form.CONTENTS].splitlines():
        jsonschema.validate(json.loads(line), schema)
    notebook = json.loads(found["workflow/a.ipynb"])
    for owner in (notebook, *notebook["cells"]):
        if "nbrewind" in owner["metadata"]:
            jsonschema.validate(owner["metadata"]["nbrewind"], cells.schema())
