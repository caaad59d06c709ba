"""What audit events say of a run's effects. Where Python tells no event, `patches` and `watch` see to it."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nbrewind.state.places import is_user_code, keep

if TYPE_CHECKING:
    from nbrewind.kernel.effects import EffectLog

_HERE = os.path.dirname(__file__) + os.sep


def _open(log: EffectLog, args: Sequence[Any]) -> None:
    path, mode, flags = args[0], args[1], args[2]
    if isinstance(mode, str):
        reads = "r" in mode or "a" in mode or "+" in mode
        writes = any(letter in mode for letter in "wax+")
        keeps = "w" not in mode
    else:
        access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
        writes = access in (os.O_WRONLY, os.O_RDWR) or bool(flags & os.O_TRUNC)
        reads = access in (os.O_RDONLY, os.O_RDWR)
        keeps = not flags & os.O_TRUNC
        if flags & getattr(os, "O_DIRECTORY", 0):
            return
    if writes:
        log.write(path, keeps=keeps)
    elif reads:
        log.read(path)


def _rename(log: EffectLog, args: Sequence[Any]) -> None:
    source = log.path(args[0])
    if source and os.path.isdir(source):
        log.unknown[f"it moves the folder {os.path.basename(source)}"] = None
        return
    log.read(args[0])
    log.remove(args[0])
    log.write(args[1])


def _link(log: EffectLog, args: Sequence[Any]) -> None:
    log.meet(args[1])
    log.read(args[0])
    log.write(args[1])


def _symbolic_link(log: EffectLog, args: Sequence[Any]) -> None:
    if args[-1] == -1:
        _link(log, args)
        log.shape(args[1])


def _remove(log: EffectLog, args: Sequence[Any]) -> None:
    if args[-1] == -1:  # else the path is below a folder that is not told
        log.remove(args[0])


def _permissions(log: EffectLog, args: Sequence[Any]) -> None:
    if args[-1] == -1:
        log.shape(args[0])


def _times(log: EffectLog, args: Sequence[Any]) -> None:
    """Note that somebody sets the times of a file; a library that copies or unpacks files is left to do it."""
    if _is_by_user(_caller()):
        log.unknown["it sets the times of files, which are not recorded"] = None


def _environment(log: EffectLog, args: Sequence[Any]) -> None:
    """Note a variable that is set or deleted past `os.environ`, which is what is looked at."""
    if _is_by_user(_caller()):
        log.unknown["it changes the environment past os.environ"] = None


def _make_folder(log: EffectLog, args: Sequence[Any]) -> None:
    _folder(log, args, meets=not _may_exist())


def _remove_folder(log: EffectLog, args: Sequence[Any]) -> None:
    _folder(log, args, meets=True)


def _folder(log: EffectLog, args: Sequence[Any], *, meets: bool) -> None:
    if args[-1] == -1:  # else the path is below a folder that is not told
        if meets:
            log.meet(args[0])
        log.folder_changes(args[0])


def _may_exist() -> bool:
    """Whether who makes a folder takes one that is there."""
    caller = _caller()
    return caller is not None and not is_user_code(caller.f_code.co_filename) and bool(caller.f_locals.get("exist_ok"))


def _is_by_user(caller: types.FrameType | None) -> bool:
    return caller is not None and is_user_code(caller.f_code.co_filename)


def _caller() -> types.FrameType | None:
    """Return the frame that did what the event tells."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return frame


def _truncate(log: EffectLog, args: Sequence[Any]) -> None:
    log.write(args[0], keeps=True)


def _database(log: EffectLog, args: Sequence[Any]) -> None:
    name = args[0]
    if isinstance(name, str | bytes | os.PathLike) and os.fsdecode(name) not in ("", ":memory:"):
        text = os.fsdecode(name)
        if text.startswith("file:"):
            log.unknown["it opens a database by URI"] = None
            return
        log.write(text, keeps=True)


def _connect(log: EffectLog, args: Sequence[Any]) -> None:
    address = args[1] if len(args) > 1 else "?"
    where = f"{address[0]}:{address[1]}" if isinstance(address, tuple) and len(address) > 1 else str(address)
    log.add("network", where)


def _request(log: EffectLog, args: Sequence[Any]) -> None:
    log.add("network", str(args[0]).partition("?")[0])


def _temporary(log: EffectLog, args: Sequence[Any]) -> None:
    path = os.path.realpath(os.fsdecode(args[0]))
    log.temporary.append(path)
    keep(path)


def _popen(log: EffectLog, args: Sequence[Any]) -> None:
    log.program(args[1] if len(args) > 1 and args[1] else args[0])


def _find_class(log: EffectLog, args: Sequence[Any]) -> None:
    if args[0] == "__main__":
        log.names.add(str(args[1]).partition(".")[0])


def _fork(log: EffectLog, args: Sequence[Any]) -> None:
    log.add("process", "fork")
    log.forks = True
    log.unseen()


HANDLERS: dict[str, Callable[[EffectLog, Sequence[Any]], None]] = {
    "import": lambda log, args: log.loads.note(args[0]),
    "open": _open,
    "os.listdir": lambda log, args: log.list(args[0]),
    "os.scandir": lambda log, args: log.list(args[0]),
    "os.remove": _remove,
    "os.rename": _rename,
    "os.link": _link,
    "os.symlink": _symbolic_link,
    "os.chmod": _permissions,
    "os.utime": _times,
    "os.putenv": _environment,
    "os.unsetenv": _environment,
    "os.truncate": _truncate,
    "os.chdir": lambda log, args: log.meet(args[0]),
    "os.mkdir": _make_folder,
    "os.rmdir": _remove_folder,
    "sqlite3.connect": _database,
    "subprocess.Popen": _popen,
    "tempfile.mkdtemp": _temporary,
    "tempfile.mkstemp": _temporary,
    "os.system": lambda log, args: log.program(["sh", "-c", os.fsdecode(args[0])]),
    "os.posix_spawn": lambda log, args: log.program(args[0]),
    "os.exec": lambda log, args: log.program(args[0]),
    "os.spawn": lambda log, args: log.program(args[1]),
    "os.fork": _fork,
    "os.forkpty": _fork,
    "pickle.find_class": _find_class,
    "socket.connect": _connect,
    "socket.bind": _connect,
    "urllib.Request": _request,
}
"""What to do at an event, by its name; the arguments are as in the table of Python's documentation."""
