"""What a run does outside the process, from audit events: files, folders, processes, network.

The audit hook is installed once per process, can't be removed, and returns at once while no run is open. It never
raises, unless it is told to `forbid`: an exception from an audit hook would abort what the user's code is doing. Nor
does it take any lock that the user's code may hold: what needs one (``tempfile``, ``site``) is looked up when the hook
is installed.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nbrewind.kernel.events import HANDLERS
from nbrewind.kernel.imports import Loads
from nbrewind.kernel.log import quiet
from nbrewind.model import ABSENT, Effect, EffectKind
from nbrewind.planning.outside import folder_digest
from nbrewind.state.files import file_digest
from nbrewind.state.places import is_of_a_library, is_user_file, package_of_data, prepare

if TYPE_CHECKING:
    from nbrewind.kernel.system_calls import Call
    from nbrewind.kernel.system_trace import SystemTrace

HARMLESS_PROGRAMS = frozenset(
    {"lscpu", "uname", "ldconfig", "gcc", "cc", "clang", "ld", "objdump", "sysctl", "nproc", "lsb_release"}
)
"""Programs that libraries start to learn about the machine: they neither write nor read what is the user's."""

MAX_FILES = 2000
"""Files of one folder that are compared before and after a program ran."""

Mark = tuple[int, int, int, int]
"""Size, modification time, inode and change time: equal marks of one path mean equal content."""


