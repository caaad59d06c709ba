"""Make the notebooks importable under ``--import-mode=importlib``, and give every test a store of its own."""

import importlib.util
import sys
from pathlib import Path

import pytest

from nbrewind.store import Store

for name in ("notebooks", "live_tools"):
    spec = importlib.util.spec_from_file_location(f"driver_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[f"driver_{name}"] = module
    spec.loader.exec_module(module)


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    opened = Store.open(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def forked_kernels(starting_at_once):
    """Kernels start at once."""
