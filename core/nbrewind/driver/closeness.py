"""Do two runs of a cell show the same, within the tolerance that its notebook declares? Tables, numbers and pictures.

Without a tolerance, texts are the same character by character, and pictures pixel by pixel: how their files are packed,
and which program wrote them, does not count.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from nbrewind.driver.compare import ADDRESS
from nbrewind.model import Run
from nbrewind.packages.tolerance import Tolerance
from nbrewind.store import Store

if TYPE_CHECKING:
    from PIL.Image import Image

Verdict = Literal["same", "close", "by nature", "differs"]
RANK: tuple[Verdict, ...] = ("same", "by nature", "close", "differs")
"""From good to bad."""
BY_NATURE = "it prints memory addresses"
NO_PILLOW = "their files differ, and there is no Pillow to look at their pixels (pip install pillow)"
_NUMBER = re.compile(
    r"(?<![\w.])(?<!\d[:/-])[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?!\w|[:/-]\d|\.\d)|(?<!\w)[-+]?(?:nan|inf)\b",
    re.IGNORECASE,
)
"""A number; none that is part of a name, a date, a time or a version. A comma ends it."""
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
_CELLS = frozenset({"td", "th"})


@dataclass(frozen=True)
class Shown:
    """How what a run shows compares with what was recorded."""

    verdict: Verdict
    what: str = ""
    """In what it differs, and by how much; empty if it is the same."""
    pictures: tuple[str, str] | None = None
    """The recorded one and the new one, in base64, where these differ and can be looked at."""


SAME = Shown("same")


def compare(recorded: Sequence[Mapping[str, Any]], again: Sequence[Mapping[str, Any]], tolerance: Tolerance) -> Shown:
    """Compare the outputs of two runs of a cell; of several differences, the worst is told."""
    mine, its = _joined(recorded), _joined(again)
    if len(mine) != len(its):
        return Shown("differs", f"{len(its)} outputs, recorded were {len(mine)}")
    found = [_output(left, right, tolerance) for left, right in zip(mine, its, strict=True)]
    return max(found, key=lambda one: RANK.index(one.verdict), default=SAME)


def deviation(recorded: Run, again: Run, store: Store, tolerance: Tolerance) -> str:
    """Say in what a run came out otherwise than one before; empty if in nothing that can be compared."""
    if recorded.status != again.status:
        return f"it ended with {again.error or 'no error'}, and before with {recorded.error or 'no error'}"
    found = compare(store.outputs(recorded.id), store.outputs(again.id), tolerance)
    if found.verdict == "differs":
        return f"it shows something else ({found.what})"
    for version in recorded.writes:
        now = again.written(version.key)
        if version.digest.startswith("b3:") and (now is None or now.digest != version.digest):
            return f"{version.key.partition(':')[2]} is {'not made' if now is None else 'another value'}"
    return ""


def _joined(outputs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return outputs with adjacent parts of a stream as one."""
    found: list[Mapping[str, Any]] = []
    for key, group in groupby(outputs, lambda one: (one["output_type"], one.get("name"))):
        parts = list(group)
        if key[0] == "stream":
            parts = [{**parts[0], "text": "".join(_text(one["text"]) for one in parts)}]
        found += parts
    return found


def _output(mine: Mapping[str, Any], its: Mapping[str, Any], tolerance: Tolerance) -> Shown:
    kind, other = mine["output_type"], its["output_type"]
    if (kind, mine.get("name")) != (other, its.get("name")):
        return Shown("differs", f"{_named(its)}, recorded was {_named(mine)}")
    if kind == "stream":
        return _texts(mine["text"], its["text"], tolerance, mine["name"])
    if kind == "error":
        left, right = (f"{one['ename']}: {one['evalue']}" for one in (mine, its))
        return _texts(left, right, tolerance, kind)
    forms, others = mine["data"], its["data"]
    if forms.keys() != others.keys():
        return Shown("differs", f"shown as {', '.join(sorted(others))}, recorded was {', '.join(sorted(forms))}")
    found = [_data(mime, forms[mime], others[mime], tolerance) for mime in sorted(forms)]
    return max(found, key=lambda one: RANK.index(one.verdict), default=SAME)


