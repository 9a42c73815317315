"""Pictures as inline SVG: a pair's term as a strip, the cohort's weeks and chances as bars.

Each mark has a shape of its own, and each picture a text or a table beside it that says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from mentoring.strip import Blocked, Mark, Week, in_words
from store.history import Counts

_CELL, _TALL = 10, 22
_WIDE, _HIGH = 720, 180

_HOLLOW = 'x="{x}.75" y="4.75" width="6.5" height="10.5" rx="2"'
_MARKS = {
    Mark.HELD: '<rect class="k-held" x="{x}" y="4" width="8" height="12" rx="2"/>',
    Mark.ASSUMED: '<rect class="k-assumed" x="{x}.5" y="4.5" width="7" height="11" rx="2"/>'
    '<path class="k-line" d="M{x} 16l8-12"/>',
    Mark.MISSED: '<path class="k-missed" d="M{x} 5.5l8 9m0-9l-8 9"/>',
    Mark.PLANNED: f'<rect class="k-planned" {_HOLLOW}/>',
    Mark.PROPOSED: f'<rect class="k-proposed" {_HOLLOW}/>',
}
_NONE = '<rect class="k-none" x="{x}" y="9" width="2" height="2" rx="1"/>'
_BLOCKED = {
    Blocked.DEADLINE: '<rect class="k-deadline" x="{x}" y="18.5" width="10" height="3"/>',
    Blocked.AWAY: '<path class="k-away" d="M{x}.5 20h9"/>',
}
_NOW = '<path class="k-now" d="M{x} 0h6l-3 3.5z"/>'


def strip(weeks: Sequence[Week]) -> Markup:
    """One cell a week: what became of its meeting, below it what blocks it, above it today."""
    cells = []
    for number, week in enumerate(weeks):
        left = number * _CELL
        if week.mark:
            cells.append(_MARKS[week.mark].format(x=left + 1))
        else:
            cells.append(_NONE.format(x=left + 4))
        if week.blocked:
            cells.append(_BLOCKED[week.blocked].format(x=left))
        if week.now:
            cells.append(_NOW.format(x=left + 2))
    return Markup(
        f'<svg class="strip" role="img" viewBox="0 0 {len(weeks) * _CELL} {_TALL}" '
        f'preserveAspectRatio="xMinYMid meet" '
        f'aria-label="{escape(in_words(weeks))}">{"".join(cells)}</svg>'
    )


def sample(kind: Mark | Blocked | None) -> Markup:
    """One mark by itself, for the legend; None is today's."""
    if kind is None:
        inside = _NOW.format(x=2)
    elif isinstance(kind, Mark):
        inside = _MARKS[kind].format(x=1)
    else:
        inside = _BLOCKED[kind].format(x=0)
    return Markup(
        f'<svg class="sample" aria-hidden="true" viewBox="0 0 {_CELL} {_TALL}">{inside}</svg>'
    )


@dataclass(frozen=True)
class Bar:
    """One week: how many meetings were held, and how many the pairs' rhythms want."""

    label: str
    counts: Counts
    wanted: float


@dataclass(frozen=True)
class Plot:
    """A picture without words, to stretch as wide as there is room, and the words for its edges.

    `top` is the value at its upper edge; `labels` belong below, each over `span` of the `columns`.
    """

    picture: Markup
    top: int
    columns: int
    span: int
    labels: tuple[str, ...]


def weeks(bars: Sequence[Bar]) -> Plot:
    """Held, assumed and planned meetings stacked a week, and a line at how many are wanted."""
    top = _rounded(max([1.0, *(max(_height(bar), bar.wanted) for bar in bars)]))
    step, span = _WIDE / max(len(bars), 1), max(1, len(bars) // 6)
    parts, line = [_grid()], []
    for number, bar in enumerate(bars):
        left, base = number * step, 0
        for kind, count in _stack(bar.counts):
            if count:
                parts.append(_block(kind, left, step, base, count, top))
                base += count
        line.append(f"M{left:.1f} {_y(bar.wanted, top):.1f}h{step:.1f}")
    parts.append(f'<path class="k-wanted" d="{"".join(line)}"/>')
    label = "Meetings of the cohort by week. The table below says the same."
    labels = tuple(bar.label for bar in bars[::span])
    return Plot(_plot(parts, label), top, len(bars), span, labels)


def chances(counts: Sequence[int]) -> Plot:
    """How many pairs have which chance, in ten steps from 0 to 100 %."""
    top, step = _rounded(max([1, *counts])), _WIDE / len(counts)
    parts = [_grid()]
    for number, count in enumerate(counts):
        if count:
            kind = "k-held" if number >= len(counts) / 2 else "k-low"
            parts.append(_block(kind, number * step, step, 0, count, top))
    label = "How many pairs have which chance. The table below says the same."
    labels = tuple(f"{number * 100 // len(counts)} %" for number in range(0, len(counts), 2))
    return Plot(_plot(parts, label), top, len(counts), 2, labels)


def _stack(counts: Counts) -> tuple[tuple[str, int], ...]:
    return (
        ("k-held", counts.held),
        ("k-assumed", counts.assumed),
        ("k-planned", counts.planned),
    )


def _height(bar: Bar) -> int:
    return bar.counts.held + bar.counts.assumed + bar.counts.planned


def _block(kind: str, left: float, step: float, base: int, count: int, top: int) -> str:
    y, under = _y(base + count, top), _y(base, top)
    gap = min(3.0, step / 6)
    return (
        f'<rect class="{kind}" x="{left + gap:.1f}" y="{y:.1f}" width="{step - 2 * gap:.1f}" '
        f'height="{max(under - y - 0.5, 0.5):.1f}"/>'
    )


def _y(value: float, top: int) -> float:
    return _HIGH - 1 - value / top * (_HIGH - 2)


def _grid() -> str:
    lines = (f"M0 {_y(part, 2):.1f}H{_WIDE}" for part in (0, 1, 2))
    return f'<path class="k-grid" d="{"".join(lines)}"/>'


def _rounded(most: float) -> int:
    """The next number that is easy to read, and easy to halve."""
    for step in (2, 4, 10, 20, 50, 100, 200, 500, 1000, 2000):
        if most <= step * 10:
            return int(-(-most // step) * step)
    return int(-(-most // 2) * 2)


def _plot(parts: Sequence[str], label: str) -> Markup:
    return Markup(
        f'<svg class="plot" role="img" viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="none" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )
