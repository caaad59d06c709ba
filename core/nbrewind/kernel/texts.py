"""The texts of functions that are loaded: for tracebacks, `inspect.getsource` and what else asks `linecache`.

ipykernel names the file of a cell by its own process and a hash of the cell's text. So code that comes from another
process is told to be from the file that this process would give the same text, and the text is found when somebody
asks for it: among the recorded ones, by the hash.
"""

from __future__ import annotations

import linecache
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from nbrewind.kernel.log import quiet
from nbrewind.state import code

if TYPE_CHECKING:
    from nbrewind.kernel.recorder import Recorder

_FOLDER = "ipykernel_"


class Texts:
    """Finds the texts of one kernel's loaded code."""

    def __init__(self, recorder: Recorder) -> None:
        """Look for texts among those that the recorder's notebook has."""
        self._recorder = recorder

    def install(self) -> None:
        """Place code that is loaded from now on."""
        code.file_of = self.file_of

    def remove(self) -> None:
        """Leave code where it was written."""
        if code.file_of == self.file_of:
            code.file_of = str

    def file_of(self, filename: str) -> str:
        """Return the file that code of a cell has in this process; that of other code stays as it is."""
        folder, name = os.path.split(filename)
        if not os.path.basename(folder).startswith(_FOLDER):
            return filename
        here = os.path.join(os.path.dirname(self._name("")), name)
        if here not in linecache.cache:
            linecache.cache[here] = (partial(self._text, here),)
        return here

    def _name(self, source: str) -> str:
        name: str = self._recorder.shell.compile.get_code_name(source, source, 0)
        return name

    def _text(self, filename: str) -> str | None:
        """Return the text that was compiled as a file, as `linecache` asks for it; None if it is not recorded."""
        try:
            digests = dict.fromkeys(run.source for run in reversed(self._recorder.notebook.runs()))
            texts = self._recorder.store.sources(digests)
            found = next((text for text in texts.values() if self._name(text) == filename), None)
            shell: Any = self._recorder.shell
            return None if found is None else shell.transform_cell(found)
        except Exception as error:
            quiet("looking for the text of loaded code", error)
            return None
