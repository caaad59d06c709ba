"""What a cell sets in a module or class of a library is taken back by a rewind in the same kernel."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.py311


@pytest.mark.parametrize(
    ("before", "after", "probe"),
    [
        ("import textwrap", "textwrap.dedent = lambda text: 'patched'", "textwrap.dedent('')"),
        ("import math", "math.mine = 3\nmath.mine += 1", "hasattr(math, 'mine')"),
        ("import math", "del math.tau", "hasattr(math, 'tau')"),
        ("import textwrap", "setattr(textwrap, 'dedent', str.upper)", "textwrap.dedent(' a')"),
        ("import textwrap", "def patch(m): m.dedent = str.upper\npatch(textwrap)", "textwrap.dedent(' a')"),
        ("import json, json.encoder", "json.encoder.JSONEncoder.mine = 4", "hasattr(json.JSONEncoder, 'mine')"),
        ("import json", "json.JSONEncoder.default = lambda self, o: 'x'", "json.JSONEncoder.default.__module__"),
        ("import fractions", "fractions.Fraction.__repr__ = lambda self: 'F'", "fractions.Fraction(1, 2)"),
        (
            "import textwrap\nfrom unittest import mock",
            "p = mock.patch('textwrap.dedent', str.upper)\n_ = p.start()",
            "textwrap.dedent(' a')",
        ),
        ("import math, string", "math.mine = 1\nstring.mine = 2", "(hasattr(math, 'mine'), hasattr(string, 'mine'))"),
    ],
)
def test_it_is_taken_back(kernel, records, before: str, after: str, probe: str) -> None:
    kernel.run(before, cell="before")
    kernel.run(f"first = repr({probe})", cell="first")
    kernel.run(after, cell="after")
    assert kernel.value(f"repr({probe})") != kernel.value("first")
    report = kernel.text(kernel.run("%rewind first")[1])
    assert report.startswith("Rewound"), report
    assert kernel.value(f"repr({probe})") == kernel.value("first")


def test_there_and_back_again(kernel) -> None:
    kernel.run("import textwrap\nmine = lambda text: 'mine'", cell="before")
    kernel.run("textwrap.dedent = mine", cell="sets")
    for target, shown in (("before", "a"), ("sets", "mine"), ("before", "a")):
        kernel.run(f"%rewind {target}")
        assert kernel.value("textwrap.dedent('a')") == shown


def test_what_nobody_holds_any_more_does_not_come_back(kernel) -> None:
    kernel.run("import math", cell="before")
    kernel.run("math.mine = lambda: 1", cell="sets")
    assert kernel.text(kernel.run("%rewind before")[1]).startswith("Rewound")
    report = kernel.text(kernel.run("%rewind sets")[1])
    assert report.startswith("Not rewound") and "lost       modules: it changes math" in report


@pytest.mark.parametrize(
    "after",
    [
        "json.decoder.BACKSLASH['x'] = 1",
        "import sys\nsys.argv.append('x')",
        "json.mine = [1]",
        "json.mine = 1\njson.decoder.BACKSLASH['x'] = 1",
    ],
)
def test_what_cant_be_taken_back_is_lost(kernel, after: str) -> None:
    kernel.run("import json, json.decoder", cell="before")
    kernel.run(after, cell="after")
    report = kernel.text(kernel.run("%rewind before")[1])
    assert report.startswith("Not rewound") and "lost       modules: " in report


def test_what_somebody_else_has_changed_since_is_left_alone(kernel) -> None:
    kernel.run("import math", cell="before")
    kernel.run("math.mine = 1", cell="sets")
    kernel.run("get_ipython().user_ns['math'].__dict__['mine'] = 7", silent=True)
    report = kernel.text(kernel.run("%rewind before")[1])
    assert report.startswith("Not rewound") and kernel.value("math.mine") == 7


def test_an_attribute_that_a_module_keeps_elsewhere_is_lost(kernel):
    """Modules of a class of their own, with properties (`torch.backends.cudnn`)."""
    made = (
        "import sys, types, string\nclass Switches(types.ModuleType):\n    kept = {'on': False}\n"
        "    on = property(lambda s: s.kept['on'], lambda s, v: s.kept.update(on=v))\nSwitches.__module__ = 'string'\n"
        "string.switches = sys.modules['string.switches'] = Switches('string.switches')"
    )
    kernel.cells([made, "import string\nx = 1", "string.switches.on = True"])
    report = kernel.text(kernel.run("%rewind c1")[1])
    assert report.startswith("Not rewound") and "lost       modules: it changes string.switches" in report
