"""Planted secrets of many kinds: none in any byte of the package, and the report names each place."""

# ruff: noqa: E501
from __future__ import annotations

import re

import nbformat
import pytest
from cli_tools import Place
from package_tools import files, parts_of

from nbrewind.packages.scan import kinds_in, secret_strings
from nbrewind.packages.secrets import MARK, Scanner
from nbrewind.packages.tables import clean_tables
from nbrewind.state.secret_names import is_secret_name

G = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
PLANTED = {
    "variable": "hunter2-Variable",
    "dict value": "hunter2-Dictionary",
    "nested": "hunter2-Nested",
    "attribute": "hunter2-Attribute",
    "dict printed": "hunter2-Printed",
    "printed later": "hunter2-Variable",
    "printed alone": "xoxb-1234567890-abcdefghijkl",
    "github": G,
    "aws": "AKIA" + "IOSFODNN7EXAMPLQ",
    "traceback": "hunter2-Traceback",
    "url": "hunter2-Address",
    "url parameter": "9f8e7d6c5b4a39281706",
    "dotenv": "hunter2-Dotenv",
    "markdown": "glpat-" + "abcdEFGH1234ijklMNOP",
    "markdown words": "hunter2-Markdown",
    "argument": "hunter2-Argument",
    "log line": "hunter2-Logline",
    "frame": "hunter2-Frame",
    "frame shown": "hunter2-Frame",
    "array": "sk-" + "proj-ABCDEFGHIJKLMNOPQRSTUVWX1234",
    "bytes": "npm_" + "a" * 10 + "B" * 10 + "1" * 16,
    "bearer": "abcdef0123456789.ABCDEF",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "private key": "MIIEpAIBAAKCAQEA7bq8WmKvX0Zt",
    "environment": "hunter2-Environment",
    "environment used": "hunter2-Environment",
    "slack hook": "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "stripe": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "google": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "azure": "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4",
    "hugging face": "hf_" + "abcdefghijklmnopqrstuvwxyzABCDEF",
    "list": "glpat-" + "ZYXWvuts9876rqpoNMLK",
    "file written": "hunter2-Written",
    "key file": "MIIBVwIBADANBgkqhkiG9w0BAQEF",
    "data file": "hunter2-Datafile",
    "error": "hunter2-Errormessage",
    "html": "hunter2-Htmltable",
    "function": "hunter2-Function",
    "default": "hunter2-Default",
    "set": "dapi" + "0123456789abcdef0123456789abcdef",
    "widget metadata": "hunter2-Metadata",
}
"""Kinds to secrets; some stand in two places."""

CELLS = [
    ("code", "v1", "import os, logging, numpy as np, pandas as pd, sys"),
    ("code", "variable", "api_key = 'hunter2-Variable'\nprint('using', api_key)"),
    ("code", "later", "print(api_key[::1])"),
    ("code", "dict", "settings = {'user': 'bob', 'password': 'hunter2-Dictionary', 'deep': [{'api_key': 'hunter2-Nested'}]}"),
    ("code", "attr", "class Client: pass\nc = Client(); c.host = 'h'; c.auth_token = 'hunter2-Attribute'"),
    ("code", "printed", "print({'db_password': 'hunter2-Printed'})"),
    ("code", "alone", "x = ''.join(['xoxb-', '1234567890-', 'abcdefghijkl'])\nprint('token is', x)"),
    ("code", "forms", f"forms = ['{G}', 'AKIAIOSFODNN7EXAMPLQ', 'glpat-ZYXWvuts9876rqpoNMLK']"),
    ("code", "trace", "def login(password): raise ValueError('no password=\"%s\"' % password)\nlogin('hunter2-Traceback')"),
    ("code", "url", "u = 'postgres://bob:hunter2-Address@db.example/x'\nw = 'https://h.example/p?a=1&access_token=9f8e7d6c5b4a39281706'"),
    ("code", "dotenv", "env = 'DB_PASSWORD=hunter2-Dotenv\\nDEBUG=1\\n'"),
    ("code", "call", "def connect(**k): return len(k)\nconnect(password='hunter2-Argument')"),
    ("code", "log", "logging.warning('secret: hunter2-Logline')"),
    ("code", "frame", "df = pd.DataFrame({'user': ['bob', 'eve'], 'password': ['hunter2-Frame', 'x9-Other-Value']})"),
    ("code", "shown", "df"),
    ("code", "array", "arr = np.array(['sk-proj-ABCDEFGHIJKLMNOPQRSTUVWX1234', 'b'] * 5000)"),
    ("code", "bytes", "raw = b'npm_aaaaaaaaaaBBBBBBBBBB1111111111111111' + bytes(100_000)"),
    ("code", "bearer", "headers = {'Authorization': 'Bearer abcdef0123456789.ABCDEF'}"),
    ("code", "jwt", "j = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl'; print(j)"),
    ("code", "pem", "pem = '-----BEGIN RSA PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA7bq8WmKvX0Zt\\n-----END RSA PRIVATE KEY-----'"),
    ("code", "environ", "e = os.environ['SERVICE_PASSWORD']\nprint('it is', e)"),
    ("code", "hook", "hook = 'https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX'"),
    ("code", "more", "a = 'sk_live_4eC39HqLyjWDarjtT1zdp7dc'; b = 'AIzaSyA1234567890abcdefghijklmnopqrstuv'\n"
                     "hf = 'hf_abcdefghijklmnopqrstuvwxyzABCDEF'; s = {'dapi0123456789abcdef0123456789abcdef'}"),
    ("code", "azure", "cs = 'AccountName=x;AccountKey=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4'"),
    ("code", "write", "open('app.cfg', 'w').write('password = \"hunter2-Written\"')\n"
                      "open('server.pem', 'w').write('MIIBVwIBADAN' + 'BgkqhkiG9w0BAQEF')"),
    ("code", "read", "n = len(open('conf.yaml').read())"),
    ("code", "error", "raise RuntimeError('bad api_key: hunter2-Errormessage')"),
    ("code", "html", "from IPython.display import HTML\nHTML('<table><tr><th>password</th></tr><tr><td>hunter2-Htmltable</td></tr></table>')"),
    ("code", "function", "def get():\n    secret = 'hunter2-Function'\n    return len(secret)\ndef other(token='hunter2-Default'): pass"),
    ("code", "plain", "ordinary = 'nothing to hide'\nprint(ordinary)"),
    ("markdown", "notes", "Use glpat-abcdEFGH1234ijklMNOP, password: hunter2-Markdown"),
]  # fmt: skip
PLACES = {name: number for number, (_, name, _) in enumerate(CELLS, 1)}


