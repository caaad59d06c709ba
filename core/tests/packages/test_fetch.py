"""Data that a package only names is fetched from where it says, if it still is what the runs have read."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cli_tools import Place

PRELUDE = {"imports", "function"}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address at which it is served."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def small(sent: Place, received: Place, served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Place:
    """A package that names a file, and says where it is to be had."""
    monkeypatch.setattr("nbrewind.packages.export.data_files.__defaults__", (50,))
    target = str(received.folder / "small.zip")
    answer = sent("export", "a.ipynb", "-o", target, "--url", "large.bin", f"{served[1]}/x.bin", "--json")
    assert answer.code == 0, answer
    listed = {one["path"]: one["url"] for one in answer.json["data"]}
    assert listed == {"in.csv": "", "large.bin": f"{served[1]}/x.bin"}
    assert received("import", "small.zip").code == 0
    return received


def ran(answer) -> set[str]:
    return {step["cell"] for step in answer.json["steps"] if step["action"] == "run"}


def test_it_is_fetched_and_checked(small: Place, served: tuple[Path, str]) -> None:
    repeat = ("repeat", "small.zip", "--fetch", "--dry-run", "--json")
    target = small.folder / "small" / "large.bin"
    missing = small(*repeat)
    assert missing.code == 2 and "can't fetch large.bin" in missing.line() and "404" in missing.line()
    for wrong in (b"m" * 100, b"l" * 99, b"l" * 101):
        (served[0] / "x.bin").write_bytes(wrong)
        answer = small(*repeat)
        assert answer.code == 2 and "is not the large.bin that the runs have read" in answer.line(), answer
        assert sorted(path.name for path in target.parent.iterdir()) == ["a.ipynb", "in.csv"]
    (served[0] / "x.bin").write_bytes(b"l" * 100)
    assert "read" in ran(small("repeat", "small.zip", "--dry-run", "--json")), "nothing is fetched unasked"
    done = small(*repeat)
    assert done.code == 0 and ran(done) == PRELUDE, done
    assert target.read_bytes() == b"l" * 100
    (served[0] / "x.bin").unlink()
    assert small(*repeat).code == 0, "what is there is not fetched again"


def test_what_is_there_is_never_written_over(small: Place, served: tuple[Path, str]) -> None:
    (served[0] / "x.bin").write_bytes(b"l" * 100)
    (small.folder / "small" / "large.bin").write_bytes(b"mine")
    assert small("repeat", "small.zip", "--fetch", "--dry-run").code == 0
    assert (small.folder / "small" / "large.bin").read_bytes() == b"mine"


def test_the_address_stays_with_who_exports_it_again(small: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert small("export", "small/a.ipynb", "-o", "again.zip").code == 0
    assert (small.folder / "again.zip").read_bytes() == (small.folder / "small.zip").read_bytes()


@pytest.mark.parametrize(
    ("path", "url", "why"),
    [
        ("large.bin", "file:///etc/passwd", "no address"),
        ("large.bin", "https:///x", "no address"),
        ("large.bin", "https://me:word@host/x", "user name in it"),
        ("other.bin", "https://host/x", "no run has read other.bin"),
    ],
)
def test_addresses_that_can_not_be(sent: Place, tmp_path: Path, path: str, url: str, why: str) -> None:
    answer = sent("export", "a.ipynb", "-o", str(tmp_path / "b.zip"), "--url", path, url)
    assert answer.code == 2 and why in answer.line(), answer
    assert "word" not in answer.line() and not (tmp_path / "b.zip").exists()


def test_where_a_file_was_fetched_is_known_if_who_did_has_noted_it(sent: Place, tmp_path: Path) -> None:
    file, name = sent.folder / "in.csv", "user.xdg.origin.url"
    try:
        os.setxattr(file, name, b"https://me:word@host/in.csv?key=1")
    except OSError:
        pytest.skip("this file system keeps no attributes")
    try:
        answer = sent("export", "a.ipynb", "-o", str(tmp_path / "b.zip"), "--json")
    finally:
        os.removexattr(file, name)
    assert {one["path"]: one["url"] for one in answer.json["data"]}["in.csv"] == "https://host/in.csv"
