"""In words, what two keys differ in."""

from __future__ import annotations

from .parts import Key


def explain(one: Key, other: Key) -> list[str]:
    """Return a sentence for each difference of ``one`` from ``other``; empty if they are equal."""
    found = []
    for name in dict.fromkeys((*one.components, *other.components)):
        mine, theirs = one.components.get(name), other.components.get(name)
        if mine == theirs:
            continue
        subject = _subject(name)
        if theirs is None:
            found.append(f"{subject} is new")
        elif mine is None:
            found.append(f"{subject} is gone")
        elif name in one.previews and name in other.previews and one.previews[name] != other.previews[name]:
            found.append(f"{subject} is {one.previews[name]} instead of {other.previews[name]}")
        else:
            found.append(f"{subject} changed")
    return found


def _subject(name: str) -> str:
    kind, _, rest = name.partition(" ")
    if not rest:
        return name
    return f"`{rest}()`" if kind == "function" else f"{kind} `{rest}`"
