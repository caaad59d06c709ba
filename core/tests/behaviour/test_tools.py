"""Tools that look into running code find the same with recording as without: `coverage`, and the kernel's debugger."""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .compare import Comparison
from .harness import RECORD, Kernel
from .notebook import parse
from .test_behaviour import report

pytestmark = pytest.mark.timeout(300)

MEASURED = """
# requires: coverage

# %% imports
import os, sys
os.environ["COVERAGE_CORE"] = "{core}"
import coverage

def lines(measure):
    data = measure.get_data()
    cells = {{path: name for name, path in files.items()}}
    return sorted((cells[path], data.lines(path)) for path in data.measured_files() if path in cells)

# %% functions
def early(n):
    if n:
        return "yes"
    return "no"

def generate(n):
    for i in range(n):
        yield i

class Thing:
    def method(self):
        return early(0)

files = {{"cell": early.__code__.co_filename}}

# %% file
with open("measured.py", "w") as stream:
    n = stream.write("def inner(n):\\n    if n:\\n        return 1\\n    return 2\\n")

# %% module
sys.path.insert(0, "")
import measured
files["file"] = measured.__file__

# %% called-before
early(1), list(generate(2)), measured.inner(1)

# %% in-one-cell
first = coverage.Coverage(data_file=None)
first.start()
early(1); list(generate(1)); measured.inner(0)
first.stop()
print(lines(first))

# %% over-cells-start
second = coverage.Coverage(data_file=None, branch=True)
second.start()

# %% over-cells-work
early(0), Thing().method(), measured.inner(1)

# %% over-cells-more
list(generate(3)), early(1)

# %% over-cells-stop
second.stop()
print(lines(second))

# %% not-measured
early(1), measured.inner(0)

# %% measured-again
first.start()
Thing().method()
first.stop()
print(lines(first), lines(second))

# %% tracing
print(sys.gettrace(), second._collector.tracer_name())
"""


@pytest.mark.parametrize(
    "core",
    [
        pytest.param("ctrace", marks=pytest.mark.py311),
        pytest.param("sysmon", marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="needs Python 3.12")),
    ],
)
def test_coverage_measures_the_same(core: str, difference: Callable[..., Comparison]) -> None:
    notebook = parse(f"coverage-{core}", MEASURED.format(core=core))
    report(notebook, difference(notebook))


DEFINES = "def double(n):\n    twice = n * 2\n    return twice\n\nhundred = 100"
CALLS = "start = 1\nfor i in range(2):\n    start = double(start) + hundred\nprint('end', start)"


class Debugger:
    """A debugger's client, as JupyterLab is one."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.number = 0

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a request of the debug adapter protocol; returns the answer's body."""
        self.number += 1
        content = {"type": "request", "seq": self.number, "command": command, "arguments": arguments}
        client = self.kernel.client
        message = client.session.msg("debug_request", content)
        client.control_channel.send(message)
        while True:
            reply = client.control_channel.get_msg(timeout=30)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                assert reply["content"].get("success", True), reply["content"]
                return dict(reply["content"].get("body") or {})

    def begin(self) -> None:
        """Attach to the kernel."""
        self.ask(
            "initialize", clientID="test", adapterID="", pathFormat="path", linesStartAt1=True, columnsStartAt1=True
        )
        self.ask("attach")

    def break_at(self, code: str, *lines: int) -> None:
        """Set the breakpoints of a cell."""
        path = self.ask("dumpCell", code=code)["sourcePath"]
        self.ask("setBreakpoints", source={"path": path}, breakpoints=[{"line": line} for line in lines])
        self.ask("configurationDone")

    def stopped(self) -> int:
        """Wait until the code stops; returns the thread."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                message = self.kernel.client.iopub_channel.get_msg(timeout=1)
            except queue.Empty:
                continue
            self.kernel.iopub.append(message)
            if message["msg_type"] == "debug_event" and message["content"]["event"] == "stopped":
                return int(message["content"]["body"]["threadId"])
        raise TimeoutError("the breakpoint was not hit")

    def look(self, thread: int) -> list[Any]:
        """Return where the code stands, frame by frame of the user's, and the variables of the innermost."""
        frames = self.ask("stackTrace", threadId=thread)["stackFrames"]
        scopes = self.ask("scopes", frameId=frames[0]["id"])["scopes"]
        found = self.ask("variables", variablesReference=scopes[0]["variablesReference"])["variables"]
        names = ("n", "twice", "start", "i", "hundred")
        return [
            [(frame["name"], frame["line"]) for frame in frames if "ipykernel_" in frame["source"]["path"]],
            sorted((entry["name"], entry["value"]) for entry in found if entry["name"] in names),
        ]


def debugged(kernel: Kernel) -> list[Any]:
    """Debug two cells: breakpoints in the running cell and in a function of another, a step, an expression."""
    debugger = Debugger(kernel)
    debugger.begin()
    debugger.break_at(DEFINES, 2)
    debugger.break_at(CALLS, 4)
    kernel.execute(DEFINES, "defines")
    request = kernel.send(CALLS, "calls")
    found: list[Any] = []
    for _ in range(2):
        thread = debugger.stopped()
        found.append(debugger.look(thread))
        debugger.ask("next", threadId=thread)
        found.append(debugger.look(debugger.stopped()))
        debugger.ask("continue", threadId=thread)
    thread = debugger.stopped()
    found.append(debugger.look(thread))
    frame = debugger.ask("stackTrace", threadId=thread)["stackFrames"][0]["id"]
    found.append(debugger.ask("evaluate", expression="double(7)", frameId=frame, context="repl")["result"])
    debugger.ask("continue", threadId=thread)
    reply = kernel.finish(request)
    debugger.ask("disconnect", restart=False, terminateDebuggee=False)
    kernel.execute("print('after', double(1))", "after")
    printed = [message["content"]["text"] for message in kernel.iopub if message["msg_type"] == "stream"]
    return [*found, reply["content"]["status"], "".join(printed)]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Kernel]]:
    """Return a function that starts a kernel, recording or not."""
    kernels: list[Kernel] = []

    def make(attach: str) -> Kernel:
        work = tmp_path / f"work{len(kernels)}"
        work.mkdir()
        kernels.append(Kernel(tmp_path / f"kernel{len(kernels)}", work, PYDEVD_DISABLE_FILE_VALIDATION="1"))
        kernels[-1].ready()
        if attach:
            kernels[-1].silently(attach)
        return kernels[-1]

    yield make
    for kernel in kernels:
        kernel.close()


@pytest.mark.py311
def test_the_debugger_stops_and_shows_the_same(start: Callable[[str], Kernel]) -> None:
    plain, recording = start(""), start(RECORD)
    expected = debugged(plain)
    assert expected[0][0][:2] == [("double", 2), ("<module>", 3)], expected
    assert debugged(recording) == expected
    status = recording.evaluate("__import__('json').dumps(__import__('nbrewind').status())")
    assert (status["error"], status["failure"]) == ("", "")
    assert status["runs"] == 4, "the three cells, and the name that the kernel's debugger leaves"
