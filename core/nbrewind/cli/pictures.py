"""The graph as text for other programs: Mermaid, Graphviz dot, and an SVG of our own: cells in order, edges as arcs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from nbrewind.cli.show import plain
from nbrewind.model import CellState, Edge

COLOURS = {"fresh": "#2e7d32", "never run": "#757575", "failed": "#c62828"}
STALE = "#b26a00"
ROW = 28
LEFT = 28


def _label(state: CellState) -> str:
    return plain(f"{state.index + 1}: {state.label}")


def _names(edge: Edge) -> str:
    return plain(", ".join(edge.names))


def mermaid(states: Sequence[CellState], edges: Sequence[Edge]) -> str:
    """Return a Mermaid flow chart."""

    def quoted(text: str) -> str:
        codes = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;"}
        return '"' + "".join(codes.get(char, char) for char in text) + '"'

    lines = ["flowchart TD"]
    names = {state.id: f"c{state.index}" for state in states}
    for state in states:
        lines.append(f"  {names[state.id]}[{quoted(_label(state))}]")
    for edge in edges:
        arrow = "-->" if edge.evidence == "observed" else "-.->"
        lines.append(f"  {names[edge.from_]} {arrow}|{quoted(_names(edge))}| {names[edge.to]}")
    return "\n".join(lines)


def dot(states: Sequence[CellState], edges: Sequence[Edge]) -> str:
    """Return a Graphviz digraph."""

    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    lines = ["digraph notebook {", "  node [shape=box, fontname=monospace];"]
    lines += [f"  {quoted(state.id)} [label={quoted(_label(state))}];" for state in states]
    for edge in edges:
        style = "solid" if edge.evidence == "observed" else "dashed"
        lines.append(f"  {quoted(edge.from_)} -> {quoted(edge.to)} [label={quoted(_names(edge))}, style={style}];")
    return "\n".join([*lines, "}"])


def svg(states: Sequence[CellState], edges: Sequence[Edge]) -> str:
    """Return an SVG: one row per cell in notebook order, an arc for every edge on the right, state in words."""
    rows = {state.id: number for number, state in enumerate(states)}
    span = max((rows[edge.to] - rows[edge.from_] for edge in edges), default=1)
    text_width = 8 * max((len(_label(state)) for state in states), default=10) + LEFT
    width, height = text_width + 150 + 14 * span + 40, ROW * len(states) + 24
    start = text_width + 130
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"',
        ' font-family="monospace" font-size="13">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for state in states:
        y = ROW * rows[state.id] + 26
        colour = COLOURS.get(state.freshness, STALE)
        parts.append(
            f'<circle cx="14" cy="{y - 4}" r="5" fill="{colour}"><title>{escape(plain(state.reason))}</title></circle>'
        )
        parts.append(f'<text x="{LEFT}" y="{y}" fill="#212121">{escape(_label(state))}</text>')
        parts.append(f'<text x="{text_width + 10}" y="{y}" fill="{colour}">{escape(state.freshness)}</text>')
    for edge in edges:
        top, bottom = ROW * rows[edge.from_] + 22, ROW * rows[edge.to] + 22
        bend = start + 14 * abs(rows[edge.to] - rows[edge.from_])
        dash = "" if edge.evidence == "observed" else ' stroke-dasharray="4 3"'
        parts.append(
            f'<path d="M{start} {top} C{bend} {top} {bend} {bottom} {start} {bottom}" fill="none" stroke="#1565c0" '
            f'stroke-opacity="0.6"{dash}><title>{escape(_names(edge))}</title></path>'
        )
    return "\n".join([*parts, "</svg>"])


PICTURES: dict[str, Callable[[Sequence[CellState], Sequence[Edge]], str]] = {"mermaid": mermaid, "dot": dot, "svg": svg}
