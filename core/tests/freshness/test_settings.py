"""What cells set in the standard library and in libraries is an input of what works otherwise with another setting."""

from __future__ import annotations

import pytest

IMPORTS = "import csv, sys, gc, socket, time, os, codecs, copyreg, pickle, mimetypes, decimal, locale, random, calendar"
MORE = "import asyncio, logging, warnings\nfrom collections.abc import Sequence\nclass Own: pass"
CODEC = """def find(name):
    return codecs.CodecInfo(lambda text, errors: (b'mine', 4), None) if name == 'mine' else None
"""

STORIES = {
    "csv field size": ("csv.field_size_limit(77)", "print(csv.field_size_limit())"),
    "csv field size, imported by name": ("csv.field_size_limit(77)", "print(limit())"),
    "csv dialect in a function": (
        "def setup(): csv.register_dialect('mine', delimiter=';')\nsetup()", "print('mine' in csv.list_dialects())",
    ),
    "socket timeout": ("socket.setdefaulttimeout(7)", "print(socket.getdefaulttimeout())"),
    "recursion limit": ("sys.setrecursionlimit(4321)", "print(sys.getrecursionlimit())"),
    "switch interval": ("sys.setswitchinterval(0.01)", "print(sys.getswitchinterval())"),
    "collector off": ("gc.disable()", "print(gc.isenabled())"),
    "time zone": ("os.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()", "print(time.tzname)"),
    "codec": (CODEC + "codecs.register(find)", "try: print('x'.encode('mine'))\nexcept LookupError: print('none')"),
    "pickling": (
        "copyreg.pickle(Own, lambda own: (str, ('own',)))", "print(pickle.loads(pickle.dumps(Own())) == 'own')",
    ),
    "file types": ("mimetypes.add_type('x/mine', '.mine')", "print(mimetypes.guess_type('a.mine')[0])"),
    "decimal in a function": (
        "def setup(): decimal.getcontext().prec = 5\nsetup()", "print(decimal.Decimal(1) / 3)",
    ),
    "seed": ("random.seed(3)", "print(random.random())"),
    "first weekday": ("calendar.setfirstweekday(6)", "print(calendar.firstweekday())"),
    "policy": (
        "class Mine(asyncio.DefaultEventLoopPolicy): pass\nasyncio.set_event_loop_policy(Mine())",
        "print(type(asyncio.get_event_loop_policy()).__name__)",
    ),
    "a virtual base class": ("Sequence.register(Own)", "print(isinstance(Own(), Sequence))"),
    "logging": ("logging.getLogger('mine').setLevel(7)", "print(logging.getLogger('mine').level)"),
    "warnings": ("warnings.simplefilter('error')", "print(warnings.filters[0][0])"),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_who_meets_a_setting_is_not_fresh_when_the_cell_that_set_it_is_gone(book, story: str) -> None:
    writer, reader = STORIES[story]
    cells = book(IMPORTS, MORE, "from csv import field_size_limit as limit", writer, reader, "print(1 + 1)")
    cells.delete("c4")
    said = cells.said()
    assert said["c5"][0] != "fresh" and said["c5"][1]
    assert said["c6"][0] == "fresh" or story in (
        "codec",
        "pickling",
        "time zone",
        "warnings",
    )  # these may meet any cell
