"""A test server with the extension enabled and a store of its own; notebooks whose kernels it runs."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from pathlib import Path

import jsonschema
import nbformat
import pytest
import yaml
from forking.provisioner import forking
from forking.zygote import Zygote
from nbformat.v4 import new_code_cell, new_notebook
from tornado.httpclient import HTTPClientError

import nbrewind_server
from nbrewind.analysis import source_digest
from nbrewind.driver.session import ask_agent, evaluate
from nbrewind_server.operations import OPERATIONS

DESCRIPTION = yaml.safe_load(Path(nbrewind_server.__file__).with_name("openapi.yaml").read_text("utf-8"))
SCHEMAS = json.loads(json.dumps(DESCRIPTION["components"]["schemas"]).replace("#/components/schemas/", "#/$defs/"))


@pytest.fixture(scope="session", autouse=True)
def forked():
    """Kernels are forked, each with the environment that the server gives it: they start at once."""
    zygote = Zygote(alike=False)
    with forking(zygote, anything=True):
        yield
    zygote.close()


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


@pytest.fixture
def app(jp_serverapp):
    """The extension of the test server."""
    [found] = jp_serverapp.extension_manager.extension_apps["nbrewind_server"]
    return found


@cache
def validator(name):
    """Return what checks answers of one kind; to check the schemas themselves takes long."""
    schema = {**SCHEMAS[name], "$defs": SCHEMAS}
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    return jsonschema.Draft202012Validator(schema)


def validate(name, answer):
    """Check an answer against the description of the API."""
    validator(name).validate(answer)


@pytest.fixture
def api(jp_fetch):
    """Ask the server part; the answer is checked against the description."""

    async def ask(method, path, body=None, /, **query):
        place = "/".join("{id}" if len(part) == 12 else part for part in path.split("/"))
        [operation] = [one for one in OPERATIONS if (one.method, one.path) == (method, "/" + place)]
        options = {"body": json.dumps(body)} if body is not None else {}
        response = await jp_fetch("nbrewind", "api", *path.split("/"), method=method, params=query, **options)
        answer = json.loads(response.body)
        validate(operation.answer.__name__, answer)
        return answer

    return ask


@pytest.fixture
def refused():
    """Check that a request is refused; gives the sentence."""

    async def check(awaitable, status, reason):
        with pytest.raises(HTTPClientError) as error:
            await awaitable
        problem = json.loads(error.value.response.body)
        validate("Problem", problem)
        assert (error.value.code, problem["reason"]) == (status, reason), problem
        assert problem["message"] and "Traceback" not in problem["message"]
        return problem["message"]

    return check


class Book:
    """A notebook as a browser has it: texts that may not be saved, and a kernel."""

    def __init__(self, serverapp, api, path, sources):
        self.serverapp, self.api, self.path = serverapp, api, path
        self.cells = {f"cell-{number}": text for number, text in enumerate(sources)}
        self.policies = {}
        self.kernel = self.session = ""
        self.file = Path(serverapp.root_dir) / path
        self.file.parent.mkdir(parents=True, exist_ok=True)
        cells = [new_code_cell(text, id=cell) for cell, text in self.cells.items()]
        nbformat.write(new_notebook(cells=cells), self.file)

    @property
    def manager(self):
        return self.serverapp.kernel_manager.get_kernel(self.kernel)

    async def start(self):
        """Start a kernel, and attach the recorder by a silent execute as the front end does."""
        self.kernel = await self.serverapp.kernel_manager.start_kernel(kernel_name="python3", path=self.path)
        self.client = self.manager.client()
        self.client.start_channels(hb=False)
        await self.client.wait_for_ready(timeout=60)
        await self.attach()

    async def attach(self):
        code = f"__import__('json').dumps(__import__('nbrewind').attach(notebook={str(self.file)!r}).handshake())"
        handshake = json.loads(await evaluate(self.client, code))
        self.session, self.nonce = handshake["session"], handshake["store_nonce"]

    async def stop(self):
        if self.kernel:
            self.client.stop_channels()
            await self.serverapp.kernel_manager.shutdown_kernel(self.kernel, now=True)
            self.kernel = self.session = ""

    def send(self, cell):
        """Run a cell as the front end does, without waiting for it."""
        client = self.client
        content = {
            "code": self.cells[cell], "silent": False, "store_history": True, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": True,
        }  # fmt: skip
        message = client.session.msg("execute_request", content, metadata={"cellId": cell})
        client.shell_channel.send(message)
        return message["header"]["msg_id"]

    async def run(self, *cells):
        """Run cells, by default all; returns the status of the last."""
        for cell in cells or self.cells:
            request = self.send(cell)
            while (reply := await self.client.get_shell_msg(timeout=60))["parent_header"].get("msg_id") != request:
                pass
        await self.idle()
        return reply["content"]["status"]

    async def idle(self):
        """Wait until the server knows that the kernel is idle."""
        await asyncio.sleep(0.05)
        while self.manager.execution_state != "idle":
            await asyncio.sleep(0.02)

    async def saved(self):
        """Wait until all that was recorded is saved."""
        await ask_agent(self.client, "flush")

    async def value(self, expression):
        """Evaluate an expression in the kernel."""
        return await evaluate(self.client, f"repr({expression})")

    def question(self, texts=None, **more):
        cells = [
            {"id": id_, "index": index, "source": source_digest(text), "policy": self.policies.get(id_, "auto")}
            for index, (id_, text) in enumerate(self.cells.items())
        ]
        asked = {"path": self.path, "cells": cells, "kernel": self.kernel, "session": self.session, **more}
        return asked | ({"texts": {source_digest(text): text for text in texts}} if texts is not None else {})

    async def state(self, **more):
        """Ask for the state, with the texts that the server does not know."""
        answer = await self.api("POST", "state", self.question(**more))
        if answer["missing"]:
            answer = await self.api("POST", "state", self.question(self.cells.values(), **more))
        return answer

    async def freshness(self):
        return [cell["freshness"] for cell in (await self.state())["cells"]]

    async def history(self):
        return await self.api("GET", "history", path=self.path)

    async def propose(self, target, cell="", **more):
        return await self.api("POST", "plans", self.question(self.cells.values(), target=target, cell=cell, **more))

    async def act(self, plan, action):
        return await self.api("POST", f"plans/{plan['id']}", {"action": action})

    async def ended(self, plan, timeout=60):
        """Wait until a plan has ended."""
        for _ in range(int(timeout / 0.05)):
            found = await self.api("GET", f"plans/{plan['id']}")
            if found["state"] != "running":
                return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"the plan is still at work: {found}")


@pytest.fixture
def book(jp_serverapp, api, jp_asyncio_loop):
    """Make notebooks; their kernels end with the test."""
    made = []

    def make(*sources, path="folder/note.ipynb"):
        made.append(Book(jp_serverapp, api, path, sources))
        return made[-1]

    yield make
    for one in made:
        jp_asyncio_loop.run_until_complete(one.stop())


class Told(list):
    """The events that a listener got."""

    async def wait(self, schema, count=1, timeout=10):
        for _ in range(int(timeout / 0.01)):
            found = [data for id_, data in self if id_ == schema]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.01)
        raise AssertionError(f"no {schema} among {list(self)}")


@pytest.fixture
def told(jp_ws_fetch, jp_asyncio_loop):
    """Listen on the server's WebSocket of events."""
    found = Told()
    socket = jp_asyncio_loop.run_until_complete(jp_ws_fetch("api", "events", "subscribe"))

    async def listen():
        while (text := await socket.read_message()) is not None:
            event = json.loads(text)
            found.append((event["schema_id"], event))

    task = jp_asyncio_loop.create_task(listen())
    yield found
    socket.close()
    task.cancel()