def mark_of(path: str) -> Mark | None:
    """Return the mark of a file; None where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)


class EffectLog:
    """The effects of one run, in the order in which they happened."""

    def __init__(
        self,
        folder: str,
        ignored: Sequence[str],
        digest: Callable[[str], str] = file_digest,
        opened: Mapping[str, Mark | None] | None = None,
        probes: list[tuple[str, str]] | None = None,
    ) -> None:
        """Log for a notebook in ``folder`` (links resolved); paths below one of ``ignored`` don't count.

        ``opened``: files that runs before left open for writing, with the marks that they had then. ``probes``: grows
        while the run asks whether files exist and the like, by a path and by what is asked.
        """
        self.folder = folder
        self.ignored = tuple(path.rstrip(os.sep) + os.sep for path in ignored)
        self.digest = digest
        self.reads: dict[str, Mark | None] = {}
        """Files read before the run wrote them, with what they were when first opened."""
        self.before: dict[str, str] = {}
        """Digests that files had before this run wrote them, where that matters."""
        self.written: dict[str, None] = {}
        self.removed: dict[str, None] = {}
        self.listings: dict[str, str] = {}
        self.met: dict[str, str] = {}
        """Paths at which it counted what was there, a file, a folder or nothing, with that."""
        self.folders: set[str] = set()
        """Folders that were made or removed."""
        self.shaped: dict[str, None] = {}
        """Where folders and links were made or removed, or permissions were set."""
        self.effects: dict[tuple[str, str], Effect] = {}
        self.unknown: dict[str, None] = {}
        self.temporary: list[str] = []
        """Temporary folders and files that were made."""
        self.names: set[str] = set()
        """Names of variables that were looked up by a text: a pickle says where the classes in it are."""
        self.loads: Loads = Loads()
        self.packages: set[str] = set()
        """Installed packages whose data files were read: their versions count, imported or not."""
        self.relative = False
        """Some path depended on the working directory."""
        self.open = dict(opened or {})
        """Files left open for writing by runs before, with their marks."""
        self.listed: dict[str, dict[str, Mark | None] | None] = {}
        """Folders with the marks of their files before something unseen began to work on them."""
        self.probes = [] if probes is None else probes
        self.asked: dict[str, set[str]] = {}
        """Paths with what was asked of them before the run changed anything there."""
        self.found: dict[str, tuple[str, str]] = {}
        """Of these, those that it then changed, with what was there: ``file`` or ``dir``, and the digest."""
        self.programs: dict[str, None] = {}
        """Programs that it started, but harmless ones."""
        self.forks = False
        self.looks: Counter[str] = Counter()
        """How often Python, the import system included, and this very record have listed a folder."""
        self.began = 0
        """Nanoseconds since the epoch."""
        self.calls: list[Call] | None = None
        """Its system calls, where they are traced and all were written down."""
        self._asked = 0
        self._changed: set[str] = set()

    # -- what happened ------------------------------------------------------------------------------------------------

    def add(self, kind: EffectKind, subject: str, detail: str = "") -> None:
        """Note an effect once."""
        self.effects.setdefault((kind, subject), Effect(kind=kind, subject=subject, detail=detail))

    def ignore(self, folder: str) -> None:
        """Leave out what happens, and has happened, below a folder, whose path ends in a slash."""
        self.ignored += (folder,)
        kept: tuple[dict[str, Any], ...] = (self.reads, self.before, self.written, self.removed, self.listings)
        for found in (*kept, self.met, self.shaped, self.asked, self.found):
            for path in [path for path in found if path.startswith(folder)]:
                del found[path]
        self.folders = {path for path in self.folders if not path.startswith(folder)}

    def path(self, value: object) -> str:
        """Return a path absolute and with links resolved; empty where it is none, or not the user's."""
        if isinstance(value, int) or value is None:
            return ""
        try:
            text = os.fsdecode(value)  # type: ignore[arg-type]
        except TypeError:
            return ""
        if is_of_a_library(text):
            return ""
        self.relative = self.relative or not os.path.isabs(text)
        full = os.path.realpath(text)
        return full if is_user_file(full, self.folder) and not full.startswith(self.ignored) else ""

    def places(self, value: object) -> list[str]:
        """Return a path as `path` does and, where it is a link, also where that is: both were looked at."""
        path = self.path(value)
        if not path:
            return []
        text = os.path.abspath(os.fsdecode(value))  # type: ignore[arg-type]
        if text == path or not os.path.islink(text):
            return [path]
        link = os.path.join(os.path.realpath(os.path.dirname(text)), os.path.basename(text))
        return [path, link] if is_user_file(link, self.folder) else [path]

    def ask(self) -> None:
        """Take over for which paths the run has asked by now."""
        probes, self._asked = self.probes[self._asked :], len(self.probes)
        for text, asked in probes:
            for path in self.places(text) if text else ():
                if path not in self._changed:
                    self.asked.setdefault(path, set()).add(asked)

    def _change(self, path: str) -> None:
        """Keep what is at a path that is about to change, if the run has asked for it."""
        self.ask()
        if path in self._changed:
            return
        self._changed.add(path)
        if path in self.asked:
            folder = os.path.isdir(path)
            self.found[path] = ("dir", folder_digest(path)) if folder else ("file", self.digest(path))

    def read(self, value: object) -> None:
        """Note that a file's content, or its absence, was read."""
        places = self.places(value)
        for path in places:
            if path not in self.written and path not in self.reads and not os.path.isdir(path):
                self.reads[path] = None if path in self.removed else mark_of(path)
        if not places and isinstance(value, (str, bytes, os.PathLike)):
            self.packages.update(package_of_data(os.fsdecode(value)))

    def write(self, value: object, *, keeps: bool = False) -> None:
        """Note that a file is about to be written. ``keeps``: what was there matters to what will be."""
        path = self.path(value)
        if not path:
            return
        self._change(path)
        if path not in self.written and path not in self.before and (keeps or path in self.reads):
            self.before[path] = ABSENT if path in self.removed else self.digest(path)
        self.written[path] = None
        self.removed.pop(path, None)

    def remove(self, value: object) -> None:
        """Note that a file is about to be removed."""
        path = self.path(value)
        if not path or self.shape(value, links=True):
            return
        self._change(path)
        if path not in self.written and path not in self.before:
            self.before[path] = self.digest(path)
        self.written.pop(path, None)
        self.removed[path] = None

    def meet(self, value: object) -> None:
        """Note that it counts what is at a path."""
        path = self.path(value)
        if path and path not in self.written and path not in self.folders:
            self.met.setdefault(path, self.digest(path))

    def folder_changes(self, value: object) -> None:
        """Note that a folder is about to be made or removed."""
        path = self.path(value)
        if path:
            self._change(path)
            self.folders.add(path)
            self.shaped[path] = None

    def shape(self, value: object, *, links: bool = False) -> bool:
        """Note that what is at a path, itself, is about to be made, removed or set. Returns whether it is noted.

        ``links``: only if it is a link.
        """
        if not self.path(value):
            return False
        text = os.path.abspath(os.fsdecode(value))  # type: ignore[arg-type]
        if links and not os.path.islink(text):
            return False
        place = os.path.join(os.path.realpath(os.path.dirname(text)), os.path.basename(text))
        self._change(place)
        self.shaped[place] = None
        return True

    def list(self, value: object) -> None:
        """Note that a folder was listed; its names are those of this moment."""
        path = self.path(value if value is not None else ".")
        self.looks[path] += 1
        if path and not _importing() and path not in self.listings:
            self.listings[path] = folder_digest(path)
            self.looks[path] += 1

    def unseen(self) -> None:
        """Note that files may be changed from now on without an event: in these folders that will be seen by marks."""
        for folder in {self.folder, os.path.realpath(".")}:
            if folder not in self.listed:
                self.listed[folder] = folder_marks(folder)
                self.looks[folder] += 1

    def compare(self) -> None:
        """Take files that changed unseen for written, and those that are gone for removed."""
        self.written.update((path, None) for path, mark in self.open.items() if mark_of(path) not in (mark, None))
        for folder, before in self.listed.items():
            after = folder_marks(folder)
            if before is None or after is None:
                continue
            for path in after:
                if after[path] != before.get(path) and self.path(path):
                    self.written[path] = None
            for path in before.keys() - after.keys():
                if path not in self.written and self.path(path):
                    self.removed[path] = None

    def doubts(self) -> tuple[str, ...]:
        """Return, in words, why its effects may not all be known."""
        seen = self.calls is not None
        words = ": of that only its files are seen" if seen else ", whose reads and writes are not seen"
        programs = [f"it starts another program ({name}){words}" for name in self.programs]
        words = "of what the child does only its files are seen" if seen else "and what the child does is not seen"
        forks = [f"it forks this process, {words}"] if self.forks else []
        return (*programs, *forks, *self.unknown)

    def program(self, command: object) -> None:
        """Note that a program was started, with the files of the user's folders that its command line names."""
        name = _program(command)
        self.add("process", name)
        if name not in HARMLESS_PROGRAMS:
            self.unseen()
            folders = (self.folder + os.sep, os.path.realpath(".") + os.sep)
            for word in _arguments(command):
                if os.path.isfile(word) and self.path(word).startswith(folders):
                    self.read(word)
            self.programs[name] = None