def _named(output: Mapping[str, Any]) -> str:
    return str(output.get("name") or output["output_type"])


def _text(value: object) -> str:
    """Return text that nbformat may have as a list of lines."""
    return "".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _data(mime: str, mine: object, its: object, tolerance: Tolerance) -> Shown:
    if mine == its:
        return SAME
    if mime in _PICTURES:
        return _pictures(_text(mine), _text(its), tolerance)
    if mime == "text/html":
        tables = _tables(_text(mine)), _tables(_text(its))
        if all(tables):
            return _grids(*tables, tolerance)
    if not isinstance(mine, str) or not isinstance(its, str):
        mine, its = (one if _is_text(one) else json.dumps(one, sort_keys=True) for one in (mine, its))
    return _texts(_text(mine), _text(its), tolerance, mime)


def _is_text(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(line, str) for line in value))


# -- numbers ----------------------------------------------------------------------------------------------------------


def _texts(mine: str, its: str, tolerance: Tolerance, what: str) -> Shown:
    if mine == its:
        return SAME
    if ADDRESS.sub("0x…", mine) == ADDRESS.sub("0x…", its):
        return Shown("by nature", BY_NATURE)
    if tolerance.of_numbers and _words(mine) == _words(its):
        return _numbers(mine, its, tolerance, what)
    return Shown("differs", f"{what}: {_around(mine, its)}")


def _words(text: str) -> list[str]:
    """Return what stands between the numbers; how wide columns are follows from the numbers, and does not count."""
    return [" ".join(part.split()) for part in _NUMBER.split(text)]


def _numbers(mine: str, its: str, tolerance: Tolerance, what: str) -> Shown:
    pairs = list(zip(_NUMBER.findall(mine), _NUMBER.findall(its), strict=True))
    far = [pair for pair in pairs if not _is_close(*pair, tolerance)]
    if far:
        first = f"{far[0][1]}, recorded was {far[0][0]}{_by(*far[0])}"
        more = f", and {len(far) - 1} more of {len(pairs)} numbers" if len(far) > 1 else ""
        return Shown("differs", f"{what}: {first}{more}; allowed: {_allowed(tolerance)}")
    others = [pair for pair in pairs if pair[0] != pair[1]]
    if not others:
        return Shown("close", f"{what}: only the width of its columns differs")
    worst = max(others, key=lambda pair: _distance(*pair))
    number = "1 number differs" if len(others) == 1 else f"{len(others)} numbers differ"
    return Shown("close", f"{what}: {number}, at most {worst[1]} for {worst[0]}{_by(*worst)}")


def _value(text: str) -> float:
    return float(text)


def _is_close(mine: str, its: str, tolerance: Tolerance) -> bool:
    one, other = _value(mine), _value(its)
    if math.isnan(one) or math.isinf(one) or math.isnan(other) or math.isinf(other):
        return one == other or (math.isnan(one) and math.isnan(other))
    return abs(one - other) <= tolerance.atol + tolerance.rtol * abs(one)


def _distance(mine: str, its: str) -> float:
    one, other = _value(mine), _value(its)
    found = abs(one - other)
    return 0.0 if math.isnan(found) else found / (abs(one) or 1.0)


def _by(mine: str, its: str) -> str:
    one, other = _value(mine), _value(its)
    return f" ({abs(one - other) / abs(one):.2g} of it)" if one and math.isfinite(one) and math.isfinite(other) else ""


def _allowed(tolerance: Tolerance) -> str:
    return f"rtol {tolerance.rtol:g}, atol {tolerance.atol:g}"


def _around(mine: str, its: str) -> str:
    """Return the first line in which two texts differ, of each."""
    pairs = zip(f"{mine}\n".split("\n"), f"{its}\n".split("\n"), strict=False)
    left, right = next((pair for pair in pairs if pair[0] != pair[1]), (mine, its))
    return f"{right[:80]!r}, recorded was {left[:80]!r}"


