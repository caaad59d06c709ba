"""A run is recorded after the kernel has replied; what comes between its end and that is not taken for its doing."""

from __future__ import annotations

import sys

import pytest

from nbrewind.model import AT_ONCE

ANSWERS = """
import time
from nbrewind.kernel.agent import current
recorder = current().recorder
record = recorder._record
def slow(*given):
    time.sleep(2)
    record(*given)
recorder._record = slow
"""


def writes(runs) -> set[str]:
    return {version.key for version in runs[-1].writes} if runs else set()


def test_the_answer_does_not_wait_for_the_record(kernel, records):
    kernel.run("xs = [1]", cell="before")
    kernel.run("exec(" + repr(ANSWERS) + ", {})", cell="slow")
    request = kernel.send("xs.append(2)", cell="here")
    assert kernel.wait(request)[0]["status"] == "ok"
    assert not records("here"), "the reply came first"
    kernel.run("ys = xs + [3]", cell="next")
    assert writes(records("here")) == {"var:xs"}
    assert writes(records("next")) == {"var:ys"}


def test_a_client_may_ask_for_the_record_before_the_reply(kernel, records):
    kernel.wait(kernel.send("x = 1", cell="here", metadata={AT_ONCE: True}))
    assert len(records("here")) == 1


def test_expressions_that_the_client_asks_for_belong_to_no_cell(kernel, records):
    kernel.run("xs = [1]", cell="before")
    kernel.run("y = 1", cell="here", expressions={"value": "xs.append(2)"})
    kernel.run("print(xs)", cell="next")
    assert writes(records("here")) == {"var:y"}
    assert writes(records("")) == {"var:xs"}


def test_callbacks_that_come_after_ours_belong_to_no_cell(kernel, records):
    kernel.run("xs = [1]\nget_ipython().events.register('post_run_cell', lambda result: xs.append(2))", cell="before")
    kernel.run("y = 1", cell="here")
    kernel.run("print(xs)", cell="next")
    assert writes(records("here")) == {"var:y"}


def test_what_a_widget_does_belongs_to_no_cell(kernel, records):
    target = "get_ipython().kernel.comm_manager.register_target('t', lambda *given: xs.append(2))"
    kernel.run(f"xs = [1]\n{target}", cell="target")
    request = kernel.send("y = 1", cell="here")
    content = {"comm_id": "1", "target_name": "t", "data": {}}
    kernel.client.shell_channel.send(kernel.client.session.msg("comm_open", content))
    kernel.wait(request)
    kernel.run("print(xs)", cell="next")
    assert writes(records("here")) == {"var:y"}
    assert writes(records("")) == {"var:xs"}


@pytest.mark.py311
def test_a_task_that_runs_on_belongs_to_no_cell(kernel, records):
    task = "import asyncio\nxs = []\nasync def later():\n    await asyncio.sleep(0.01)\n    xs.append(2)"
    kernel.run(task, cell="task")
    kernel.run("task = asyncio.ensure_future(later())\nawait asyncio.sleep(0)", cell="here")
    kernel.run("print(xs)", cell="next")
    assert writes(records("here")) == {"var:task"}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="which code starts is not seen")
def test_code_that_runs_before_the_record_makes_it_unknown(kernel, records):
    stream = "class Stream:\n    def write(self, text): pass\n    def flush(self): xs.append(1)"
    kernel.run(f"import sys\nxs = []\n{stream}\nsys.stdout = Stream()", cell="stream")
    kernel.run("y = 1", cell="here")
    kernel.run("sys.stdout = sys.__stdout__", cell="back")
    assert any("between its end" in reason for reason in records("here")[-1].unknown)


@pytest.mark.py311
def test_a_failed_cell_and_those_that_are_aborted_after_it(kernel, records):
    first = kernel.send("xs = [1]\n1 / 0", cell="fails")
    second = kernel.send("xs.append(2)", cell="aborted")
    assert kernel.wait(first)[0]["status"] == "error"
    assert kernel.wait(second)[0]["status"] == "aborted"
    kernel.run("print(xs)", cell="next")
    assert (writes(records("fails")), records("aborted")) == ({"var:xs"}, [])


@pytest.mark.py311
def test_detaching_in_a_cell_records_what_ran_before(kernel, records):
    kernel.run("y = 1", cell="here")
    kernel.run("from nbrewind.kernel.agent import detach\ndetach()", cell="detach")
    kernel.run("z = 1", cell="next")
    assert len(records("here")) == 1
    assert not records("next")
