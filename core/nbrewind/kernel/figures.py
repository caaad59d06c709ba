"""pyplot's figures: they are no variables, and other libraries draw into them as well."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Collection, Iterable, Mapping

from nbrewind.planning.tables import DRAWING_PACKAGES, KNOWN_PACKAGES
from nbrewind.planning.trace import State

PYPLOT = "matplotlib.pyplot"
DRAWING = re.compile(r"draw|heatmap|hist$|hist2d|imshow|mosaic|plot|Display")
"""What names of functions contain that draw, in libraries which do other things as well."""


def may_draw(
    names: Iterable[str], packages: Collection[str], words: Iterable[str], namespace: Mapping[str, object]
) -> bool:
    """Whether a run may have drawn with pyplot. ``names``, ``packages``, ``words``: what it may have read and used."""
    return "matplotlib" in sys.modules and (
        any(_of_pyplot(namespace.get(name)) for name in names)
        or "seaborn" in packages
        or not KNOWN_PACKAGES.issuperset(packages)
        or (not DRAWING_PACKAGES.isdisjoint(packages) and any(map(DRAWING.search, words)))
    )


def _of_pyplot(value: object) -> bool:
    """Whether a value is pyplot or one of its functions."""
    if type(value) is types.FunctionType:
        return value.__module__ == PYPLOT
    return value is not None and value is sys.modules.get(PYPLOT)


def parts_of_figures(state: State) -> set[str]:
    """Return the names of what may be part of a figure that pyplot holds: what is drawn there shows in no digest."""
    return {
        key[4:]
        for key, version in (state.items() if open_figures() else ())
        if "matplotlib" in version.packages and not version.digest.startswith("b3:")
    }


def open_figures() -> list[str]:
    """Return, in words, that pyplot holds figures: the next cell may draw into them, and they can't be loaded."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    figures = getattr(getattr(helpers, "Gcf", None), "figs", None)
    return ["pyplot has an open figure, which is not recorded"] if figures else []
