"""What a call prints in another process: kept with what it gives, and printed again where a record answers."""

from __future__ import annotations

import contextlib
import pickle
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, NamedTuple, cast

import msgspec

from nbrewind.store.types import Buffer

from .tied import Tied, pickled

_decode = msgspec.msgpack.Decoder(list[tuple[str, str]]).decode


class Printed(NamedTuple):
    """What a call in another process has given."""

    value: Any
    texts: list[tuple[str, str]]
    """What it printed there, by the names of the streams."""
    began: float = 0.0
    """Seconds since the epoch; 0 where that is not known."""
    seconds: float = 0.0
    data: bytes | None = None
    """The value as a record may hold it, instead of the value."""

    def here(self) -> Printed:
        """Return the same with the value in it."""
        return self if self.data is None else self._replace(value=pickle.loads(self.data))

    def written(self) -> bytes:
        """Return what it printed as a record keeps it."""
        return msgspec.msgpack.encode(self.texts) if self.texts else b""


def texts_of(written: Buffer) -> list[tuple[str, str]]:
    """Return what a call has printed; raise `msgspec.DecodeError` if it is damaged."""
    return _decode(written) if written else []


def print_again(texts: Iterable[tuple[str, str]]) -> None:
    """Print what a call has printed."""
    for stream, text in texts:
        getattr(sys, stream).write(text)


class _Tee:
    """A stream that keeps what is written into it, and is in all else the one below it."""

    def __init__(self, stream: Any, name: str, texts: list[tuple[str, str]]) -> None:
        self._stream, self._name, self._texts = stream, name, texts

    def write(self, text: str) -> Any:
        """Write, and keep the text."""
        if self._texts and self._texts[-1][0] == self._name:
            text_before = self._texts.pop()[1]
            self._texts.append((self._name, text_before + text))
        else:
            self._texts.append((self._name, text))
        return self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write, and keep the texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def _kept(texts: list[tuple[str, str]]) -> Iterator[None]:
    out, err = sys.stdout, sys.stderr
    with (
        contextlib.redirect_stdout(cast(IO[str], _Tee(out, "stdout", texts))),
        contextlib.redirect_stderr(cast(IO[str], _Tee(err, "stderr", texts))),
    ):
        yield


_held: list[Any] = []
"""What calls have given that is tied to something: others use that, as long as this process lives."""


def captured(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Printed:
    """Call a function in a worker process, and keep what it prints."""
    texts: list[tuple[str, str]] = []
    began, start = time.time(), time.perf_counter()
    with _kept(texts):
        value = fn(*args, **kwargs)
    seconds = time.perf_counter() - start
    try:
        return Printed(None, texts, began, seconds, pickled(value))
    except Tied:
        _held.append(value)
    except Exception:  # of a class that only the pool's own pickles take
        pass
    return Printed(value, texts, began, seconds)
