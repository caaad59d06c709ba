"""The walk over a whole cell, with what IPython adds: magics, shell lines, code in strings."""

from __future__ import annotations

import ast

from nbrewind.analysis import digest, magics, tables
from nbrewind.analysis.definitions import Definitions
from nbrewind.analysis.expressions import is_shell
from nbrewind.analysis.flow import join
from nbrewind.analysis.scopes import Kind
from nbrewind.analysis.transform import Parsed, Unparsable, automagic, parse, parse_python


class Walk(Definitions):
    """Walks a cell once; `Facts` says what it finds."""

    def __init__(self, parsed: Parsed) -> None:
        super().__init__(parsed.tree)
        self._parsed = parsed
        self._uses: list[tuple[ast.Call, magics.Effect, list[Parsed]]] = []
        """Magics in the order of the text, with the code that they run."""
        self.own = 0
        """Statements of the cell that are this project's magics."""

    def walk(self) -> None:
        """Walk the cell."""
        for node in self._parsed.tree.body:
            before = len(self._uses)
            self.visit(node)
            uses = self._uses[before:]
            alone = isinstance(node, ast.Expr) and len(uses) == 1 and node.value is uses[0][0]
            self.own += alone and uses[0][1].own
        word = automagic(self._parsed.text)
        if word:
            self.hide(f"%{word}: {tables.OPAQUE_MAGICS[word]}")

    def dump(self) -> str:
        """Return the normalised code: what the digest is made of."""
        replaced: dict[int, list[digest.Part]] = {}
        for call, effect, code in self._uses:
            words = (effect.label, effect.header, effect.body)
            parts: list[digest.Part] = ["(magic " + " ".join(map(digest.constant, words))]
            for found in code:
                parts += digest.module(found.text, found.tree)
            replaced[id(call)] = [*parts, ")"]
        mark = "quiet " if digest.quiet(self._parsed.text, self._parsed.tree) else ""
        return mark + digest.dump(self._parsed.tree, replaced)

    def shell_call(self, node: ast.Call) -> bool:
        """Walk a call that IPython's own syntax becomes; return whether it was one."""
        func = node.func
        if not isinstance(func, ast.Attribute) or not is_shell(func.value):
            return False
        values = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        texts = [value for value in values if isinstance(value, str)]
        if func.attr not in tables.SHELL_METHODS or len(texts) != len(node.args) or node.keywords or not texts:
            return False
        if func.attr == "run_line_magic" and len(texts) == 2:
            effect = magics.magic(texts[0], texts[1], None)
        elif func.attr == "run_cell_magic" and len(texts) == 3:
            effect = magics.magic(texts[0], texts[1], texts[2])
        elif func.attr == "magic":
            name, _, line = texts[0].partition(" ")
            effect = magics.magic(name, line, None)
        elif func.attr in ("system", "system_raw", "system_piped", "getoutput"):
            effect = magics.shell(texts[0])
        else:
            return False
        self._apply(node, effect)
        return True

    def _apply(self, node: ast.Call, effect: magics.Effect) -> None:
        self.magics.add(effect.label)
        self.imports.update(effect.imports)
        self.mention(" ".join(effect.names))
        for name in effect.reads:
            self.load(name)
        for text in effect.expressions:
            self._expression(text)
        if effect.opaque:
            self.hide(effect.opaque)
        code = [found for found in map(self._code, effect.code) if found is not None]
        self._uses.append((node, effect, code))
        if effect.local:
            self._run_locally(code)
        else:
            for found in code:
                self.run_here(found.tree)
        for name in effect.binds:
            self._outside_scopes(ast.Name(name, ast.Store()))

    def _expression(self, text: str) -> None:
        try:
            tree = parse_python(text.strip())
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.mention(text)
            return
        before = self.state.copy()
        self._outside_scopes(tree)
        self.state = join([before, self.state])

    def _code(self, text: str) -> Parsed | None:
        try:
            return parse(text)
        except Unparsable as caught:
            self.hide(f"a magic runs code that does not parse ({caught})")
            return None

    def run_here(self, tree: ast.Module) -> None:
        """Walk code that runs in the user's namespace and whose errors need not end the cell."""
        start = self.state.copy()
        with self.watched() as deleted:
            self._outside_scopes(tree)
        self.state = join([self.state, start.without(deleted)])
        self.state.dead = start.dead

    def _outside_scopes(self, tree: ast.AST) -> None:
        outer = self.scope
        while self.scope.parent is not None:
            self.scope = self.scope.parent
        body = tree.body if isinstance(tree, ast.Module) else [tree]
        for node in body:
            self.visit(node)
        self.scope = outer

    def _run_locally(self, code: list[Parsed]) -> None:
        body = [node for found in code for node in found.tree.body]
        found = self.function(body, set(), "timeit")
        if self.body is None:
            self.run(found)

    def run_text(self, node: ast.Call, name: str) -> None:
        """Note an ``exec`` or ``eval``: code that is written out is walked, all else hides what it does."""
        text = node.args[0] if len(node.args) == 1 and not node.keywords else None
        written_out = isinstance(text, ast.Constant) and isinstance(text.value, str)
        if written_out and self.scope.kind is Kind.MODULE and self.body is None:
            try:
                tree = parse_python(text.value.strip())  # type: ignore[union-attr]
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                tree = None
            if tree is not None:
                self.run_here(tree)
                return
        self.hide(f"{name}() runs code that the text does not spell out")
