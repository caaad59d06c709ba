"""Live values and versions: groups, fingerprints, serialising, restoring, ambient state.

`LiveState` is the one door for variables, `Ambient` for interpreter state outside variables.
"""

from __future__ import annotations

from .ambient import Ambient, AmbientChange
from .apart import apart
from .changes import Aside, Changes, GroupChange
from .describe import fixed as is_fixed
from .limit import Limit
from .live import LiveState
from .load import Loaded, LoadError
from .partial import together
from .snapshot import ScanInterrupted
from .space import Space, held, is_data, is_owner, is_part

__all__ = [
    "Ambient",
    "AmbientChange",
    "Aside",
    "Changes",
    "GroupChange",
    "Limit",
    "LiveState",
    "LoadError",
    "Loaded",
    "ScanInterrupted",
    "Space",
    "apart",
    "held",
    "is_data",
    "is_fixed",
    "is_owner",
    "is_part",
    "together",
]
