"""Modules of tests that lie in no package, under a name of their own."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def load(name: str, path: Path) -> None:
    """Make a file importable as the module ``name``, whatever its folder: ``--import-mode=importlib`` finds none."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
