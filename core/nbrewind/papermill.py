"""The engine of papermill: ``papermill --engine nbrewind``. Needs papermill, which nothing else here does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.log import logger

from nbrewind.client import RepeatClient


class PapermillClient(PapermillNotebookClient, RepeatClient):  # type: ignore[misc]
    """papermill's client, in which records may answer for the kernel."""


class RepeatEngine(NBClientEngine):  # type: ignore[misc]
    """papermill's own engine, but that it runs only what must run; see `RepeatClient`."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        input_path: Any = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        timeout: int | None = None,
        **options: Any,
    ) -> NotebookNode:
        """Bring the notebook of ``nb_man`` up to date, in the working directory, which papermill has set."""
        name = Path(input_path).name if isinstance(input_path, str) and input_path != "-" else ""
        options = {"resources": {"metadata": {"path": os.getcwd()}}, "notebook": name, **options}
        client = PapermillClient(
            nb_man,
            kernel_name=kernel_name,
            startup_timeout=start_timeout,
            timeout=execution_timeout or timeout,
            log=logger,
            **options,
        )
        return client.execute()
