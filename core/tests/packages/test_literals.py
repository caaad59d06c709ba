"""What is not searched with a pattern has no match of it; and no secret slips between two pieces that are looked at."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nbrewind.packages.forms import forms
from nbrewind.packages.literals import Filter, needed
from nbrewind.packages.named import BARE, LISTED, NAME, QUOTED
from nbrewind.packages.scan import AT_ONCE, kinds_in
from nbrewind.packages.secrets import Scanner, _filter

FORMS = forms()
SPLIT = {
    "github": b"ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "aws": b"AKIAIOSFODNN7EXAMPLQ",
    "url": b"postgres://bob:hunter2-Address@db.example/x",
    "parameter": b"https://h.example/p?a=1&access_token=9f8e7d6c5b4a39281706",
    "jwt": b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "named": b"{'db_password': 'hunter2-Printed'}",
    "telegram": b"bot 123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi now",
    "wide": "glpat-ZYXWvuts9876rqpoNMLK".encode("utf-32-le"),
    "wide pairs": "glpat-ZYXWvuts9876rqpoNMLK".encode("utf-16-be"),
    "learnt": b"correct horse battery",
    "learnt, long": b"staple " * 1000,
}


@pytest.mark.parametrize("number", range(len(FORMS)), ids=lambda number: f"{number} {FORMS[number].kind}")
@settings(max_examples=4, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_pattern_that_matches_is_possible(number: int, data: st.DataObject) -> None:
    pattern = FORMS[number].pattern
    around = st.text(alphabet="ab1 =:'\"\n\u212a", max_size=3)
    shorter = re.compile(pattern.pattern.replace("{0,20000}", "{0,20}"), pattern.flags)
    text = data.draw(around) + data.draw(st.from_regex(shorter)) + data.draw(around)
    if pattern.search(text):
        assert number in _filter().possible(text)
        if text.isascii():
            assert number in _filter().possible(b"\xff\0" + text.encode() + b"\0")


@pytest.mark.parametrize("pattern", [QUOTED, BARE, LISTED], ids=["quoted", "bare", "listed"])
@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(st.sampled_from([
    "a", "B", "_", "9", ".", "=", ":", ",", "'", '"', " ", "\n", "\\", "]", ")", "[", "(", "\u00e9", ";", "=>", "f'",
    "9z", "x" * 99, "y" * 101, "key", ": ", " = ", "'value1'", "secret-9", "=['v1', 'v2']",
]), max_size=16))  # fmt: skip
def test_names_are_found_as_if_each_letter_were_tried(pattern: re.Pattern[str], pieces: list[str]) -> None:
    text = "".join(pieces)
    plain = re.compile(pattern.pattern.replace(NAME, r"(?P<name>[A-Za-z_][\w.-]{0,100})"), pattern.flags)
    assert plain.pattern != pattern.pattern
    found, wanted = ([(one.span(), one.groupdict()) for one in p.finditer(text)] for p in (pattern, plain))
    assert found == wanted


def test_a_long_text_without_a_break_takes_no_time() -> None:
    """As numbers that look like letters do: what was tried at each of them took seconds."""
    letters = "keysecrettoken" * 20_000
    assert Scanner().find(letters) == []


@pytest.mark.parametrize("text", ["a \u017fecret", "TO\u212aEN", "to\u212aen", "pa\u017fs"])
def test_letters_that_patterns_take_for_others(text: str) -> None:
    pattern = re.compile("(?i)secret|token|pass")
    assert pattern.search(text) and Filter([needed(pattern)]).possible(text) == {0: None}


def test_hardly_a_pattern_is_left_for_texts_without_secrets() -> None:
    rows = "".join(f"{number},name {number % 97},{number / 7:.3f}\n" for number in range(1000))
    assert Scanner.possible(rows) == {}
    assert all(needed(form.pattern) != (None, 0) for form in FORMS)


@pytest.mark.parametrize("name", SPLIT)
def test_no_secret_slips_between_two_pieces(name: str) -> None:
    scanner = Scanner()
    scanner.learn(["correct horse battery", "staple " * 1000])
    secret = SPLIT[name]
    assert kinds_in(scanner, [secret]), "it is found where it is whole"
    step = max(1, len(secret) // 11)
    for before in range(0, len(secret) + step, step):
        fill = bytes(AT_ONCE - before)
        whole = fill + b"\xff" + secret + b"\xff" + bytes(1000)
        assert kinds_in(scanner, [whole[:AT_ONCE], whole[AT_ONCE:]]), before
        assert kinds_in(scanner, [whole[start : start + 65_536] for start in range(0, len(whole), 65_536)]), before
