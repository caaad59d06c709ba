"""Pickle streams are followed without being loaded, as far as possible by `re`.

`pickletools` takes a microsecond for an opcode, of which a list of texts has two for each text. An expression for an
opcode and what belongs to it takes a tenth of that: where the length of a text is given in a byte, it has an
alternative for each length.
"""

from __future__ import annotations

import io
import pickletools
import re
from functools import cache

from nbrewind.state.secret_names import is_secret_name

AT_ONCE = 250
"""Opcodes that are followed at once."""
_TEXTS = b"\x8cC"
"""Opcodes of texts and bytes whose length is given in one byte."""
_ENDS = tuple(
    map(
        re.compile,
        (b"pass(?=word|wd|phrase|code)", b"pwd", b"secret", b"credential", b"key(?<=[isetngh_.-]key)", b"tok"),
    )
)
"""One of these is in every name of ASCII that says that it is secret; texts with other letters are read one by one."""


def names_no_secret(stream: bytes) -> bool:
    """Whether a pickle stream can be followed to its end, and no text in it is a name that says that it is secret."""
    one, some = _expressions()
    at = 0
    while True:
        if match := some.match(stream, at):
            lower = match[0].lower()
            if any(end.search(lower) for end in _ENDS):
                for text in one.finditer(stream, at, match.end()):
                    if stream[text.start()] in _TEXTS and is_secret_name(text[0][2:].decode("ascii")):
                        return False
            at = match.end()
        file = io.BytesIO(stream)
        file.seek(at)
        try:
            opcode, argument, _ = next(pickletools.genops(file))
        except Exception:
            return False
        if opcode.name == "STOP":
            return True
        if isinstance(argument, bytes | bytearray):
            argument = argument.decode("utf-8", "replace")
        if isinstance(argument, str) and is_secret_name(argument):
            return False
        at = file.tell()


@cache
def _expressions() -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return what matches one opcode with what belongs to it, and some in turn; not all that there are."""
    codes: dict[int, bytes] = {}
    for known in pickletools.opcodes:
        size = known.arg.n if known.arg else 0
        if size >= 0 and known.name != "STOP":
            codes[size] = codes.get(size, b"") + re.escape(known.code.encode("latin-1"))
    lengths = b"|".join(re.escape(bytes([size])) + b"[\x00-\x7f]{%d}" % size for size in range(256))
    others = b"|".join(b"[%b].{%d}" % (those, size) for size, those in sorted(codes.items()))
    opcode = b"(?s:[%b](?:%b)|%b)" % (re.escape(_TEXTS + b"U\x8a"), lengths, others)
    return re.compile(opcode), re.compile(b"%b{1,%d}" % (opcode, AT_ONCE))
