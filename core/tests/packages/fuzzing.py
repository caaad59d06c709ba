"""Run by itself: ``inspect``, ``verify``, ``trust`` and ``import`` of packages that are changed at random, for a while.

``python fuzzing.py FOLDER SECONDS SEED`` takes the files of ``FOLDER/bases`` (packages as zips and in a notebook, and
a backpack), and changes bytes, documents, names and the zip's own lists; often so that all digests fit again. `atheris`
chooses what to change by which code that reached. Each command must end with status 0, or with one line that says which
package and what is wrong; nothing may be written anywhere but in the target and the store, nothing unpickled, started
or asked of the network: an audit hook sees to that. What is found is written to ``FOLDER/found``, as the bytes that
make it again: ``python fuzzing.py FOLDER 0 0 FILE``.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import shutil
import stat
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["nbrewind.packages", "nbrewind.store", "nbrewind.cli", "zipfile"]):
    from nbrewind.cli.app import app
    from nbrewind.packages.form import BLOBS, CONTENTS, MANIFEST, RECORDS, SEAL, SIGNATURES, sha256

sys.path.insert(0, str(Path(__file__).parent))
from click.testing import CliRunner
from package_tools import files, resealed

FOLDER = Path(sys.argv[1]).resolve()
BOMB = (FOLDER / "bomb").read_bytes()
"""A pickle that makes the folder ``fired`` when it is loaded."""
NAMES = (
    "../evil", "/evil", "C:\\evil", "a\\b", "a//b", "./a", "a/", "a.", " a", "con\x01", "y/" * 600 + "z",
    "workflow/evil.ipynb", "data/files/link/evil", "data/files/in.csv", "DATA/files/IN.csv", SEAL, MANIFEST, RECORDS,
    SIGNATURES + "notary", SIGNATURES + "ssh", BLOBS + "0" * 64, "workflow", "data", "compute/evil", "\u202eevil", "ü",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 1 << 31, 1 << 53, (1 << 63) - 1, 1 << 63, -(1 << 63) - 1, 10**400, 1e308, 0.5, "", "a",
    "\ud800", "\0", "a\nb", "\x1b[31m", [], {}, [[]], [None], {"": None}, "var:x", "b3:" + "0" * 32, "0" * 64,
    "9" * 5000, *NAMES, base64.b64encode(BOMB).decode(), BOMB.decode("latin-1"), {"nbrewind": "x"},
    {"nbrewind": {"run": {}}},
)  # fmt: skip
WRITES = {
    "open": ((0, None),), "os.mkdir": ((0, 2),), "os.rename": ((0, 2), (1, 3)), "os.link": ((1, 3),),
    "os.symlink": ((1, 2),), "os.remove": ((0, 1),), "os.rmdir": ((0, 1),), "os.chmod": ((0, 2),),
    "os.truncate": ((0, None),), "os.utime": ((0, 3),),
}  # fmt: skip
"""Events to where they tell the paths that are changed, and the open folders that these count from."""
NEVER = (
    "pickle.find_class", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork", "socket.connect",
    "ctypes.dlopen",
)  # fmt: skip
SEEDS, LENGTH = 100, 400
"""Inputs to begin with, and bytes of each."""
SEEN: list[str] = []
WATCHED: list[bool] = []


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Note what must not happen while a command runs."""
    if not WATCHED:
        return
    if event in NEVER or (event == "subprocess.Popen" and arguments[0] != "ssh-keygen"):
        SEEN.append(f"{event} {arguments}"[:300])
    elif event in WRITES and (event != "open" or arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
        for number, folder in WRITES[event]:
            path = arguments[number]
            base = "" if folder is None or arguments[folder] < 0 else os.readlink(f"/proc/self/fd/{arguments[folder]}")
            if isinstance(path, str | bytes) and not _may_write(
                os.path.realpath(os.path.join(base, os.fsdecode(path)))
            ):
                SEEN.append(f"{event} {path!r}"[:300])


def _may_write(path: str) -> bool:
    places = [FOLDER / name for name in ("target", "store", "jupyter", "temporary")]
    return path == os.devnull or any(path == str(place) or path.startswith(f"{place}/") for place in places)


class Changer:
    """Changes the files of a package, as the bytes of the fuzzer say."""

    def __init__(self, data: bytes) -> None:
        self._take = atheris.FuzzedDataProvider(data)

    def number(self, most: int) -> int:
        return int(self._take.ConsumeIntInRange(0, max(most, 0)))

    def one_of(self, found: Any) -> Any:
        return found[self.number(len(found) - 1)]

    def bytes_of(self, text: bytes) -> bytes:
        """Set, cut, repeat or add some bytes."""
        at, length = self.number(len(text)), 1 + self.number(40)
        piece = self.one_of((b"", text[at : at + length] * 2, self._take.ConsumeBytes(length), BOMB, b"\n", b"\xff"))
        return text[:at] + piece + text[at + self.one_of((0, length, len(piece))) :]

    def document(self, text: bytes) -> bytes:
        """Change something somewhere in JSON, or in a line of it."""
        lines = text.split(b"\n") if b"\n{" in text[:-1] and text[:1] == b"{" and b"\n }" not in text else [text]
        number = self.number(len(lines) - 1)
        try:
            found = json.loads(lines[number])
        except (ValueError, RecursionError):
            return self.bytes_of(text)
        lines[number] = json.dumps(self._node(found)).encode()
        return b"\n".join(lines)

    def _node(self, found: Any) -> Any:
        """Change a document, most often further in."""
        keys = sorted(found) if isinstance(found, dict) else list(range(len(found))) if isinstance(found, list) else []
        if not keys or self.number(5) == 0:
            return self.one_of((*VALUES, found, [found], [found, found], {"": found}))
        key = self.one_of(keys)
        kind = self.number(11)
        if kind == 0:
            del found[key]
        elif kind == 1 and isinstance(found, dict):
            found[str(self.one_of(VALUES))] = found.pop(key)
        elif kind == 2 and isinstance(found, list):
            found.insert(key, found[key])
        elif kind == 3:
            found[key] = found[self.one_of(keys)]
        else:
            found[key] = self._node(found[key])
        return found

    def files(self, found: dict[str, bytes]) -> dict[str, bytes]:
        """Change one thing in some files."""
        documents = [name for name in sorted(found) if not name.startswith(BLOBS)]
        name = self.one_of(documents if self.number(4) else sorted(found))
        kind = self.number(9)
        if kind == 0:
            del found[name]
        elif kind == 1:
            found[self.one_of(NAMES)] = found.pop(name)
        elif kind == 2:
            found[self.one_of(NAMES)] = BOMB
        elif kind == 3:
            found[name] = self.one_of((BOMB, b"", b"null", b"[" * 100_000, b"[]", b"{}", b"\xff" * 40))
        elif kind == 4:
            found[name] = found[self.one_of(sorted(found))]
        elif kind == 5:
            found[name] = self.bytes_of(found[name])
        else:
            found[name] = self.document(found[name])
        return found

    def sealed(self, found: dict[str, bytes]) -> dict[str, bytes]:
        """Make digests fit again, as whoever forges a package would, where that can be done."""
        with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError, RecursionError):
            lines = [json.loads(line) for line in found[CONTENTS].splitlines()]
            for line in lines:
                if line.get("type") == "part" and (text := found.get(BLOBS + line["sha256"])) is not None:
                    new = sha256(text)
                    found[BLOBS + new] = found.pop(BLOBS + line["sha256"])
                    line["sha256"], line["bytes"] = new, len(text)
            found[CONTENTS] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return resealed(found)
        return found

    def zip(self, path: Path, found: dict[str, bytes]) -> None:
        """Write a zip, now and then with something wrong in its own lists."""
        wrong = self.one_of(sorted(found)) if found and self.number(4) == 0 else ""
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in found.items():
                entry = zipfile.ZipInfo(name.replace("\0", ""), (1980, 1, 1, 0, 0, 0))
                if name == wrong:
                    mode = self.one_of((0, stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFREG))
                    entry.external_attr = (mode | 0o777) << 16
                    entry.compress_type = self.one_of((0, 8, 12, 14))
                    entry.extra = self.one_of((b"", struct.pack("<HHQQ", 1, 16, 1 << 62, 1 << 62), b"\1\0\xff\xff"))
                archive.writestr(entry, data)
                if name == wrong and self.number(1):
                    archive.writestr(entry, data[:10])
        if self.number(4) == 0:
            whole = path.read_bytes()
            lists = whole.rfind(b"PK\x01\x02") - 1500
            path.write_bytes(whole[: max(lists, 0)] + self.bytes_of(whole[max(lists, 0) :]))

    def package(self) -> tuple[Path, list[tuple[str, ...]]]:
        """Write a changed package; return it, with what is done with it."""
        base = self.one_of(BASES)
        path = FOLDER / ("changed" + base.suffix)
        path.unlink(missing_ok=True)
        if base.suffix == ".ipynb":
            path.write_bytes(self.document(base.read_bytes()) if self.number(1) else self.bytes_of(base.read_bytes()))
        else:
            found = files(base)
            for _ in range(1 + self.number(3)):
                if found:
                    found = self.files(found)
            self.zip(path, self.sealed(found) if self.number(3) else found)
        name = path.name
        then: list[tuple[str, ...]] = [("trust", name)] if self.number(3) == 0 else []
        return path, [("inspect", name), ("verify", name), *then, ("import", name, "target")]


