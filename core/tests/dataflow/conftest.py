"""Make the form and the cases importable under ``--import-mode=importlib``."""

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).parent


def load(name: str, path: Path) -> None:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)


load("dataflow_form", HERE / "form.py")
for kind in ("given", "scopes", "ipython", "calls", "values", "outside", "precision"):
    load(f"dataflow_{kind}", HERE / f"cases_{kind}.py")
