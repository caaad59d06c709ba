"""What the REST API offers: each operation with its request and its answer. `openapi.yaml` is made from this table."""

from __future__ import annotations

from typing import NamedTuple

from nbrewind.model import Record
from nbrewind_server import messages, package_messages, storage_messages, task_messages


class Operation(NamedTuple):
    """One method of one path below `nbrewind/api`."""

    method: str
    path: str
    """Parameters in braces: `/plans/{id}`."""
    id: str
    summary: str
    answer: type[Record] | None
    """None: the answer is no JSON."""
    request: type[Record] | None = None
    query: tuple[str, ...] = ()
    """Required query parameters, all of them texts."""


OPERATIONS = (
    Operation("GET", "/version", "getVersion", "The server part's version, protocol and store", messages.Version),
    Operation("GET", "/openapi.yaml", "getDescription", "This document", None),
    Operation("POST", "/state", "getState", "State of every cell, and the graph", messages.State, messages.Question),
    Operation("POST", "/spans", "getSpans", "Where a cell's text uses names", messages.Spans, messages.Text),
    Operation("GET", "/history", "getHistory", "The checkpoint tree", messages.History, query=("path",)),
    Operation(
        "GET",
        "/difference",
        "getDifference",
        "What differs between two checkpoints",
        messages.Difference,
        query=("path", "one", "other"),
    ),
    Operation(
        "GET",
        "/sources",
        "getSources",
        "The cells' texts at a checkpoint",
        messages.Sources,
        query=("path", "checkpoint"),
    ),
    Operation("GET", "/outputs", "getOutputs", "The recorded outputs of a run", messages.Outputs, query=("run",)),
    Operation("POST", "/mark", "markCheckpoint", "Label or keep a checkpoint", messages.History, messages.Mark),
    Operation("POST", "/rewind", "rewind", "Rewind the kernel", messages.RewindAnswer, messages.RewindRequest),
    Operation("POST", "/peek", "peek", "The first rows of a value", messages.Peek, messages.PeekRequest),
    Operation("GET", "/plans", "getPlans", "Plans at work or just ended", messages.Plans, query=("path",)),
    Operation("POST", "/plans", "proposePlan", "Propose a plan", messages.Plan, messages.PlanRequest),
    Operation("GET", "/plans/{id}", "getPlan", "One plan", messages.Plan),
    Operation(
        "POST", "/plans/{id}", "actOnPlan", "Accept, cancel or acknowledge a plan", messages.Plan, messages.PlanAction
    ),
    Operation("GET", "/storage", "getStorage", "What the store holds, by notebook", storage_messages.Storage),
    Operation(
        "GET",
        "/storage/notebook",
        "getNotebookStorage",
        "What the store holds of a notebook, by cell and name",
        storage_messages.NotebookStorage,
        query=("path",),
    ),
    Operation(
        "POST",
        "/storage/preview",
        "previewCleanup",
        "What cleaning up would do",
        storage_messages.Cleanup,
        storage_messages.CleanRequest,
    ),
    Operation("POST", "/storage/clean", "cleanUp", "Clean up", storage_messages.Cleanup, storage_messages.CleanRequest),
    Operation(
        "POST",
        "/storage/budget",
        "setBudget",
        "Say how much may be held",
        storage_messages.Budget,
        storage_messages.BudgetRequest,
    ),
    Operation(
        "POST",
        "/storage/forget",
        "forget",
        "Remove records for good",
        storage_messages.Forgotten,
        storage_messages.ForgetRequest,
    ),
    Operation(
        "GET",
        "/tasks",
        "getTasks",
        "The distributed tasks of a notebook by cell, its managers and workers",
        task_messages.Tasks,
        query=("path", "session"),
    ),
    Operation(
        "GET",
        "/tasks/cell",
        "getTaskList",
        "The tasks of a cell's last run",
        task_messages.TaskList,
        query=("path", "cell"),
    ),
    Operation(
        "GET",
        "/tasks/log",
        "getTaskLog",
        "What a manager logged while a run went on",
        task_messages.TaskLogText,
        query=("path", "run", "manager", "name"),
    ),
    Operation(
        "POST",
        "/workers/start",
        "startWorkers",
        "Start local workers for a manager",
        task_messages.Tasks,
        task_messages.StartWorkers,
    ),
    Operation(
        "POST", "/workers/stop", "stopWorkers", "Stop local workers", task_messages.Tasks, task_messages.StopWorkers
    ),
    Operation("GET", "/package", "getPackage", "What is in a package", package_messages.Package, query=("path",)),
    *(
        Operation("POST", f"/package/{verb}", name, summary, package_messages.PackageJob, request)
        for verb, name, summary, request in (
            ("preview", "previewExport", "Find out what an export would write", package_messages.ExportRequest),
            ("export", "exportNotebook", "Export a notebook as a package", package_messages.ExportRequest),
            ("verify", "verifyPackage", "Check all of a package", package_messages.PackageRequest),
            ("trust", "trustPackage", "Let the records of a package answer", package_messages.PackageRequest),
            (
                "import",
                "importPackage",
                "Write a package's notebook and data beside it",
                package_messages.PackageRequest,
            ),
        )
    ),
    Operation(
        "GET", "/package/jobs/{id}", "getPackageJob", "How far work on a package is", package_messages.PackageJob
    ),
    Operation(
        "POST",
        "/package/jobs/{id}",
        "actOnPackageJob",
        "Cancel work on a package",
        package_messages.PackageJob,
        package_messages.JobAction,
    ),
)
