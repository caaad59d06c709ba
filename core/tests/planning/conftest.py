"""Make the small machine importable under ``--import-mode=importlib``."""

import importlib.util
import sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("planning_machine", Path(__file__).with_name("machine.py"))
assert spec and spec.loader
module = importlib.util.module_from_spec(spec)
sys.modules["planning_machine"] = module
spec.loader.exec_module(module)