@pytest.fixture(scope="module")
def planted(jupyter, tmp_path_factory) -> Place:
    place = Place(tmp_path_factory.mktemp("planted"))
    made = nbformat.v4.new_notebook()
    for kind, name, source in CELLS:
        new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        made.cells.append(new(source, id=name))
        if name in ("trace", "error"):
            made.cells[-1].metadata["tags"] = ["raises-exception"]
    made.cells[-1].metadata["note"] = {"client_secret": "hunter2-Metadata"}
    made.cells.append(nbformat.v4.new_code_cell("print({'db_password': 'hunter2-Printed'}, 'once')", id="gone"))
    (place.folder / "conf.yaml").write_text("user: bob\npassword: hunter2-Datafile\n")
    nbformat.write(made, place.folder / "a.ipynb")
    assert place("audit", "a.ipynb", "--inplace", SERVICE_PASSWORD="hunter2-Environment").code == 0
    ran = place.read("a.ipynb")
    ran.cells.pop()
    nbformat.write(ran, place.folder / "a.ipynb")
    place.answer = place("export", "a.ipynb", "-o", "a.zip", "--json", SERVICE_PASSWORD="hunter2-Environment")
    assert place.answer.code == 0, place.answer
    return place


def test_none_of_them_is_in_any_byte(planted: Place) -> None:
    found = files(planted.folder / "a.zip")
    found.update((f"part {part.blake3}", data) for part, data in parts_of(found))
    there = {}
    for kind, secret in PLANTED.items():
        for form in ("utf-8", "utf-16-le", "utf-32-le"):
            there.update({f"{kind} in {name}": secret for name, data in found.items() if secret.encode(form) in data})
    assert there == {}
    assert len(PLANTED) >= 40


def test_the_report_names_each_place_and_shows_none(planted: Place) -> None:
    document = planted.answer.json
    text = planted.answer.out
    assert [secret for secret in PLANTED.values() if secret in text] == []
    told = " ".join(
        one["where"] for one in (*document["secrets"], *({"where": o["what"]} for o in document["left_out"]))
    )
    for name in (  # `api_key` is not among them: by its name it was not even recorded
        "settings",
        "forms",
        "df",
        "arr",
        "raw",
        "headers",
        "pem",
        "hook",
        "app.cfg",
        "server.pem",
        "conf.yaml",
    ):
        assert re.search(rf"\b{re.escape(name)}\b", told), (name, told)
    for cell in ("variable", "later", "dict", "trace", "environ", "error", "html", "shown", "log"):
        assert re.search(rf"\b(text|output|record) of cell {PLACES[cell]}\b", told), (cell, told)
    assert "output of a removed cell (gone)" in told
    assert "ordinary" not in told and not re.search(rf"\bcell {PLACES['plain']}\b", told)
    for name in PLACES:
        assert f"cell {name}" not in told, name


