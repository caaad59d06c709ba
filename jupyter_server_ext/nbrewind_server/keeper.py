"""Keeps one program running for a server, and ends it with all that it has started when the server ends, however.

A script of its own, run by `workers.py` with the program and its arguments; `{folder}` in these is a folder that is
removed in the end. The server holds the other end of standard input: when that closes, for whatever reason, the program
gets a moment to end by itself, and its group of processes is killed. Should this process be killed, the system tells
the program (Linux).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

from nbrewind.driver.parent import end_with_parent

MOMENT = 3.0
"""Seconds for a program to end by itself."""
GLANCE = 0.2
"""Seconds between two looks whether it has."""


def main(command: list[str]) -> int:
    """Run the program until it ends, or is to end; return its exit status."""
    end_with_parent()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    folder = tempfile.mkdtemp(prefix="nbrewind-worker-")
    program = subprocess.Popen(
        [each.replace("{folder}", folder) for each in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        start_new_session=True,
        preexec_fn=end_with_parent,
    )

    def listen() -> None:
        while os.read(0, 1024):
            pass
        stop.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        while program.poll() is None and not stop.wait(GLANCE):
            pass
        if program.poll() is None:
            program.terminate()
            program.wait(MOMENT)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program.pid, signal.SIGKILL)  # also what it has left behind
        status = program.wait()
        shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
