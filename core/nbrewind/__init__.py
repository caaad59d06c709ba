"""Record, rewind and repeat Jupyter notebooks.

``%load_ext nbrewind`` in a notebook, or `attach` from code, starts recording. Everything here loads when it is used:
importing the package costs a few milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbrewind.kernel.agent import attach, status
    from nbrewind.kernel.rewind import rewind
    from nbrewind.model import RewindReport
    from nbrewind.tasks.executor import MemoExecutor
    from nbrewind.tasks.parsl_memoizer import ParslMemoizer as ParslMemoizer
    from nbrewind.tasks.policies import task_policy
    from nbrewind.tasks.scheduler import dask_get

__all__ = [
    "MemoExecutor",
    "RewindReport",
    "__version__",
    "attach",
    "dask_get",
    "load_ipython_extension",
    "rewind",
    "status",
    "task_policy",
]

_PLACES = {
    "attach": "nbrewind.kernel.agent",
    "status": "nbrewind.kernel.agent",
    "rewind": "nbrewind.kernel.rewind",
    "RewindReport": "nbrewind.model",
    "MemoExecutor": "nbrewind.tasks.executor",
    "ParslMemoizer": "nbrewind.tasks.parsl_memoizer",
    "dask_get": "nbrewind.tasks.scheduler",
    "task_policy": "nbrewind.tasks.policies",
    "__version__": "nbrewind._version",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'nbrewind' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(place), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Start recording: ``%load_ext nbrewind``, or ``--ext=nbrewind`` on a kernel's command line."""
    from nbrewind.kernel.agent import load

    load(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Stop recording: ``%unload_ext nbrewind``."""
    from nbrewind.kernel.agent import detach

    detach(ipython)
