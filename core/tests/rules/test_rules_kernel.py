"""Rules of soundness 10, 11, 14 and 15: the user's objects, loaded memory, late truth, two kernels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rules_tools import Live, live_kernel

OWN = """
import mmap, weakref, sys, tempfile
import numpy as np
buffer = bytearray(1 << 20)
array = np.zeros(1 << 17)
handle = tempfile.TemporaryFile()
handle.write(b'x' * 4096); handle.flush()
mapped = mmap.mmap(handle.fileno(), 4096)
view = memoryview(bytes(10))
class Thing:
    pass
thing = Thing()
gone = weakref.ref(thing, lambda ref: print('finalised'))
counts = {}
""".strip()


@pytest.mark.py311
def test_rule_10_nothing_of_ours_changes_the_users_objects(live: Live) -> None:
    """Holds: no export, reference, attribute or copy of ours is left on an object when the next cell starts."""
    assert live.run("own-make", OWN) == ""
    assert live.run("own-ids", "ids = id(buffer), id(array), array.ctypes.data, id(thing)") == ""
    assert live.run("own-append", "buffer.append(1); len(buffer)") == str((1 << 20) + 1)
    assert live.run("own-resize", "array.resize(1 << 18); array.size") == str(1 << 18)
    assert live.run("own-back", "array.resize(1 << 17, refcheck=True); array.size") == str(1 << 17)
    assert live.run("own-close", "mapped.close(); mapped.closed") == "True"
    assert live.run("own-view", "view.release()") == ""
    assert (
        live.run("own-same", "ids[0] == id(buffer), ids[1] == id(array), ids[3] == id(thing)") == "(True, True, True)"
    )
    assert live.run("own-attributes", "vars(thing), sys.getrefcount(thing) <= 3") == "({}, True)"
    assert live.run("own-del", "del thing") == "finalised"
    assert live.run("own-gone", "print(gone())") == "None"
    assert live.run("own-end", "handle.close(); del mapped, handle, view") == ""


def test_rule_11_loaded_memory_is_the_users_own(live: Live) -> None:
    """Holds: mapping is not used yet; what a rewind loads is writeable, resizable memory."""
    live.run("mem-make", "import numpy as np\nmem = np.arange(1 << 17)\nraw = bytearray(1 << 20)")
    live.run("mem-change", "mem += 1; raw[0] = 1")
    assert live.rewind("mem-make")["loaded"]
    assert live.run(
        "mem-ask", "print(int(mem[0]), raw[0], mem.flags.writeable, mem.flags.owndata or mem.base is not None)"
    ) == ("0 0 True True")
    live.run("mem-copy", "mem[0] = 5; raw.append(1)")
    assert live.run("mem-read", "print(int(mem[0]), len(raw))") == f"5 {(1 << 20) + 1}"
    assert live.back("mem-make", {"int(mem[0]), len(raw)": f"0 {1 << 20}"}) == "holds"


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A kernel that tracks pages, where the system can tell of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBREWIND_PAGES", "1")
        with live_kernel(tmp_path_factory.mktemp("tracking")) as kernel:
            tracker = "__import__('nbrewind.state.tracked', fromlist=['']).TRACKER"
            assert "NBREWIND_PAGES" not in kernel.run("on", f"print({tracker}.why_off)")
            yield kernel


def test_rule_11_tracked_pages_hide_no_write(tracking: Live) -> None:
    """Holds: a large array that was read before is found changed whatever wrote it, and a rewind brings it back."""
    tracking.run("big-make", "import ctypes, os\nimport numpy as np\nbig = np.zeros(5_000_000)")
    for turn in range(3):
        assert tracking.run(f"big-read-{turn}", "print(big.sum())") == "0.0"
    tracking.run("big-item", "big[1_000_000] = 2")
    tracking.run("big-bytes", "memoryview(big).cast('B')[8_000_000:8_000_008] = np.float64(3).tobytes()")
    tracking.run("big-backwards", "big[::-1][2_000_000:2_000_009] = 4")
    tracking.run("big-all", "np.add(big, 1, out=big); print(big.sum())")
    for cell, right in (("big-backwards", "39.0"), ("big-bytes", "3.0"), ("big-item", "2.0"), ("big-read-2", "0.0")):
        assert tracking.back(cell, {"big.sum()": right}) == "holds"
    tracking.run("big-other", "big[0] = 5; print(big.sum())")
    assert tracking.back("big-other", {"big.sum()": "5.0"}) == "holds"


def test_rule_11_tracked_pages_of_a_frame_and_its_column(tracking: Live) -> None:
    """Holds: memory that is looked at as a part and as a whole is found changed by each, and brought back."""
    made = "pd.DataFrame({'a': np.zeros(5_000_000), 'b': np.zeros(5_000_000)}).copy()"
    tracking.run("frame-make", f"import numpy as np, pandas as pd\nframe = {made}")
    tracking.run("frame-part", "part = frame['a']")
    for turn in range(3):
        assert tracking.run(f"frame-read-{turn}", "print(part.sum() + frame['b'].sum())") == "0.0"
    tracking.run("frame-del", "del part")
    tracking.run("frame-set", "frame.iloc[2_000_000, 0] = 99.0")
    tracking.run("frame-again", "part = frame['a']")
    assert tracking.run("frame-show", "print(part.sum())") == "99.0"
    tracking.run("frame-over", "part = None")
    right = {"part.sum(), part.iloc[2_000_000], frame.iloc[2_000_000, 0]": "99.0 99.0 99.0"}
    assert tracking.back("frame-show", right) == "holds"
    assert tracking.back("frame-read-2", {"part.sum(), frame.iloc[2_000_000, 0]": "0.0 0.0"}) == "holds"


def test_rule_14_late_truth(tmp_path: Path) -> None:
    """Holds: contents that could not be written take their checkpoint and its descendants out of the history."""
    with live_kernel(tmp_path) as live:
        live.run("small", "x = 1")
        live.call("flush")
        blobs = tmp_path / "store" / "blobs"
        blobs.rename(tmp_path / "aside")
        blobs.write_text("in the way")
        temporary = tmp_path / "store" / "tmp"
        temporary.rename(tmp_path / "tmp-aside")
        temporary.write_text("in the way")
        assert (
            live.run("big", "import numpy as np\nbig = np.random.default_rng().random(1 << 18)\nprint('ran')") == "ran"
        )
        assert live.run("after", "y = x + 1\nprint(y)") == "2"
        live.call("flush")
        points = {point.cell: point for point in live.index.checkpoints()}
        assert points["small"].saved and not points["small"].lost
        assert points["big"].lost and not points["big"].saved, "it says why"
        assert points["after"].lost or not points["after"].saved, "it still holds what was lost"
        code = live.last("big").code
        assert not live.store.candidates(code), "a run whose results were lost never answers"
        for path in (blobs, temporary):
            path.unlink()
        (tmp_path / "aside").rename(blobs)
        (tmp_path / "tmp-aside").rename(temporary)
        assert (
            live.run("big", "import numpy as np\nbig = np.random.default_rng().random(1 << 18)\nprint('ran')") == "ran"
        )
        live.call("flush")
        again = live.index.checkpoints()[-1]
        assert again.saved or again.lost, "it may still hold a version of the failed run that did not change: np"
    with live_kernel(tmp_path) as other:
        report = other.rewind(points["big"].id)
        assert not report["done"] and any(entry["name"] == "big" and entry["reason"] for entry in report["lost"])
        assert other.run("big", "print('new')") == "new"
        other.call("flush")
        assert other.index.checkpoints()[-1].saved


@pytest.mark.py311
def test_rule_15_two_kernels_two_heads(tmp_path: Path) -> None:
    """Holds: each session has its own head; a cell means its last run on the head's branch, else the newest."""
    with live_kernel(tmp_path) as one, live_kernel(tmp_path, path=one.path) as two:
        one.run("make", "x = 'one'")
        two.run("make", "x = 'two'")
        one.run("more", "y = 1")
        two.run("only-two", "z = 2")
        one.call("flush")
        two.call("flush")
        heads = one.index.heads()
        assert heads.keys() == {one.session.id, two.session.id} and len(set(heads.values())) == 2
        report = one.rewind("make")
        assert report["done"] and one.run("ask", "print(x)") == "one", "its own branch, though the other run is newer"
        assert two.index.heads()[two.session.id] == heads[two.session.id], "the other head stays"
        assert two.run("ask", "print(x, z)") == "two 2"
        other = one.rewind("only-two")
        assert other["done"] and one.run("ask", "print(x, z)") == "two 2", "not on its branch: the newest anywhere"
        assert other["target"] != report["target"] and "only-two" in other["target"]
        assert one.rewind("make")["done"] and one.run("ask", "print(x)") == "two", "the head is on that branch now"
