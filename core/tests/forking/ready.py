"""A client of a kernel that starts, forked or not, connected as soon as that listens."""

from __future__ import annotations

import time
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient

SOCKETS = 5
"""A kernel listens on so many."""


def connect(client: BlockingKernelClient, sockets: Path, seconds: float, **channels: bool) -> None:
    """Return once the kernel answers on both channels; raises `TimeoutError`.

    Its sockets are made as ``k-*`` in the folder ``sockets``; ``channels`` as for ``client.start_channels``.
    """
    end = time.monotonic() + seconds
    while len(list(sockets.glob("k-*"))) < SOCKETS and time.monotonic() < end:
        time.sleep(0.002)  # whoever connects too early tries again only after 0.1 s
    client.start_channels(**channels)
    while time.monotonic() < end:
        request = client.kernel_info()
        try:
            while client.get_shell_msg(timeout=5)["parent_header"].get("msg_id") != request:
                pass
            while not _ends(client.get_iopub_msg(timeout=0.2), request):
                pass
            return
        except Empty:
            pass
    raise TimeoutError(f"the kernel did not start within {seconds:.0f} s")


def _ends(message: dict[str, Any], request: str) -> bool:
    return message["parent_header"].get("msg_id") == request and message["content"].get("execution_state") == "idle"
