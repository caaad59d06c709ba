"""A cell's code, substituted before it runs: by an AST transformer that is there only for that one cell.

IPython also applies transformers for ``%time`` and for cells inside cells. The transformer is put in place while
``pre_run_cell`` of the outermost cell runs, and takes itself away when it is used: the next module that IPython
transforms on this thread is that cell's own. It works for async cells and cell magics.
"""

from __future__ import annotations

import ast
import threading
from typing import Any


class Substitution:
    """Puts other code in the place of the cell that starts now."""

    def __init__(self, shell: Any) -> None:
        """Substitute cells of ``shell``."""
        self._shell = shell
        self._statement = ""
        self._thread = 0

    def arm(self, statement: str) -> None:
        """Run ``statement`` in the place of the cell that starts now on this thread."""
        self._statement, self._thread = statement, threading.get_ident()
        if self not in self._shell.ast_transformers:
            self._shell.ast_transformers.append(self)

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the place of the cell that starts now."""
        self.arm("raise KeyboardInterrupt")

    def disarm(self) -> None:
        """Let cells run as they are."""
        self._statement = ""
        if self in self._shell.ast_transformers:
            self._shell.ast_transformers.remove(self)

    def visit(self, node: ast.AST) -> ast.AST:
        """Return the substitute for a cell's module; called by IPython."""
        if threading.get_ident() != self._thread or not isinstance(node, ast.Module):
            return node
        statement = self._statement
        self.disarm()
        if not statement:
            return node
        kept = [part for part in node.body if isinstance(part, ast.ImportFrom) and part.module == "__future__"]
        return ast.Module([*kept, *ast.parse(statement).body], node.type_ignores)
