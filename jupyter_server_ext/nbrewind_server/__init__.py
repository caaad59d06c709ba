"""The Jupyter server extension of NBRewind, and its built front end."""

from __future__ import annotations

from typing import Any

from nbrewind_server._version import __version__
from nbrewind_server.app import NBRewindApp

__all__ = ["NBRewindApp", "__version__"]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the built front end lies."""
    return [{"src": "labextension", "dest": "jupyterlab-nbrewind"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell the Jupyter server which application to load."""
    return [{"module": "nbrewind_server", "app": NBRewindApp}]
