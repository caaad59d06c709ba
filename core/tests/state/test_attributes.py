"""Dictionaries of attributes: an instance has one digest, by whatever way; one that shares its own has another."""

from __future__ import annotations

import pytest

from nbrewind.state.attributes import shared

from .session import Session

MADE = {
    "own class": "class O: pass\no = O()",
    "with slots": "class O:\n    __slots__ = ('s', '__dict__')\no = O(); o.s = 1",
    "dictionary": "class O(dict): pass\no = O(a=1)",
    "own setattr": "class O:\n    def __setattr__(s, k, v): object.__setattr__(s, k, v)\no = O()",
    "arguments": "import argparse\no = argparse.Namespace()",
    "namespace": "import types\no = types.SimpleNamespace()",
    "message": "from email.message import Message\no = Message()",
}
CHANGES = ["o.x = [1]", "o.x.append(2)", "o.y = o.x; o.x.append(3)"]


@pytest.mark.py311
@pytest.mark.parametrize("name", MADE)
def test_it_has_one_digest(name: str) -> None:
    stepwise, at_once = Session(), Session()
    for source in (MADE[name], *CHANGES):
        stepwise.run(source)
        stepwise.live.scan(())
    at_once.run("\n".join((MADE[name], *CHANGES)))
    assert stepwise.state["o"].digest == at_once.state["o"].digest != ""


@pytest.mark.py311
@pytest.mark.parametrize("name", [name for name in MADE if name != "namespace"])
def test_one_that_is_shared_is_another_value(name: str) -> None:
    session = Session()
    session.run(MADE[name] + "\no.x = 1")
    alone = session.state["o"].digest
    session.run("v = vars(o)")
    assert session.state["o"].members == ("o", "v")
    session.run("v['x'] = 2")
    assert session.state["o"].digest != alone
    session.run("del v; o.x = 1")
    assert session.state["o"].digest == alone


@pytest.mark.py311
@pytest.mark.parametrize("name", MADE)
def test_nothing_has_the_attributes_of_one_by_itself(name: str) -> None:
    namespace: dict = {}
    exec(f"{MADE[name]}\no.x = [1]", namespace)
    assert shared(namespace["o"]) is None
    namespace["v"] = vars(namespace["o"])
    assert shared(namespace["o"]) is namespace["v"]
