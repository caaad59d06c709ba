"""Do two executed notebooks show the same? Used by the demo, by tests and by whoever checks a repeat."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


@dataclass(frozen=True)
class Difference:
    """One output that differs."""

    cell: str
    index: int
    what: str
    by_nature: str = ""
    """Why two honest runs may differ here; empty if they may not."""


def differences(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Compare the code cells of two notebooks pairwise: sources, kinds, order and contents of outputs, counts.

    Adjacent parts of a stream are one. An output that differs only in memory addresses is reported with the reason.
    """
    found: list[Difference] = []
    if len(one) != len(other):
        return [Difference("", -1, f"{len(one)} cells against {len(other)}")]
    for index, (left, right) in enumerate(zip(one, other, strict=True)):
        if left["cell_type"] != "code":
            continue
        name = str(left.get("id", ""))
        if left["source"] != right["source"]:
            found.append(Difference(name, index, "the sources differ"))
        if left.get("execution_count") != right.get("execution_count"):
            counts = f"{left.get('execution_count')} against {right.get('execution_count')}"
            found.append(Difference(name, index, f"execution count {counts}"))
        output = _differing(left.get("outputs", ()), right.get("outputs", ()))
        if output is not None:
            found.append(dataclasses.replace(output, cell=name, index=index))
    return found


def _differing(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> Difference | None:
    mine, its = plain_outputs(one), plain_outputs(other)
    if mine == its:
        return None
    if _masked(mine) == _masked(its):
        return Difference("", -1, "output", by_nature="it prints memory addresses")
    return Difference("", -1, _first(mine, its))


def plain_outputs(outputs: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Return outputs in a comparable form: streams joined, ids and counts left out."""
    plain: list[tuple[Any, ...]] = []
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            if plain and plain[-1][:2] == ("stream", output["name"]):
                plain[-1] = (*plain[-1][:2], plain[-1][2] + output["text"])
            else:
                plain.append(("stream", output["name"], output["text"]))
        elif kind == "error":
            plain.append(("error", output["ename"], output["evalue"]))
        else:
            plain.append((kind, sorted((mime, repr(data)) for mime, data in output["data"].items())))
    return plain


def _masked(outputs: list[tuple[Any, ...]]) -> str:
    return ADDRESS.sub("0x…", repr(outputs))


def _first(one: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> str:
    if len(one) != len(other):
        return f"{len(one)} outputs against {len(other)}"
    for left, right in zip(one, other, strict=True):
        if left != right:
            return f"{left[0]}: {str(left[1:])[:120]} against {str(right[1:])[:120]}"
    return "outputs"
