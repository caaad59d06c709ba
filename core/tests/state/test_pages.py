"""What is told of written pages: nothing that was written is taken for unwritten, whatever door it came through."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator

import pytest

from nbrewind.state import pages
from nbrewind.state.pages import PAGE, Unsupported, Writes

pytestmark = pytest.mark.py311

COUNT = 64
SIZE = COUNT * PAGE
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = LIBC.mremap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
LIBC.mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p]
LIBC.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
LIBC.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
PRIVATE, FIXED = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 0x10
MADV_FREE, MADV_COLD, MADV_PAGEOUT = 8, 20, 21


@pytest.fixture
def writes() -> Iterator[Writes]:
    """What is known of this process, where the machine supports that."""
    try:
        made = Writes()
    except Unsupported as error:
        pytest.skip(f"no page tracking here: {error}")
    yield made
    made.close()


class Memory:
    """Pages of private memory, all written once, at an address of their own."""

    def __init__(self, flags: int = PRIVATE, count: int = COUNT, file: int = -1) -> None:
        self.size = count * PAGE
        self.start = LIBC.mmap(None, self.size, 3, flags, file, 0)
        self.end = self.start + self.size
        self.bytes = (ctypes.c_char * self.size).from_address(self.start)
        ctypes.memset(self.start, 1, self.size)

    def write(self, page: int) -> None:
        self.bytes[page * PAGE + 7] = 2

    def written(self, writes: Writes) -> list[int] | None:
        """Return the pages that are not told to be unwritten."""
        regions = writes.unwritten(self.start, self.end)
        if regions is None:
            return None
        clean = {page for start, end in regions for page in range(start, end, PAGE)}
        return [at for at, page in enumerate(range(self.start, self.end, PAGE)) if page not in clean]


@pytest.fixture
def memory(writes: Writes) -> Iterator[Memory]:
    """Protected memory."""
    made = Memory()
    assert writes.begin(made.start, made.end)
    yield made
    LIBC.munmap(made.start, made.size)


def test_what_is_read_is_unwritten_and_what_is_written_is_told(writes, memory):
    assert memory.written(writes) == []
    assert sum(memory.bytes.raw) == SIZE
    assert memory.written(writes) == []
    for page in (3, 9, 9, 63):
        memory.write(page)
    assert memory.written(writes) == [3, 9, 63]
    assert memory.written(writes) == [3, 9, 63], "to ask does not protect again"
    assert writes.protect([(memory.start + 3 * PAGE, memory.start + 10 * PAGE)])
    assert memory.written(writes) == [63]
    memory.write(9)
    assert memory.written(writes) == [9, 63]


def test_memory_that_was_not_protected_is_not_known(writes):
    memory = Memory()
    assert memory.written(writes) is None
    assert writes.begin(memory.start, memory.end)
    writes.end(memory.start, memory.end)
    assert memory.written(writes) is None
    LIBC.munmap(memory.start, memory.size)
    assert memory.written(writes) in (None, list(range(COUNT)))


@pytest.mark.parametrize("first", ["read", "write"])
def test_pages_that_were_never_touched(writes, first):
    start = LIBC.mmap(None, SIZE, 3, PRIVATE, -1, 0)
    memory = Memory.__new__(Memory)
    memory.start, memory.size, memory.end = start, SIZE, start + SIZE
    memory.bytes = (ctypes.c_char * SIZE).from_address(start)
    assert writes.begin(memory.start, memory.end)
    assert memory.written(writes) == []
    if first == "read":
        assert memory.bytes[5 * PAGE] == b"\0"
        assert memory.written(writes) == []
    memory.write(5)
    assert memory.written(writes) == [5]
    LIBC.munmap(start, SIZE)


@pytest.mark.parametrize("then", ["nothing", "read", "write"])
@pytest.mark.parametrize("advice", [mmap.MADV_DONTNEED, MADV_FREE])
def test_memory_given_back_to_the_system(writes, memory, advice, then):
    place = memory.start + 4 * PAGE
    assert LIBC.madvise(place, 4 * PAGE, advice) == 0
    if then == "read":
        assert memory.bytes[4 * PAGE] in (b"\0", b"\1")
    if then == "write":
        memory.write(4)
    written = memory.written(writes)
    if advice == mmap.MADV_DONTNEED:
        assert written == [4, 5, 6, 7]
    else:  # each page is as it was until the system takes it
        assert all(memory.bytes[page * PAGE] == b"\1" for page in range(COUNT) if page not in written)
        assert then != "write" or 4 in written


def test_memory_mapped_anew_at_the_same_place(writes, memory):
    assert LIBC.mmap(memory.start + 8 * PAGE, 4 * PAGE, 3, PRIVATE | FIXED, -1, 0) == memory.start + 8 * PAGE
    assert memory.written(writes) is None
    LIBC.munmap(memory.start, SIZE)
    assert LIBC.mmap(memory.start, SIZE, 3, PRIVATE | FIXED, -1, 0) == memory.start
    assert memory.written(writes) is None
    assert memory.written(writes) is None, "nothing begins by asking"


def test_memory_moved_away_and_back(writes, memory):
    other = Memory()
    LIBC.munmap(other.start, SIZE)
    assert LIBC.mremap(memory.start, SIZE, SIZE, 3, other.start) == other.start
    other.write(3)
    assert LIBC.mremap(other.start, SIZE, SIZE, 3, memory.start) == memory.start
    assert memory.written(writes) is None
    assert writes.begin(memory.start, memory.end)
    assert memory.written(writes) == []


def test_rights_taken_away_and_given_back(writes, memory):
    assert LIBC.mprotect(memory.start, SIZE, 1) == 0
    assert memory.written(writes) == []
    assert LIBC.mprotect(memory.start, SIZE, 3) == 0
    memory.write(2)
    assert memory.written(writes) == [2]


@pytest.mark.parametrize("advice", [MADV_COLD, MADV_PAGEOUT])
def test_memory_that_the_system_may_swap_out(writes, memory, advice):
    LIBC.madvise(memory.start, SIZE, advice)
    memory.write(5)
    written = memory.written(writes)
    assert 5 in written
    assert all(memory.bytes[page * PAGE] == b"\1" for page in range(COUNT))


def test_huge_pages(writes):
    memory = Memory(count=(16 << 20) // PAGE)
    LIBC.madvise(memory.start, memory.size, 14)  # MADV_HUGEPAGE
    ctypes.memset(memory.start, 1, memory.size)
    memory.start += PAGE
    assert writes.begin(memory.start, memory.end)
    memory.write(1000)
    assert memory.written(writes) == [999]
    LIBC.munmap(memory.start - PAGE, memory.size)


def test_what_the_kernel_writes_for_a_system_call(writes, memory):
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(bytes(3 * PAGE))
        file.seek(0)
        assert file.readinto(memoryview(memory.bytes).cast("B")[10 * PAGE : 13 * PAGE]) == 3 * PAGE
    assert memory.written(writes) == [10, 11, 12]
    ends = os.pipe()
    os.write(ends[1], b"22")
    assert os.readv(ends[0], [memoryview(memory.bytes).cast("B")[20 * PAGE : 20 * PAGE + 2]]) == 2
    for end in ends:
        os.close(end)
    assert memory.written(writes) == [10, 11, 12, 20]


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded")
def test_forks(writes, memory):
    ends = os.pipe()
    child = os.fork()
    if not child:
        try:
            ok = not writes.usable and memory.written(writes) is None and not writes.begin(memory.start, memory.end)
            memory.write(1)
            writes.end(memory.start, memory.end)
            writes.close()
            os.read(ends[0], 1)
            os._exit(0 if ok and memory.bytes[2 * PAGE + 7] == b"\1" else 1)
        finally:
            os._exit(2)
    try:
        assert memory.written(writes) == []
        memory.write(2)  # shared with the child
        assert memory.written(writes) == [2]
    finally:
        os.write(ends[1], b"1")
        status = os.waitpid(child, 0)[1]
        for end in ends:
            os.close(end)
    assert status == 0
    memory.write(3)
    assert memory.written(writes) == [2, 3], "the child ended nothing"


@pytest.mark.parametrize("door", ["closed", "replaced"])
def test_the_file_that_somebody_closes(writes, memory, door, tmp_path):
    number = writes._file
    if door == "closed":
        os.close(number)
    else:
        with open(tmp_path / "other", "wb") as other:
            os.dup2(other.fileno(), number)
    memory.write(3)
    assert not writes.usable
    assert memory.written(writes) is None
    assert not writes.begin(memory.start, memory.end)
    writes.end(memory.start, memory.end)
    writes.close()
    if door == "replaced":
        os.fstat(number)  # it is not ours to close
        os.close(number)


def test_memory_that_somebody_else_protects(writes):
    other, memory = Writes(), Memory()
    assert other.begin(memory.start, memory.end)
    with pytest.raises(OSError):
        writes.begin(memory.start, memory.end)
    assert memory.written(writes) is None
    writes.end(memory.start, memory.end)
    memory.write(1)
    assert memory.written(other) == [1]
    other.close()
    LIBC.munmap(memory.start, SIZE)


def test_memory_that_is_not_private_is_not_protected(writes, tmp_path):
    with open(tmp_path / "file", "w+b") as file:
        file.truncate(SIZE)
        shared = Memory(mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
        mapped = [Memory(flags, file=file.fileno()) for flags in (mmap.MAP_SHARED, mmap.MAP_PRIVATE)]
    for memory in (shared, *mapped):
        assert not writes.begin(memory.start, memory.end)
        assert memory.written(writes) is None
        LIBC.munmap(memory.start, SIZE)
    assert not writes.begin(memory.start, memory.end), "there is none"


def test_nothing_is_protected_while_memory_may_be_written_past_the_page_tables(writes, memory, tmp_path):
    assert not pages.is_written_unseen()
    (tmp_path / "file").write_bytes(b"1")
    try:
        file = os.open(tmp_path / "file", os.O_RDONLY | os.O_DIRECT)
    except OSError:
        pytest.skip("files here can't be read without caches")
    assert pages.is_written_unseen()
    assert not writes.protect([(memory.start, memory.end)])
    os.close(file)
    assert writes.protect([(memory.start, memory.end)])


@pytest.mark.parametrize("known", [True, False])
def test_nothing_is_protected_while_files_may_be_read_asynchronously(writes, memory, monkeypatch, known):
    setup, destroy = {"x86_64": (206, 207), "aarch64": (0, 1)}[platform.machine()]
    queue = ctypes.c_ulong(0)
    if LIBC.syscall(setup, 8, ctypes.byref(queue)):
        pytest.skip("io_setup is not allowed here")
    try:
        assert pages.is_written_unseen()
        assert not writes.protect([(memory.start, memory.end)])
        if not known:
            monkeypatch.setattr(pages, "_MOST_MAPPINGS", 1)
            assert pages.is_written_unseen()
    finally:
        LIBC.syscall(destroy, queue)
    monkeypatch.undo()
    assert writes.protect([(memory.start, memory.end)])


def test_nothing_is_protected_where_to_look_takes_long(writes, memory, monkeypatch):
    monkeypatch.setattr(pages, "_MOST_FILES", len(os.listdir("/proc/self/fd")) + 10)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(open(os.devnull, "rb"))
        assert pages.is_written_unseen()
        assert not writes.protect([(memory.start, memory.end)])
    assert writes.protect([(memory.start, memory.end)])
    monkeypatch.setattr(pages, "_MOST_MAPPINGS", 1)
    assert not writes.begin(memory.start, memory.end)


def test_more_regions_than_are_told_apart(writes):
    memory = Memory(count=3 * pages._MOST_REGIONS)
    assert writes.begin(memory.start, memory.end)
    for page in range(0, 3 * pages._MOST_REGIONS, 2):
        memory.write(page)
    assert memory.written(writes) is None
    LIBC.munmap(memory.start, memory.size)


def test_threads_that_write_while_it_is_asked(writes, memory):
    done = threading.Event()

    def write(page: int) -> None:
        value = 0
        while not done.is_set():
            value = (value + 1) % 256
            ctypes.memset(memory.start + page * PAGE, value, PAGE)

    threads = [threading.Thread(target=write, args=(page,)) for page in (5, 40)]
    for thread in threads:
        thread.start()
    known, end, looks = bytes(memory.bytes), time.monotonic() + 0.5, 0
    last = [known[page * PAGE : (page + 1) * PAGE] for page in range(COUNT)]
    last[5] = last[40] = b""
    while time.monotonic() < end:
        written = memory.written(writes)
        assert set(written) <= {5, 40}
        if looks == 20:
            done.set()
            for thread in threads:
                thread.join()
        writes.protect([(memory.start + page * PAGE, memory.start + (page + 1) * PAGE) for page in written])
        for page in written:
            last[page] = memory.bytes[page * PAGE : (page + 1) * PAGE]
        looks += 1
    assert memory.written(writes) == []
    assert b"".join(last) == bytes(memory.bytes)


PROBE = """
import ctypes, resource, struct, sys
from nbrewind.state.pages import Unsupported, Writes
libc = ctypes.CDLL(None)
{before}
try:
    Writes().close()
except (Unsupported, OSError) as error:
    print("off:", error)
else:
    print("on")
"""
FILTER = """
class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
allow = struct.pack("HBBI", 6, 0, 0, 0x7FFF0000)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(Program(1, allow))) == 0
"""


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("", "on"),
        ("libc.prctl(65, 1, 0, 0, 0)", "on"),  # PR_SET_MDWE
        (FILTER, "off: the system calls of this process are filtered"),
        ("resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))", "off: "),
        ("sys.platform = 'darwin'", "off: it needs Linux on x86-64 or arm64"),
    ],
)
def test_processes_of_other_kinds(writes, before, said):
    found = subprocess.run(
        [sys.executable, "-c", PROBE.format(before=before)], capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith(said)


def test_files_run_out(writes, memory):
    least = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, least[1]))
    try:
        written = memory.written(writes)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, least)
    assert written is None
