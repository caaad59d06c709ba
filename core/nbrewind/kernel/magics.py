"""``%nbrewind``, ``%rewind`` and ``%checkpoint``. A cell that holds only these is not recorded."""

from __future__ import annotations

import shlex
from typing import Any

from nbrewind.kernel.agent import MODES, current
from nbrewind.kernel.rewind import RewindError, rewind
from nbrewind.store import StoreError

USAGE = "usage: %nbrewind audit|repeat|off|status"


def nbrewind_magic(line: str) -> None:
    """Set the mode of recording, or show what is recorded and where: ``%nbrewind audit|repeat|off|status``."""
    agent = current()
    word = line.strip() or "status"
    if agent is None:
        print("nbrewind is not attached: %load_ext nbrewind starts recording")
    elif word == "status":
        print(agent.describe())
    elif word in MODES:
        print(agent.set_mode(word))
    else:
        print(USAGE)


def rewind_magic(line: str) -> None:
    """Go back to the state after the last run of a cell: ``%rewind [--partial] [--files] TARGET``."""
    words = shlex.split(line)
    options = {word for word in words if word.startswith("--")}
    targets = [word for word in words if word not in options]
    if len(targets) != 1 or not options <= {"--partial", "--files"}:
        print("usage: %rewind [--partial] [--files] TARGET; TARGET: a checkpoint id, a cell id, a label or a number")
        return
    try:
        print(rewind(targets[0], partial="--partial" in options, files="--files" in options))
    except RewindError as error:
        print(f"Not rewound: {error}")


def checkpoint_magic(line: str) -> None:
    """Name the current checkpoint: ``%checkpoint LABEL``."""
    agent, label = current(), line.strip()
    if agent is None or agent.recorder is None:
        print("nothing is recorded here: %load_ext nbrewind starts recording")
    elif not label:
        print("usage: %checkpoint LABEL")
    elif not agent.recorder.head:
        print("There is no checkpoint yet: no cell was recorded")
    else:
        try:
            agent.recorder.look_outside()
            agent.recorder.notebook.label(agent.recorder.head, label)
            print(f"Checkpoint {agent.recorder.head} is now called {label}")
        except StoreError as error:
            print(f"Not named: {error}")


MAGICS = {"nbrewind": nbrewind_magic, "rewind": rewind_magic, "checkpoint": checkpoint_magic}


def register(shell: Any) -> None:
    """Make the magics available."""
    for name, function in MAGICS.items():
        shell.register_magic_function(function, "line", name)


def unregister(shell: Any) -> None:
    """Take them away."""
    for name in MAGICS:
        shell.magics_manager.magics["line"].pop(name, None)
