"""How often a pair can meet as it agreed: what two calendars allow of a rhythm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from mentoring.grid import Grid, quarters_in, starts
from mentoring.interval import Interval
from mentoring.slots import Side, Wanted, side_bits

_MONTH = timedelta(days=365.25 / 12)


@dataclass(frozen=True)
class Feasibility:
    """Meetings a month: `wanted` by the rhythm, `allowed` by hours and calendars."""

    wanted: float
    allowed: float


def feasibility(mentor: Side, mentee: Side, wanted: Wanted, every: timedelta) -> Feasibility:
    """The share of rhythm-long stretches of the window in which a meeting has a place."""
    grid = Grid.over(wanted.window)
    bits = [side_bits(grid, side, wanted.buffer) for side in (mentor, mentee)]
    free = starts(bits[0].free & bits[1].free, quarters_in(wanted.minutes))
    periods = max(1, wanted.window.length // every)
    begin = wanted.window.start
    fits = sum(
        1
        for number in range(periods)
        if free & grid.inside([Interval(begin + number * every, begin + (number + 1) * every)])
    )
    a_month = _MONTH / every
    return Feasibility(round(a_month, 1), round(a_month * fits / periods, 1))
