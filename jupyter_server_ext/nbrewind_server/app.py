"""The server extension as a Jupyter application: its options, its routes, and what they share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from jupyter_server.extension.application import ExtensionApp
from traitlets import Float, Integer, Unicode

from nbrewind.store import StoreError
from nbrewind_server.events import Events
from nbrewind_server.handlers import ROUTES
from nbrewind_server.kernels import Kernels
from nbrewind_server.packages import Packages
from nbrewind_server.plans import PlanBoard
from nbrewind_server.problem import Refused
from nbrewind_server.records import Records
from nbrewind_server.texts import Texts
from nbrewind_server.watch import Watch
from nbrewind_server.workers import Workers

API = r"/nbrewind/api"
"""Where all routes lie, below the server's base URL."""
THREADS = 3
"""Work that may block at the same time. Each thread has its own connection to each database that it reads."""

T = TypeVar("T")


class NBRewindApp(ExtensionApp):
    """Serves what kernels recorded to the front end."""

    name = "nbrewind_server"
    app_name = "NBRewind"
    description = "Record, rewind and repeat notebooks."
    load_other_extensions = True

    store_dir = Unicode(
        "",
        config=True,
        help="""Directory of the store, which kernels write and this server reads.

        Empty: $NBREWIND_STORE, else `nbrewind` in Jupyter's data directory. If it is set, kernels that this server
        starts get it as NBREWIND_STORE in their environment.""",
    )
    max_cells = Integer(
        10_000, min=1, config=True, help="Code cells that a notebook may have; questions about larger ones are refused."
    )
    texts_size = Integer(
        32_000_000, min=1, config=True, help="Characters of cells' texts that are kept in memory, of all notebooks."
    )

    max_workers = Integer(
        os.cpu_count() or 1,
        min=0,
        config=True,
        help="Local workers of TaskVine that this server runs at the same time, of all notebooks; 0: none is started.",
    )

    watch_interval = Float(
        0.03,
        min=0.001,
        config=True,
        help="Seconds between two looks for news in the records of a notebook that is in use.",
    )

    @property
    def _server(self) -> Any:
        return self.serverapp

    def initialize_settings(self) -> None:
        """Make what the handlers share."""
        if self.store_dir:
            os.environ["NBREWIND_STORE"] = str(Path(self.store_dir).expanduser().absolute())
        self.records = Records(self.store_dir, Texts(self.texts_size))
        self.events = Events(self._server.event_logger)
        self.kernels = Kernels(self._server.kernel_manager)
        self.plans = PlanBoard(self.records, self.kernels, self.events, self.work)
        self.watch = Watch(self.records, self._tell_changed, self._tell_tasks, self.watch_interval)
        self.workers = Workers(self.max_workers, self.events.tasks)
        self.packages = Packages(self.events, self.log)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="nbrewind")
        self._turns: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()

    def initialize_handlers(self) -> None:
        """Add the routes; jupyter_server puts the base URL in front."""
        self.handlers.extend((rf"{API}/{path}", handler) for path, handler in ROUTES)

    async def stop_extension(self) -> None:
        """End all work: what a plan has done so far is recorded."""
        await self.plans.stop()
        await self.packages.stop()
        await self.workers.close()
        await asyncio.to_thread(self.watch.stop)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.records.close()

    def _tell_changed(self, path: str, sequence: int) -> None:
        """Tell of a change, from another thread."""
        self._server.io_loop.add_callback(self.events.changed, path, sequence)

    def _tell_tasks(self, path: str) -> None:
        """Tell that tasks stand otherwise, from another thread."""
        self._server.io_loop.add_callback(self.events.tasks, path)

    async def work(self, task: Callable[..., T], *args: Any, **options: Any) -> T:
        """Do blocking work off the event loop.

        Raises:
            Refused: also where the store can't be used.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, partial(task, *args, **options))
        except StoreError as error:
            raise Refused("store", str(error)) from error

    @asynccontextmanager
    async def turn(self, path: Path) -> AsyncIterator[None]:
        """Wait until no other question about a notebook is being computed: a notebook never takes all threads."""
        lock = self._turns.get(path)
        if lock is None:
            lock = self._turns[path] = asyncio.Lock()
        async with lock:
            yield
