"""Make the small machines importable under ``--import-mode=importlib``."""

import importlib.util
import sys
from pathlib import Path

for name, file in (("machine", "machine"), ("live_machine", "live_machine"), ("oracle", "test_oracle")):
    spec = importlib.util.spec_from_file_location(f"planning_{name}", Path(__file__).with_name(f"{file}.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[f"planning_{name}"] = module
    spec.loader.exec_module(module)
