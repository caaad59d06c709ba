"""Which pages of memory were written since they were last looked at, as Linux tells it (6.7 and newer).

Pages are write-protected through ``userfaultfd`` in its asynchronous mode: the kernel itself lets the first write to
each go on, and notes it. ``PAGEMAP_SCAN`` tells where that was. All that is asked is about addresses, so it holds
whoever owned the memory meanwhile; and nothing is taken for unwritten but a page of which the kernel says that it still
carries our protection: memory that was given back, moved or mapped anew never does.

What no page table tells is memory that a device or the kernel writes by its physical address. While something in the
process may do that, nothing is protected (`is_written_unseen`).
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import itertools
import os
import platform
import struct
import sys
from collections.abc import Iterable

from nbrewind import unpatched

# <asm/unistd.h>
_SYSCALL = {"x86_64": 323, "aarch64": 282}
# <linux/userfaultfd.h>
_UFFD_USER_MODE_ONLY = 1
_UFFD_API = 0xAA
_UFFD_FEATURE_WP_UNPOPULATED, _UFFD_FEATURE_WP_ASYNC = 1 << 13, 1 << 15
_UFFDIO_API, _UFFDIO_REGISTER, _UFFDIO_UNREGISTER = 0xC018AA3F, 0xC020AA00, 0x8010AA01
_UFFDIO_REGISTER_MODE_WP = 1 << 1
# <linux/fs.h>
_PAGEMAP_SCAN = 0xC0606610
_PM_SCAN_WP_MATCHING, _PM_SCAN_CHECK_WPASYNC = 1 << 0, 1 << 1
_WPALLOWED, _WRITTEN, _FILE, _PRESENT, _SWAPPED = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4
_ARGUMENT = struct.Struct("=12Q")
"""``struct pm_scan_arg``: size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted, category_mask,
category_anyof_mask, return_mask."""
_WALK_END = 4

PAGE = os.sysconf("SC_PAGE_SIZE")
_MOST_REGIONS = 4096
"""More runs of pages than that are not told apart."""
_MOST_FILES = 100
_MOST_MAPPINGS = 5000
"""Where more are open or mapped, to look at each would take longer than hashing: nothing is protected."""
_HARMLESS = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/pt", "/dev/shm/")

Region = tuple[int, int]
"""Addresses of a first byte, and of that behind the last."""


class Unsupported(Exception):
    """The kernel does not tell, or not to this process; the message says why."""


class Writes:
    """What is known of writes to this process's memory."""

    def __init__(self) -> None:
        """Ask the kernel; raise `Unsupported` if it does not tell."""
        number = _SYSCALL.get(platform.machine())
        if sys.platform != "linux" or number is None or sys.maxsize < 1 << 32:
            raise Unsupported("it needs Linux on x86-64 or arm64")
        if _status("Seccomp") not in ("", "0"):
            # A filter may end a process that makes a call which it does not know.
            raise Unsupported("the system calls of this process are filtered")
        libc = ctypes.CDLL(None, use_errno=True)
        self._found = (ctypes.c_uint64 * (3 * _MOST_REGIONS))()
        self._file = libc.syscall(number, os.O_CLOEXEC | os.O_NONBLOCK | _UFFD_USER_MODE_ONLY)
        if self._file < 0:
            raise Unsupported(f"userfaultfd: {os.strerror(ctypes.get_errno())}")
        self._process = os.getpid()
        self._mark = self._stat()
        try:
            self._register(_UFFDIO_API, _UFFD_API, _UFFD_FEATURE_WP_UNPOPULATED | _UFFD_FEATURE_WP_ASYNC, 0)
            self._try_out()
        except OSError as error:
            self.close()
            raise Unsupported(f"userfaultfd or PAGEMAP_SCAN: {error.strerror}") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End all protection, unless a forked child has the file, too; in that child, forget about it."""
        if self._file >= 0 and self._mark == self._stat():
            os.close(self._file)
        self._file = -1

    @property
    def usable(self) -> bool:
        """Whether this is the process that asked, and nobody has closed the file or has another in its place."""
        return self._file >= 0 and self._process == os.getpid() and self._mark == self._stat()

    def begin(self, start: int, end: int) -> bool:
        """Protect whole pages from now on; return whether they are. Raise OSError if that can't be."""
        if not self.usable or not _is_private(start, end):
            return False
        self.end(start, end)  # before Linux 6.13, memory that was moved here may carry a protection that holds nothing
        self._register(_UFFDIO_REGISTER, start, end - start, _UFFDIO_REGISTER_MODE_WP, 0)
        return self.protect([(start, end)])

    def protect(self, regions: Iterable[Region]) -> bool:
        """Protect regions that were written again; return whether all later writes will be seen."""
        for start, end in regions:
            self._scan(_PM_SCAN_WP_MATCHING, start, end, 0)
        return not is_written_unseen()

    def unwritten(self, start: int, end: int) -> list[Region] | None:
        """Return the regions of which all pages have carried the protection since it was last given to them.

        None: nothing is known, as the memory is not what was protected, or there are too many regions. Pages
        outside them may have been written; these are not protected.
        """
        if not self.usable:
            return None
        try:
            count, reached = self._scan(0, start, end, _MOST_REGIONS)
            # It is refused if the memory is somebody else's to protect, and nothing changes if it is ours.
            self._register(_UFFDIO_REGISTER, start, end - start, _UFFDIO_REGISTER_MODE_WP, 0)
        except OSError:
            return None
        if reached < end:
            return None
        return [(self._found[3 * index], self._found[3 * index + 1]) for index in range(count)]

    def end(self, start: int, end: int) -> None:
        """Protect pages no longer, if they are ours still."""
        if not self.usable:
            return
        with contextlib.suppress(OSError):
            self._register(_UFFDIO_REGISTER, start, end - start, _UFFDIO_REGISTER_MODE_WP, 0)
            self._register(_UFFDIO_UNREGISTER, start, end - start)

    def _register(self, request: int, *words: int) -> None:
        fcntl.ioctl(self._file, request, bytearray(struct.pack(f"={len(words)}Q", *words)))

    def _scan(self, flags: int, start: int, end: int, most: int) -> tuple[int, int]:
        """Return how many regions were found, and where the scan ended.

        Looked for are pages that are present or swapped out, are not a file's, can be protected, and are not written.
        """
        inverted, wanted, one_of = (_WRITTEN | _FILE, _WRITTEN | _FILE | _WPALLOWED, _PRESENT | _SWAPPED)
        words = (0, 0, 0) if flags else (inverted, wanted, one_of)
        found = ctypes.addressof(self._found) if most else 0
        flags |= _PM_SCAN_CHECK_WPASYNC
        argument = bytearray(_ARGUMENT.pack(_ARGUMENT.size, flags, start, end, 0, found, most, 0, *words, 0))
        # Opened anew each time: it is about the process that opened it, and nobody can have closed it.
        pagemap = os.open("/proc/self/pagemap", os.O_RDONLY | os.O_CLOEXEC)
        try:
            count = fcntl.ioctl(pagemap, _PAGEMAP_SCAN, argument)
        finally:
            os.close(pagemap)
        return count, _ARGUMENT.unpack(argument)[_WALK_END]

    def _stat(self) -> tuple[int, int] | None:
        try:
            found = os.fstat(self._file)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _try_out(self) -> None:
        """See for once that a write is told, and that what was not written is."""
        import mmap

        memory = mmap.mmap(-1, 4 * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # goes with its last reference
        memory[0] = 1
        start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        self._register(_UFFDIO_REGISTER, start, 4 * PAGE, _UFFDIO_REGISTER_MODE_WP, 0)
        told = [self.unwritten(start, start + 4 * PAGE)]
        self._scan(_PM_SCAN_WP_MATCHING, start, start + 4 * PAGE, 0)
        told.append(self.unwritten(start, start + 4 * PAGE))
        memory[2 * PAGE] = 1
        told.append(self.unwritten(start, start + 4 * PAGE))
        whole, written = (start, start + 4 * PAGE), (start + 2 * PAGE, start + 3 * PAGE)
        if told != [[], [whole], [(start, written[0]), (written[1], whole[1])]]:
            raise Unsupported("what the kernel tells is not what was done")


def is_written_unseen() -> bool:
    """Tell whether something may write memory of this process past its page tables: a device, or I/O without caches.

    Such memory is pinned before it is written, and that counts as a write. So it is enough to ask when pages have just
    been protected: what is pinned later is seen. Where very many files are open, say so without looking at each.
    """
    if _status("VmPin") not in ("", "0 kB") or os.stat("/proc/self/fd").st_size > _MOST_FILES:  # how many there are
        return True
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
            if target.startswith("/dev/") and not target.startswith(_HARMLESS):
                return True
            if "io_uring" in target or fcntl.fcntl(int(name), fcntl.F_GETFL) & os.O_DIRECT:
                return True
        except OSError:  # closed meanwhile
            continue
    return _reads_asynchronously()


def _reads_asynchronously() -> bool:
    """Tell whether ``io_setup`` was called: what it reads goes on when the file is closed."""
    with contextlib.suppress(OSError), unpatched.open("/proc/sys/fs/aio-nr", "rb") as number:
        if number.read().strip() == b"0":  # nobody on this machine
            return False
    with unpatched.open("/proc/self/maps", encoding="utf-8", errors="replace") as lines:
        named = ["/[aio]" in line for line in itertools.islice(lines, _MOST_MAPPINGS)]
    return any(named) or len(named) == _MOST_MAPPINGS


def _is_private(start: int, end: int) -> bool:
    """Tell whether all memory of a region is mapped for reading and writing, of no file and shared with nobody.

    Where very much is mapped, it is not looked for to the end.
    """
    with unpatched.open("/proc/self/maps", encoding="utf-8", errors="replace") as lines:
        for line in itertools.islice(lines, _MOST_MAPPINGS):
            place, rights, _, _, inode, *name = line.split(None, 5)
            first, last = (int(word, 16) for word in place.split("-"))
            if last <= start:
                continue
            known = not name or name[0].startswith(("[heap]", "[anon"))
            if first > start or rights != "rw-p" or inode != "0" or not known:
                return False
            if last >= end:
                return True
            start = last
    return False


def _status(field: str) -> str:
    with unpatched.open("/proc/self/status", encoding="utf-8", errors="replace") as lines:
        return next((line.partition(":")[2].strip() for line in lines if line.startswith(field + ":")), "")
