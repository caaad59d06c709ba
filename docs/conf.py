"""The documentation's site: Sphinx with MyST. `make docs` builds it into build/docs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(Path(__file__).with_name("_ext")))

project = "NBRewind for JupyterLab"
author = "NBRewind developers"
project_copyright = author
version = release = json.loads((ROOT / "package.json").read_text("utf-8"))["version"]

extensions = ["myst_parser", "generated", "local_links"]
exclude_patterns = ["_ext"]
source_suffix = {".md": "markdown"}

myst_enable_extensions = ["colon_fence", "deflist"]
# Headings down to this level can be linked to, as on the project's own pages: `page.md#its-words-in-small`.
myst_heading_anchors = 4

html_theme = "furo"
html_title = f"NBRewind {release}"
html_static_path: list[str] = []
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": False}
