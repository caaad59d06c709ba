"""Outputs are captured as clients see them, and clients see what they would without recording."""

from __future__ import annotations

import json
import time

import pytest

from nbrewind.kernel.assemble import Assembler, Message

pytestmark = pytest.mark.py311


def _outputs(store, records, cell="one"):
    return store.outputs(records(cell)[-1].id)


def test_prints_and_results(kernel, store, records):
    kernel.run("import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')\n40 + 2", cell="one")
    outputs = _outputs(store, records)
    text = {output.get("name"): output.get("text") for output in outputs if output["output_type"] == "stream"}
    assert text["stderr"] == "b\n"
    assert "".join(output["text"] for output in outputs if output.get("name") == "stdout") == "a\nc\n"
    assert outputs[-1]["output_type"] == "execute_result"
    assert outputs[-1]["data"] == {"text/plain": "42"}
    assert records("one")[0].stderr


def test_ten_thousand_lines(kernel, store, records):
    reply, messages = kernel.run("for i in range(10000): print('line', i)", cell="one")
    assert reply["status"] == "ok"
    (output,) = _outputs(store, records)
    assert output["text"] == kernel.text(messages) == "".join(f"line {i}\n" for i in range(10000))


def test_display_update_and_clear(kernel, store, records):
    kernel.run(
        "from IPython.display import display, clear_output\n"
        "print('gone'); clear_output()\n"
        "handle = display('first', display_id=True)\nhandle.update('second')\n"
        "print('old')\nclear_output(wait=True)\nprint('new')\ndisplay({'text/plain': 'raw'}, raw=True)",
        cell="one",
    )
    outputs = _outputs(store, records)
    assert [output["output_type"] for output in outputs] == ["stream", "display_data"]
    assert outputs[0]["text"] == "new\n"
    assert outputs[1]["data"] == {"text/plain": "raw"}


def test_an_update_from_a_later_cell_belongs_to_that_cell(kernel, store, records):
    kernel.run("from IPython.display import display\nh = display('one', display_id='d')", cell="one")
    kernel.run("h.update('two')\nh.update('three')", cell="two")
    time.sleep(0.5)
    (shown,) = store.messages(records("one")[-1].id)
    assert shown["data"] == {"text/plain": "'one'"} and shown["transient"] == {"display_id": "d"}
    (update,) = store.messages(records("two")[-1].id)
    assert (update["output_type"], update["data"]) == ("update_display_data", {"text/plain": "'three'"})
    assert "transient" not in _outputs(store, records)[0] and _outputs(store, records, "two") == []


def test_children_and_file_descriptors(kernel, store, records):
    kernel.run(
        "import os, multiprocessing\n"
        "def work():\n    print('from a forked child')\n"
        "print('before', flush=True)\n"
        "p = multiprocessing.get_context('fork').Process(target=work); p.start(); p.join()\n"
        "os.system('echo from a program')",
        cell="one",
    )
    time.sleep(0.5)
    text = "".join(output.get("text", "") for output in _outputs(store, records))
    for part in ["before", "from a forked child", "from a program"]:
        assert part in text


def test_late_prints_are_added_to_their_run(kernel, store, records):
    source = (
        "import threading, time\n"
        "def late():\n    time.sleep(0.4)\n    print('late')\n"
        "threading.Thread(target=late).start()\nprint('early')"
    )
    kernel.wait(kernel.send(source, cell="one"))  # any other request would get what is printed later
    assert "".join(output["text"] for output in _outputs(store, records)) == "early\n"
    time.sleep(1)
    assert "".join(output["text"] for output in _outputs(store, records)) == "early\nlate\n"


@pytest.mark.parametrize(
    "source",
    [
        "print('x'); 1 + 1",
        "1 / 0",
        "from IPython.display import HTML, display; display(HTML('<b>x</b>')); display(1, 2)",
        "%%capture c\nprint('hidden')",
        "%%timeit -n1 -r1\npass",
        "import warnings; warnings.warn('careful')",
        "?len",
    ],
)
def test_clients_see_the_same(plain, tmp_path, source):
    def seen():
        reply, messages = plain.run(source)
        shown = [
            (message["msg_type"], message["content"].get("name"), message["content"].get("data"))
            for message in messages
            if message["msg_type"] not in ("status", "execute_input")
        ]
        text = [] if "timeit" in source else plain.text(messages)
        return reply["status"], [kind for kind, *_ in shown], text, [data for _, _, data in shown]

    before = seen()
    plain.attach(tmp_path / "n.ipynb", tmp_path / "s")
    assert seen() == before


def test_assembling_joins_adjacent_streams_only():
    assembler = Assembler()
    for kind, content in [
        ("stream", {"name": "stdout", "text": "a"}),
        ("stream", {"name": "stdout", "text": "b"}),
        ("stream", {"name": "stderr", "text": "c"}),
        ("stream", {"name": "stdout", "text": "d"}),
        ("display_data", {"data": {"text/plain": "x"}, "metadata": {}, "transient": {"display_id": "i"}}),
        ("update_display_data", {"data": {"text/plain": "y"}, "metadata": {}, "transient": {"display_id": "i"}}),
    ]:
        assembler.add(Message(kind, json.dumps(content).encode()))
    first = assembler.outputs()
    assert [output.get("text") for output in first] == ["ab", "c", "d", None]
    assert first[-1]["data"] == {"text/plain": "y"} and first[-1]["transient"] == {"display_id": "i"}
    assembler.add(Message("stream", b'{"name": "stdout", "text": "e"}'))
    assert assembler.outputs()[-1]["text"] == "e"
    assert first == assembler.outputs()[:-1], "what was given out does not change"
    assembler.add(Message("clear_output", b'{"wait": true}'))
    assert len(assembler.outputs()) == 5
    assembler.add(Message("stream", b'{"name": "stdout", "text": "f"}'))
    gone = {"output_type": "update_display_data", **{k: first[-1][k] for k in ("data", "metadata", "transient")}}
    last = {"output_type": "stream", "name": "stdout", "text": "f"}
    assert assembler.outputs() == [last, gone], "what was cleared here may be shown elsewhere"
