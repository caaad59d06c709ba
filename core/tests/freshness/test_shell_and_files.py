"""What cells do to IPython, to the namespace's own names, to links and permissions of files is seen by those below."""

from __future__ import annotations

import pytest

IMPORTS = "import os\nfrom pathlib import Path\nip = get_ipython()"
MADE = "for name in ('a.txt', 'b.txt'): Path(name).write_text(name)"

STORIES = {
    "permissions": ("os.chmod('a.txt', 0o444)", "print(os.access('a.txt', os.W_OK), oct(os.stat('a.txt').st_mode))"),
    "access": ("os.chmod('a.txt', 0o555)", "print(os.access('a.txt', os.X_OK))"),
    "times": ("os.utime('a.txt', (1, 1))", "print(os.path.getmtime('a.txt'))"),
    "where a link leads": ("Path('link.txt').symlink_to('b.txt')", "print(os.readlink('link.txt'))"),
    "whether it is a link": ("Path('link.txt').symlink_to('b.txt')", "print(Path('link.txt').is_symlink())"),
    "a name of the namespace": ("__name__ = 'mine'", "print(__name__)"),
    "a transformer of input": (
        "def change(lines): return [line.replace('1 + 1', '2 + 2') for line in lines]\n"
        "ip.input_transformers_cleanup.append(change)",
        "print(1 + 1)",
    ),
    "a transformer of trees": (
        "import ast\nclass Change(ast.NodeTransformer):\n"
        "    def visit_Constant(self, node): return ast.Constant(5) if node.value == 1 else node\n"
        "ip.ast_transformers.append(Change())",
        "print(1 + 1)",
    ),
    "a callback": ("def said(*_): print('before')\nip.events.register('pre_run_cell', said)", "print(1 + 1)"),
    "a magic": ("ip.register_magic_function(lambda line: print('mine'), 'line', 'mine')", "%mine"),
    "a magic, decorated": (
        "from IPython.core.magic import register_line_magic\n@register_line_magic\ndef mine(line): print('mine')",
        "%mine",
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_who_met_it_is_not_fresh_when_the_cell_that_did_it_is_gone(book, story: str) -> None:
    writer, reader = STORIES[story]
    cells = book(IMPORTS, MADE, writer, reader)
    cells.delete("c3")
    word, reason = cells.said()["c4"]
    assert word != "fresh" and reason


@pytest.mark.parametrize("reader", ["print(open('link.txt').read())", "print(os.path.exists('link.txt'))"])
def test_who_reads_a_file_through_a_link_has_read_the_link_too(book, reader: str) -> None:
    cells = book(IMPORTS, MADE, "os.symlink('a.txt', 'link.txt')", reader)
    assert {("c2", "c4", "file a.txt"), ("c3", "c4", "file link.txt")} <= cells.flows()
    cells.text["c3"] = "os.remove('link.txt')"
    cells.run("c3")
    assert cells.said()["c4"][0] == "input changed"
