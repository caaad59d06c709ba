"""Build hook: jupyterlab-nbrewind requires the nbrewind of its own version, with what exports take."""

from __future__ import annotations

from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

DEPENDENCIES = ["jupyter_server>=2.13,<3", "jupyter_core>=5.7", "traitlets>=5.14"]
"""Each is explained in docs/dependencies.md."""


class SameVersion(MetadataHookInterface):
    """Fills in the dependencies."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the dependencies to the project's metadata."""
        metadata["dependencies"] = [*DEPENDENCIES, f"nbrewind[packages]=={metadata['version']}"]
