"""What a task reached in its worker beside its inputs: told behind its result, which nobody reads past its end.

A line at the head of the script that runs a `PythonTask` watches what the process opens. At its end the report is
appended to the file of the result: a pickle says itself where it ends. So nothing more is transferred, no function that
the task sees is replaced, and what it prints is as without.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from nbrewind.model import ABSENT
from nbrewind.state.software import loaded_modules
from nbrewind.tasks.files import Files
from nbrewind.tasks.parts import Refused

MARK = b"\0nbrewind1"
SEPARATOR = "\x1e"
"""Before all that a worker tells behind what a task has printed."""
TEXT_MARK = "\x1enbrewind1"
"""Before the report of a task whose result stays in the cluster: that is behind what it printed."""
STAYS = "NBREWIND_STAYS"
"""The variable that tells a worker so; the task does not see it."""
_LENGTH = 8
_MOST = 200
"""Files of which a record tells: of a task that reads more nothing is told."""
_ASKING = frozenset(
    {"access", "exists", "getatime", "getctime", "getmtime", "getsize", "is_dir", "is_file", "is_symlink", "isdir"}
    | {"isfile", "islink", "lexists", "lstat", "samefile", "stat", "statvfs", "walk"}
)
"""Functions that ask for files without an event."""
_ENVIRONMENT = frozenset({"environ", "environb", "expandvars", "getenv", "getenvb"})
_OWN = frozenset({"__main__", "__mp_main__", "_distutils_hack", "cloudpickle", "ndcctools", "threadpoolctl"})
"""Modules that Python, and TaskVine in its workers, load by themselves."""
_COMPILED = frozenset({"h5py", "netCDF4", "osgeo", "polars", "rasterio", "tables", "tensorflow", "uproot"})
"""Packages that open files themselves, without an event."""
_ARROW = frozenset(
    {"ParquetDataset", "ParquetFile", "ParquetWriter", "dataset", "memory_map", "OSFile", "pa", "pq"}
) | {
    *("pyarrow", "read_feather", "read_hdf", "read_orc", "read_parquet", "read_table"),
    *("to_feather", "to_hdf", "to_orc", "to_parquet", "write_dataset", "write_feather", "write_table"),
}
"""Words by which code has pyarrow open files, as it does without an event; pandas loads it for less."""


def watching(asked: Collection[str], expected: Collection[str]) -> Any:
    """Watch this process from now on; return what tells of it. The text of this function runs alone in a worker.

    Args:
        asked: names whose use in code is told.
        expected: top-level modules of which it is not told that they were loaded, nor of those that come with Python.
    """
    import gc
    import os
    import sys

    home = os.path.realpath(os.getcwd()) + os.sep
    roots = {os.path.realpath(path) + os.sep for path in (sys.prefix, sys.base_prefix)}
    known = (home, "/proc/", "/dev/", "/sys/", *(root for root in roots if root != os.sep))
    code = tuple(os.path.realpath(path) + os.sep for path in sys.path if path)
    read: dict[str, Any] = {}
    wrote: set[str] = set()
    other: set[str] = set()

    def note(path: Any, way: str) -> None:
        if isinstance(path, int):
            return
        full = os.path.realpath(os.fsdecode(path))
        if (full + os.sep).startswith(known):
            return
        if way == "read" and full.startswith(code) and full.endswith((".py", ".pyc", ".so")):
            return
        if way == "write":
            wrote.add(full)
        elif way == "list":
            other.add("listed " + full)
        elif full not in read:
            try:
                found = os.stat(full)
                read[full] = [found.st_size, found.st_mtime_ns]
            except OSError:
                read[full] = None

    ways = dict.fromkeys(("os.listdir", "os.scandir"), "list")
    for name in ("chmod", "chown", "link", "mkdir", "remove", "rename", "rmdir", "symlink", "truncate", "utime"):
        ways["os." + name] = "write"
    outside = ("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen")

    def finding(frame: Any) -> bool:
        # Whether Python looks for modules, or for what is installed, in a folder of code.
        name = str(frame.f_globals.get("__name__"))
        return name.startswith("importlib.metadata") or frame.f_code.co_filename.startswith("<frozen importlib")

    def calling(frame: Any) -> bool:
        # Whether a library starts the process of a call.
        main: str | None = getattr(sys.modules["__main__"], "__file__", None)
        return bool(frame.f_code.co_name == "start_function" and frame.f_code.co_filename == main)

    def hook(event: str, args: Any) -> None:
        try:
            if event == "open":
                flags = args[2] if isinstance(args[2], int) else 0
                note(args[0], "write" if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) else "read")
            elif event in ways and not finding(sys._getframe(1)):
                paths = [path for path in args[:2] if isinstance(path, (str, bytes, os.PathLike))]
                for path in paths or ["."]:
                    note(path, ways[event])
            elif event in ("socket.connect", "socket.sendto", "sqlite3.connect"):
                other.add(event)
            elif event in outside and not (event == "os.fork" and calling(sys._getframe(1))):
                other.add(event)
        except Exception:
            other.add("something that could not be told")

    def words(left: list[Any]) -> set[str]:
        found: set[str] = set()
        met: set[int] = set()
        while left and len(met) < 100_000:
            value: Any = left.pop()
            if id(value) in met or isinstance(value, type(sys)):
                continue
            met.add(id(value))
            if hasattr(value, "co_names"):
                found.update(value.co_names)
                left += [each for each in value.co_consts if hasattr(each, "co_names")]
            elif gc.is_tracked(value):
                if callable(value):
                    module = getattr(value, "__module__", None)
                    if (
                        isinstance(module, str)
                        and module != "__main__"
                        and hasattr(sys.modules.get(module), "__spec__")
                    ):
                        found.add(str(getattr(value, "__name__", "")))
                        continue
                    left.append(getattr(value, "__code__", None))
                left += [each for each in gc.get_referents(value) if gc.is_tracked(each)]
        return found if not left else found | {"stat", "environ"}

    class Watched:
        count = 0
        modules: set[str] = set()

        def loaded(self) -> set[str]:
            if len(sys.modules) != self.count:
                names = list(sys.modules)
                self.count = len(names)
                self.modules = {name.partition(".")[0] for name in names}.difference(sys.stdlib_module_names, expected)
            return self.modules

        def report(self, values: list[Any], own: str = "", prints: str = "") -> dict[str, Any]:
            # ``own``: the folder of a call; it and the file to which it prints are forgotten.
            if own:
                wrote.discard(prints)
                for found in (read, wrote, other):
                    for each in [each for each in found if each.removeprefix("listed ").startswith(own)]:
                        read.pop(each, None)
                        wrote.discard(each)
                        other.discard(each)
            told = {"wrote": wrote, "other": other, "words": words(values), "loaded": self.loaded()}
            told["words"].intersection_update(asked)
            made: dict[str, Any] = {name: sorted(each) for name, each in told.items() if each}
            wrote.clear()
            return {**made, "read": dict(read)} if read else made

        def ends(self, report: dict[str, Any]) -> bytes:
            import json

            data = json.dumps(report).encode() if report else b""
            return data + len(data).to_bytes(8, "little") + b"\0nbrewind1"

        def forget(self, path: str) -> None:
            # Before a call begins: what is known now need not be found out in its process.
            self.loaded()
            read.pop(path, None)

    sys.addaudithook(hook)
    return Watched()


def watch(watched: Any) -> None:
    """Append to the result of this process what it reached. The text of this function runs alone in a worker."""
    import atexit
    import os
    import sys

    process = os.getpid()
    stays = os.environ.pop("NBREWIND_STAYS", "")

    def tell() -> None:
        if os.getpid() != process:
            return
        try:
            append()
        except Exception:
            pass  # as when there is no result: nothing is told

    def append() -> None:
        import json

        main = vars(sys.modules["__main__"])
        report = watched.report([main.get("exec_function"), main.get("args"), main.get("kwargs")])
        with open(sys.argv[-1], "r+b") as stream:
            if stays:
                import hashlib

                hasher, size = hashlib.sha256(), 0
                while piece := stream.read(1 << 20):
                    hasher.update(piece)
                    size += len(piece)
                report["made"] = ["sha256:" + hasher.hexdigest(), size]
                sys.stdout.flush()
                os.write(1, b"\x1enbrewind1" + json.dumps(report).encode())
                return
            stream.seek(0, 2)
            stream.write(watched.ends(report))

    atexit.register(tell)


def watching_source() -> str:
    """Return the text of `watching`, and of a name for what it watches."""
    asked, expected = sorted(_ASKING | _ENVIRONMENT | _ARROW), sorted((loaded_modules() | _OWN) - _COMPILED)
    return f"{inspect.getsource(watching)}watched = watching({asked!r}, {expected!r})\n"


def first_line() -> str:
    """Return the line that begins to watch, for the head of a script whose first line is empty."""
    source = f"from __future__ import annotations\n{watching_source()}{inspect.getsource(watch)}watch(watched)\n"
    return f"exec({source!r}, {{'__name__': 'nbrewind'}})"


class Report(NamedTuple):
    """What a worker told of a task."""

    read: Mapping[str, tuple[int, int] | None]
    """Files, with size and time of change in ns; None if they were not there."""
    wrote: tuple[str, ...]
    other: tuple[str, ...]
    """What else was reached, in words."""
    words: frozenset[str]
    """Names that the code uses, of those by which files are reached without an event, or the environment is read."""
    loaded: tuple[str, ...]
    """Top-level modules that were loaded and are not in the notebook's own process."""
    made: tuple[str, int] = ("", 0)
    """Digest and size of a result that stays in the cluster."""


