"""No key and no password gets past the scrubber; what is none stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbrewind.tasks.scrub import _PATTERNS, scrubbed

PLANTED = [
    "password=hunter2-hunter2",
    'TASK 7 cmd "run --password hunter2-hunter2 -o x"',
    "--api-key=hunter2-hunter2",
    '{"token": "hunter2-hunter2", "n": 1}',
    "AWS_SECRET_ACCESS_KEY='hunter2-hunter2'",
    "https://me:hunter2-hunter2@host.example/data.csv",
    "Authorization: Bearer hunter2-hunter2",
    "https://s3.example/x?X-Amz-Signature=hunter2-hunter2&y=1",
]


@pytest.mark.parametrize("line", PLANTED)
def test_what_looks_like_a_secret_goes(line):
    assert b"hunter2" not in scrubbed(line.encode())
    assert b"[removed]" in scrubbed(line.encode())


@pytest.mark.parametrize(
    "secret",
    [
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "ghp_" + "a1" * 18,
        "hf_" + "b2" * 17,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.c2ln",
    ],
)
def test_keys_that_tell_what_they_are_go(secret):
    assert secret.encode() not in scrubbed(b"TASK 1 " + secret.encode() + b" DONE")


def test_private_keys_go_whole():
    key = b"-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nAAAA\n-----END RSA PRIVATE KEY-----\nafter\n"
    assert scrubbed(b"before\n" + key) == b"before\n[removed]\nafter\n"
    assert b"MIIEow" not in scrubbed(key[:45])  # cut off


def test_known_secrets_go_wherever_they_are(monkeypatch):
    monkeypatch.setenv("MY_SERVICE_TOKEN", "abc.def+ghi")
    monkeypatch.setenv("VINE_MANAGER_NAME", "not-a-secret")
    found = scrubbed(b"x abc.def+ghi y open sesame! z not-a-secret", ["open sesame!", "short"])
    assert found == b"x [removed] y [removed] z not-a-secret"


def test_ordinary_lines_stay():
    line = b'1690000000000000 123 TASK 7 DONE SUCCESS 0 {"cores":[1,"cores"],"time":3.5} 128.0.0.1:9123 monkey=1\n'
    assert scrubbed(line) == line


PIECES = (
    *(
        "password",
        "PASSPHRASE",
        "Secret",
        "token",
        "api-key",
        "ACCESS_KEY",
        "privatekey",
        "credential",
        "Authorization",
    ),
    *("=", ": ", '="', '"', "'", " ", "\n", "--", "-", "_", "://me:", "@host", "?sig=", "&X-Amz-Signature=", "bearer "),
    *("AKIA", "ASIA", "ghp_", "github_pat_", "GLPAT-", "glpat-", "hf_", "sk-", "xoxb-", "eyJ", ".", "A1" * 8, "b" * 20),
    *("-----BEGIN ", "-----begin ", "PRIVATE KEY-----", "-----END ", "\u00e9", "\u212a"),
)


@settings(max_examples=500, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=20))
def test_no_pattern_is_left_out_that_would_match(pieces: list[str]) -> None:
    text = "".join(pieces).encode()
    wanted = text
    for _, pattern, instead in _PATTERNS:
        wanted = pattern.sub(instead, wanted)
    assert scrubbed(text) == wanted
