"""Other ways to find the starts that suit a pair: two interval libraries, and a sweep by hand.

All get what the grid gets, hours and busy times in seconds, and give what it gives: the numbers
of the quarter hours from which a meeting of whole quarter hours suits both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import portion
from intervaltree import IntervalTree

from mentoring.grid import SECONDS, Grid, Span

Both = tuple[tuple[Iterable[Span], Iterable[Span]], tuple[Iterable[Span], Iterable[Span]]]
"""Hours and busy times of the mentor, and of the mentee."""
Peer = Callable[[Both, Grid, int], list[int]]


def by_portion(both: Both, grid: Grid, seconds: int) -> list[int]:
    free = portion.closedopen(*_ends(grid))
    for hours, busy in both:
        free &= portion.Interval(*(portion.closedopen(a, b) for a, b in hours))
        free -= portion.Interval(*(portion.closedopen(a, b) for a, b in busy))
    return _starts(((piece.lower, piece.upper) for piece in free if not piece.empty), seconds)


def by_intervaltree(both: Both, grid: Grid, seconds: int) -> list[int]:
    trees = []
    for hours, busy in both:
        tree = IntervalTree.from_tuples(hours)
        for begin, end in busy:
            tree.chop(begin, end)
        trees.append(tree)
    first, last = _ends(grid)
    shared = (
        (max(piece.begin, other.begin, first), min(piece.end, other.end, last))
        for piece in sorted(trees[0])
        for other in sorted(trees[1].overlap(piece.begin, piece.end))
    )
    return _starts(((a, b) for a, b in shared if a < b), seconds)


def by_sweep(both: Both, grid: Grid, seconds: int) -> list[int]:
    """One walk over all begins and ends in their order, as datetimes."""
    first, last = (datetime.fromtimestamp(each, UTC) for each in _ends(grid))
    changes = [(first, 0, 0), (last, 0, 0)]
    for side, (hours, busy) in enumerate(both):
        for spans, step in ((hours, 1), (busy, -1)):
            for begin, end in spans:
                changes.append((datetime.fromtimestamp(begin, UTC), side, step))
                changes.append((datetime.fromtimestamp(end, UTC), side, -step))
    changes.sort()
    length = timedelta(seconds=seconds)
    # Work counts one, each entry takes one away: free are those who stand at one.
    levels, begun, found = [0, 0], None, []
    number = 0
    while number < len(changes):
        at = changes[number][0]
        while number < len(changes) and changes[number][0] == at:
            _, side, step = changes[number]
            levels[side] += step
            number += 1
        free = levels[0] == levels[1] == 1 and first <= at < last
        if begun is not None and not free:
            found += _quarters(begun, at, length)
            begun = None
        if begun is None and free:
            begun = at
    return found


def _quarters(begin: datetime, end: datetime, length: timedelta) -> list[int]:
    start = -(-int(begin.timestamp()) // SECONDS)
    last = int((end - length).timestamp()) // SECONDS
    return list(range(start, last + 1))


def _starts(pieces: Iterable[tuple[int, int]], seconds: int) -> list[int]:
    found: list[int] = []
    for begin, end in pieces:
        found += range(-(-begin // SECONDS), (end - seconds) // SECONDS + 1)
    return found


def _ends(grid: Grid) -> Span:
    return grid.first * SECONDS, (grid.first + grid.size) * SECONDS