def check(path: Path, command: tuple[str, ...]) -> None:
    """Run a command; raises what must not be."""
    WATCHED.append(True)
    try:
        done = CliRunner().invoke(app, command, prog_name="nbrewind", standalone_mode=True)
    finally:
        WATCHED.clear()
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code in (0, 1, 2), done.exit_code
    if done.exit_code:
        told = path.name in done.stderr or "target" in done.stderr
        assert done.stderr.count("\n") == 1 and told, done.stderr
    assert not SEEN, SEEN
    assert not (FOLDER / "fired").exists(), "a pickle was loaded"
    assert {one.name for one in FOLDER.iterdir()} <= KNOWN, sorted(one.name for one in FOLDER.iterdir())
    assert sorted(one.name for one in (FOLDER / "outside").iterdir()) == ["precious"]


def once(data: bytes) -> None:
    """One package, all commands."""
    shutil.rmtree(FOLDER / "target", ignore_errors=True)
    (FOLDER / "target").mkdir()
    changer = Changer(data)
    if changer.number(3) == 0:
        (FOLDER / "target" / changer.one_of(("link", "sub", "in.csv"))).symlink_to(FOLDER / "outside")
    path, commands = changer.package()
    for command in commands:
        check(path, command)


def main() -> None:
    """Fuzz, or do one file again."""
    seconds, seed, *again = sys.argv[2:]
    if again:
        once(Path(again[0]).read_bytes())
        return
    chance = random.Random(int(seed))
    for number in range(SEEDS):
        (FOLDER / "corpus" / str(number)).write_bytes(chance.randbytes(LENGTH))
    options = [f"-max_total_time={seconds}", f"-seed={seed}", f"-artifact_prefix={FOLDER}/found/"]
    limits = [f"-max_len={LENGTH}", "-len_control=0", "-timeout=60", "-report_slow_units=60", "-rss_limit_mb=2000"]
    atheris.Setup([sys.argv[0], *options, *limits, str(FOLDER / "corpus")], once)
    atheris.Fuzz()


BASES: list[Path] = sorted((FOLDER / "bases").iterdir())
KNOWN = {
    "bases",
    "bomb",
    "changed.zip",
    "changed.ipynb",
    "corpus",
    "found",
    "jupyter",
    "outside",
    "store",
    "target",
    "temporary",
}
for made in ("corpus", "found", "jupyter", "outside", "temporary"):
    (FOLDER / made).mkdir(exist_ok=True)
(FOLDER / "outside" / "precious").write_text("precious")
os.environ["NBREWIND_STORE"] = str(FOLDER / "store")
os.environ["TMPDIR"] = str(FOLDER / "temporary")
for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR"):
    os.environ[name] = str(FOLDER / "jupyter")
os.chdir(FOLDER)
sys.addaudithook(watch)

if __name__ == "__main__":
    main()
