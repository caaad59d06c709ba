"""A package that somebody has meddled with: one clear error, nothing written outside, nothing run or unpickled."""

from __future__ import annotations

import json
import pickle
import stat
import zipfile
from pathlib import Path

import pytest
from cli_tools import Place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from package_tools import (
    CONTENTS,
    MANIFEST,
    RECORDS,
    SEAL,
    Canary,
    canaried,
    edit_lines,
    files,
    pack,
    resealed,
)

from nbrewind.packages.form import BLOBS, PackageError, sha256
from nbrewind.packages.opened import Package

COMMANDS = (("inspect",), ("verify",), ("import",), ("repeat",), ("trust",))


def refused(place: Place, name: str, word: str, **environment: str) -> None:
    """Every command says in one line what is wrong, and leaves the folder as it was."""
    before = sorted(str(path) for path in place.folder.rglob("*") if "store" not in path.parts)
    for command in COMMANDS:
        answer = place(*command, name, **environment)
        if command == ("inspect",) and answer.code == 0:
            continue  # it reads no more than it shows
        if command == ("repeat",) and "not trusted" in answer.err:
            continue
        assert answer.code in (1, 2), (command, answer)
        assert word in answer.line(), (command, answer)
    assert sorted(str(path) for path in place.folder.rglob("*") if "store" not in path.parts) == before


@pytest.fixture
def whole(received: Place) -> dict[str, bytes]:
    return files(received.folder / "a.zip")


@pytest.mark.parametrize(
    "name",
    ["../evil", "/evil", "a/../../evil", "C:\\evil", "a\\b", "con\x01", "a//b", "./a", "a/", " a", "a.", "x" * 2000],
)
def test_names_that_lead_elsewhere(received: Place, whole, name: str, stranger) -> None:
    pack(received.folder / "bad.zip", {**whole, name: b"evil"})
    refused(received, "bad.zip", "bad.zip is no package that can be used", **stranger)


