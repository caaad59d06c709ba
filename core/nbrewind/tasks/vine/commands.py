"""Commands whose outputs stay in the cluster: their workers tell what these hold, behind what a command has printed.

Nothing is brought to the manager for that. The worker runs the command as it is, in a shell of its own, and digests
what it has made; what the notebook sees of the command and of what it prints is as without.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from nbrewind.tasks.parts import Key
from nbrewind.tasks.records import Elsewhere

from .keys import outputs_of
from .outcomes import temporaries, unanswerable
from .parts import TaskState, kinds, original, state_of

_TOLD = re.compile(r"\x1enbrewind2\n((?:[0-9a-f]{64} +\S* *\n *[0-9]+ *\n)+)\Z")
"""What a worker tells, at the end of what a command has printed: digest and size of each output."""


def ask(task: Any) -> None:
    """Have a command that is about to run tell what it makes, where that stays in the cluster and may be recorded."""
    state: TaskState = state_of(task)
    made = temporaries(task)
    is_recorded = isinstance(state.key, Key) and state.rule.use != "never"
    if made and is_recorded and not unanswerable(task, outputs_of(state)):
        state.command = task.command
        task.set_command(telling(state.command, [name for _, name in made]))


def forget(task: Any, state: TaskState) -> None:
    """Have a command that has run be what it was."""
    if state.command:
        task.set_command(state.command)
        state.command = ""


def telling(command: str, names: Sequence[str]) -> str:
    """Return a command that does the same, and then tells of files; it ends as the first one does."""
    told = " && ".join(f"sha256sum < {shlex.quote(name)} && wc -c < {shlex.quote(name)}" for name in names)
    tell = f"if [ $status = 0 ] && told=$({told}); then printf '\\036nbrewind2\\n%s\\n' \"$told\"; fi"
    # What this shell has to say of how the command ended is not the user's; what the command says is.
    return f"{{ /bin/sh -c {shlex.quote(command)} 2>&3 3>&-; status=$?; {tell}; }} 3>&2 2>/dev/null; exit $status"


def split_told(text: str) -> tuple[str, list[Elsewhere]]:
    """Return what a command has printed without what its worker told behind it, and that."""
    found = _TOLD.search(text)
    if found is None:
        return text, []
    words = found[1].split("\n")
    made = [
        Elsewhere("sha256:" + digest.split()[0], int(size))
        for digest, size in zip(words[:-1:2], words[1::2], strict=False)
    ]
    return text[: found.start()], made


def made_by(task: Any) -> Mapping[str, Elsewhere]:
    """Return what a command has made that stays in the cluster, by name; nothing if its worker did not tell."""
    names = [name for _, name in temporaries(task)]
    told = split_told(original(kinds["Task"], "std_output").fget(task) or "")[1]
    return dict(zip(names, told, strict=True)) if len(told) == len(names) else {}