def split(data: bytes) -> tuple[bytes, Report | None]:
    """Return a result without the report behind it, and that."""
    if not data.endswith(MARK):
        return data, None
    end = len(data) - len(MARK) - _LENGTH
    start = end - int.from_bytes(data[end : end + _LENGTH], "little")
    report = _NOTHING if start == end else _read(data[start:end])
    return (data, None) if report is None else (data[:start], report)


def split_text(text: str) -> tuple[str, Report | None]:
    """Return what a task has printed without the report behind it, and that."""
    printed, mark, data = text.rpartition(TEXT_MARK)
    report = _read(data) if mark else None
    return (text, None) if report is None else (printed, report)


def _read(data: bytes | str) -> Report | None:
    try:
        return report_of(json.loads(data))
    except (ValueError, TypeError, AttributeError):
        return None


def report_of(told: Mapping[str, Any]) -> Report:
    """Return a report as it was told.

    Raises:
        ValueError, TypeError, AttributeError: it is none.
    """
    read = {path: tuple(found) if found else None for path, found in told.get("read", {}).items()}
    wrote, other, words, loaded = (tuple(told.get(name, ())) for name in ("wrote", "other", "words", "loaded"))
    digest, size = told.get("made", ("", 0))
    return Report(read, wrote, other, frozenset(words), loaded, (str(digest), int(size)))