# -- tables -----------------------------------------------------------------------------------------------------------


class _Grid(HTMLParser):
    """Collects the texts of the cells of tables, row by row; what stands outside of them is a row of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tables = 0
        self._inside = self._hidden = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tables += tag == "table"
        self._hidden = tag in ("style", "script")
        if tag == "tr":
            self.rows.append([])
        elif tag in _CELLS:
            self._inside = True
            if not self.rows:
                self.rows.append([])
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False
        if tag in _CELLS:
            self._inside = False

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if self._inside:
            self.rows[-1][-1] += text
        elif text and not self._hidden:
            self.rows.append([text])


def _tables(text: str) -> list[list[str]]:
    """Return the rows of the tables in HTML; none if there is no table."""
    found = _Grid()
    found.feed(text)
    return found.rows if found.tables else []


def _grids(mine: list[list[str]], its: list[list[str]], tolerance: Tolerance) -> Shown:
    if [len(row) for row in mine] != [len(row) for row in its]:
        return Shown("differs", f"table: {_form(its)}, recorded was {_form(mine)}")
    found = [SAME]
    for number, (left, right) in enumerate(zip(mine, its, strict=True)):
        for place, (one, other) in enumerate(zip(left, right, strict=True)):
            found.append(_texts(one, other, tolerance, f"table, row {number + 1}, column {place + 1}"))
    worst = max(found, key=lambda one: RANK.index(one.verdict))
    others = sum(one.verdict == worst.verdict for one in found) - 1
    if worst.verdict == "same":  # colours in it may follow from numbers
        return Shown("close" if tolerance.of_numbers else "differs", "table: its markup differs, and no cell does")
    if not others:
        return worst
    return Shown(worst.verdict, f"{worst.what}; and {others} more of its cells")


def _form(rows: list[list[str]]) -> str:
    return f"{len(rows)} rows of up to {max(map(len, rows))} cells"


# -- pictures ---------------------------------------------------------------------------------------------------------


def _pictures(mine: str, its: str, tolerance: Tolerance) -> Shown:
    try:
        from PIL import Image as pillow
    except ImportError:
        return Shown("differs", f"picture: {NO_PILLOW}")
    try:
        left, right = (pillow.open(io.BytesIO(base64.b64decode(one))).convert("RGBA") for one in (mine, its))
    except (OSError, ValueError, binascii.Error, SyntaxError, pillow.DecompressionBombError) as error:
        return Shown("differs", f"picture: it can't be read ({error})")
    pair = mine, its
    if left.size != right.size:
        sizes = ["{} x {}".format(*one.size) for one in (left, right)]
        return Shown("differs", f"picture: {sizes[1]} pixels, recorded were {sizes[0]}", pair)
    deviation = deviations(left, right)
    counts = deviation.histogram()
    pixels, all_of_them = sum(counts[tolerance.levels + 1 :]), sum(counts)
    highest = max(level for level, number in enumerate(counts) if number)
    if highest == 0:
        return SAME
    box = deviation.point([0] * (tolerance.levels + 1) + [255] * (255 - tolerance.levels)).getbbox() or (0, 0, 0, 0)
    where = f", all between ({box[0]}, {box[1]}) and ({box[2]}, {box[3]})" if pixels else ""
    text = f"picture: {pixels:,} of {all_of_them:,} pixels ({pixels / all_of_them:.2%}) differ by more than "
    text += f"{tolerance.levels} of 255 levels, the most by {highest}{where}"
    if pixels <= tolerance.pixels * all_of_them:
        return Shown("close", text, pair)
    return Shown("differs", f"{text}; allowed: {tolerance.pixels:.2%} of them", pair)


def deviations(one: Image, other: Image) -> Image:
    """Return by how much that channel of each pixel differs that differs most; both have one size and mode."""
    from PIL import ImageChops

    first, *rest = ImageChops.difference(one, other).split()
    for channel in rest:
        first = ImageChops.lighter(first, channel)
    return first
