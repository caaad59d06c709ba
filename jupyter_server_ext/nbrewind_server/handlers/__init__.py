"""The REST handlers, one file for each subject."""

from __future__ import annotations

from nbrewind_server.handlers.about import OpenAPIHandler, VersionHandler
from nbrewind_server.handlers.base import RewindHandler
from nbrewind_server.handlers.history import (
    DifferenceHandler,
    HistoryHandler,
    MarkHandler,
    OutputsHandler,
    SourcesHandler,
)
from nbrewind_server.handlers.kernel import PeekHandler, RewindKernelHandler
from nbrewind_server.handlers.packages import (
    ExportHandler,
    ImportHandler,
    PackageHandler,
    PackageJobHandler,
    PreviewExportHandler,
    TrustHandler,
    VerifyHandler,
)
from nbrewind_server.handlers.plans import PlanHandler, PlansHandler
from nbrewind_server.handlers.state import SpansHandler, StateHandler
from nbrewind_server.handlers.storage import (
    BudgetHandler,
    CleanHandler,
    ForgetHandler,
    NotebookStorageHandler,
    PreviewHandler,
    StorageHandler,
)
from nbrewind_server.handlers.tasks import (
    StartWorkersHandler,
    StopWorkersHandler,
    TaskListHandler,
    TaskLogHandler,
    TasksHandler,
)

ROUTES: list[tuple[str, type[RewindHandler]]] = [
    (r"version", VersionHandler),
    (r"openapi\.yaml", OpenAPIHandler),
    (r"state", StateHandler),
    (r"spans", SpansHandler),
    (r"history", HistoryHandler),
    (r"difference", DifferenceHandler),
    (r"sources", SourcesHandler),
    (r"outputs", OutputsHandler),
    (r"mark", MarkHandler),
    (r"rewind", RewindKernelHandler),
    (r"peek", PeekHandler),
    (r"plans", PlansHandler),
    (r"plans/([^/]+)", PlanHandler),
    (r"storage", StorageHandler),
    (r"storage/notebook", NotebookStorageHandler),
    (r"storage/preview", PreviewHandler),
    (r"storage/clean", CleanHandler),
    (r"storage/budget", BudgetHandler),
    (r"storage/forget", ForgetHandler),
    (r"tasks", TasksHandler),
    (r"tasks/cell", TaskListHandler),
    (r"tasks/log", TaskLogHandler),
    (r"workers/start", StartWorkersHandler),
    (r"workers/stop", StopWorkersHandler),
    (r"package", PackageHandler),
    (r"package/preview", PreviewExportHandler),
    (r"package/export", ExportHandler),
    (r"package/verify", VerifyHandler),
    (r"package/trust", TrustHandler),
    (r"package/import", ImportHandler),
    (r"package/jobs/([^/]+)", PackageJobHandler),
]
"""Path below `nbrewind/api/` and its handler. A test asks each of them without a token and without permission."""
