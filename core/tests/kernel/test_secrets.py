"""Secrets, by their names or because the notebook says so: kept live, and in no file of the store."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.py311

SECRET = "zebra-crossing-0815"
MADE = "'-'.join(['zebra', 'crossing', '0815'])"
"""In no cell the secret stands in one piece: the texts of cells are recorded."""
CELLS = [
    "import os",
    f"API_KEY = {MADE}",
    f"credentials = dict(user='me', password={MADE})\nlogin = credentials",
    f"os.environ['SERVICE_TOKEN'] = {MADE}",
    f"plain = {MADE}[:5]\nn_token = 7\ndef get_password(): return 1",
    "ready = len(API_KEY)",
]


def stored(store_path):
    """Return all bytes that lie in the store."""
    return b"".join(path.read_bytes() for path in store_path.rglob("*") if path.is_file())


def written(records, cell):
    return {version.key.partition(":")[2]: version for version in records(cell)[-1].writes}


def test_no_byte_of_it_is_stored(kernel, records, store_path):
    kernel.cells(CELLS)
    kernel.verb("flush")
    assert SECRET.encode() not in stored(store_path)
    assert b"zebra" in stored(store_path), "what is no secret is"
    for cell, name in [("c1", "API_KEY"), ("c2", "credentials"), ("c2", "login"), ("c3", "SERVICE_TOKEN")]:
        version = written(records, cell)[name]
        assert not version.loadable and not version.snapshot and "secret" in version.reason
        assert not version.preview
    assert not written(records, "c1")["API_KEY"].digest.startswith("b3:"), "it could be guessed from its digest"
    for name in ("plain", "n_token", "get_password"):
        assert written(records, "c4")[name].loadable
    assert written(records, "c5")["ready"].loadable


def test_a_rewind_keeps_it_and_another_kernel_says_that_it_is_lost(kernel, kernels, records, notebook_path, store_path):
    kernel.cells(CELLS)
    kernel.run("plain = 'other'", cell="c6")
    kernel.verb("flush")
    kernel.run("%rewind c5")
    assert kernel.value("(API_KEY, credentials['password'], plain)") == (SECRET, SECRET, "zebra")
    other = kernels.take()
    other.attach(notebook_path, store_path)
    text = other.text(other.run("%rewind c5")[1])
    assert "API_KEY" in text and "its name says that it is secret" in text
    assert other.run("API_KEY")[0]["status"] == "error"


def test_names_that_the_notebook_never_records(kernels, notebook_path, store_path, tmp_path, records):
    metadata = {"nbrewind": {"never_record": ["patients", 3]}}
    notebook_path.write_text(json.dumps({"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    kernel = kernels.take()
    kernel.run(f"import os as _o; _o.chdir({str(tmp_path)!r}); del _o", silent=True)
    kernel.attach(notebook_path, store_path)
    kernel.cells([f"patients = [{MADE}]", "number = len(patients)"])
    kernel.verb("flush")
    assert SECRET.encode() not in stored(store_path)
    assert "never recorded" in written(records, "c0")["patients"].reason
    assert written(records, "c1")["number"].loadable
