"""What code can reach beside its arguments, by the names that it uses."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from nbrewind.analysis.tables import CLOCK_NAMES, ENVIRONMENT_NAMES, GENERATORS, RANDOM_NAMES

from .parts import Mark

_WORDS: dict[Mark, frozenset[str]] = {
    "files": frozenset(
        {
            "open",
            "exists",
            "is_file",
            "is_dir",
            "isfile",
            "isdir",
            "listdir",
            "scandir",
            "walk",
            "glob",
            "iglob",
            "rglob",
        }
        | {"iterdir", "stat", "lstat", "getsize", "getmtime", "loadtxt", "genfromtxt", "fromfile", "memmap", "imread"}
        | {"imsave", "savetxt", "savez", "savefig", "tofile", "dump", "load", "remove", "unlink", "rename", "rmdir"}
        | {"mkdir", "makedirs", "touch", "copyfile", "copytree", "rmtree", "connect", "symlink", "link"}
        | {"NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory", "mkstemp", "mkdtemp", "fileinput", "truncate"}
    ),
    "environment": ENVIRONMENT_NAMES
    | {"expandvars", "expanduser", "home", "getuser", "gettempdir", "getcwd", "cwd", "abspath", "absolute", "resolve"}
    | {"realpath", "gethostname", "node", "uname", "cpu_count", "getpid", "getppid", "argv", "executable", "getlocale"}
    | {"__file__", "platform", "get_ident"},
    "clock": CLOCK_NAMES | {"time"},
    "randomness": RANDOM_NAMES
    | GENERATORS
    | {"random", "randint", "randn", "rand", "randrange", "shuffle", "sample", "choices", "uuid", "hash", "id"},
    "network": frozenset({"urlopen", "urlretrieve", "create_connection", "socket", "getaddrinfo", "read_html"}),
    "subprocess": frozenset(
        {"Popen", "check_call", "check_output", "getoutput", "system", "popen", "fork", "create_subprocess_exec"}
        | {"create_subprocess_shell", "posix_spawn", "spawnv", "execv", "ProcessPoolExecutor", "Pool"}
    ),
}
_FILE_STARTS = (
    "read_", "to_csv", "to_parquet", "to_excel", "to_hdf", "to_json", "to_pickle", "write", "save", "sink_", "scan_",
)  # fmt: skip

_MODULES: dict[str, Mark] = {
    **dict.fromkeys(("shutil", "tempfile", "glob", "fileinput", "sqlite3", "dbm", "shelve", "mmap"), "files"),
    **dict.fromkeys(("random", "secrets", "uuid"), "randomness"),
    **dict.fromkeys(("time", "timeit"), "clock"),
    **dict.fromkeys(("platform", "getpass", "locale"), "environment"),
    **dict.fromkeys(
        ("socket", "ssl", "urllib", "http", "ftplib", "smtplib", "poplib", "imaplib", "telnetlib"), "network"
    ),
    **dict.fromkeys(
        ("requests", "httpx", "aiohttp", "urllib3", "boto3", "botocore", "fsspec", "s3fs", "gcsfs"), "network"
    ),
    **dict.fromkeys(("paramiko", "websockets", "zmq", "grpc", "xmlrpc", "socketserver", "asyncssh"), "network"),
    **dict.fromkeys(("subprocess", "multiprocessing", "pty"), "subprocess"),
}


_INNER: tuple[str, ...] = (
    *("dask.bag.avro", "dask.bag.text", "dask.bytes", "dask.dataframe.dask_expr.io", "dask.dataframe.io"),
    *("pyarrow._dataset", "pyarrow._fs", "pyarrow._parquet", "pyarrow.dataset", "pyarrow.fs", "pyarrow.parquet"),
)
"""Modules of packages that open files, of which others do nothing of the kind."""


def marks_of_words(words: Collection[str]) -> frozenset[Mark]:
    """Return what code can reach that uses these names and attributes."""
    found: set[Mark] = {mark for mark, known in _WORDS.items() if not known.isdisjoint(words)}
    if any(word.startswith(_FILE_STARTS) for word in words):
        found.add("files")
    return frozenset(found)


def marks_of_module(name: str) -> frozenset[Mark]:
    """Return what code can reach that uses something of a module (dotted name)."""
    parts = name.split(".")
    found: set[Mark] = {_MODULES[parts[0]]} if parts[0] in _MODULES else set()
    if "random" in parts:
        found.add("randomness")
    if name.startswith(_INNER):
        found.add("files")
    return frozenset(found)


@lru_cache(maxsize=4096)
def marks_of_name(module: str, qualname: str) -> frozenset[Mark]:
    """Return what code can reach that uses this of a module."""
    return marks_of_module(module) | marks_of_words({qualname.rpartition(".")[2]})
