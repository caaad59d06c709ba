"""Content-addressed blobs and the SQLite index. No Jupyter.

All records of a user, of all notebooks, lie in one directory (see :mod:`nbrewind.store.layout`), and every write goes
through this package. Two commits per run: *recorded* (:meth:`Notebook.record`), then *saved* (:meth:`Store.sync` and
:meth:`Notebook.mark_saved`).
"""

from nbrewind.store.notebook import Notebook
from nbrewind.store.store import Store
from nbrewind.store.types import Content, ContentError, Finding, Later, Opened, Stored, StoreError, StoreInfo
from nbrewind.store.usage import NotebookUsage, Share, Shares, Usage

__all__ = [
    "Content",
    "ContentError",
    "Finding",
    "Later",
    "Notebook",
    "NotebookUsage",
    "Opened",
    "Share",
    "Shares",
    "Store",
    "StoreError",
    "StoreInfo",
    "Stored",
    "Usage",
]
