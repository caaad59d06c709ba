"""Does one thing for a server with a package, in a process of its own: what a package holds may be large, or hostile.

The first line of standard input says what, as JSON: ``{"work": NAME, ...}`` with the arguments of that function of
`package_desk`. Lines on standard output say how far it is, ``{"doing": TEXT, "share": 0.5}``; the last one is
``{"result": {...}}``, or ``{"problem": SENTENCE, "why": WORD}``. When standard input ends, the work is given up.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from nbrewind.driver import package_desk as desk
from nbrewind.driver.notebook_file import NotebookError
from nbrewind.packages.form import PackageError
from nbrewind.store import StoreError

WORK: dict[str, Callable[..., desk.Document]] = {
    "preview": desk.preview,
    "export": desk.export,
    "inspect": desk.inspect,
    "verify": desk.verify,
    "trust": desk.trust,
    "import": desk.import_,
}
PAUSE = 0.2
"""Seconds between two lines about how far it is."""
MOMENT = 10.0
"""Seconds for work to end once it is given up."""
NEEDED = ("ahocorasick_rs", "detect_secrets", "isal", "rocrate")
"""What only an export takes, and may not be installed."""
GIVEN_UP = 3
"""Exit status of work that was given up."""


class GivenUpError(Exception):
    """Nobody waits for the work any more."""


class Progress:
    """Tells how far the work is, and ends it where nobody waits."""

    def __init__(self, write: Callable[[dict[str, Any]], None]) -> None:
        """Tell by ``write``."""
        self._write = write
        self._told = ("", 0.0)
        self.given_up = threading.Event()

    def __call__(self, doing: str, share: float) -> None:
        """Tell, but not too often."""
        if self.given_up.is_set():
            raise GivenUpError
        now = time.monotonic()
        before, at = self._told
        if doing != before or now - at >= PAUSE:
            self._told = doing, now
            self._write({"doing": doing, "share": min(max(share, 0.0), 1.0)})


def main() -> int:
    """Do what the first line asks for; return the exit status."""
    request = json.loads(sys.stdin.buffer.readline())
    work = WORK[request.pop("work")]
    progress = Progress(_write)

    def listen() -> None:
        while os.read(0, 4096):  # not by the buffer: at exit nobody may hold its lock
            pass
        progress.given_up.set()
        time.sleep(MOMENT)
        os._exit(GIVEN_UP)

    threading.Thread(target=listen, daemon=True).start()
    try:
        _write({"result": work(**request, tell=progress)})
    except GivenUpError:
        return GIVEN_UP
    except desk.NothingRecordedError as error:
        _write({"problem": str(error), "why": "unknown"})
    except desk.OtherPackageError as error:
        _write({"problem": str(error), "why": "moved"})
    except (StoreError, NotebookError) as error:
        _write({"problem": str(error), "why": "store"})
    except PackageError as error:
        _write({"problem": str(error), "why": "package"})
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        _write({"problem": f"to export takes {error.name}: pip install 'nbrewind[packages]'", "why": "package"})
    except OSError as error:
        _write({"problem": f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), "why": "store"})
    return 0


def _write(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
