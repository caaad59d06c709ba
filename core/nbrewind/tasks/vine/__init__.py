"""The door to TaskVine: tasks of unmodified notebooks are recorded, and answered where a record holds.

`install` interposes on the classes of ``ndcctools.taskvine``; `open_door` says what answers. Without a door every task
runs, as ever.
"""

from __future__ import annotations

from .door import Door, close_door, open_door
from .interpose import Unfit, install

__all__ = ["Door", "Unfit", "close_door", "install", "open_door"]