def test_two_files_of_one_name(received: Place, whole, stranger) -> None:
    with zipfile.ZipFile(received.folder / "bad.zip", "w") as archive, pytest.warns(UserWarning):
        for name, data in [*whole.items(), ("data/files/in.csv", b"other")]:
            archive.writestr(name, data)
    refused(received, "bad.zip", "two files of the name", **stranger)
    pack(received.folder / "bad.zip", {**whole, "DATA/files/in.csv": b"other"})
    refused(received, "bad.zip", "two files of the name", **stranger)
    pack(received.folder / "bad.zip", {**whole, "data/files/in.csv/deeper": b"other"})
    refused(received, "bad.zip", "a folder too", **stranger)


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFCHR, stat.S_IFIFO])
def test_links_folders_and_devices(received: Place, whole, mode: int, stranger) -> None:
    with zipfile.ZipFile(received.folder / "bad.zip", "w") as archive:
        for name, data in whole.items():
            archive.writestr(name, data)
        entry = zipfile.ZipInfo("data/files/link")
        entry.external_attr = (mode | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    refused(received, "bad.zip", "is no file", **stranger)


def test_links_in_a_folder(received: Place, sent: Place, stranger) -> None:
    for name, data in files(received.folder / "a.zip").items():
        target = received.folder / "folder" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    (received.folder / "folder" / "data" / "files" / "link").symlink_to("/etc/passwd")
    refused(received, "folder", "is no file", **stranger)


def test_sizes_that_can_not_be(received: Place, whole, stranger) -> None:
    pack(received.folder / "bad.zip", whole)
    data = bytearray((received.folder / "bad.zip").read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1 << 31).to_bytes(4, "little")
    (received.folder / "bad.zip").write_bytes(data)
    refused(received, "bad.zip", "it can't be", **stranger)


def test_files_that_share_bytes(received: Place, whole, stranger) -> None:
    pack(received.folder / "bad.zip", {**whole, "data/files/0": bytes(100_000), "data/files/1": bytes(100_000)})
    with zipfile.ZipFile(received.folder / "bad.zip") as archive:
        first = archive.getinfo("data/files/0").header_offset
    data = bytearray((received.folder / "bad.zip").read_bytes())
    for _ in range(2):
        at = data.rindex(b"PK\x01\x02")
        data[at + 20 : at + 28] = (len(data)).to_bytes(4, "little") * 2
        data[at + 42 : at + 46] = first.to_bytes(4, "little")
        break
    (received.folder / "bad.zip").write_bytes(data)
    refused(received, "bad.zip", "bad.zip is no package that can be used", **stranger)


def test_what_is_no_package(received: Place, stranger) -> None:
    for name, data in (("bad.zip", b""), ("bad.zip", b"PK\x03\x04 nothing"), ("bad.zip", b"text")):
        (received.folder / name).write_bytes(data)
        for command in ("inspect", "verify", "import", "trust"):
            answer = received(command, name, **stranger)
            assert answer.code == 2 and "bad.zip" in answer.line()
    for command in ("inspect", "verify", "import", "trust", "repeat"):
        assert received(command, "missing.zip", **stranger).code == 2
    with zipfile.ZipFile(received.folder / "bad.zip", "w") as archive:
        archive.writestr("other", "text")
    refused(received, "bad.zip", SEAL, **stranger)


def test_a_byte_that_was_changed_anywhere(received: Place, whole, stranger) -> None:
    for name in whole:
        if name.startswith("nbrewind/signatures/"):
            continue
        data = bytearray(whole[name])
        data[len(data) // 2] ^= 1
        pack(received.folder / "bad.zip", {**whole, name: bytes(data)})
        answer = received("verify", "bad.zip", **stranger)
        assert answer.code in (1, 2) and len(answer.err.splitlines()) == 1, (name, answer)
        assert received("import", "bad.zip", **stranger).code == 2
        assert not (received.folder / "bad").exists()


def test_files_that_nobody_sealed_or_that_are_missing(received: Place, whole, stranger) -> None:
    pack(received.folder / "bad.zip", {**whole, "workflow/more.py": b"evil"})
    refused(received, "bad.zip", "not sealed", **stranger)
    pack(received.folder / "bad.zip", {**whole, BLOBS + sha256(b"evil"): b"evil"})
    refused(received, "bad.zip", "nothing refers to", **stranger)
    for name in whole:
        if not name.startswith("nbrewind/signatures/"):
            pack(received.folder / "bad.zip", {one: data for one, data in whole.items() if one != name})
            assert received("verify", "bad.zip", **stranger).code in (1, 2), name


def _first_run(change):
    def edit(line: dict) -> dict:
        if line["type"] == "run":
            change(line["run"])
        return line

    return edit


# fmt: off
FORGED = {
    "another text": (RECORDS, lambda line: line | ({"source": "evil"} if "run" in line else {}), "another text"),
    "no parents": (
        RECORDS,
        lambda line: line | ({"checkpoint": line["checkpoint"] | {"parent": "zzz"}} if "checkpoint" in line else {}),
        "does not come before",
    ),
    "versions of nobody": (
        RECORDS,
        lambda line: {**line, "checkpoint": {**line["checkpoint"], "delta": {"var:x": "zzz"}}}
        if line["type"] == "checkpoint" else line,
        "not there",
    ),
    "runs twice": (RECORDS, _first_run(lambda run: run.update(id="same")), "twice"),
    "runs of a notebook": (RECORDS, _first_run(lambda run: run.update(notebook="mine")), "some store"),
    "fewer": (RECORDS, lambda line: line if line["type"] != "run" else None, "not there"),
    "other types": (RECORDS, _first_run(lambda run: run.update(started="then")), "can't be read"),
    "parts of others": (
        CONTENTS,
        lambda line: {**line, "blake3": "0" * 64} if line["type"] == "part" else line,
        "a part that is not there",
    ),
    "absurd parts": (CONTENTS, lambda line: line | ({"bytes": 1 << 50} if "sha256" in line else {}), "a part of"),
    "absurd contents": (
        CONTENTS,
        lambda line: {**line, "segments": 99} if line["type"] == "snapshot" else line,
        "does not consist of",
    ),
}
# fmt: on


@pytest.mark.parametrize("name", FORGED)
def test_documents_that_are_forged_so_that_all_digests_fit(received: Place, whole, name: str, stranger) -> None:
    document, change, word = FORGED[name]
    forged = resealed({**whole, document: edit_lines(whole[document], change)})
    pack(received.folder / "bad.zip", forged)
    refused(received, "bad.zip", word, **stranger)


@pytest.mark.parametrize(
    ("key", "value"),
    [("schema", 99), ("format", "other"), ("notebook", "../a.ipynb"), ("notebook", "workflow/b.ipynb"),
     ("head", "zzz"), ("runs", 3), ("cells", ["x"]), ("snapshots", 0), ("bytes", "many")],
)  # fmt: skip
def test_manifests_that_say_something_else(received: Place, whole, key: str, value, stranger) -> None:
    manifest = {**json.loads(whole[MANIFEST]), key: value}
    if key == "notebook":
        whole[MANIFEST] = json.dumps(manifest).encode()
        pack(received.folder / "bad.zip", whole)
    else:
        pack(received.folder / "bad.zip", resealed({**whole, MANIFEST: json.dumps(manifest).encode()}))
    refused(received, "bad.zip", "bad.zip", **stranger)


@pytest.mark.parametrize("own", ["x", [], None, {"run": {}}, {"run": 5, "seconds": "x"}])
def test_cells_of_which_it_says_something_odd(received: Place, whole, own, stranger) -> None:
    name = "workflow/a.ipynb"
    notebook = json.loads(whole[name])
    for cell in notebook["cells"]:
        cell["metadata"]["nbrewind"] = own
    pack(received.folder / "odd.zip", resealed({**whole, name: json.dumps(notebook).encode()}))
    for command in (("inspect", "odd.zip"), ("verify", "odd.zip"), ("import", "odd.zip", "work")):
        assert received(*command, **stranger).code == 0, command


def test_a_forged_package_is_somebody_elses(received: Place, whole) -> None:
    """It was made by this user, but its signature does not come along once anything is changed."""
    assert received("inspect", "a.zip", "--json").json["trust"] == "own"
    forged = resealed(whole)
    forged["nbrewind/signatures/notary"] = whole["nbrewind/signatures/notary"]
    found = json.loads(forged[MANIFEST])
    forged[MANIFEST] = json.dumps({**found, "platform": "evil"}).encode()
    forged = {**resealed(forged), "nbrewind/signatures/notary": whole["nbrewind/signatures/notary"]}
    pack(received.folder / "bad.zip", forged)
    assert received("inspect", "bad.zip", "--json").json["trust"] == "untrusted"
    assert received("repeat", "bad.zip").code == 2


def test_a_canary_never_fires_before_trust(received: Place, whole, stranger, tmp_path: Path) -> None:
    fired = tmp_path / "fired"
    bomb = pickle.dumps((Canary(fired),), protocol=5)
    forged = canaried(whole, bomb)
    pack(received.folder / "bad.zip", forged)
    for command in (("inspect", "bad.zip"), ("verify", "bad.zip"), ("import", "bad.zip", "work")):
        answer = received(*command, **stranger)
        assert answer.code == 0, (command, answer)
    assert received("repeat", "bad.zip", **stranger).code == 2
    for command in ("status", "graph", "history"):
        assert received(command, "work/a.ipynb", **stranger).code == 0
    done = received("repeat", "work/a.ipynb", "-o", "done.ipynb", "--json", **stranger)
    assert done.code == 0 and {step["action"] for step in done.json["steps"]} == {"run"}, "no record of it answers"
    assert not fired.exists()


@pytest.mark.parametrize("name", ["nbrewind/signatures/notary", "nbrewind/signatures/ssh", "nbrewind/signatures/x"])
def test_no_signature_is_ever_loaded(received: Place, whole, name: str, stranger, tmp_path: Path) -> None:
    fired = tmp_path / "fired"
    pack(received.folder / "bad.zip", {**whole, name: pickle.dumps(Canary(fired))})
    answer = received("inspect", "bad.zip", "--json", **stranger)
    assert answer.code == 0 and answer.json["trust"] == "untrusted" and not fired.exists()


def test_a_signature_that_is_damaged(received: Place, whole, stranger) -> None:
    path = pack(received.folder / "bad.zip", {**whole, "nbrewind/signatures/notary": b"a signature of a stranger"})
    path.write_bytes(path.read_bytes().replace(b"a signature of a stranger", b"a signature of a strangeR"))
    for command in ("inspect", "verify", "import"):
        answer = received(command, "bad.zip", **stranger)
        assert answer.code in (1, 2)
        assert "bad.zip is no package" in answer.line() and "nbrewind/signatures/notary is damaged" in answer.line()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_in_it_there_is_one_clear_error(sent: Place, tmp_path: Path, data: st.DataObject) -> None:
    """Bytes of a package changed at random, also so that digests fit: it is whole, or a `PackageError` says why not."""
    whole = files(sent.folder / "a.zip")
    name = data.draw(st.sampled_from(sorted(one for one in whole if not one.startswith(BLOBS))))
    text = bytearray(whole[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(text) - 1, 0)))
        kind = data.draw(st.sampled_from(("set", "cut", "add")))
        if kind == "set" and text:
            text[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del text[at : at + data.draw(st.integers(1, 40))]
        else:
            text[at:at] = data.draw(st.binary(max_size=20))
    changed = {**whole, name: bytes(text)}
    if data.draw(st.booleans()):
        try:
            changed = resealed(changed)
        except (ValueError, KeyError, TypeError, AttributeError):
            return
    path = pack(tmp_path / "fuzzed.zip", changed)
    try:
        with Package(path) as package:
            package.check()
            list(package.records())
    except PackageError as error:
        assert str(path) in str(error) and "\n" not in str(error)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 1 << 30), more=st.binary(min_size=1, max_size=30))
def test_whatever_the_zip_says_there_is_one_clear_error(sent: Place, tmp_path: Path, at: int, more: bytes) -> None:
    """The same for the container: its lists lie at its end."""
    whole = bytearray((sent.folder / "a.zip").read_bytes())
    start = whole.rindex(b"PK\x01\x02") - 1500
    place = start + at % (len(whole) - start)
    whole[place : place + len(more)] = more
    path = tmp_path / "fuzzed.zip"
    path.write_bytes(whole)
    try:
        with Package(path) as package:
            package.check()
    except PackageError as error:
        assert str(path) in str(error) and "\n" not in str(error)
