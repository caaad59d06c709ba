"""Whether there are texts in bytes, found by looking at several bytes at once.

Most contents are numbers: to look at each byte of these takes longer than to read them. In a run of characters there
are words, of 4 or 8 bytes and at multiples of that, which consist of nothing else. So words are looked at first (NumPy,
by the processor's instructions for vectors), and each byte only of what lies around such words, mostly nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

LEAST = 16
"""Characters of a run in single bytes."""
LEAST_WIDE = 15
"""The same in two or four bytes a character, as arrays of texts are."""
_CLASSES = bytes(1 if 32 <= code < 127 or code in (9, 10, 13) else 0 if code else 2 for code in range(256))
"""What can be printed, zero, and all else."""
_RUN = b"\1" * LEAST
_WIDE = {2: b"\1\2" * LEAST_WIDE, 4: b"\1\2\2\2" * LEAST_WIDE}
_BEGINNING = 4096
"""Bytes by which a text is most often known for one."""
_FEW = 4
"""Words of ASCII are few if they are less than one in so many."""
_EIGHT, _FOUR = np.dtype("<u8"), np.dtype("<u4")
_HIGH_OF_EIGHT = np.uint64(0x8080808080808080)
_ONES = np.uint32(0x01010101)
_HIGH, _LOW = np.uint32(0x80808080), np.uint32(0x7F7F7F7F)
_FROM_TAB = np.uint32(0x77777777)
"""Added to bytes below 128, sets the highest bit of those from 9 on."""
_FOLD = np.uint8(0x20)


def folded(data: bytes | memoryview) -> memoryview:
    """Return bytes with this bit set in each, by which letters are in lower case, and few others change.

    What is looked for must be folded, too: then all is found that is there in upper or lower case, and little else.
    """
    return (np.frombuffer(data, np.uint8) | _FOLD).data


def every(data: bytes, width: int) -> Iterator[bytes]:
    """Yield the bytes of ``data`` at each ``width``-th place, from each of the first places; not if all are zero."""
    whole = np.frombuffer(data, np.uint8)
    for start in range(width):
        found = whole[start::width]
        if found.any():
            yield found.tobytes()


def widths(data: bytes) -> list[int]:
    """Return of how many bytes a character (1, 2, 4) there are runs of characters in ``data``."""
    words = np.frombuffer(data, _EIGHT, len(data) // _EIGHT.itemsize)
    ascii_only = (words & _HIGH_OF_EIGHT) == 0
    count = np.count_nonzero(ascii_only)
    if not count:
        return []
    if count * _FEW < len(words):
        return _exactly(_around(data, words, ascii_only))
    return _of_ascii(data)


def has_run(marks: bytes, length: int) -> bool:
    """Whether there are so many ones in turn (7 at least) among bytes that are one or zero."""
    whole = np.frombuffer(marks, _FOUR, len(marks) // _FOUR.itemsize) == _ONES
    if length >= 2 * _FOUR.itemsize + 3:
        whole = whole[1:] & whole[:-1]
    return bool(whole.any()) and b"\1" * length in marks


def _of_ascii(data: bytes) -> list[int]:
    words = np.frombuffer(data, _FOUR, len(data) // _FOUR.itemsize)
    marks = words & _LOW
    marks += _FROM_TAB
    marks &= _HIGH  # the highest bit says whether a byte is a character, or no ASCII
    marks |= (words & _HIGH) >> np.uint32(1)  # the second whether it is no ASCII
    begins = _RUN in data[:_BEGINNING].translate(_CLASSES)
    wanted = np.zeros(len(words), bool) if begins else marks == _HIGH
    alike = marks[1:] == marks[:-1]  # a wide character takes two or four bytes: words in a run are alike
    alike &= (marks[1:] - np.uint32(1)) < _HIGH - np.uint32(1)
    wanted[1:] |= alike
    wanted[:-1] |= alike
    found = _exactly(_around(data, words, wanted)) if wanted.any() else []
    return [1, *found] if begins else found


def _around(data: bytes, words: NDArray[np.unsignedinteger], wanted: NDArray[np.bool_]) -> bytes:
    """Return the wanted words, the ones before and after these, and the end."""
    kept = wanted.copy()
    kept[1:] |= wanted[:-1]
    kept[:-1] |= wanted[1:]
    kept[-1] = True
    return words[kept].tobytes() + data[words.nbytes :]


def _exactly(data: bytes) -> list[int]:
    classes = data.translate(_CLASSES)
    narrow = [1] if _RUN in classes else []
    return narrow + [width for width, run in _WIDE.items() if run in classes]
