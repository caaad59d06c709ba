"""What the search leaves out finds nothing: it finds what the plain expressions find in whole texts, and no less."""

from __future__ import annotations

import random
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbrewind.packages.forms import _DETECTORS, Form, forms
from nbrewind.packages.literals import BEGINNING
from nbrewind.packages.named import BARE, ENDS, FIELD, LISTED, PLACEHOLDER, QUOTED, looks_made, named
from nbrewind.packages.scan import AT_ONCE, OVERLAP, kinds_in
from nbrewind.packages.searched import Searched, Span
from nbrewind.packages.secrets import MARK, Scanner, _is_in_words
from nbrewind.state.secret_names import is_secret_name

FORMS = {f"{number} {form.kind}": form for number, form in enumerate(forms())}
ALNUM = string.ascii_letters + string.digits

# -- the plain way ----------------------------------------------------------------------------------------------------


def plain_form(form: Form, text: str) -> list[Span]:
    return [match.span() for match in form.pattern.finditer(text)]


def plain_named(text: str) -> list[Span]:
    """Each of the three expressions, searched for from the beginning."""
    if not any(word in text.casefold() for word in FIELD):
        return []
    found = []
    for one in QUOTED.finditer(text):
        value, after = one["value"], one["sep"].strip()
        ok = len(value) >= 4 and is_secret_name(one["name"]) and not PLACEHOLDER.search(value) and value.strip()
        if ok and not is_secret_name(value) and (not after.endswith(",") or looks_made(value)):
            found.append(one.span("value"))
    for one in LISTED.finditer(text):
        if is_secret_name(one["name"]):
            for part in re.compile(r"(['\"])(?P<value>(?:(?!\1|\n).)*)\1").finditer(text, *one.span("values")):
                if looks_made(part["value"]) and not PLACEHOLDER.search(part["value"]):
                    found.append(part.span("value"))
    for one in BARE.finditer(text):
        value = one["value"]
        if is_secret_name(one["name"]) and not PLACEHOLDER.search(value) and looks_made(value):
            if not re.match(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$", value):
                found.append(one.span("value"))
    return found


def plain_find(text: str) -> list[tuple[int, int, str]]:
    found = [(*at, "value under a name that says so") for at in plain_named(text)]
    for form in forms():
        found += [
            (*at, form.kind) for at in plain_form(form, text) if at[1] - at[0] >= 4 and not _is_in_words(text, *at)
        ]
    whole: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(found, key=lambda one: (one[0], -one[1])):
        if whole and start < whole[-1][1]:
            whole[-1] = whole[-1][0], max(whole[-1][1], end), whole[-1][2]
        elif text[start:end] not in ("", MARK) and len(text) >= 4 and not text.isspace():
            whole.append((start, end, kind))
    return whole


# -- texts of which secrets could be made ---------------------------------------------------------------------------

NAMES = re.findall(
    r"\S+",
    """
    key api_key API_KEY ssh.key access-key password Passwd passphrase pwd secret client_secret token auth_tok x_token
    num_token credentials db_password_1 token_value to\u212aen pa\u017fsword name x B_9 9z y.z key\u00e9 \u00e9token
""",
)
BETWEEN = (
    *(" ", "  ", "\t", "\n", "\r\n", "\n\n", "\n  ", "\u3000", "\xa0", "\u2192", "\u0130", "\u0131", "\u00e9"),
    *("=", ":", ",", "=>", ":=", "::", " = ", ": ", " : ", ": str = ", "=os.environ", "=np.array(", "=['", "', '"),
    *("'", '"', "'''", '"""', "''", '""', "\\'", '\\"', "\\", "f'", "rb'", "]", ")", "[", "(", "{", "}", ";", "<", "/"),
    *("&", "?", "#", "@", "-", "_", ".", "hunter2-x", "v4lue!", "word", "<your key>", "None", MARK, "...", "***"),
    *("plain words " * 30, "plain words\n" * 30),
)
BEGINNINGS = re.findall(
    r"\S+",
    r"""
    AKIA ASIA ABIA ACCA A3TX aws aws_key=' AKC AP APA cl cloudant cl_api softlayer sl_ ibm_cloud_iam_ iam- cos_hmac_
    secret_access_key -us1 /:_authToken= npm_ sk- sk-proj- T3BlbkFJ hf_ sk_ rk_live_ whsec_ ghp_ github_pat_ glpat-
    glcbt- GR1348941 xoxb- xoxb-12-34- AIza ya29. GOCSPX- pypi-AgE eyJ .eyJ SG. dop_v1_ dapi AGE-SECRET-KEY-1 M . AC SK
    PRIVATE-KEY PuTTY-User-Key-File-2 hooks.slack.com/services/T1/B2/ .cloudant.com 123456789: sq0csp-
    ?key= &token= ?a_sig= &x.password= :// https:// user: @host AccountKey= SharedAccessKey=
""",
)
SPACED = "-----BEGIN ", "PRIVATE KEY-----", "-----END ", "bearer ", "Basic "
LENGTHS = (1, 3, 6, 8, 10, 12, 16, 20, 24, 26, 27, 30, 32, 34, 35, 36, 40, 44, 48, 64, 100, 101, 102)
LETTERS = (
    ALNUM,
    string.ascii_lowercase,
    string.ascii_uppercase,
    string.digits,
    "0123456789abcdef",
    ALNUM + "_-",
    ALNUM + "+/=",
)


@st.composite
def runs(draw: st.DrawFn) -> str:
    """Letters in a row, about as many as one of the forms has."""
    length = draw(st.sampled_from(LENGTHS)) + draw(st.sampled_from((0, 0, 0, -1, 1)))
    return "".join(random.Random(draw(st.integers(0, 10**6))).choices(draw(st.sampled_from(LETTERS)), k=length))


PIECES = st.one_of(*map(st.sampled_from, (NAMES, BETWEEN, BEGINNINGS, SPACED)), runs())
TEXTS = st.lists(PIECES, max_size=30).map("".join)
LINES = st.lists(st.one_of(TEXTS, st.just("password = 'hunter2-x'"), st.just("a, 'password', 'hunter2-x'")), max_size=8)


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(TEXTS, LINES.map("\n".join)))
def test_it_finds_what_the_plain_way_finds(text: str) -> None:
    assert [tuple(one) for one in Scanner().find(text)] == plain_find(text)


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(TEXTS, LINES.map("\n".join)))
def test_each_part_of_it_finds_what_the_plain_way_finds(text: str) -> None:
    searched = Searched(text)
    assert list(named(searched, dict.fromkeys(range(len(ENDS))))) == plain_named(text)
    for name, form in FORMS.items():
        anywhere = [(anchor, None) for anchor in form.anchors]
        assert list(form.spans(searched, anywhere)) == plain_form(form, text), name


