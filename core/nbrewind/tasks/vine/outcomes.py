"""What became of a task of TaskVine that has run, as the memo takes it, and the files that are nobody's meanwhile."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from itertools import repeat
from operator import attrgetter
from typing import Any, NamedTuple

from nbrewind import unpatched
from nbrewind.tasks.records import RESULT, Elsewhere, Outcome

from .keys import kind_of, outputs_of
from .parts import NOTHING, FileState, compiled, state_of
from .worker import SEPARATOR, Report

MEASURED = ("cores", "memory", "disk", "gpus", "wall_time", "cpu_time")
_PIECE = 1 << 16
_measured = attrgetter(*MEASURED)
METRICS = (
    "time_when_submitted",
    "time_when_commit_start",
    "time_when_done",
    "time_workers_execute_last",
    "time_workers_execute_all",
    "bytes_received",
    "bytes_sent",
    "bytes_transferred",
    "try_count",
)
"""What TaskVine measures of a task; times are in microseconds."""


class Measured(NamedTuple):
    """What TaskVine tells of a task that has ended."""

    metrics: tuple[int, ...]
    """Those in `METRICS`."""
    resources: tuple[float, ...]
    """Those in `MEASURED`; empty if they are not known."""
    host: str
    address: str
    exit_code: int
    printed: str

    @property
    def began(self) -> float:
        """When it began to run: seconds since the epoch."""
        return self.metrics[METRICS.index("time_when_commit_start")] / 1e6

    @property
    def ended(self) -> float:
        """When it ended: seconds since the epoch."""
        return self.metrics[METRICS.index("time_when_done")] / 1e6


UNMEASURED = Measured((0,) * len(METRICS), (), "", "", 0, "")


def has_succeeded(task: Any) -> bool:
    """Return whether a task that has ended did what it should."""
    plain = task._task
    return bool(
        compiled["vine_task_get_result"](plain) == compiled["VINE_RESULT_SUCCESS"]
        and compiled["vine_task_get_exit_code"](plain) == 0
    )


def measured_of(task: Any) -> Measured:
    """Return what TaskVine tells of a task that has ended."""
    measure, plain = compiled["vine_task_get_metric"], task._task
    used = compiled["vine_task_get_resources"](plain, "measured")
    printed = compiled["vine_task_get_stdout"](plain) or ""
    return Measured(
        tuple(map(measure, repeat(plain), METRICS)),
        () if used is None else _measured(used),
        compiled["vine_task_get_hostname"](plain) or "",
        compiled["vine_task_get_addrport"](plain),
        compiled["vine_task_get_exit_code"](plain),
        task.std_output if SEPARATOR in printed else printed,  # without what its worker told of it
    )


def outcome_of(
    told: Measured,
    order: int,
    submitted: float,
    category: str,
    result: bytes | None,
    outputs: Mapping[str, str | Elsewhere] = NOTHING,
    seen: Mapping[str, str] | None = None,
) -> Outcome:
    """Return what became of a task that has run."""
    resources: dict[str, Any] = dict(zip(MEASURED, told.resources, strict=False))
    resources.update(zip(METRICS, told.metrics, strict=True))
    resources["addrport"] = told.address
    return Outcome(
        result=result,
        stdout=told.printed.encode("utf-8", "surrogateescape"),
        exit_code=told.exit_code,
        outputs=outputs,
        order=order,
        submitted=submitted,
        started=told.began,
        finished=told.ended,
        host=told.host,
        resources=resources,
        category=category,
        seen=seen,
    )


class Scratch:
    """A folder for what buffers hold, which are in no file. It is made when it is needed."""

    def __init__(self) -> None:
        """Make nothing yet."""
        self._folder = ""

    def place(self, made: FileState) -> str:
        """Return where the content of a buffer may lie."""
        if not self._folder:
            self._folder = tempfile.mkdtemp(prefix="nbrewind-")
        return os.path.join(self._folder, f"b{id(made)}")

    def outputs(
        self, outputs: list[tuple[Any, str, bool]], report: Report | None, stay: Mapping[str, Elsewhere]
    ) -> dict[str, str | Elsewhere]:
        """Return what a task has made, by name: where it lies, or what is known of it.

        Args:
            outputs: the files, their names, and whether they are only made sometimes.
            report: what a worker told of it, and of a result that stays in the cluster.
            stay: those that stay there, which may be its result.
        """
        found: dict[str, str | Elsewhere] = {name: self._put(file) for file, name, _ in outputs if name not in stay}
        found.update(stay)
        if report is not None and report.made[0]:
            found[RESULT] = Elsewhere(*report.made)
        return found

    def _put(self, file: Any) -> str:
        made: FileState = state_of(file)
        if made.method == "declare_file":
            return path_of(made)
        path = self.place(made)
        with unpatched.open(path, "wb") as stream:
            stream.write(file.contents())
        return path

    def close(self) -> None:
        """Remove it."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def content_of(path: str) -> bytes:
    """Return what a file holds, with as few calls of the system as can be: there is one for each task."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces = [os.read(descriptor, _PIECE)]
        while len(pieces[-1]) == _PIECE:
            pieces.append(os.read(descriptor, _PIECE))
    finally:
        os.close(descriptor)
    return b"".join(pieces)


def unanswerable(task: Any, outputs: list[tuple[Any, str, bool]]) -> str:
    """Return why no record may answer a task, or be made of it, whatever its key; empty if one may."""
    if not outputs:
        return ""
    stay = temporaries(task)
    for file, name, sometimes in outputs:
        if sometimes:
            return f"its output `{name}` is only made when it fails"
        made: FileState | None = state_of(file)
        if stay:
            continue
        if made is None or made.method not in ("declare_file", "declare_buffer"):
            return f"its output `{name}` stays in the cluster"
    return ""


def temporaries(task: Any) -> list[tuple[Any, str]]:
    """Return the outputs of a command, by name, if all of them stay in the cluster; else nothing."""
    outputs = outputs_of(state_of(task))
    if not outputs:
        return []
    states: list[FileState | None] = [state_of(file) for file, _, _ in outputs]
    if kind_of(task) != "Task" or not all(made is not None and made.method == "declare_temp" for made in states):
        return []
    return [(file, name) for file, name, _ in outputs]


def stays(task: Any) -> bool:
    """Whether a task's result stays in the cluster."""
    return bool(getattr(task, "_tmp_output_enabled", False))


def path_of(made: FileState) -> str:
    """Return where a file lies that was declared by its path."""
    return os.path.abspath(str(made.arguments[0] if made.arguments else made.options["path"]))
