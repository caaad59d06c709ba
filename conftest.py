"""Makes the test server of pytest-jupyter available to the server extension's tests."""

from __future__ import annotations

pytest_plugins = ["pytest_jupyter.jupyter_server"]
