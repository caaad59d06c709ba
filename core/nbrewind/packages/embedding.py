"""Export into one notebook: it has a slim package of itself in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode

from nbrewind.packages.embed import embedded
from nbrewind.packages.export import NO_URLS, Exported, Progress, export
from nbrewind.packages.opened import Package
from nbrewind.store import Notebook, Store


def export_embedded(
    store: Store,
    index: Notebook,
    notebook: NotebookNode,
    path: Path,
    *,
    urls: Mapping[str, str] = NO_URLS,
    sign: Callable[[bytes], dict[str, bytes]] = lambda seal: {},
    progress: Progress = lambda what, share: None,
) -> tuple[Exported, bytes]:
    """Return what was exported, and the text of the notebook with that in it. The arguments are those of `export`.

    Raises:
        PackageError: there is nothing to export, or it is too large for a notebook.
    """
    with TemporaryDirectory() as name:
        inside = Path(name) / "package.zip"
        made = export(store, index, notebook, path, inside, contents="slim", urls=urls, sign=sign, progress=progress)
        with Package(inside) as found:
            return made, embedded(found.notebook, inside.read_bytes())
