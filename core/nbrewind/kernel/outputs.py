"""Outputs, captured where every message leaves the kernel.

IPython's display hooks are per thread and miss what the IOPub thread flushes; ``Session.send`` misses what forked
children print. So the tee sits on the IOPub thread's own sending, the last place before the wire: it sees what clients
see, in their order, and changes nothing.
"""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec

from nbrewind.kernel.assemble import Assembler, Message
from nbrewind.kernel.log import quiet

DELIMITER = b"<IDS|MSG>"
KINDS = frozenset({"stream", "display_data", "update_display_data", "execute_result", "error", "clear_output"})
KEPT_RUNS = 64
"""Ended runs whose outputs may still be changed by late messages."""
KEPT_BYTES = 32 << 20
SYNC_SECONDS = 2.0
"""How long to wait for the IOPub thread at the end of a run."""


class _Parent(msgspec.Struct):
    msg_id: str = ""


class _Header(msgspec.Struct):
    msg_type: str = ""


_decode_parent = msgspec.json.Decoder(_Parent).decode
_decode_header = msgspec.json.Decoder(_Header).decode


def _kind(frames: Any) -> str:
    """Return the type of a message; that of an output where it can't be told."""
    try:
        return _decode_header(frames[frames.index(DELIMITER) + 2]).msg_type
    except Exception:
        return "stream"


class Capture:
    """The messages of one request."""

    def __init__(self, request: str) -> None:
        """Capture the messages whose parent is ``request``."""
        self.request = request
        self.run = ""
        """The run that they belong to, once it is recorded."""
        self.waiting: list[Message] = []
        self.assembler = Assembler()
        self.size = 0

    def outputs(self) -> list[dict[str, Any]]:
        """Return what was shown so far; see `Assembler`."""
        waiting, self.waiting = self.waiting, []
        for message in waiting:
            self.assembler.add(message)
        return self.assembler.outputs()


class Tee:
    """Sees every IOPub message after it was sent."""

    def __init__(
        self,
        kernel: Any,
        late: Callable[[str, list[dict[str, Any]]], None],
        soon: Callable[[Callable[[], None]], None],
    ) -> None:
        """Watch ``kernel``.

        Args:
            kernel: ipykernel's.
            late: gets a run's id and all its outputs when some came after it was recorded.
            soon: does something on another thread, soon.
        """
        self._thread = kernel.iopub_thread
        self._late = late
        self._captures: OrderedDict[str, Capture] = OrderedDict()
        self._lock = threading.Lock()
        self._dirty: set[str] = set()
        self._soon = soon
        self._original: Callable[..., Any] | None = None
        self._asked, self._sent = [0, 0], [0, 0]
        """How many messages the thread was asked to send, and how many of those have left: others, and outputs."""
        self._streams = [stream for stream in (sys.stdout, sys.stderr) if hasattr(stream, "pub_thread")]

    def install(self) -> None:
        """Start seeing messages."""
        original = self._original = self._thread._really_send
        send_multipart = self._thread.send_multipart
        asked, sent = (count(1), count(1)), (count(1), count(1))

        def ask(frames: Any, *args: Any, **options: Any) -> Any:
            shows = _kind(frames) in KINDS
            self._asked[shows] = next(asked[shows])
            return send_multipart(frames, *args, **options)

        def really_send(frames: Any, *args: Any, **options: Any) -> Any:
            try:
                answer = original(frames, *args, **options)
                self._see_quietly(frames)
            finally:
                shows = _kind(frames) in KINDS
                self._sent[shows] = next(sent[shows])
            return answer

        self._thread.send_multipart = ask
        self._thread._really_send = really_send

    def remove(self) -> None:
        """Stop seeing messages."""
        self.flush_late()
        if self._original is not None:
            vars(self._thread).pop("send_multipart", None)
            vars(self._thread).pop("_really_send", None)
            self._original = None
        self._captures.clear()

    def begin(self, request: str) -> None:
        """Capture the messages of a request from now on."""
        with self._lock:
            self._captures[request] = Capture(request)
            self._captures.move_to_end(request)

    def collect(self, request: str) -> list[dict[str, Any]]:
        """Return the outputs of a request so far; what was printed before this call is among them."""
        self._sync()
        with self._lock:
            capture = self._captures.get(request)
            return capture.outputs() if capture else []

    def recorded(self, request: str, run: str) -> None:
        """Say under which run a request's outputs were recorded: later ones are added to it."""
        with self._lock:
            capture = self._captures.get(request)
            if capture is None:
                return
            capture.run = run
            if capture.waiting:
                self._mark(request)
            self._forget()

    def drop(self, request: str) -> None:
        """Forget a request that is not recorded."""
        with self._lock:
            self._captures.pop(request, None)

    def flush_late(self) -> None:
        """Hand on all late outputs now."""
        with self._lock:
            dirty, self._dirty = self._dirty, set()
            found = [
                (capture.run, capture.outputs())
                for request in dirty
                if (capture := self._captures.get(request)) is not None and capture.run
            ]
        for run, outputs in found:
            try:
                self._late(run, outputs)
            except Exception as error:
                quiet("recording late outputs", error)

    # -- on the IOPub thread ------------------------------------------------------------------------------------------

    def _see_quietly(self, frames: Any) -> None:
        try:
            self._see(frames)
        except Exception as error:
            quiet("capturing an output", error)

    def _see(self, frames: Any) -> None:
        if not self._captures:
            return
        parts = [frame if isinstance(frame, bytes) else bytes(frame) for frame in frames]
        start = parts.index(DELIMITER)
        kind = _decode_header(parts[start + 2]).msg_type
        if kind not in KINDS:
            return
        request = _decode_parent(parts[start + 3]).msg_id
        with self._lock:
            capture = self._captures.get(request)
            if capture is None:
                return
            capture.waiting.append(Message(kind, parts[start + 5]))
            capture.size += len(parts[start + 5])
            if capture.run:
                self._mark(request)

    def _mark(self, request: str) -> None:
        if not self._dirty:
            self._soon(self.flush_late)
        self._dirty.add(request)

    # -- on the main thread -------------------------------------------------------------------------------------------

    def _sync(self) -> None:
        """Return when everything printed or displayed so far has left the kernel.

        With nothing buffered and no output on its way, the round trip to the IOPub thread is saved: it takes longer
        than a small cell, of which the announcement is still on its way. Only such messages may be scheduled then.
        """
        printed = [stream for stream in self._streams if getattr(stream, "_buffers", True)]
        scheduled = len(getattr(self._thread, "_events", (None,) * 99))
        (others, outputs), (sent, shown) = self._asked, self._sent
        if not printed and outputs == shown and scheduled <= others - sent:
            return
        for stream in printed:
            stream.flush()
        thread = getattr(self._thread, "thread", None)
        if thread is None or not thread.is_alive() or thread is threading.current_thread():
            return
        done = threading.Event()
        self._thread.schedule(done.set)
        done.wait(SYNC_SECONDS)

    def _forget(self) -> None:
        size = sum(capture.size for capture in self._captures.values())
        while len(self._captures) > 1 and (len(self._captures) > KEPT_RUNS or size > KEPT_BYTES):
            oldest = next(iter(self._captures))
            if oldest in self._dirty:
                break
            size -= self._captures.pop(oldest).size
