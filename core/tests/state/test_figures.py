"""Figures: two of them are two groups, and what a figure shares with a variable is a link."""

import io

import pytest

from nbrewind.state import LiveState

plt = pytest.importorskip("matplotlib.pyplot")


def groups(namespace):
    return {group.members for group in LiveState(namespace, set).scan().groups}


def figure():
    made, axes = plt.subplots(1, 2)
    axes[0].plot([1, 2])
    axes[1].bar([1], [2], label="a")
    axes[1].legend()
    made.savefig(io.BytesIO())
    plt.close(made)
    return made, axes


def test_two_drawn_figures_do_not_belong_together() -> None:
    one, its = figure()
    other, others = figure()
    assert groups({"one": one, "its": its, "other": other, "others": others}) == {("its", "one"), ("other", "others")}


@pytest.mark.parametrize("order", [("a", "z"), ("z", "a")])
def test_a_list_or_array_that_a_figure_holds_links_it_to_its_variable(order) -> None:
    import numpy as np

    for shared in ([1, 2], np.arange(3)):
        made, _ = figure()
        made.note = shared
        assert groups({order[0]: made, order[1]: shared}) == {("a", "z")}


def test_a_drawn_figure_can_be_loaded() -> None:
    made, _ = figure()
    (group,) = LiveState({"made": made}, set).scan().groups
    assert group.loadable, group.reason
    assert group.digest == {"made": ""}
