"""How often a pair can meet as it agreed: what two calendars allow of a rhythm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mentoring.grid import Grid, quarters_in, starts
from mentoring.interval import Interval
from mentoring.slots import Side, Wanted, side_bits

_MONTH = timedelta(days=365.25 / 12)


@dataclass(frozen=True)
class Feasibility:
    """Meetings a month: `wanted` by the rhythm, `allowed` by hours and calendars."""

    wanted: float
    allowed: float


def feasibility(
    mentor: Side, mentee: Side, wanted: Wanted, every: timedelta, held: Sequence[Interval] = ()
) -> Feasibility:
    """The share of rhythm-long stretches of the window in which a meeting has a place.

    `held` are meetings that the two have already: each has found its place.
    """
    grid = Grid.over(wanted.window)
    bits = [side_bits(grid, side, wanted.buffer) for side in (mentor, mentee)]
    free = starts(bits[0].free & bits[1].free, quarters_in(wanted.minutes))
    periods = max(1, wanted.window.length // every)
    fits = sum(
        1
        for number in range(periods)
        if _fits(grid, free, held, _period(wanted.window.start, every, number))
    )
    a_month = _MONTH / every
    return Feasibility(round(a_month, 1), round(a_month * fits / periods, 1))


def _period(begin: datetime, every: timedelta, number: int) -> Interval:
    return Interval(begin + number * every, begin + (number + 1) * every)


def _fits(grid: Grid, free: int, held: Sequence[Interval], period: Interval) -> bool:
    has_one = any(period.start <= meeting.start < period.end for meeting in held)
    return has_one or bool(free & grid.inside([period]))
