"""Server configuration for the user-level tests: it switches protection off, never use it elsewhere."""

from jupyterlab.galata import configure_jupyter_server

configure_jupyter_server(c)  # noqa: F821
