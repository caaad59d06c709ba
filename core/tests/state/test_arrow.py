"""Columns over Arrow data: what is known of them does not depend on how they came about, where they are small."""

from __future__ import annotations

import pytest

from nbrewind.state import LiveState

pd = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")


def digest(value: object) -> str:
    """Return the digest of a value."""
    (group,) = LiveState({"x": value}, lambda: ()).scan().groups
    return group.digest["x"]


@pytest.mark.parametrize("names", [["x", "z"], ["x", None], []])
def test_a_few_texts_have_one_digest_however_many_chunks_they_lie_in(names: list[str | None]) -> None:
    whole = pd.array(names, dtype="str")
    parts = type(whole)._concat_same_type([whole[:1], whole[1:], whole[:0]])
    part = type(whole)._concat_same_type([whole, pd.array(["y"], dtype="str")])[: len(names)]
    assert len({digest(whole), digest(parts), digest(part), digest(whole.copy())}) == 1
    assert digest(whole) != digest(pd.array([*names, "y"], dtype="str"))
    frames = [pd.DataFrame({"x": [1], "y": [2]}), pd.DataFrame({"x": [1], "z": [0], "y": [2]})]
    frames[1].pop("z")
    assert digest(frames[0].columns) == digest(frames[1].columns)
