"""Commands in processes of their own, where no index can be asked and nothing is known from before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def call(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command where no index can be asked, and nothing is known from before."""
    known = {
        "NBREWIND_STORE": str(folder / "store"),
        "JUPYTER_DATA_DIR": str(folder / "jupyter"),
        "UV_OFFLINE": "1",
        "UV_CACHE_DIR": str(folder / "cache"),
        "PIP_NO_INDEX": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "nbrewind.cli", *arguments],
        cwd=folder,
        env={**os.environ, **known, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
