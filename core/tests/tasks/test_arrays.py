"""Arrays and frames as arguments."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
from tasks.programs import digest, reason

pytestmark = pytest.mark.py311


def run(*args):
    return args


FRAME = pd.DataFrame({"a": [1, 2], "b": [1.5, None], "c": ["x", None]})


def frames() -> list[object]:
    named = FRAME.copy()
    named.attrs["unit"] = "m"
    labelled = FRAME.copy()
    labelled.columns.name = "k"
    return [
        FRAME,
        FRAME.astype({"a": "int32"}),
        FRAME.set_index("a"),
        FRAME[["b", "a", "c"]],
        FRAME.rename(columns={"a": "A"}),
        FRAME.iloc[::-1],
        named,
        labelled,
        FRAME["a"],
        FRAME["a"].rename("A"),
        FRAME.astype({"c": "category"}),
        FRAME.index,
        pd.Index([0, 1]),
        pd.Index([0, 1], name="a"),
        pd.Index(["a"]),
        pd.Index(["b"]),
        FRAME.set_flags(allows_duplicate_labels=False),
        pd.MultiIndex.from_product([[1], [2, 3]]),
        pd.MultiIndex.from_product([[1], [2, 4]]),
        pd.Timestamp("2025-01-01"),
        pd.Timestamp("2025-01-01", tz="UTC"),
        pd.Timedelta(1),
        pd.NaT,
        pd.NA,
        pd.date_range("2025-01-01", periods=3),
        pd.date_range("2025-01-01", periods=3, tz="Europe/Berlin"),
        pd.date_range("2025-01-01", periods=3, freq="2D"),
        pd.Series([1, 2]),
        pd.Series([1, 2], dtype="Int64"),
        pd.Series([1, None], dtype="Int64"),
        pd.Series([True, None], dtype="boolean"),
        pd.Series(["a", "b"]),
        pd.Series(["a", "b"], dtype=object),
        pd.Series([[1], [2]]),
        pd.Series([[1], [3]]),
        pd.Series(pd.Categorical(["a"], ["a", "b"])),
        pd.Series(pd.Categorical(["a"], ["a", "c"])),
        pd.Series(pd.Categorical(["a"], ["a", "b"], ordered=True)),
        pd.interval_range(0, 2),
        pd.period_range("2025", periods=2, freq="M"),
        pd.DataFrame(),
        pd.Series(dtype=float),
    ]


def arrays() -> list[object]:
    base = np.arange(6.0)
    record = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    objects = np.array([1, "a", None], dtype=object)
    readonly = base.copy()
    readonly.flags.writeable = False
    return [
        base,
        base.astype("f4"),
        base.astype(">f8"),
        base.astype(int),
        base.reshape(2, 3),
        base.reshape(3, 2),
        np.asfortranarray(base.reshape(2, 3)),
        base[::2],
        base[::-1],
        -base,
        readonly,
        np.array(0.0),
        np.array(-0.0),
        np.float64(0.0),
        np.float64(-0.0),
        np.float32(0),
        np.int64(0),
        np.int32(0),
        np.bool_(False),
        np.str_("a"),
        np.bytes_(b"a"),
        np.array([]),
        np.empty((0, 3)),
        np.empty((3, 0)),
        np.array([np.nan]),
        np.array(["a"]),
        np.array(["ab"]),
        np.array([b"a"]),
        record,
        record["a"],
        record[0],
        np.rec.array(record),
        objects,
        objects[::-1].copy(),
        np.array([[1], "a", None], dtype=object),
        np.datetime64("2025-01-01"),
        np.datetime64("2025-01-01", "s"),
        np.array(["2025-01-01"], "M8[D]"),
        np.timedelta64(1, "s"),
        np.ma.array([1, 2], mask=[0, 1]),
        np.ma.array([1, 2], mask=[1, 0]),
        np.matrix([[1.0]]),
        np.dtype("f8"),
        np.dtype(">f8"),
        np.float64,
        np.dtype([("a", "i4")]),
        np.random.default_rng(1),
        np.random.default_rng(2),
        np.random.RandomState(1),
        np.sin,
        np.cos,
        np.sum,
        np.add.reduce,
        np.linalg.norm,
        np.random.rand,
    ]


@pytest.mark.parametrize("values", [arrays, frames])
def test_arrays_and_frames_that_a_function_can_tell_apart_have_different_keys(values) -> None:
    found: dict[str, object] = {}
    for value in values():
        key = digest(run, value)
        assert key not in found, (value, found[key])
        found[key] = value
    assert len(found) == len(values())


@pytest.mark.parametrize("values", [arrays, frames])
def test_arrays_and_frames_made_the_same_way_share_a_key(values) -> None:
    for one, other in zip(values(), values(), strict=True):
        assert digest(run, one) == digest(run, other), one


def test_a_view_is_as_a_copy_but_for_the_memory_that_it_shares() -> None:
    base = np.arange(10)
    assert digest(run, base[2:5]) == digest(run, base[2:5].copy())
    assert digest(run, base[2:5], base[4:6]) != digest(run, base[2:5], base[4:6].copy())
    assert digest(run, base[2:5], base[4:6]) != digest(run, base[1:4] + 1, base[4:6])
    assert digest(run, base, base[:2]) != digest(run, base, base[:2].copy())
    assert digest(run, base[2:5], base[4:6]) == digest(run, *(lambda b: (b[2:5], b[4:6]))(np.arange(10)))


def test_frames_that_copy_before_they_are_written_do_not_share() -> None:
    if int(pd.__version__.split(".")[0]) < 3:
        pytest.skip("frames share memory")
    assert digest(run, FRAME, FRAME["a"]) == digest(run, FRAME.copy(), FRAME["a"].copy())


def test_an_array_of_objects_is_followed() -> None:
    item: list = []
    one = np.array([item, item, 0], dtype=object)
    other = np.array([item, [], 0], dtype=object)
    assert digest(run, one) != digest(run, other)
    assert "generator" in reason(run, np.array([(n for n in [1]), 0], dtype=object))


def test_an_array_mapped_from_a_file_has_no_key(tmp_path) -> None:
    mapped = np.memmap(tmp_path / "a", mode="w+", shape=3)
    assert "mapped" in reason(run, mapped)


def test_a_frame_of_a_class_of_the_users_is_written_with_its_class() -> None:
    class Mine(pd.DataFrame):
        pass

    assert digest(run, Mine({"a": [1]})) != digest(run, pd.DataFrame({"a": [1]}))
    assert digest(run, Mine({"a": [1]})) == digest(run, Mine({"a": [1]}))


def test_models_and_sparse_matrices_count_by_what_they_hold() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    linear_model = pytest.importorskip("sklearn.linear_model")
    assert digest(run, sparse.eye(2)) == digest(run, sparse.eye(2)) != digest(run, sparse.eye(3))
    model = linear_model.LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
    assert digest(run, model) == digest(run, copy.deepcopy(model)) != digest(run, linear_model.LinearRegression())


def test_arrow_data_counts_by_its_content() -> None:
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"a": [1, 2, 3]})
    assert digest(run, table) == digest(run, pa.table({"a": [1, 2, 3]})) != digest(run, pa.table({"a": [1, 2, 4]}))
    assert digest(run, pa.array([1, 2, 3])[1:]) == digest(run, pa.array([2, 3])) != digest(run, pa.array([2.0, 3.0]))
    assert digest(run, table.schema) != digest(run, pa.schema([("a", pa.int32())]))


def test_frames_of_polars_count_by_their_content() -> None:
    pl = pytest.importorskip("polars")
    one = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    assert digest(run, one) == digest(run, one.clone()) != digest(run, one.with_columns(a=one["a"] + 1))
    assert digest(run, one["a"]) != digest(run, one["a"].rename("c"))