@pytest.mark.parametrize("name", [name for name, form in FORMS.items() if form.anchors])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_form_is_found_by_its_anchors(name: str, data: st.DataObject) -> None:
    form = FORMS[name]
    around = st.text(alphabet="ab1 =:'\"\n\u212a", max_size=3)
    one = st.from_regex(form.pattern)
    text = data.draw(around) + data.draw(one) + data.draw(around) + data.draw(one)
    assert list(form.spans(Searched(text), [(anchor, None) for anchor in form.anchors])) == plain_form(form, text)
    assert [tuple(one) for one in Scanner().find(text)] == plain_find(text)


def test_every_anchor_belongs_to_a_form() -> None:
    """If not, `detect-secrets` has changed its expression, which is then searched for at each place, slowly."""
    assert _DETECTORS.keys() <= {form.pattern.pattern for form in forms()}


@settings(max_examples=10, deadline=None)
@given(
    pieces=st.lists(PIECES, max_size=12),
    before=st.integers(-40, 40),
    fill=st.sampled_from(("\0", "a", "x1", "- ", "\n")),
)
def test_bytes_are_searched_as_texts_are(pieces: list[str], before: int, fill: str) -> None:
    """Also where a text lies on the border between what is looked at first and next."""
    planted = "".join(pieces).encode("ascii", "ignore")
    head = (fill * AT_ONCE)[: AT_ONCE - len(planted) // 2 + before].encode()
    data = head + planted + (fill * OVERLAP).encode()
    wanted = [
        kind
        for part in (data[:AT_ONCE], data[AT_ONCE - OVERLAP :])
        for text in ["\n".join(re.findall(r"[\t\n\r\x20-\x7e]{6,}", part.decode("latin-1")))]
        for _, _, kind in plain_find(text)
    ]
    assert set(kinds_in(Scanner(), [data])) == set(wanted)


@settings(max_examples=40, deadline=None)
@given(planted=TEXTS, fill=st.sampled_from(("key ", "sk_ token ", "eyJ://", "password: ", "ACCA", "aws\n")))
def test_words_that_are_there_often_hide_nothing(planted: str, fill: str) -> None:
    """They are not listed any more, and all others are."""
    text = fill * BEGINNING + planted + fill * 10
    assert [tuple(one) for one in Scanner().find(text)] == plain_find(text)


# -- texts that are made to take long -------------------------------------------------------------------------------

MEAN = {
    **{repeated: repeated for repeated in (
        "a", "=", '"', "key=", "://", "-----BEGIN ", "7", "eyJ", " ", ".", ":", "aws", "1a", "a1b2", "AKIA", "SG.",
        "a='", "a:''", "?key=", "&a", "password", "basic ", "//", "secret_", "a:a", "accountkey=", "token,'",
        "token:1a", "password\n", "pwd ", "://a:", "token[", "token=[", "sk-", "sk_", "\n", "\\", "eyJhbGci.",
        "token = ", "ACGT", "x='\"x=\"'y",
    )},
    "a key and spaces": "key" + " " * 999_900 + "a" * 44 + "_",
    "points at the end": "eyJ" * 333_300 + ".eyJ ",
    "one word at the end": "sk-" * 333_300 + "T3BlbkFJ",
    "slashes": "/" * 999_900 + "/:_authToken= ",
    "digits of a name": "pwd" + "1" * 999_900 + "='",
}  # fmt: skip


@pytest.mark.parametrize("name", MEAN)
def test_no_text_takes_the_square_of_its_length(name: str) -> None:
    """That would be hours for most of these."""
    text = MEAN[name] * (1_000_000 // len(MEAN[name]))
    Scanner().find(text)
    Scanner().learn_from(text)
