"""Which times suit a pair, what each would cost them, and why the others don't do.

Hours and busy times are hard: they rule a start out. Everything else is a cost in minutes of
inconvenience; the lowest sum wins, equal sums go to the earlier start.
"""

from __future__ import annotations

from datetime import timedelta

from mentoring.asked import Found, Seat, Side, Slot, Wanted, shares_site
from mentoring.costs import Reason
from mentoring.free import Bits, Free
from mentoring.grid import Grid, outer_spans
from mentoring.search import Search
from mentoring.worktime import worktime_of

__all__ = [
    "Bits",
    "Found",
    "Reason",
    "Search",
    "Seat",
    "Side",
    "Slot",
    "Wanted",
    "all_slots",
    "find_slot",
    "search",
    "shares_site",
    "side_bits",
]


def find_slot(mentor: Side, mentee: Side, wanted: Wanted) -> Found:
    """The best time for the two, the next best on other days, and what ruled the rest out."""
    return search(mentor, mentee, wanted).found()


def all_slots(mentor: Side, mentee: Side, wanted: Wanted) -> list[Slot]:
    """Every time that suits the two, the best first."""
    found = search(mentor, mentee, wanted)
    return [found.slot(index) for index in found.ranked()]


def search(mentor: Side, mentee: Side, wanted: Wanted) -> Search:
    """The search for two sides whose stretches are given."""
    grid = Grid.over(wanted.window)
    return Search(_seat(grid, mentor, wanted), _seat(grid, mentee, wanted), wanted)


def _seat(grid: Grid, side: Side, wanted: Wanted) -> Seat:
    free = Free.of(
        worktime_of(side.person, side.hours, grid),
        outer_spans(side.busy),
        outer_spans(side.taken),
        _seconds(wanted.buffer),
    )
    return Seat(side.role, side.person, free, side.borne)


def side_bits(grid: Grid, side: Side, buffer: timedelta) -> Bits:
    """A side's hours, busy times and other meetings as bits; the buffer widens the last two."""
    margin = _seconds(buffer)
    return Bits(
        hours=grid.inside(side.hours),
        busy=grid.covered(outer_spans(side.busy), margin),
        taken=grid.covered(outer_spans(side.taken), margin),
    )


def _seconds(buffer: timedelta) -> int:
    return -(-buffer // timedelta(seconds=1))
