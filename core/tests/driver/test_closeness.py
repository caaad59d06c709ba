"""What a run shows is compared with what was recorded: exactly, or within the tolerance that a cell declares."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest

from nbrewind.driver.closeness import compare
from nbrewind.driver.side_by_side import GAP, HEAD, MARK, draw
from nbrewind.packages.form import PackageError
from nbrewind.packages.tolerance import Tolerance, tolerance_of

EXACT = Tolerance()
NEAR = Tolerance(rtol=1e-3)


def stream(text: str, name: str = "stdout") -> dict:
    return {"output_type": "stream", "name": name, "text": text}


def data(**found: object) -> dict:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {name.replace("_", "/"): it for name, it in found.items()},
    }


def verdict(one: str, other: str, tolerance: Tolerance = NEAR) -> str:
    return compare([stream(one)], [stream(other)], tolerance).verdict


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("loss 0.5000", "loss 0.5001"),
        ("[1.0, 2.5e-3]", "[1.0, 2.5001e-3]"),
        ("x  -1.000\ny   2.000", "x -1.0001\ny  2.000"),
        ("nan 1.0", "nan 1.0001"),
        ("share 41.20%", "share 41.21%"),
        ("-inf 1000", "-inf 1001"),
    ],
)
def test_numbers_may_differ_by_the_tolerance(one: str, other: str) -> None:
    found = compare([stream(one)], [stream(other)], NEAR)
    assert found.verdict == "close" and "stdout: 1 number differs" in found.what
    assert verdict(one, other, EXACT) == "differs"
    assert verdict(one, one, EXACT) == "same"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("loss 0.500", "loss 0.510"),
        ("loss 0.500", "gain 0.500"),
        ("1.0 2.0", "1.0"),
        ("nan", "1.0"),
        ("nan", "inf"),
        ("0.0", "1e-9"),
        ("on 2013-01-02", "on 2013-01-03"),
        ("at 10:30", "at 10:31"),
        ("version 3.1001.2", "version 3.1002.2"),
        ("x1000", "x1001"),
        ("[900,001]", "[900,100]"),
        ("0x7f0012abcd", "0x7f0012abce 1"),
    ],
)
def test_all_else_may_not(one: str, other: str) -> None:
    assert verdict(one, other) == "differs"


def test_an_absolute_tolerance_is_in_the_unit_of_the_number() -> None:
    assert verdict("0.0", "1e-9", Tolerance(atol=1e-8)) == "close"
    assert verdict("0.0", "1e-7", Tolerance(atol=1e-8)) == "differs"


def test_what_is_out_of_tolerance_is_said_in_figures() -> None:
    found = compare([stream("a 1.0 b 2.0 c 3.0")], [stream("a 1.1 b 2.2 c 3.0")], NEAR)
    assert found.what == (
        "stdout: 1.1, recorded was 1.0 (0.1 of it), and 1 more of 3 numbers; allowed: rtol 0.001, atol 0"
    )


def test_other_outputs_are_no_matter_of_tolerance() -> None:
    assert compare([stream("a")], [], NEAR).what == "0 outputs, recorded were 1"
    assert compare([stream("a")], [stream("a", "stderr")], NEAR).verdict == "differs"
    assert compare([stream("a"), stream("b")], [stream("ab")], EXACT).verdict == "same"
    assert compare([data(text_plain="1")], [data(text_plain="1", text_html="1")], NEAR).verdict == "differs"
    assert verdict("<a object at 0x7f0012abcd>", "<a object at 0x7f0012abce>", EXACT) == "by nature"


def test_tables_are_compared_cell_by_cell() -> None:
    pd = pytest.importorskip("pandas")

    def shown(*values: float) -> list[dict]:
        frame = pd.DataFrame({"name": ["a", "b"], "value": values})
        return [data(text_plain=repr(frame), text_html=frame.to_html())]

    assert compare(shown(1.0, 2.0), shown(1.0, 2.0), EXACT).verdict == "same"
    assert compare(shown(1.0, 2.0), shown(1.0, 2.001), NEAR).verdict == "close"
    assert compare(shown(1.0, 2.0), shown(1.0, 2.001), EXACT).verdict == "differs"
    found = compare(shown(1.0, 2.0), shown(1.0, 2.5), NEAR)
    assert found.verdict == "differs" and found.what.startswith("table, row 3, column 3: 2.5, recorded was 2.0"), found
    frame = pd.DataFrame({"name": ["a"], "value": [1.0]})
    other = [data(text_plain=repr(frame), text_html=frame.to_html())]
    assert "2 rows of up to 3 cells, recorded was 3 rows" in compare(shown(1.0, 2.0), other, NEAR).what


def picture(changed: int = 0, by: int = 0, side: int = 20, **options: object) -> list[dict]:
    """A grey picture of 400 pixels, of which some are lighter."""
    image = pytest.importorskip("PIL.Image").new("RGB", (side, side), (100, 100, 100))
    for place in range(changed):
        image.putpixel((place, 3), (100, 100 + by, 100))
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return [data(image_png=base64.b64encode(file.getvalue()).decode() + "\n")]


def test_pictures_are_compared_pixel_by_pixel() -> None:
    assert compare(picture(), picture(compress_level=0), EXACT).verdict == "same", "how it is packed does not count"
    found = compare(picture(), picture(2, 37), EXACT)
    assert found.verdict == "differs"
    assert found.what == (
        "picture: 2 of 400 pixels (0.50%) differ by more than 0 of 255 levels, the most by 37, "
        "all between (0, 3) and (2, 4); allowed: 0.00% of them"
    )
    assert compare(picture(), picture(2, 37), Tolerance(pixels=0.005)).verdict == "close"
    assert compare(picture(), picture(3, 37), Tolerance(pixels=0.005)).verdict == "differs"
    assert compare(picture(), picture(400 // 20, 37), Tolerance(levels=37)).verdict == "close"
    assert compare(picture(), picture(1, 38), Tolerance(levels=37)).verdict == "differs"
    assert (
        compare(picture(), picture(side=21), Tolerance(pixels=1.0)).what
        == "picture: 21 x 21 pixels, recorded were 20 x 20"
    )
    assert "can't be read" in compare(picture(), [data(image_png="AAAA")], EXACT).what


def test_where_pictures_differ_is_shown(tmp_path: Path) -> None:
    def drawn(again: list[dict], levels: int = 0) -> tuple[tuple[int, int], list[tuple[int, int, int]]]:
        """The size of what is drawn, and of its third part the pixels of a row."""
        shown = compare(picture(), again, Tolerance(levels=levels))
        assert shown.pictures is not None
        draw(*shown.pictures, levels, tmp_path / "drawn.png")
        with pytest.importorskip("PIL.Image").open(tmp_path / "drawn.png") as made:
            start = made.width - GAP - (made.width - 4 * GAP) // 3
            return made.size, [made.getpixel((start + place, HEAD + 3)) for place in range(4)]

    faded = (216, 216, 216)
    assert drawn(picture(2, 37)) == ((3 * 20 + 4 * GAP, HEAD + 20 + GAP), [MARK, MARK, faded, faded])
    assert drawn(picture(2, 37), levels=37)[1] == [faded] * 4
    size, row = drawn(picture(side=3))
    assert size == (3 * 20 + 4 * GAP, HEAD + 20 + GAP) and row == [MARK] * 4, "what only one of them has is marked"
    assert compare(picture(), picture(), EXACT).pictures is None


def test_a_tolerance_must_be_one() -> None:
    def declared(told: object) -> Tolerance:
        return tolerance_of({"metadata": {"nbrewind": {"policy": "auto", "tolerance": told}}})

    assert tolerance_of({"metadata": {}}) == EXACT == declared({})
    assert declared({"rtol": 1e-3, "levels": 2}) == Tolerance(rtol=1e-3, levels=2)
    for wrong in ({"rtol": -1}, {"rtol": "much"}, {"pixels": 1.5}, {"levels": 0.5}, {"epsilon": 1}, 3):
        with pytest.raises(PackageError, match=r"metadata\.nbrewind\.tolerance: "):
            declared(wrong)