_NOTHING = report_of({})


def is_quiet(report: Report) -> bool:
    """Whether a task has reached nothing beside its inputs, by what its worker told."""
    reached = report.read or report.wrote or report.other or report.words
    return not reached and _COMPILED.isdisjoint(report.loaded)


def seen_of(report: Report | None, files: Files) -> dict[str, str] | str:
    """Return what a task was seen to reach, each with its digest; or in words why that is not known.

    What was read is digested here, so it must be the very file here: of the same size and time of change.
    """
    if report is None:
        return "its worker told nothing of what it reached"
    if report.other:
        return f"it reached something that is not recorded ({report.other[0]})"
    for words, why in ((_ASKING, "it asks for files by"), (_ENVIRONMENT, "it reads the environment by")):
        if found := sorted(words & report.words):
            return f"{why} `{found[0]}`, which nobody sees"
    compiled = sorted(_COMPILED.intersection(report.loaded))
    if not compiled and not _ARROW.isdisjoint(report.words):
        compiled = ["pyarrow"]
    if compiled:
        return f"it uses {compiled[0]}, which opens files unseen"
    if len(report.read) > _MOST:
        return f"it reads more than {_MOST} files that are no inputs"
    seen = {}
    for path, mark in report.read.items():
        digest = _digest(path, mark, files)
        if not digest:
            return f"`{path}`, which it reads and is no input, is not the same file here"
        seen["file:" + files.shown(path)] = digest
    return seen


def _digest(path: str, mark: tuple[int, int] | None, files: Files) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return ABSENT if mark is None else ""
    if mark is None or (found.st_size, found.st_mtime_ns) != mark:
        return ""
    try:
        return files.digest(path)
    except Refused:
        return ""