def folder_marks(folder: str) -> dict[str, Mark | None] | None:
    """Return the marks of the data files in a folder, which are not hidden and no notebooks.

    None where they can't be listed or are very many: such a folder is not compared.
    """
    try:
        with os.scandir(folder) as entries:
            names = [entry.path for entry, _ in zip(entries, range(MAX_FILES + 1), strict=False) if _is_data(entry)]
    except OSError:
        return None
    return None if len(names) > MAX_FILES else {path: mark_of(path) for path in names}


def _is_data(entry: os.DirEntry[str]) -> bool:
    return entry.is_file() and not entry.name.startswith(".") and not entry.name.endswith(".ipynb")


def _program(command: object) -> str:
    """Return the name of the program that a command line starts, in a shell's the first one there."""
    if isinstance(command, list | tuple) and len(command) > 2 and os.path.basename(str(command[0])) in ("sh", "bash"):
        command = str(command[2]).split()[:1] or command
    first = command[0] if isinstance(command, list | tuple) and command else command
    name = os.path.basename(os.fsdecode(first)) if isinstance(first, str | bytes | os.PathLike) else "?"
    return name.split()[0] if name.split() else "?"


def _arguments(command: object) -> list[str]:
    """Return the words of a command line."""
    parts = command if isinstance(command, list | tuple) else [command]
    texts = [os.fsdecode(part) for part in parts if isinstance(part, str | bytes | os.PathLike)]
    return [word.strip("'\"<>;&|") for text in texts for word in (text, *text.split())]


def _importing() -> bool:
    """Whether the import system asks, for modules or metadata: it lists every folder of ``sys.path``."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and frame.f_code.co_filename.startswith(_IMPORTERS)


_HERE = os.path.dirname(__file__) + os.sep

_IMPORTERS = ("<frozen importlib", os.path.dirname(importlib.__file__) + os.sep)


_active: EffectLog | None = None
_trace: SystemTrace | None = None
_forbid: Callable[[str, Sequence[Any]], None] | None = None
_on_exec: Callable[[Any], None] | None = None
_installed = False
_inside = threading.local()


def _hook(event: str, args: Sequence[Any]) -> None:
    if _forbid is not None:
        _forbid(event, args)
    log = _active
    if log is None:
        return
    handler = HANDLERS.get(event)
    try:
        if handler is not None:
            if getattr(_inside, "handler", False):
                return
            _inside.handler = True
            try:
                handler(log, args)
            finally:
                _inside.handler = False
        elif event == "exec" and _on_exec is not None:
            _on_exec(args[0])
    except Exception as error:
        log.unknown[f"its effects could not all be followed ({type(error).__name__} at {event})"] = None


def _in_child() -> None:
    global _active
    _active = None


def install(on_exec: Callable[[Any], None]) -> None:
    """Install the audit hook, once per process; ``on_exec`` gets code objects that are about to run."""
    global _installed, _on_exec
    _on_exec = on_exec
    if not _installed:
        _installed = True
        prepare()
        sys.addaudithook(_hook)
        os.register_at_fork(after_in_child=_in_child)


def trace(found: SystemTrace) -> None:
    """Add system calls to what is known of runs from now on."""
    global _trace
    _trace = found


def _taken() -> list[Call] | None:
    """Return the system calls since this was asked last; None where they are not, or no more, traced."""
    global _trace
    try:
        return _trace.take() if _trace is not None else None
    except OSError as error:
        _trace = None
        quiet("tracing system calls", error)
        return None


def start(log: EffectLog, look: Callable[[str, Sequence[Any]], None] | None = None) -> None:
    """Attribute events to ``log`` from now on; ``look``: as for `forbid`."""
    global _active
    _taken()
    log.looks.clear()
    log.began = time.time_ns()
    _active = log
    forbid(look)


def forbid(look: Callable[[str, Sequence[Any]], None] | None) -> None:
    """Show every event to ``look`` first, on all threads: what it raises stops what was about to be done."""
    global _forbid
    _forbid = look


def ignore(folder: str) -> None:
    """Leave out what happens below a folder in the run that is under way."""
    if _active is not None:
        _active.ignore(os.path.realpath(folder) + os.sep)


def stop() -> None:
    """Attribute events to no run, and forbid nothing."""
    global _active
    log, _active = _active, None
    forbid(None)
    if log is not None:
        log.calls = _taken()
