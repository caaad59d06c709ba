"""The table of the rules in the architecture names the tests that there are, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[3] / "docs" / "architecture.md"


@pytest.mark.skipif(not PAGE.exists(), reason="only in a working copy of the whole project")
def test_every_rule_is_in_the_table_with_its_tests() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Rules of soundness: state")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+)\. .*? \| (.*?) \| (.*) \|$", section, re.M)
    assert [int(number) for number, _, _ in rows] == list(range(1, 16))
    named = {name for _, tests, _ in rows for name in re.findall(r"test_rule_\w+", tests)}
    there = {
        name
        for path in Path(__file__).parent.glob("test_rules*.py")
        for name in re.findall(r"^def (test_rule_\w+)", path.read_text(encoding="utf-8"), re.M)
    }
    assert named == there
    for number, tests, today in rows:
        assert f"test_rule_{int(number):02d}_" in tests and today
