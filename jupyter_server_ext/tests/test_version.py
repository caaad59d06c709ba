"""`GET nbrewind/api/version`: the front end's first question."""

from __future__ import annotations

import json
import os
import shutil
from importlib.metadata import version

import jsonschema
import pytest
import yaml

from nbrewind.model import PROTOCOL
from nbrewind.store import Store


@pytest.fixture
def ask(jp_fetch):
    """Ask for the version, and return the decoded answer."""

    async def ask():
        response = await jp_fetch("nbrewind", "api", "version")
        assert response.code == 200
        return json.loads(response.body)

    return ask


@pytest.fixture
async def description(jp_fetch):
    """Return the API description that the server gives."""
    response = await jp_fetch("nbrewind", "api", "openapi.yaml")
    assert response.headers["Content-Type"] == "application/yaml"
    return yaml.safe_load(response.body)


async def test_version(ask, store_dir):
    assert await ask() == {
        "version": version("jupyterlab-nbrewind"),
        "protocol": PROTOCOL,
        "store": {"directory": str(store_dir), "state": "absent", "reason": "Nothing has been recorded yet."},
    }


async def test_asking_makes_no_store(ask, store_dir):
    await ask()
    assert not store_dir.exists()


async def test_ready_store(ask, store_dir):
    Store.open(store_dir).close()
    assert (await ask())["store"] == {"directory": str(store_dir), "state": "ready", "reason": None}


async def test_unreadable_store(ask, store_dir):
    """The server says why it can't read the store, and goes on."""
    store_dir.mkdir()
    (store_dir / "traces.sqlite").write_text("nothing that SQLite can read " * 100)
    answer = (await ask())["store"]
    assert answer["state"] == "unreadable"
    assert "nbrewind doctor" in answer["reason"]


async def test_store_that_is_replaced(ask, store_dir):
    Store.open(store_dir).close()
    assert (await ask())["store"]["state"] == "ready"
    shutil.rmtree(store_dir)
    assert (await ask())["store"]["state"] == "absent"


async def test_kernels_find_the_store(jp_serverapp, store_dir):
    """What is configured for the server is what kernels that it starts write to."""
    assert os.environ["NBREWIND_STORE"] == str(store_dir)


class TestWithoutAStoreConfigured:
    @pytest.fixture
    def jp_server_config(self, tmp_path, monkeypatch):
        monkeypatch.setenv("NBREWIND_STORE", str(tmp_path / "elsewhere"))
        return {"ServerApp": {"jpserver_extensions": {"nbrewind_server": True}}}

    async def test_default_directory(self, ask, tmp_path):
        assert (await ask())["store"]["directory"] == str(tmp_path / "elsewhere")


async def test_answer_follows_the_description(ask, jp_fetch):
    response = await jp_fetch("nbrewind", "api", "openapi.yaml")
    assert response.headers["Content-Type"] == "application/yaml"
    description = yaml.safe_load(response.body)
    assert description["info"]["version"] == str(PROTOCOL)
    schemas = json.loads(json.dumps(description["components"]["schemas"]).replace("#/components/schemas/", "#/$defs/"))
    jsonschema.validate(await ask(), {**schemas["Version"], "$defs": schemas})
