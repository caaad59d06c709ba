"""Looks for secrets in contents without loading them: what is pickled is read as a list of opcodes, never run."""

from __future__ import annotations

import pickletools
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nbrewind.packages.literals import Words, needed
from nbrewind.packages.named import looks_made
from nbrewind.packages.opcodes import names_no_secret
from nbrewind.packages.runs import every, widths
from nbrewind.packages.secrets import Scanner
from nbrewind.state.secret_names import is_secret_name

MOST_STREAM = 64 * 1024**2
"""Bytes of a stream whose opcodes are looked at; a longer one that may have a name of a secret in it is left out."""
AT_ONCE = 512 * 1024
"""Bytes that are looked at at once: they stay in the processor's cache meanwhile."""
OVERLAP = 4096
"""Bytes of what came before that are looked at together with what comes next."""
LEAST_TEXT = 6
"""Characters of a text in which secrets are looked for."""
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]{%d,}" % LEAST_TEXT)
_PRINTABLE = b"\t\n\r" + bytes(range(32, 127))
_WORDS = Words(dict.fromkeys(("passw", "token", "secret", "key", "credential", "pwd", "passphrase", "passcode"), ()))
_STRONG_NAME = re.compile(
    r"passw(?:or)?d|passphrase|secret|credential|(?:api|access|private)[_-]?key|_token", re.IGNORECASE
)
_STRONG_WORDS = Words(dict.fromkeys(needed(_STRONG_NAME).literals or (), ()))
_STRONG = re.compile(_STRONG_NAME.pattern.encode(), re.IGNORECASE)
_STRINGS = frozenset({"BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE"})
_BYTES = frozenset({"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"})
SECRET_FILES = re.compile(
    r"(?i)(?:^|/)(?:\.env(?:\..+)?|\.netrc|_netrc|\.pgpass|\.pypirc|\.npmrc|\.htpasswd|\.git-credentials|\.dockercfg|"
    r"credentials(?:\.json|\.ya?ml|\.toml|\.ini)?|secrets?(?:\.json|\.ya?ml|\.toml|\.ini|\.env)?|id_(?:rsa|dsa|ecdsa|ed25519)|"
    r"[^/]*\.(?:pem|key|p12|pfx|jks|kdbx|keystore|ppk|asc|gpg))$"
)
"""Names of files that hold secrets and little else."""


class Strings(NamedTuple):
    """What a stream says of secrets by the names in it."""

    values: list[str]
    """Texts that stand beside such a name."""
    unclear: bool
    """There is such a name, and it is not known what it stands for."""


def strings_of(stream: bytes) -> Iterator[str | None]:
    """Yield the texts that a pickle stream puts on its stack, in order, and None for any other value."""
    memo: dict[int, str] = {}
    count = 0
    last: str | None = None
    for opcode, argument, _ in pickletools.genops(stream):
        name = opcode.name
        if name in _STRINGS:
            last = argument
            yield last
        elif name in _BYTES:
            last = bytes(argument or b"").decode("utf-8", "replace")
            yield last
        elif name == "MEMOIZE":
            if last is not None:
                memo[count] = last
            count += 1
        elif name in ("BINGET", "LONG_BINGET"):
            last = memo.get(argument or 0)
            yield last
        elif name not in ("FRAME", "MARK", "PROTO"):
            last = None
            if opcode.stack_after and name not in ("SETITEM", "SETITEMS", "APPENDS", "EMPTY_DICT"):
                yield None


def secret_strings(stream: bytes) -> Strings:
    """Return what stands beside names of secrets in a pickle stream."""
    if not _WORDS.any(stream) or names_no_secret(stream):
        return Strings([], False)
    values: list[str] = []
    unclear = False
    try:
        before: str | None = None
        for text in strings_of(stream):
            if before is not None and is_secret_name(before):
                if text is not None and len(text) >= 4 and not is_secret_name(text):
                    values.append(text)
                else:
                    unclear = True
            before = text
        unclear = unclear or (before is not None and is_secret_name(before))
    except Exception:  # no stream that can be followed: what is in it is not known
        return Strings(values, True)
    return Strings(values, unclear)


def may_name_secrets(part: bytes) -> bool:
    """Whether in part of a long stream there is a word of which names of secrets are made."""
    return _STRONG_WORDS.any(part) and _STRONG.search(part) is not None


def made_strings(stream: bytes, most: int = 200) -> list[str]:
    """Return the texts of a stream that look like secrets: of a variable whose name says that it is one."""
    try:
        texts = [text for text in strings_of(stream) if text is not None]
    except Exception:
        return []
    single = [text for text in texts if len(texts) == 1 and len(text) >= 4]
    return single or [text for text in texts if looks_made(text)][:most]


class Stream:
    """A pickle stream of which the parts come one after the other."""

    def __init__(self, size: int) -> None:
        """Begin with one of ``size`` bytes."""
        self.left = size
        """Bytes that have not come."""
        self._short = size <= MOST_STREAM
        self._parts: list[bytes] = []
        self._may_name = False

    def take(self, part: bytes) -> None:
        """Take the next part."""
        self.left -= len(part)
        if self._short:
            self._parts.append(part)
        else:
            self._may_name = self._may_name or may_name_secrets(part)

    def strings(self) -> Strings:
        """Return what stands beside names of secrets in it."""
        return secret_strings(b"".join(self._parts)) if self._short else Strings([], self._may_name)

    def made(self) -> list[str]:
        """Return what looks like a secret in it, for a variable whose name says that it is one."""
        return made_strings(b"".join(self._parts))


class BytesScanner:
    """Looks at the bytes of one content, part after part."""

    def __init__(self, scanner: Scanner, *, known_only: bool = False) -> None:
        """Use the forms and the known secrets of ``scanner``; or these alone."""
        self._scanner, self._known_only = scanner, known_only
        self._keep = max(OVERLAP, scanner.spelled.longest)
        self._parts: list[bytes | memoryview] = []
        self._size = 0
        self._found: list[str] = []

    def feed(self, part: bytes) -> None:
        """Look at more bytes, now or later."""
        view = memoryview(part)
        for start in range(0, len(part), AT_ONCE):
            piece = view[start : start + AT_ONCE]
            self._parts.append(piece)
            self._size += len(piece)
            if self._size >= AT_ONCE:
                self._look()

    def end(self) -> list[str]:
        """Return of what kinds the secrets are."""
        self._look()
        return self._found

    def _look(self) -> None:
        data = b"".join(self._parts)
        self._parts, self._size = [data[-self._keep :]], 0
        if self._scanner.spelled.are_in(data):
            self._found.append("value that is secret elsewhere")
        for view in () if self._known_only else _texts(data):
            if possible := self._scanner.possible(view):
                is_text = len(view) >= LEAST_TEXT and not view.translate(None, _PRINTABLE)
                text = view if is_text else b"\n".join(_TEXT.findall(view))
                found = self._scanner.find(text.decode("ascii"), possible if is_text else None)
                self._found += [one.kind for one in found]


def kinds_in(scanner: Scanner, parts: Iterable[bytes], *, known_only: bool = False) -> list[str]:
    """Return of what kinds the secrets are in some bytes; see `BytesScanner`."""
    look = BytesScanner(scanner, known_only=known_only)
    for part in parts:
        look.feed(part)
    return look.end()


def _texts(data: bytes) -> Iterator[bytes]:
    """Yield bytes if there is a text in them that is long enough, and those of texts of wide characters."""
    for width in widths(data):
        yield from (data,) if width == 1 else every(data, width)
