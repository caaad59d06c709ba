"""Checks, once the pages are written, that every link inside the site leads somewhere. No network is needed.

MyST checks the links that stand in Markdown; this also sees those that themes, tables of contents and indexes make.
"""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.util import logging

log = logging.getLogger(__name__)


class Page(HTMLParser):
    """What a page links to, and what in it can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: set[str] = set()
        self.anchors: set[str] = {""}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note links, sources and ids."""
        for name, value in attributes:
            if value and name in ("href", "src") and tag in ("a", "img", "link", "script"):
                self.links.add(value)
            elif value and name == "id":
                self.anchors.add(value)


def broken_links(folder: Path) -> list[tuple[str, str]]:
    """Return the page and the target of every link that leads nowhere.

    Args:
        folder: Where the site was written.
    """
    pages = {path: Page(path) for path in sorted(folder.rglob("*.html"))}
    found: list[tuple[str, str]] = []
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].anchors if target in pages else {parts.fragment}
            if not target.exists() or unquote(parts.fragment) not in anchors:
                found.append((str(path.relative_to(folder)), link))
    return found


def check(app: Sphinx, exception: Exception | None) -> None:
    """Warn of each broken link."""
    if exception is None and app.builder.name == "html":
        for page, link in broken_links(Path(app.outdir).resolve()):
            log.warning("%s links to %s, which is not there", page, link)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
