"""A test server with the extension enabled and a store of its own."""

from __future__ import annotations

import pytest


@pytest.fixture
def store_dir(tmp_path):
    """Where the test server looks for records: nothing there yet."""
    return tmp_path / "records"


@pytest.fixture
def jp_server_config(store_dir, monkeypatch):
    """Enable the extension, as the installed configuration file does."""
    monkeypatch.setenv("NBREWIND_STORE", "")  # the server sets it: so that it is put back
    return {
        "ServerApp": {
            "jpserver_extensions": {"nbrewind_server": True},
            "allow_unauthenticated_access": False,
        },
        "NBRewindApp": {"store_dir": str(store_dir)},
    }
