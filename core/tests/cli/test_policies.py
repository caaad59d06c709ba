"""Policies on the command line, in a notebook's metadata and in the environment."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cli_tools import Place, texts

NATURE = {
    "clock": ("import time as tm\nprint(tm.time())", "the clock"),
    "randomness": ("import numpy as np\nprint(np.random.default_rng().random())", "unseeded randomness"),
    "network": ("import urllib.request\nprint(urllib.request.urlopen({url!r}).read())", "the network"),
}
"""Policy to a cell that meets something else at every run, and how that is called."""


@pytest.fixture
def url():
    """A page that is another one at every visit."""

    class Page(BaseHTTPRequestHandler):
        visits = 0

        def do_GET(self) -> None:
            Page.visits += 1
            self.send_response(200)
            self.end_headers()
            self.wfile.write(str(Page.visits).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def set_metadata(place: Place, policies: object) -> None:
    path = place.folder / "n.ipynb"
    made = json.loads(path.read_text())
    made["metadata"]["nbrewind"] = {"policies": policies}
    path.write_text(json.dumps(made))


def test_what_was_used_of_the_world(place: Place, url: str) -> None:
    cells = [(name, text.format(url=url)) for name, (text, _) in NATURE.items()]
    cells += [
        ("seeded", "import numpy as np\nprint(np.random.default_rng(1).random())"),
        ("plain", "print(sum([1, 2]))"),
    ]
    place.write("n.ipynb", cells)
    assert place("audit", "n.ipynb", "-o", "done.ipynb").code == 0
    first = texts(place.read("done.ipynb"))

    answer = place("repeat", "n.ipynb", "-o", "again.ipynb", "--json")
    assert texts(place.read("again.ipynb")) == first
    reasons = {step["cell"]: step["reason"] for step in answer.json["steps"]}
    dry = {step["cell"]: step["reason"] for step in place("repeat", "n.ipynb", "--dry-run", "--json").json["steps"]}
    states = {state["id"]: state for state in place("status", "n.ipynb", "--json").json["cells"]}
    for name, (_, words) in NATURE.items():
        for reason in (reasons[name], dry[name], states[name]["reason"]):
            assert f"used {words}" in reason and reason.endswith(" as recorded"), (name, reason)
        assert states[name]["freshness"] == "fresh"
    assert not any("as recorded" in reasons[name] + states[name]["reason"] for name in ("seeded", "plain"))
    assert "used the clock as recorded" in place("repeat", "n.ipynb", "--dry-run").out
    assert "used the clock as recorded" in place("status", "n.ipynb").out

    chosen = ("--policy", "clock=run", "--policy", "randomness=run,network=run")
    answer = place("repeat", "n.ipynb", *chosen, "-o", "now.ipynb", "--json")
    assert [step["cell"] for step in answer.json["steps"] if step["action"] == "run"] == list(NATURE)
    assert answer.json["steps"][0]["reason"] == "it used the clock, and the policy is clock=run"
    now = texts(place.read("now.ipynb"))
    assert all(old != new for old, new in zip(first[:3], now[:3], strict=True)) and now[3:] == first[3:]

    set_metadata(place, {"clock": "run"})
    before = (place.folder / "n.ipynb").read_bytes()
    dry = place("repeat", "n.ipynb", "--dry-run", "--json").json["steps"]
    assert [step["cell"] for step in dry if step["action"] == "run"] == ["clock"]
    states = {state["id"]: state for state in place("status", "n.ipynb", "--json").json["cells"]}
    assert states["clock"]["freshness"] == "unknown" and "policy is clock=run" in states["clock"]["reason"]
    dry = place("repeat", "n.ipynb", "--dry-run", "--policy", "clock=as-recorded", "--json").json["steps"]
    assert not [step for step in dry if step["action"] == "run"]
    assert (place.folder / "n.ipynb").read_bytes() == before


@pytest.mark.parametrize("command", ["repeat", "status", "graph"])
def test_a_wrong_policy_is_refused_before_anything_runs(place: Place, command: str) -> None:
    place.write("n.ipynb", [("a", "print(1)")])
    set_metadata(place, {"weather": "run"})
    answer = place(command, "n.ipynb")
    assert answer.code == 2
    assert answer.line().startswith(
        "nbrewind: metadata.nbrewind.policies of n.ipynb: there is no policy 'weather': use pack"
    )
    if command != "graph":
        set_metadata(place, {})
        answer = place(command, "n.ipynb", "--policy", "clock=sometimes")
        assert answer.code == 2
        assert answer.line() == "nbrewind: --policy: policy clock can't be 'sometimes': use as-recorded or run"
    answer = place(command, "n.ipynb", NBREWIND_POLICIES="clock")
    assert answer.code == 2 and "NBREWIND_POLICIES: 'clock' is no policy" in answer.line()
