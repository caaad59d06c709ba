"""One notebook that opens anywhere, and is a package too."""

from __future__ import annotations

import json

import nbformat
from cli_tools import Place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbrewind.packages.form import PackageError
from nbrewind.packages.opened import Package

TEXT = st.text(max_size=20)


def test_a_notebook_alone_is_repeated(sent: Place, received: Place, stranger) -> None:
    target = str(received.folder / "alone.ipynb")
    assert sent("export", "a.ipynb", "-o", target, "--embed").code == 0
    notebook = nbformat.read(target, as_version=4)
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells if cell.metadata.get("nbrewind", {}).get("run")][:2] == [
        "imports",
        "numbers",
    ]
    assert received("verify", "alone.ipynb", **stranger).code == 0
    assert received("inspect", "alone.ipynb", "--json", **stranger).json["contents"] == "slim"
    assert received("repeat", "alone.ipynb", **stranger).code == 2
    assert received("trust", "alone.ipynb", **stranger).code == 0
    answer = received("repeat", "alone.ipynb", "-o", "done.ipynb", "--json", **stranger)
    assert answer.code == 0
    ran = {step["cell"] for step in answer.json["steps"] if step["action"] == "run"}
    assert ran == {"imports", "function", "array", "whole"}, "what is large is made again"
    assert "nbrewind" not in received.read("alone/a.ipynb").metadata


def test_names_of_files_say_what_is_meant(sent: Place) -> None:
    assert sent("export", "a.ipynb", "-o", "x.ipynb").code == 2
    assert sent("export", "a.ipynb", "-o", "x.zip", "--embed").code == 2
    assert sent("inspect", "a.ipynb").code == 2
    assert not (sent.folder / "x.ipynb").exists()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.one_of(
        st.none(), st.text(max_size=20), st.lists(st.one_of(st.text(max_size=20), st.integers())), st.booleans()
    )
)
def test_whatever_is_embedded_there_is_one_clear_error(tmp_path, value) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"metadata": {"nbrewind": {"embedded": value}}, "cells": []}))
    try:
        Package(path)
    except PackageError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        raise AssertionError("that is no package")
