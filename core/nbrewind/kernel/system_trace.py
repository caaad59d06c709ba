"""A run's system calls become files that it read and wrote: those of other programs and of compiled libraries, too.

`strace` writes down what this process and all that it has started do (`nbrewind.driver.system_trace`). Where a run
begins and ends is marked in there by a call of ours; a line is in the file before the call that it tells of returns. So
what a run did is known when it has ended, and all that a program did that the run waited for.

What is read so is an input. That a run with other programs depends on nothing else is not proved by it: they may ask
for the times of files, for variables of the environment, for the clock, which is no system call. Compiled libraries
that are known to open files do no more than that: nothing is left in doubt where all was seen that they opened.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections import Counter
from collections.abc import Collection, Sequence

from nbrewind import unpatched
from nbrewind.kernel.effects import EffectLog, Mark, mark_of
from nbrewind.kernel.files import handles
from nbrewind.kernel.system_calls import Call, Calls
from nbrewind.model import Effect, new_id, once
from nbrewind.planning.outside import folder_digest
from nbrewind.state.places import code_folders, is_library, is_of_a_library, package_of

SECONDS = 5.0
"""How long a mark may take to be written."""
PAUSE = 0.0002
"""Seconds between two looks."""
MOST_FILES = 2000
"""Files that one run's programs have read that are recorded."""
_SETTINGS = "/etc/"
TIMES = frozenset({"mtime", "mtime_ns", "get_file_info", "file_info", "FileInfo"})
"""Words of code that may ask a compiled library for the times of files."""
LOST = "what other programs and compiled libraries opened is not known: strace has ended"


class SystemTrace:
    """The file to which system calls are written, read run by run."""

    def __init__(self, file: str) -> None:
        """Read ``file``; this process is the one that is traced."""
        self._stream = unpatched.open(file, "rb")
        self._name, self._marks = f"/proc/self/nbrewind-{new_id()}", 0
        self._calls = Calls(os.getpid(), os.getcwd())

    def take(self) -> list[Call]:
        """Return what was done since this was asked last.

        Raises:
            OSError: nothing is written any more.
        """
        self._marks += 1
        name = f"{self._name}-{self._marks}"
        unpatched.access(name, os.F_OK)
        end, deadline = os.fsencode(f'"{name}"'), time.monotonic() + SECONDS
        data = b""
        while end not in data or not data.endswith(b"\n"):
            more = self._stream.read()
            while not more:
                if time.monotonic() > deadline:
                    raise OSError(LOST)
                time.sleep(PAUSE)
                more = self._stream.read()
            data += more
        return [call for call in self._calls.read(data.splitlines()) if not call.path.startswith(self._name)]


def conclude(log: EffectLog, unseen: Sequence[str], words: Collection[str]) -> list[str]:
    """Add to a run's log what its system calls tell; return what of ``unseen`` is still in doubt.

    ``unseen``: reasons for files that compiled libraries may have opened; ``words``: of the code that ran.
    """
    if log.calls is None:
        return list(unseen)
    told = _Told(log, libraries=bool(unseen))
    for call in log.calls:
        told.take(call)
    told.conclude()
    left = told.hidden or not TIMES.isdisjoint(words) or (unseen and told.holds_files())
    return list(unseen) if left else []


