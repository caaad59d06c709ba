"""Functions of Python as they were when this package was loaded: a notebook may replace them, say with `mock_open`.

What works in a user's process opens files with these, so that it gets their true content, and counts nowhere.
"""

from __future__ import annotations

import builtins
import os

open = builtins.open
access = os.access
