"""Requests that can't be done: refused with one sentence, never with a traceback."""

from __future__ import annotations

import json
import os
import re

import pytest

from nbrewind.analysis import source_digest
from nbrewind_server.handlers import ROUTES
from nbrewind_server.operations import OPERATIONS


def test_what_is_described_is_served():
    """Every operation has a route with that method, and every route an operation."""
    served = set()
    for path, handler in ROUTES:
        for one in OPERATIONS:
            if re.fullmatch(path, one.path[1:]) and one.method.lower() in vars(handler):
                served.add((one.method, one.path))
        described = {one.method.lower() for one in OPERATIONS if re.fullmatch(path, one.path[1:])}
        assert described == {"get", "post"} & vars(handler).keys(), path
    assert served == {(one.method, one.path) for one in OPERATIONS}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        '{"cells": []}',
        '{"path": 3}',
        '{"path": "note.ipynb", "cells": [{"id": "a"}]}',
        '"\\ud800',
        "[" * 9999,
    ],
)
async def test_bad_bodies(jp_fetch, body, refused):
    await refused(jp_fetch("nbrewind", "api", "state", method="POST", body=body), 400, "request")


async def test_bad_questions(book, api, app, refused):
    note = book("a = 1", "b = 2")
    twice = note.question() | {"cells": note.question()["cells"][:1] * 2}
    assert "same id" in await refused(api("POST", "state", twice), 400, "request")
    wrong = note.question() | {"texts": {source_digest("a = 1"): "a = 2"}}
    await refused(api("POST", "state", wrong), 400, "request")
    app.max_cells = 1
    assert "max_cells" in await refused(api("POST", "state", note.question()), 400, "request")


@pytest.mark.parametrize("path", ["none.ipynb", "../note.ipynb", "/etc/passwd", ".hidden.ipynb", "a\0b", "", "C:/x"])
async def test_paths_outside(api, jp_root_dir, path, refused):
    """Only what the contents manager shows is looked at."""
    (jp_root_dir.parent / "note.ipynb").write_text("{}")
    (jp_root_dir / ".hidden.ipynb").write_text("{}")
    await refused(api("POST", "state", {"path": path}), 404, "unknown")
    await refused(api("GET", "history", path=path), 404, "unknown")


async def test_contents_elsewhere(book, api, jp_serverapp, monkeypatch, refused):
    note = book("a = 1")
    monkeypatch.setattr(jp_serverapp, "contents_manager", object())
    monkeypatch.setitem(jp_serverapp.web_app.settings, "contents_manager", object())
    assert "file system" in await refused(api("POST", "state", note.question()), 409, "store")


async def test_damaged_store(book, api, store_dir, refused):
    note = book("a = 1")
    store_dir.mkdir()
    (store_dir / "traces.sqlite").write_text("nothing that SQLite can read " * 100)
    assert "nbrewind doctor" in await refused(api("POST", "state", note.question()), 409, "store")


async def test_unknown_things(book, api, refused):
    note = book("a = 1")
    for query in ({"run": "0123456789ab"}, {"run": ""}):
        await refused(api("GET", "outputs", **query), 404, "unknown")
    await refused(api("GET", "outputs"), 400, "request")
    await refused(api("GET", "difference", path=note.path, one="a", other="b"), 404, "unknown")
    await refused(api("GET", "plans/0123456789ab"), 404, "unknown")
    await refused(api("POST", "plans/0123456789ab", {"action": "accept"}), 404, "unknown")
    await refused(api("POST", "plans/0123456789ab", {"action": "run"}), 400, "request")
    mark = {"path": note.path, "checkpoint": "0123456789ab", "label": "x"}
    await refused(api("POST", "mark", mark), 404, "unknown")


async def test_other_kernels(book, api, refused):
    """Only kernels that this server runs are touched."""
    note = book("a = 1")
    for kernel in ("", "no-such-kernel", os.urandom(4).hex()):
        request = {"path": note.path, "kernel": kernel, "target": "cell-0"}
        await refused(api("POST", "rewind", request), 409, "kernel")
        peek = {"path": note.path, "kernel": kernel, "checkpoint": "0", "name": "a"}
        await refused(api("POST", "peek", peek), 409, "kernel")


async def test_forgery(jp_fetch, book, jp_base_url):
    """A page of another origin that only has the cookie is not let in."""
    note = book("a = 1")
    body = json.dumps({"path": note.path, "checkpoint": "x", "keep": True})
    with pytest.raises(Exception, match="403"):
        await jp_fetch(
            "nbrewind", "api", "mark", method="POST", body=body, headers={"Authorization": "", "Cookie": "a=b"}
        )