class _Told:
    """What the calls of a run tell beside what its log has already."""

    def __init__(self, log: EffectLog, *, libraries: bool) -> None:
        """``libraries``: compiled libraries may have looked for files and listed folders."""
        self._log, self._libraries = log, libraries
        started = [effect for effect in log.effects.values() if effect.kind == "process"]
        self._programs = bool(log.programs) or log.forks or not started
        """It counts what other processes did: not so those that only look at the machine."""
        self._told = bool(started)
        self._read: dict[str, bool] = {}
        self._absent: dict[str, bool] = {}
        self._asked: dict[str, bool] = {}
        """Paths with whether there was something."""
        self._places: dict[str, list[str]] = {}
        """Paths to what counts of them, now that the run has ended."""
        self._missed: set[str] = set()
        """Paths, as they were given, at which there was nothing at some time."""
        self._listed: dict[str, None] = {}
        self._looks: Counter[str] = Counter()
        """How often this process has listed each folder."""
        self._changed: dict[str, None] = {}
        self._paths_of_imports = {os.path.realpath(folder) for folder in sys.path} - {log.folder}
        self.hidden = False

    def take(self, call: Call) -> None:
        """Note one call."""
        if not call.found:
            self._missed.add(call.path)
        if call.inside:
            if call.deed in ("ask", "list", "connect") and not self._libraries:
                return
            if call.deed == "start" or (is_library(call.path) and not self._paths(call.path)):
                return
        elif not self._programs or call.deed == "ask":
            return
        if call.deed == "connect":
            self._log.add("network", call.path)
        elif call.deed == "hide":
            self.hidden = True
        elif call.deed == "start":
            self._start(call.path)
        else:
            if not call.inside:
                self._data(call)
            for path in self._paths(call.path):
                self._note(call, path)

    def _paths(self, path: str) -> list[str]:
        if path not in self._places:
            self._places[path] = [] if is_of_a_library(path) else self._log.places(path)
        return self._places[path]

    def _note(self, call: Call, path: str) -> None:
        self._log.relative = self._log.relative or call.relative
        if call.deed in ("write", "update", "remove", "move"):
            made = path in self._changed or path in self._missed or call.path in self._missed
            if call.deed in ("update", "move") and not made:
                self._read.setdefault(path, True)
            elif call.deed == "remove" and not made and path not in self._log.written:
                if self._libraries or not call.inside:
                    self._log.before.setdefault(path, once())
            if call.deed == "write":  # who writes a file anew asks first what is there, and does the same in any case
                self._asked.pop(path, None)
            self._changed[path] = None
        elif path in self._changed:
            return
        elif call.deed == "list":
            self._looks[path] += call.inside
            if path not in self._paths_of_imports and (not call.inside or self._looks[path] > self._log.looks[path]):
                self._listed[path] = None
        elif not os.path.isdir(path) or not call.found:
            noted = self._asked if call.deed == "ask" else self._absent if not call.found else self._read
            noted.setdefault(path, call.found)

    def _start(self, path: str) -> None:
        """Note a program that was started: its content counts."""
        name = os.path.basename(path)
        if not self._told:
            self._log.programs[name] = None
        self._log.effects["process", name] = Effect(kind="process", subject=name, detail=path)
        self._software(path)

    def _data(self, call: Call) -> None:
        """Note what a program reads that is no data of the user's: libraries, and what belongs to packages."""
        if call.deed != "read" or not call.found:
            return
        if is_library(call.path) and not call.path.startswith(_SETTINGS):
            self._software(call.path)
        self._log.packages.update(name for name in package_of(call.path) if not name.startswith("_"))
        if call.path.endswith(".pyc") and self._log.path(os.path.dirname(os.path.dirname(call.path))):
            try:
                source = importlib.util.source_from_cache(call.path)
            except ValueError:
                return
            for path in self._paths(source) if os.path.isfile(source) else ():
                self._read.setdefault(path, True)

    def _software(self, path: str) -> None:
        full = os.path.realpath(path)
        if not full.startswith((*code_folders(), *self._log.ignored)):
            self._read.setdefault(full, True)

    def holds_files(self) -> bool:
        """Whether a file that was read or written is still open, or mapped: it may be read on by what runs later."""
        held = {os.fsencode(path) for _, path in handles()}
        try:
            with unpatched.open("/proc/self/maps", "rb") as maps:
                held.update(line.split(None, 5)[5].rstrip(b"\n") for line in maps if line.count(b"/"))
        except OSError:
            return True
        return not held.isdisjoint(map(os.fsencode, (*self._read, *self._changed)))

    def _is_as_before(self, path: str, mark: Mark) -> bool:
        """Whether a file has not changed since the run began."""
        before = self._log.listed.get(os.path.dirname(path)) or {}
        return mark[3] < self._log.began and before.get(path, mark) == mark

    def conclude(self) -> None:
        """Put it into the log, now that the run has ended."""
        log, left = self._log, MOST_FILES
        for path, found in self._asked.items():
            (self._read if found else self._absent).setdefault(path, found)
        for path in self._absent:
            if path not in log.reads and path not in log.before and path not in log.written:
                log.reads[path] = None
        for path in self._read:
            if path in log.reads or path in log.before or path in log.folders:
                continue
            mark = mark_of(path)
            if mark is not None and self._is_as_before(path, mark):
                left -= 1
                if left >= 0:
                    log.reads[path] = mark
            elif path not in self._absent:
                name = os.path.relpath(path, log.folder)
                log.unknown[f"it reads {name} and that changed meanwhile: what was in it then is not known"] = None
        if left < 0:
            log.unknown[f"other programs read {MOST_FILES - left} files, of which {MOST_FILES} are recorded"] = None
        for path in self._changed:
            mark = mark_of(path)
            if mark is None and not os.path.lexists(path):
                if path not in log.written:
                    log.removed.setdefault(path)
            elif mark is None or mark[3] >= log.began:
                log.written[path] = None
                log.removed.pop(path, None)
        folders = {os.path.dirname(path) for path in (*log.written, *log.removed)} | log.folders
        for path in self._listed.keys() - log.listings.keys():
            if path not in folders:
                log.listings[path] = folder_digest(path)
            elif self._libraries:
                log.unknown[f"it lists {os.path.relpath(path, log.folder)}, in which files came or went meanwhile"] = (
                    None
                )
