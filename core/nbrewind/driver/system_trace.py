"""System calls of a kernel, and of all programs that it starts, are written down by `strace`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from nbrewind.driver.session import StartError

STRACE = "strace"
CALLS = (
    *("open", "openat", "openat2", "creat", "execve", "execveat", "truncate", "chdir", "fchdir", "connect"),
    *("stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2"),
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "rmdir"),
    *("clone", "clone3", "fork", "vfork", "io_uring_setup", "open_by_handle_at", "chroot", "setns"),
)
"""What `nbrewind.kernel.system_calls` knows how to read."""
OPTIONS = (
    "-f",  # all programs that are started, and theirs
    "--seccomp-bpf",  # only these calls are slower
    "-y",  # handles with their paths
    "--string-limit=0",  # no data, no arguments of programs
    "--quiet=attach,personality",
    "--signal=none",
    "--trace=" + ",".join(f"?{name}" for name in CALLS),  # not all machines have each
)
APART = "-DD"
"""The kernel stays this process's child, and signals to its group do not reach strace."""
SECONDS = 20.0
INSTEAD = "without --trace the record says what it could not see"


def command(file: Path) -> list[str]:
    """Return what stands before a command so that its system calls are written to ``file``.

    Raises:
        StartError: there is no `strace`, or it may not trace here.
    """
    found = shutil.which(STRACE)
    if found is None:
        where = "it only exists on Linux" if not sys.platform.startswith("linux") else "install it"
        raise StartError(f"--trace needs strace, which is not on the PATH: {where}; {INSTEAD}")
    told = _tried([found, *OPTIONS, "-o", str(file), sys.executable, "-c", ""])
    if told:
        raise StartError(f"strace can't trace here ({told}): containers often forbid it; {INSTEAD}")
    return [found, APART, *OPTIONS, "-o", str(file)]


def _tried(command: list[str]) -> str:
    """Run a command; returns the first line of what went wrong, empty if all went well."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"]
    return said[0] if done.returncode else ""
