"""Two pictures that differ, and where, as one picture: what was recorded, what came out now, the pixels that differ."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING

from nbrewind.driver.closeness import deviations

if TYPE_CHECKING:
    from PIL.Image import Image

GAP, HEAD = 10, 20
"""Pixels between the pictures, and above each for its name."""
NAMES = ("recorded", "now", "differs")
PAPER, INK, MARK = (255, 255, 255), (60, 60, 60), (210, 0, 60)
FADED = 0.25
"""How much of the recorded picture is left below the marks."""


def draw(recorded: str, now: str, levels: int, target: Path) -> None:
    """Write a PNG that shows two pictures, in base64, side by side.

    Beside them stands the recorded one, faded, in which each pixel is marked of which a channel differs by more than
    ``levels`` of 255. Pictures of different sizes are compared from their upper left corner.

    Raises:
        OSError: it can't be written.
    """
    from PIL import Image, ImageDraw

    pair = [Image.open(io.BytesIO(base64.b64decode(one))).convert("RGBA") for one in (recorded, now)]
    width, height = (max(one.size[side] for one in pair) for side in (0, 1))
    left, right = (_on(one, (width, height)) for one in pair)
    mask = deviations(left, right).point([0] * (levels + 1) + [255] * (255 - levels))
    shown = [_flat(left), _flat(right), Image.blend(Image.new("RGB", left.size, PAPER), _flat(left), FADED)]
    shown[2].paste(MARK, mask=mask)
    made = Image.new("RGB", (3 * width + 4 * GAP, height + HEAD + GAP), PAPER)
    pen = ImageDraw.Draw(made)
    for place, (name, one) in enumerate(zip(NAMES, shown, strict=True)):
        at = GAP + place * (width + GAP)
        pen.text((at, 4), name, fill=INK)
        made.paste(one, (at, HEAD))
    made.save(target, format="PNG")


def _on(picture: Image, size: tuple[int, int]) -> Image:
    """Return a picture on a larger, transparent ground."""
    from PIL import Image

    ground = Image.new("RGBA", size, (0, 0, 0, 0))
    ground.paste(picture, (0, 0))
    return ground


def _flat(picture: Image) -> Image:
    """Return a picture as it looks on paper."""
    from PIL import Image

    return Image.alpha_composite(Image.new("RGBA", picture.size, (*PAPER, 255)), picture).convert("RGB")