def test_what_holds_no_secret_goes_along_and_answers(planted: Place, tmp_path) -> None:
    place = Place(tmp_path)
    (tmp_path / "a.zip").write_bytes((planted.folder / "a.zip").read_bytes())
    assert place("verify", "a.zip").code == 0
    assert place("import", "a.zip").code == 0
    content = place.read("a/a.ipynb")
    cell = next(cell for cell in content.cells if cell.id == "variable")
    assert MARK in cell.source and cell.outputs[0].text == f"using {MARK}\n"
    answer = place("repeat", "a/a.ipynb", "--dry-run", "--json")
    steps = {step["cell"]: step["action"] for step in answer.json["steps"]}
    assert steps["plain"] == "skip" and steps["variable"] == "run" and steps["later"] == "run"


def test_a_package_without_secrets_comes_back_out_the_same(planted: Place, tmp_path) -> None:
    place = Place(tmp_path)
    (tmp_path / "a.zip").write_bytes((planted.folder / "a.zip").read_bytes())
    assert place("import", "a.zip").code == 0
    assert place("export", "a/a.ipynb", "-o", "b.zip").code == 0
    one, other = files(tmp_path / "a.zip"), files(tmp_path / "b.zip")
    assert {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)} == set()


@pytest.mark.parametrize(
    "name",
    ["password", "api_key", "API_KEY", "apikey", "DB_PASSWORD", "db.password", "secret", "client_secret", "auth_token",
     "token", "github_token", "AWS_SECRET_ACCESS_KEY", "private_key", "credentials", "pwd", "passphrase", "hf_token"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    ["key", "keys", "tokens", "tokenizer", "n_tokens", "max_token", "pad_token", "compass", "passed", "secretary",
     "monkey", "primary_key", "keyword", "x", "data", "author", "passenger"],
)  # fmt: skip
def test_other_names(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "text",
    ["password = os.environ['DB_PASSWORD']", "password = getpass.getpass()", "token = tokenizer.next()", "key = 'abc'",
     "api_key = '<your key here>'", "secret = None", "print('password')", "df['password'].nunique()", "tokens = 'a b c'.split()",
     "https://example.org/path?page=2&key=", "a ghp_ b", "for key in d:\n    print(key)", "digest b3:0123456789abcdef0123456789abcdef"],
)  # fmt: skip
def test_texts_without_secrets(text: str) -> None:
    assert Scanner().clean(text) == (text, [])


@pytest.mark.parametrize("airports", ["LASIAHXNADENIADCLEORDMIA", "ATLAKIAHLAXATLDFWRDUHOU"])
def test_codes_that_lie_side_by_side_are_no_key(airports: str) -> None:
    """As those of a column of a table do in memory."""
    assert kinds_in(Scanner(), [airports.encode() * 12]) == []
    protein = "MKTAYIAKIAQRQISFVKSHFSRQLEERLGLIEV"
    assert kinds_in(Scanner(), [protein.encode()]) == []


@pytest.mark.parametrize("around", ["JFKLGAORDBOS", "JFK", "\0", "a", ""])
def test_a_key_amid_capitals_is_one(around: str) -> None:
    """As in a column of words that lie side by side in memory; also one without a digit, as one of AWS in 28 is."""
    key = PLANTED["aws"]
    for one in (key, key.replace("7", "B")):
        assert kinds_in(Scanner(), [f"{around}{one}{around}".encode()]) != [], one
    assert kinds_in(Scanner(), [f"{around * 100}{key}{around * 100}".encode()]) != []


def test_what_is_learnt_is_found_everywhere() -> None:
    scanner = Scanner()
    scanner.learn_from("password = 'correct horse battery'")
    assert scanner.clean("it was correct horse battery!")[0] == f"it was {MARK}!"
    assert kinds_in(scanner, [b"\0\0correct horse", b" battery\0"]) != []
    assert kinds_in(scanner, ["correct horse battery".encode("utf-32-le")]) != []


def test_streams_are_read_and_not_loaded() -> None:
    import os
    import pickle

    class Evil:
        def __reduce__(self):
            return os._exit, (1,)

    stream = pickle.dumps(({"password": "hunter2-inside"}, Evil()), protocol=5)
    assert secret_strings(stream).values == ["hunter2-inside"]
    assert secret_strings(pickle.dumps({"user": "bob"}, protocol=5)) == ([], False)
    assert secret_strings(b"\x80\x05 password broken").unclear


def test_tables() -> None:
    text = "   user      password\n0   bob   hunter2-Frame\n1   eve  x9-Other-Value\n"
    cleaned, kinds = clean_tables([{"text/plain": text}])
    assert kinds and "hunter2" not in cleaned[0]["text/plain"] and "eve" in cleaned[0]["text/plain"]
    assert clean_tables(cleaned) == (cleaned, [])
    plain = "the password was changed\n1 a b\n"
    assert clean_tables(plain)[0].startswith("the password was changed")
